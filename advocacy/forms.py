"""From what a browser sends to our own types. The rules themselves stand in rules.py and contacts/addresses.py."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from advocacy import members, rules, writing
from advocacy.models import Campaign, CampaignText, LetterTemplate, Membership, Report
from advocacy.targets import Candidate
from advocacy.writing import Composed, Editor
from contacts import addresses
from contacts.addresses import Address
from mailer import composing

OWN = "own"  # the choice "a subject of my own"
_EDITOR_FIELD = re.compile(r"t[0-9]{1,18}-(?:subject|own_subject|own_words|body)")
_MAX_PICKS = 50  # Campaign.max_recipients is never more


@dataclass(frozen=True, slots=True)
class Filters:
    """How a supporter narrows the people of a country; what cannot be read is as if it was not there."""

    country: str = ""
    postcode: str = ""
    area: str = ""
    chamber: str = ""
    party: str = ""
    q: str = ""
    page: int = 1
    typed_postcode: str = ""
    postcode_error: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> Filters:
        typed = _line(data, "postcode", 40)
        try:
            postcode, error = rules.clean_postcode(typed), ""
        except ValidationError as problem:
            postcode, error = "", problem.messages[0]
        page = _line(data, "page", 5)
        return cls(
            country=_line(data, "country", 2).upper(),
            postcode=postcode,
            area=_line(data, "area", 18),
            chamber=_line(data, "chamber", 20),
            party=_line(data, "party", 200),
            q=_line(data, "q", 100),
            page=int(page) if page.isascii() and page.isdigit() else 1,
            typed_postcode=typed,
            postcode_error=error,
        )

    @property
    def narrowing(self) -> dict[str, str]:
        """Those that are set, by the names of `targets.offer`."""
        named = {"postcode": self.postcode, "area": self.area, "chamber": self.chamber}
        named |= {"party": self.party, "q": self.q}
        return {name: value for name, value in named.items() if value}


def ids(data: QueryDict, name: str) -> list[int]:
    """The ids in a list of ticks, each once; what is no id is left out."""
    found = [value for value in data.getlist(name)[: 2 * _MAX_PICKS] if value.isascii() and value.isdigit()]
    return list(dict.fromkeys(int(value) for value in found if len(value) < 19))


def via(data: QueryDict) -> str:
    """The personal link by which somebody came, as it stands in the address; not yet believed."""
    return _line(data, "via", 60)


def _line(data: QueryDict, name: str, limit: int) -> str:
    return "".join(sign for sign in data.get(name, "")[:limit] if sign.isprintable()).strip()


# --- writing ----------------------------------------------------------------------------------------------------


def field_names() -> dict[str, str]:
    """What a merge field is called for people, each differently, where its value is not known yet."""
    return {
        "supporter_name": _("[your name]"),
        "supporter_place": _("[your place]"),
        # Left open only where several people share the text; each letter gets its own.
        "title": _("[their title]"),
        "honorific": _("[their honorific]"),
        "name": _("[their name]"),
        "given_name": _("[their first name]"),
        "family_name": _("[their family name]"),
        "role": _("[their office]"),
        "legislature": _("[their parliament]"),
        "area": _("[their area]"),
        "party": _("[their party]"),
        "country": _("[their country]"),
    }


def with_names(text: str) -> str:
    """A text of the campaign as a supporter sees it: no braces, a name in brackets for what is not known yet."""
    return composing.fill(text, field_names(), keep_unknown=True)


def with_fields(text: str, shown: str) -> str:
    """The way back from `with_names(shown)` as a supporter edited it: names in brackets become the fields of `shown`.

    Each with the fallback it had there. Brackets that stand for none of them are the supporter's own.
    """
    names = field_names()
    for field_name, written in composing.fields_as_written(shown).items():
        for one in written[:-1]:
            text = text.replace(names.get(field_name, one), one, 1)
        text = text.replace(names.get(field_name, written[-1]), written[-1])
    return text


class Typed(forms.CharField):
    """A text as it was typed. What is wrong with it our own rules say, NUL and all, in words of ours."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, strip=False, **options)
        self.validators = [
            check for check in self.validators if not isinstance(check, ProhibitNullCharactersValidator)
        ]


