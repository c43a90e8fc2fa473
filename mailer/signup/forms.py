"""The form of a list, on our page or on another site, and the token it carries.

The token is signed and holds the list and the very words beside the tick: whatever staff change later, and however
old a copy on another site is, the consent says what its reader saw. Ours holds the time as well.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from contacts import addresses, naming, words
from contacts.addresses import Address
from contacts.models import MailingList
from mailer.signup import wording

FORM_AGE = timedelta(days=2)
MAX_NAME = 100
_SALT = "mailer.signup.form"
_MAX_TOKEN = 8_000


@dataclass(frozen=True, slots=True)
class FormFacts:
    """What a form's token tells: the words shown, and seconds since it was opened, None on another site."""

    text: str
    age: float | None


def new_token(mailing_list: MailingList, language: str, *, embedded: bool = False) -> str:
    """The token of a form that shows the list's words in `language`. One for another site does not age."""
    facts = {"l": mailing_list.pk, "w": wording.consent_text(mailing_list, language)}
    if not embedded:
        facts["t"] = time.time()
    return signing.dumps(facts, salt=_SALT, compress=True)


def read_token(token: str, mailing_list: MailingList) -> FormFacts | None:
    """What a form's token tells; None for one that is forged, of another list or older than two days."""
    if len(token) > _MAX_TOKEN:
        return None
    try:
        found = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return None
    age = max(0.0, time.time() - found["t"]) if "t" in found else None
    if found["l"] != mailing_list.pk or (age is not None and age > FORM_AGE.total_seconds()):
        return None
    return FormFacts(text=found["w"], age=age)


def email_field() -> forms.CharField:
    """A text field with the right keyboard: browsers' own check refuses addresses that exist (müller@…)."""
    return forms.CharField(
        label=gettext_lazy("Your e-mail address"),
        required=False,
        strip=False,
        widget=forms.TextInput(
            {
                "autocomplete": "email",
                "inputmode": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
    )


class SignUpForm(forms.Form):
    """An address, a tick of one's own, and little more; only these two are needed."""

    email = email_field()
    name = forms.CharField(
        label=gettext_lazy("Your name"),
        required=False,
        strip=False,
        widget=forms.TextInput({"autocomplete": "name", "maxlength": MAX_NAME}),
    )
    country = forms.ChoiceField(label=gettext_lazy("Country"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language of the mails"), required=False)
    consent = forms.BooleanField(required=False)

    def __init__(self, mailing_list: MailingList, language: str, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"language": language})
        choices = [(code, naming.own_name(code)) for code in wording.languages_of(mailing_list)]
        self._text_field("language").choices = choices
        self._text_field("country").choices = [("", _("Choose …")), *naming.countries(get_language() or "en")]
        self.asked_language = language

    def _text_field(self, name: str) -> Any:
        return self.fields[name]

    def clean_email(self) -> Address:
        return addresses.parse(self.cleaned_data["email"])

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name.strip():
            return ""
        return words.plain_words(name, limit=MAX_NAME, missing=_("Please enter your name, or leave it out."))

    def clean_language(self) -> str:
        return self.cleaned_data["language"] or self.asked_language

    def clean_consent(self) -> bool:
        if not self.cleaned_data["consent"]:
            raise ValidationError(
                _("Without this consent we may not write to you. Please tick the box if you agree."),
                code="missing",
            )
        return True
