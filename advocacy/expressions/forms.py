"""From what a browser sends to words that may be published. The rules stand in words.py and contacts/addresses.py."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from advocacy.expressions import words
from advocacy.expressions.words import MAX_ALT, MAX_NAME, MAX_REPORT, MAX_STATEMENT, MAX_URL, Words
from advocacy.forms import Problem, Typed
from advocacy.models import Campaign, Expression
from contacts import addresses, naming
from contacts.addresses import Address
from mailer.signup.forms import email_field

_FIELDS = (
    *("category", "organisation_name", "name", "role", "country", "language", "statement", "video_url"),
)


class _Form(forms.Form):
    @property
    def problems(self) -> list[Problem]:
        """All errors, first those of no field, then in the order of the page."""
        whole = [Problem("", str(message)) for message in self.non_field_errors()]
        return whole + [
            Problem(self[name].auto_id or "", str(message))
            for name in self.fields
            for message in self.errors.get(name, [])
        ]


class WordsForm(_Form):
    """What is published. `check_whole` says what is missing in it."""

    category = forms.ChoiceField(
        label=gettext_lazy("Who speaks?"),
        error_messages={"required": gettext_lazy("Please choose who speaks.")},
    )
    organisation_name = Typed(
        label=gettext_lazy("Organisation or state"),
        help_text=gettext_lazy("Needed if you speak for others."),
        widget=forms.TextInput({"autocomplete": "organization", "maxlength": MAX_NAME}),
    )
    name = Typed(
        label=gettext_lazy("Your name"),
        help_text=gettext_lazy("As everybody will read it."),
        widget=forms.TextInput({"autocomplete": "name", "maxlength": MAX_NAME}),
    )
    role = Typed(
        label=gettext_lazy("Office or profession"),
        widget=forms.TextInput({"autocomplete": "organization-title", "maxlength": MAX_NAME}),
    )
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    statement = Typed(
        label=gettext_lazy("What you say"),
        help_text=gettext_lazy("Plain words, as long as you like up to 2,000 characters."),
        widget=forms.Textarea({"rows": 6, "dir": "auto", "maxlength": 2 * MAX_STATEMENT}),
    )
    language = forms.ChoiceField(label=gettext_lazy("Language of what you say"))
    video_url = Typed(
        label=gettext_lazy("Link of a video"),
        help_text=gettext_lazy("It stays where it is; we only show the link."),
        widget=forms.TextInput(
            {
                "inputmode": "url",
                "dir": "ltr",
                "spellcheck": "false",
                "autocapitalize": "none",
                "maxlength": MAX_URL,
            }
        ),
    )

    def __init__(self, data: QueryDict | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        categories = [(value, capfirst(label)) for value, label in Expression.Category.choices]
        self._choice("category").choices = [("", _("Choose …")), *categories]
        self._choice("country").choices = [("", _("Choose …")), *naming.countries(get_language() or "en")]
        self._choice("language").choices = naming.languages()

    def _choice(self, name: str) -> Any:
        return self.fields[name]

    @staticmethod
    def initial_of(expression: Expression) -> dict[str, Any]:
        return {name: getattr(expression, name) for name in _FIELDS}

    def clean_name(self) -> str:
        return words.clean_name(self.cleaned_data["name"])

    def clean_role(self) -> str:
        return words.clean_name(self.cleaned_data["role"])

    def clean_organisation_name(self) -> str:
        return words.clean_name(self.cleaned_data["organisation_name"])

    def clean_statement(self) -> str:
        return words.clean_statement(self.cleaned_data["statement"])

    def clean_video_url(self) -> str:
        return words.clean_video(self.cleaned_data["video_url"])

    def clean(self) -> dict[str, Any]:
        # All at once: what is wrong in one field does not hide what is missing in another. A field that has its own
        # error already is not missing as well.
        told = {name: self.cleaned_data.get(name, "…") for name in _FIELDS}
        told["category"] = self.cleaned_data.get("category", "")
        for name, message in words.check_whole(Words(**told)).items():
            self.add_error(name, message)
        return self.cleaned_data

    @property
    def words(self) -> Words:
        """Only where no field is wrong."""
        return Words(**{name: self.cleaned_data[name] for name in _FIELDS})


class ExpressionForm(WordsForm):
    """The public form: what is published, whose mailbox proves it, and the consent to it."""

    email = email_field()
    email.help_text = gettext_lazy("We mail you one link to confirm. Your address is never published.")
    consent = forms.BooleanField(required=False)

    def clean_email(self) -> Address:
        return addresses.parse(self.cleaned_data["email"])

    def clean_consent(self) -> bool:
        if not self.cleaned_data["consent"]:
            raise ValidationError(
                _("Without this consent we may not publish anything. Please tick the box if you agree."),
                code="missing",
            )
        return True

    def key(self, form_key: str) -> str:
        """What makes this filling of the form happen once: the form's own key with all that was written."""
        typed = sorted((name, str(self.data.get(name, ""))) for name in self.fields)
        return hashlib.sha256(f"{form_key}\n{json.dumps(typed)}".encode("utf-8", "replace")).hexdigest()


class PictureForm(_Form):
    """A picture, and what it shows in words."""

    file = forms.FileField(
        label=gettext_lazy("Picture"),
        help_text=gettext_lazy(
            "PNG, JPEG, GIF or WebP, at most 10 MB. Where and with what it was taken is removed."
        ),
        error_messages={
            "required": gettext_lazy("Please choose a picture."),
            "empty": gettext_lazy("This is no picture we can read: PNG, JPEG, GIF or WebP."),
        },
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/gif,image/webp"}),
    )
    alt = Typed(
        label=gettext_lazy("What the picture shows"),
        help_text=gettext_lazy("For those who do not see it. One sentence."),
        widget=forms.TextInput({"maxlength": MAX_ALT, "dir": "auto"}),
    )

    def clean_alt(self) -> str:
        return words.clean_alt(self.cleaned_data["alt"])


class ReportForm(_Form):
    """What somebody tells us of an expression on the wall."""

    told = Typed(
        label=gettext_lazy("What is wrong with it?"),
        help_text=gettext_lazy("Only staff of the campaign read this."),
        widget=forms.Textarea({"rows": 4, "dir": "auto", "maxlength": MAX_REPORT}),
    )

    def clean_told(self) -> str:
        return words.clean_report(self.cleaned_data["told"])


class LinkForm(_Form):
    """An address, to which its own link may be mailed."""

    email = email_field()

    def clean_email(self) -> Address:
        return addresses.parse(self.cleaned_data["email"])


def consent(campaign: Campaign) -> str:
    """The sentence somebody agrees to before anything of theirs is public (GDPR 9(2)(a)); kept word for word."""
    return _(
        "I want %(organisation)s to publish this on the pages of the campaign, with my name, my office, my organisation "
        "and my country as I have written them, and with a picture if I add one. I know that it shows a political "
        "opinion, and that I can take it down at any time."
    ) % {"organisation": campaign.sender_name}