class EditorForm(forms.Form):
    """A supporter's words for one template: a subject picked or written, and the part that may be edited."""

    subject = Typed()
    own_subject = Typed()
    own_words = Typed()
    body = Typed()

    def __init__(self, editor: Editor, data: QueryDict | None = None, own_words: str = "") -> None:
        self.editor = editor
        first = "0" if self._offers_choice(editor) else ""
        initial = {"subject": first, "own_words": own_words, "body": with_names(editor.body)}
        if not first:
            initial["own_subject"] = with_names(editor.subjects[0]) if editor.subjects else ""
        super().__init__(data, prefix=editor.key, initial=initial)
        self.subject_typed = not first

    @staticmethod
    def _offers_choice(editor: Editor) -> bool:
        return len(editor.subjects) > 1 or not editor.template.subject_editable

    @property
    def opening(self) -> str:
        return with_names(self.editor.opening)

    @property
    def locked_body(self) -> str:
        return with_names(self.editor.body)

    @property
    def closing(self) -> str:
        return with_names(self.editor.closing)

    @property
    def subjects(self) -> list[str]:
        return [with_names(subject) for subject in self.editor.subjects]

    @property
    def picked(self) -> str:
        return str(self["subject"].value() or "")

    def clean(self) -> dict[str, Any]:
        # Our own rules say what is wrong, in one place.
        data = self.cleaned_data
        self._take("own_subject" if self._is_own else "subject", self._clean_subject)
        self._take("body", self._clean_body)
        return data

    @property
    def _is_own(self) -> bool:
        return self.subject_typed or self.cleaned_data.get("subject") == OWN

    def _clean_subject(self) -> str:
        template = self.editor.template
        if self._is_own:
            own = self.cleaned_data.get("own_subject", "")
            return rules.clean_subject(template, with_fields(own, "\n".join(self.editor.subjects)))
        offered = rules.subjects_of(template)
        picked = self.cleaned_data.get("subject", "")
        if not (picked.isascii() and picked.isdigit() and len(picked) < 4 and int(picked) < len(offered)):
            raise ValidationError(_("Please choose a subject, or write your own."), code="missing")
        return rules.clean_subject(template, offered[int(picked)])

    def _clean_body(self) -> str:
        own, body = self.cleaned_data.get("own_words", ""), self.cleaned_data.get("body", "")
        joined = f"{own.strip()}\n\n{body}" if own.strip() else body
        return rules.clean_body(self.editor.template, with_fields(joined, self.editor.body))

    def _take(self, name: str, clean: Callable[[], str]) -> None:
        if name in self.errors:
            return
        try:
            self.cleaned_data["subject_text" if name != "body" else "body_text"] = clean()
        except ValidationError as error:
            self.add_error(name, error)


