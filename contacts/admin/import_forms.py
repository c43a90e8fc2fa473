"""The forms of the import wizard: which file, how it is read, what its columns are, what is done, what was agreed to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.desk import key_in
from accounts.models import User
from accounts.permissions import may, visible
from contacts.imports import words
from contacts.imports.choosing import NEW
from contacts.imports.columns import ATTRIBUTE
from contacts.imports.reading.formats import TEXT
from contacts.imports.reading.preview import Preview
from contacts.models import Attribute, Import, ImportMapping, MailingList, Suppression

ENDINGS = ".csv,.txt,.tsv,.xlsx,.xls,.xlsb,.ods"
NO_HEADER = "none"
MAILABLE = "mailable"
_HEADER_LINES = 10  # in which the headings can be said to stand; one that was found lower is offered as well
_STANDINGS = ("unsubscribed", "no_consent", "pending", "bounced", "complained", "do_not_contact")


class FileForm(forms.Form):
    """Any table; what it is, is told by its content. An empty file is taken and then named as such."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ENDINGS, "class": "import-drop"}),
    )

    def __init__(self, *args: Any, most_bytes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most_bytes = most_bytes
        self.fields["file"].widget.attrs["data-most-bytes"] = most_bytes

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > self._most_bytes:
            raise ValidationError(words.problem_text("too_large"))
        return file


class ReadingForm(forms.Form):
    """How the file is read. Empty means: as we found out ourselves, which the first choice names.

    It only shows; `options_in` takes what was posted, because its choices depend on the file as it was read before.
    """

    encoding = forms.ChoiceField(label=_("Encoding"), required=False)
    separator = forms.ChoiceField(label=_("Between the columns stands"), required=False)
    header = forms.ChoiceField(label=_("The headings stand in"), required=False)
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)
    date_order = forms.ChoiceField(label=_("A date such as 03/04/2025 is"), required=False)
    standing = forms.ChoiceField(label=_("Everybody in this file"), required=False)

    def __init__(self, *, chosen: dict[str, Any], preview: Preview) -> None:
        """`chosen`: the options of the import; `preview`: the file as it is read with them."""
        super().__init__(initial=_initial(chosen))
        found = preview.options
        if preview.kind == TEXT:
            self._offer("encoding", words.ENCODINGS, found.encoding)
            self._offer("separator", words.SEPARATORS, found.separator)
        else:
            del self.fields["encoding"], self.fields["separator"]
        if len(preview.sheets) > 1:
            self._offer("sheet", {name: name for name, _hidden in preview.sheets}, found.sheet)
        else:
            del self.fields["sheet"]
        lines = {str(line): _("line %(number)d") % {"number": line} for line in range(1, _HEADER_LINES + 1)}
        at = str(found.header_line or "")
        none = "" if preview.problem == "no_header" else NO_HEADER
        self._offer("header", {NO_HEADER: _("no line: there are none"), **lines}, at or none)
        if chosen.get("date_order") or preview.ambiguous_dates:
            self._offer("date_order", words.DATE_ORDERS, "")
        else:
            del self.fields["date_order"]
        standings = {word: words.STANDINGS[word] for word in _STANDINGS}
        self._offer("standing", {MAILABLE: words.STANDINGS[""], **standings}, found.standing or MAILABLE)

    def _offer(self, name: str, known: dict[str, Any], found: str) -> None:
        """Offer what is known, before it what was found, and what was chosen although it is not among them."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for the types)
        missing = {one: one for one in (found, self.initial.get(name)) if one and one not in known}
        known = {**known, **missing}
        first = _("as found: %(found)s") % {"found": known[found]} if found else _("please choose")
        field.choices = [("", first), *known.items()]


def options_in(data: QueryDict) -> dict[str, Any]:
    """What was chosen in a `ReadingForm`, as `Import.options` holds it.

    What is left to us is not among it: it is found out anew each time. So is what nobody could have chosen.
    """
    options: dict[str, Any] = {}
    known = (
        ("encoding", words.ENCODINGS),
        ("separator", words.SEPARATORS),
        ("date_order", words.DATE_ORDERS),
    )
    for name, words_of_it in known:
        if data.get(name) in words_of_it:
            options[name] = data[name]
    if sheet := data.get("sheet", ""):
        options["sheet"] = sheet[:200]
    if (header := data.get("header", "")) == NO_HEADER:
        options["header"] = False
    elif line := key_in(header):
        options |= {"header": True, "header_line": line}
    if (standing := data.get("standing", "")) in {MAILABLE, *_STANDINGS}:
        options["standing"] = "" if standing == MAILABLE else standing
    return options


def _initial(chosen: dict[str, Any]) -> dict[str, str]:
    """The options of an import as this form's values."""
    shown = {name: str(chosen.get(name, "")) for name in ("encoding", "separator", "sheet", "date_order")}
    header = NO_HEADER if chosen.get("header") is False else str(chosen.get("header_line") or "")
    standing = (chosen["standing"] or MAILABLE) if "standing" in chosen else ""
    return {**shown, "header": header, "standing": standing}


class ColumnsForm(forms.Form):
    """One choice for each column of the file."""

    def __init__(
        self, *args: Any, headers: Sequence[str], fields: Sequence[str], user: User, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices = _field_choices(user)
        for number, (header, field) in enumerate(zip(headers, fields, strict=True)):
            label = header.strip() or _("Column %(number)d") % {"number": number + 1}
            self.fields[_column(number)] = forms.ChoiceField(
                label=label, choices=choices, required=False, initial=field
            )

    def chosen(self) -> list[str]:
        """The field of each column; empty where a choice cannot stand."""
        return [self.cleaned_data.get(name, "") for name in self.fields]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        seen: dict[str, str] = {}
        for name in self.fields:
            field = found.get(name, "")
            if not field or field.startswith(NEW):
                continue
            if field in seen:
                self.add_error(
                    name,
                    _("“%(column)s” is this already. A person has one of each.")
                    % {"column": self.fields[seen[field]].label},
                )
            seen.setdefault(field, name)
        if "address" not in seen and not self.errors:
            raise ValidationError(_("Say which column holds the e-mail address: nobody is known without it."))
        return found


class PurposeForm(forms.ModelForm):
    """What is done with these people, and on which list."""

    new_list = forms.CharField(label=_("or make a new list called"), max_length=200, required=False)
    suppress_reason = forms.ChoiceField(
        label=_("Why we must not write to them"),
        required=False,
        choices=[
            (reason.value, reason.label)
            for reason in (
                Suppression.Reason.DO_NOT_CONTACT,
                Suppression.Reason.BOUNCE,
                Suppression.Reason.COMPLAINT,
                Suppression.Reason.LEFT,
            )
        ],
    )

    class Meta:
        model = Import
        fields = ["mode", "mailing_list", "suppress_reason"]
        widgets = {"mode": forms.RadioSelect}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.may_make_lists = may(user, "contacts.add_mailinglist")
        lists = self.fields["mailing_list"]
        assert isinstance(lists, forms.ModelChoiceField)  # noqa: S101 (for the types)
        lists.queryset = visible(user, MailingList.objects.order_by("name", "pk"))
        lists.empty_label = str(_("choose a list"))
        if not self.may_make_lists:
            del self.fields["new_list"]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("mode") == Import.Mode.SUPPRESS:
            return {**found, "mailing_list": None, "new_list": ""}
        found["suppress_reason"] = ""
        if bool(found.get("mailing_list")) == bool(found.get("new_list")):
            message = (
                _("Choose a list or make a new one, not both.")
                if found.get("new_list")
                else _("Say which list these people are for.")
            )
            self.add_error("mailing_list", message)
        return found


class ConsentForm(forms.ModelForm):
    """What these people agreed to, where and when: GDPR 7(1) asks the sender to be able to show it."""

    class Meta:
        model = Import
        fields = ["consent_text", "consent_page", "consent_date"]
        widgets = {
            "consent_text": forms.Textarea(attrs={"rows": 3}),
            "consent_date": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
        help_texts = {
            "consent_text": _("The words they were shown, as they were."),
            "consent_page": _(
                "For example https://example.org/join, or “paper form, street stall in Kisumu”."
            ),
            "consent_date": _("The last day on which one of them agreed."),
        }

    def __init__(self, *args: Any, needed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = needed

    def clean_consent_date(self) -> Any:
        day = self.cleaned_data["consent_date"]
        if day and day > timezone.localdate():
            raise ValidationError(_("This day is still to come."))
        return day


def mappings_of(user: User) -> QuerySet[ImportMapping]:
    """The saved mappings a person may use, by name."""
    return visible(user, ImportMapping.objects.order_by("name", "pk"))


def _column(number: int) -> str:
    return f"column-{number}"


def _field_choices(user: User) -> list[Any]:
    """Every field of ours, every attribute, and a new attribute for who may make one."""
    fields = [(field, label) for field, label in words.FIELDS.items() if field]
    attributes = [
        (f"{ATTRIBUTE}{attribute.key}", attribute.name)
        for attribute in Attribute.objects.order_by("name", "pk")
    ]
    choices: list[Any] = [("", words.FIELDS[""]), (_("Person"), fields)]
    if attributes:
        choices.append((_("Attributes"), attributes))
    if may(user, "contacts.add_attribute"):
        choices.append((_("A new attribute, named like the column"), list(_new_kinds())))
    return choices


def _new_kinds() -> Iterator[tuple[str, Any]]:
    for kind in Attribute.Kind:
        yield f"{NEW}{kind.value}", kind.label