class DetailsForm(forms.Form):
    """Who writes, and what they agree to. Each consent stands alone and none is ticked beforehand."""

    name = Typed(
        label=gettext_lazy("Your name"),
        help_text=gettext_lazy("As it will stand under the letter."),
        widget=forms.TextInput({"autocomplete": "name", "maxlength": rules.MAX_NAME}),
    )
    email = Typed(
        label=gettext_lazy("Your e-mail address"),
        help_text=gettext_lazy("We mail you one link to confirm, and the answer comes to you here."),
        # A text field with the right keyboard: browsers' own check refuses addresses that exist (müller@…).
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
    place = Typed(
        label=gettext_lazy("The place where you live"),
        help_text=gettext_lazy("Town or village. Offices answer the people they represent."),
        widget=forms.TextInput({"autocomplete": "address-level2", "maxlength": rules.MAX_PLACE}),
    )
    postcode = Typed(
        label=gettext_lazy("Postcode"),
        widget=forms.TextInput({"autocomplete": "postal-code", "maxlength": 20, "dir": "ltr"}),
    )
    letter_consent = forms.BooleanField(required=False)
    # The value of each names the list its words name.
    newsletter_consent = forms.CharField(required=False)
    member_consent = forms.CharField(required=False)

    def __init__(
        self, data: QueryDict | None = None, *, offered: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        """`offered`: the list behind each box of news as it is offered now, by the box's name."""
        super().__init__(data, **options)
        self._offered = offered or {}

    def clean_newsletter_consent(self) -> bool:
        return self._is_ticked("newsletter_consent")

    def clean_member_consent(self) -> bool:
        return self._is_ticked("member_consent")

    def _is_ticked(self, name: str) -> bool:
        """Whether the box that is offered now was ticked; nobody agrees to a list whose name they have not read."""
        ticked, offered = self.cleaned_data[name], self._offered.get(name, "")
        if ticked and offered and ticked != offered:
            raise ValidationError(
                _("Another newsletter is offered here now. Please tick the box again if you want that one."),
                code="changed",
            )
        return bool(ticked and offered)

    def clean_name(self) -> str:
        return rules.clean_name(self.cleaned_data["name"])

    def clean_email(self) -> Address:
        return addresses.parse(self.cleaned_data["email"])

    def clean_place(self) -> str:
        return rules.clean_place(self.cleaned_data["place"])

    def clean_postcode(self) -> str:
        return rules.clean_postcode(self.cleaned_data["postcode"])

    def clean_letter_consent(self) -> bool:
        if not self.cleaned_data["letter_consent"]:
            raise ValidationError(
                _("Without this consent we may not send your letter. Please tick the box if you agree."),
                code="missing",
            )
        return True


class CorrectionForm(forms.Form):
    """A mistyped address, typed again."""

    email = DetailsForm.base_fields["email"]

    def clean_email(self) -> Address:
        return addresses.parse(self.cleaned_data["email"])


class ReportForm(forms.Form):
    """What an office tells us about a letter."""

    kind = forms.ChoiceField(
        choices=Report.Kind, error_messages={"required": gettext_lazy("Please choose one of the two.")}
    )
    words = forms.CharField(required=False, max_length=1000)


@dataclass(frozen=True, slots=True)
class Problem:
    """One line of the summary of errors: what is wrong, and the field to go to."""

    field_id: str
    message: str


@dataclass
class Writing:
    """Everything a supporter fills in on the page of the letter.

    `is_edited`: the page is shown again to go on writing, perhaps in another language. A template of that language
    which the data do not know yet begins with its own text and the supporter's own words; what was written into
    another one is set aside, and is there again after the way back.
    """

    campaign: Campaign
    candidates: list[Candidate]
    language: str
    data: QueryDict | None = None
    postcode: str = ""
    is_edited: bool = False
    member: Membership | None = None
    editors: list[EditorForm] = field(init=False)
    details: DetailsForm = field(init=False)

    def __post_init__(self) -> None:
        found = writing.editors(self.campaign, self.candidates, self.language)
        self.editors = [self._editor(editor) for editor in found]
        self.details = DetailsForm(self.data, initial={"postcode": self.postcode}, offered=self.news)

    def _editor(self, editor: Editor) -> EditorForm:
        if not self.is_edited or self.data is None or _written(self.data, {editor.key}):
            return EditorForm(editor, self.data)
        others = [value for name, value in _written(self.data) if name.endswith("-own_words")]
        return EditorForm(editor, own_words=next(filter(None, others), ""))

    @property
    def news(self) -> dict[str, str]:
        """The list behind each box of news, by the box's name; "" for a box that is not there."""
        own = members.list_of(self.member) if members.news_consent(self.member, self.language) else None
        return {
            "newsletter_consent": str(self.campaign.mailing_list_id or ""),
            "member_consent": str(own.pk) if own else "",
        }

    @property
    def set_aside(self) -> list[tuple[str, str]]:
        """What was written into templates that are not shown now, by field name."""
        shown = {form.editor.key for form in self.editors}
        return [
            (name, value)
            for name, value in _written(self.data or QueryDict())
            if name.partition("-")[0] not in shown
        ]

    @property
    def is_another_text(self) -> bool:
        """Whether the campaign's words changed with the page's language while somebody was writing."""
        return self.is_edited and bool(self.set_aside) and any(not form.is_bound for form in self.editors)

    @property
    def without_words(self) -> list[Candidate]:
        """Chosen people for whom the campaign has no letter."""
        served = {candidate.person.pk for form in self.editors for candidate in form.editor.candidates}
        return [candidate for candidate in self.candidates if candidate.person.pk not in served]

    def is_valid(self) -> bool:
        # Every part is asked, so that all errors are shown at once.
        return all([*(form.is_valid() for form in self.editors), self.details.is_valid()])

    @property
    def problems(self) -> list[Problem]:
        """All errors in the order of the page."""
        return [
            Problem(form[name].auto_id or "", str(message))
            for form in (*self.editors, self.details)
            for name in form.fields
            for message in form.errors.get(name, [])
        ]

    @property
    def letters(self) -> list[tuple[Candidate, LetterTemplate, str, str]]:
        """Whom, by which template, subject, the supporter's part; only after `is_valid`. In the order chosen."""
        by_person = {
            candidate.person.pk: (
                candidate,
                form.editor.template,
                form.cleaned_data["subject_text"],
                form.cleaned_data["body_text"],
            )
            for form in self.editors
            for candidate in form.editor.candidates
        }
        return [by_person[one.person.pk] for one in self.candidates if one.person.pk in by_person]

    def composed(self) -> list[tuple[Candidate, LetterTemplate, Composed]]:
        """The letters as they will be read; only after `is_valid`."""
        details = self.details.cleaned_data
        return [
            (
                candidate,
                template,
                writing.compose(
                    template,
                    candidate,
                    subject=subject,
                    body=body,
                    name=details["name"],
                    place=details["place"],
                ),
            )
            for candidate, template, subject, body in self.letters
        ]

    @property
    def typed(self) -> list[tuple[str, str]]:
        """All that was filled in, by field name, to be carried through the preview and back."""
        names = [form.add_prefix(name) for form in (*self.editors, self.details) for name in form.fields]
        data = self.data or QueryDict()
        return [(name, str(data[name])) for name in names if name in data]

    def key(self, form_key: str) -> str:
        """What makes this filling of the form happen once: the form's own key with all that was written.

        A double click sends the same twice and counts once; going back, changing the letter and sending again is
        another letter and must not be swallowed.
        """
        content: Mapping[str, Any] = {
            "to": [candidate.person.pk for candidate in self.candidates],
            "typed": sorted(self.typed),
        }
        return hashlib.sha256(f"{form_key}\n{json.dumps(content)}".encode()).hexdigest()


def _written(data: QueryDict, keys: Collection[str] = ()) -> list[tuple[str, str]]:
    """The fields of editors in `data`, of those with these keys or of all."""
    found = [(name, str(data[name])) for name in data if _EDITOR_FIELD.fullmatch(name)]
    return [(name, value) for name, value in found if not keys or name.partition("-")[0] in keys]


def letter_consent(campaign: Campaign, text: CampaignText | None) -> str:
    """The sentence a supporter agrees to before a letter leaves (GDPR 9(2)(a)); kept word for word."""
    own = text.letter_consent.strip() if text else ""
    return own or _(
        "I want %(organisation)s to send this letter in my name to the people I have chosen, with my name, my place "
        "and my e-mail address so that they can answer. I know that it shows a political opinion, and I agree to its "
        "being used for this."
    ) % {"organisation": campaign.sender_name}


def newsletter_consent(campaign: Campaign, language: str) -> str:
    """The sentence of the newsletter's own tick; "" for a campaign that has no list."""
    if campaign.mailing_list is None:
        return ""
    texts = campaign.mailing_list.texts
    shown = texts.get(language) or texts.get(campaign.default_language) or {}
    name = shown.get("name") or campaign.mailing_list.name
    return _("I would also like to get “%(list)s” by e-mail. I can leave it at any time with one click.") % {
        "list": name
    }
