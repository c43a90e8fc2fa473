"""What staff type about people, turned into our types."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import sealed_words
from accounts.desk import key_in
from accounts.models import User
from accounts.permissions import visible
from contacts import addresses, fields, people
from contacts.fields import ATTRIBUTE
from contacts.models import Attribute, Contact, Import, MailingList, Subscription
from contacts.searching import SORTS, Search

_NEWEST_IMPORTS = 100
_SORT_NAMES = {
    "newest": _("newest first"),
    "oldest": _("oldest first"),
    "address": _("address, A to Z"),
    "address_down": _("address, Z to A"),
}


class SearchForm(forms.Form):
    """A search, read from the page's address. What cannot be read is left out of it, and narrows nothing."""

    q = forms.CharField(required=False, max_length=300)
    list = forms.ModelChoiceField(
        MailingList.objects.none(), required=False, label=_("List"), empty_label="—"
    )
    standing = forms.ChoiceField(
        choices=[("", "—"), *Subscription.Status.choices, ("suppressed", _("suppressed"))],
        required=False,
        label=_("Standing"),
    )
    country = forms.ChoiceField(required=False, label=_("Country"))
    language = forms.ChoiceField(required=False, label=_("Language"))
    imported = forms.ModelChoiceField(
        Import.objects.none(), required=False, label=_("Came with the import"), empty_label="—"
    )
    attribute = forms.ChoiceField(required=False, label=_("Attribute"))
    value = forms.CharField(required=False, max_length=300, label=_("and its value"))
    sort = forms.ChoiceField(
        choices=[(name, _SORT_NAMES[name]) for name in SORTS], required=False, label=_("Order")
    )

    def __init__(self, query: QueryDict, reader: User) -> None:
        super().__init__(query)
        choice: Any = self.fields
        choice["list"].queryset = visible(reader, MailingList.objects.order_by("name"))
        newest = visible(reader, Import.objects.order_by("-pk"))
        imports = set(newest.values_list("pk", flat=True)[:_NEWEST_IMPORTS])
        if asked := key_in(query.get("imported", "")):  # an older one, by the link on its own page
            imports |= set(newest.filter(pk=asked).values_list("pk", flat=True))
        choice["imported"].queryset = Import.objects.filter(pk__in=imports).order_by("-pk")
        choice["imported"].label_from_instance = lambda row: f"{row.file_name} · {row.pk}"
        choice["country"].choices = [("", "—"), *fields.countries()]
        choice["language"].choices = [("", "—"), *fields.languages()]
        choice["attribute"].choices = [
            ("", "—"),
            *Attribute.objects.order_by("name").values_list("key", "name"),
        ]

    def search(self) -> Search:
        self.is_valid()
        read = self.cleaned_data
        return Search(
            words=read.get("q", ""),
            mailing_list=read["list"].pk if read.get("list") else None,
            standing=read.get("standing", ""),
            country=read.get("country", ""),
            language=read.get("language", ""),
            from_import=read["imported"].pk if read.get("imported") else None,
            attribute=read.get("attribute", ""),
            value=read.get("value", "") if read.get("attribute") else "",
            sort=read.get("sort") or "newest",
        )

    def is_misread(self) -> bool:
        """Whether something that should narrow the search could not be read."""
        return bool(set(self.errors) - {"sort"})

    def chips(self) -> Iterator[tuple[str, str]]:
        """What narrows the list now, in words, with the query that takes it away again."""
        for name, given in self.cleaned_data.items():
            if not given or name == "sort" or (name == "value" and not self.cleaned_data.get("attribute")):
                continue
            field: Any = self.fields[name]
            if name == "imported":
                words = given.file_name
            elif name == "list":
                words = given.name
            else:
                words = dict(getattr(field, "choices", ())).get(given, given)
            label = f"“{words}”" if name == "q" else f"{field.label}: {words}"
            yield label, self._without(name)

    def kept(self) -> str:
        """The query as it was read, without the place in the list."""
        return self._without()

    def _without(self, *names: str) -> str:
        gone = {*names, *({"value"} if "attribute" in names else ())}
        query = QueryDict(mutable=True)
        for name in self.fields:
            given = self.data.get(name)
            if given and name not in gone and name not in self.errors:
                known, value = sealed_words.closed(self.data, name)
                query[known] = value
        return str(query.urlencode())


class ContactForm(forms.Form):
    """A person as staff change them, with a field for each attribute there is."""

    address = forms.CharField(label=_("Address"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    first_name = forms.CharField(label=_("First name"), max_length=100, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=100, required=False)
    country = forms.ChoiceField(label=_("Country"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    paused_until = forms.DateField(
        label=_("Wants no newsletter until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    why = forms.CharField(
        label=_("Why"),
        max_length=300,
        required=False,
        help_text=_("Who asked for it, and how. It stands in the person's history."),
    )
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, contact: Contact | None = None, **kwargs: Any) -> None:
        self.contact = contact
        self.attributes = list(Attribute.objects.order_by("name"))
        if contact is not None:
            kwargs["initial"] = {**self._initial(contact), "version": people.version_of(contact)}
        super().__init__(*args, **kwargs)
        held = contact or Contact()
        self.fields["why"].required = contact is None  # nobody is written down without saying where from
        choice: Any = self.fields
        for name, known in (
            ("country", fields.countries()),
            ("language", fields.languages()),
            ("time_zone", _time_zones()),
        ):
            own = getattr(held, name)
            extra = [(own, own)] if own and own not in dict(known) else []
            choice[name].choices = [("", "—"), *extra, *known]
        for attribute in self.attributes:
            self.fields[f"attribute_{attribute.key}"] = _field_of(attribute)
        self.order_fields(
            [*[name for name in self.fields if name not in {"why", "version"}], "why", "version"]
        )

    def _initial(self, contact: Contact) -> Mapping[str, Any]:
        plain = {name: getattr(contact, name) for name in people.FIELDS}
        own = {
            f"attribute_{attribute.key}": _as_typed(attribute.kind, contact.attributes.get(attribute.key))
            for attribute in self.attributes
        }
        return {"address": contact.address, **plain, **own}

    def clean_address(self) -> addresses.Address:
        return addresses.parse(self.cleaned_data["address"])

    def clean(self) -> dict[str, Any]:
        read = super().clean() or {}
        for attribute in self.attributes:
            name = f"attribute_{attribute.key}"
            if name in read:
                try:
                    read[name] = fields.attribute_value(attribute.kind, read[name])
                except ValidationError as error:
                    self.add_error(name, error)
        return read

    def values(self) -> dict[str, Any]:
        """What `people.edit` takes: the fields that were shown, attributes as "attribute:<key>"."""
        read = self.cleaned_data
        own = {f"{ATTRIBUTE}{one.key}": read[f"attribute_{one.key}"] for one in self.attributes}
        return {**{name: read[name] for name in people.FIELDS}, **own}


def _field_of(attribute: Attribute) -> forms.Field:
    match attribute.kind:
        case Attribute.Kind.YES_NO:
            return forms.ChoiceField(
                label=attribute.name, required=False, choices=[("", "—"), ("yes", _("yes")), ("no", _("no"))]
            )
        case Attribute.Kind.DATE:
            return forms.CharField(
                label=attribute.name,
                required=False,
                max_length=40,
                widget=forms.DateInput(attrs={"type": "date"}),
            )
        case Attribute.Kind.TAGS:
            return forms.CharField(
                label=attribute.name,
                required=False,
                max_length=2_000,
                help_text=_("With commas between them."),
            )
        case Attribute.Kind.NUMBER:
            return forms.CharField(label=attribute.name, required=False, max_length=40)
    return forms.CharField(label=attribute.name, required=False, max_length=10_000)


def _as_typed(kind: str, value: Any) -> str:
    if isinstance(value, bool) and kind == Attribute.Kind.YES_NO:
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return ", ".join(f'"{each}"' if any(sign in each for sign in ",;|") else each for each in value)
    return fields.shown(value)


def _time_zones() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones()) if "/" in name]


class TakeOffForm(forms.Form):
    """Why somebody is taken off a list."""

    why = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("Who asked for it, and how. It stands in the person's history."),
    )


class PutOnForm(forms.Form):
    """What shows that somebody wants a list: the words they agreed to, where, and on which day."""

    mailing_list = forms.ModelChoiceField(MailingList.objects.none(), label=_("List"))
    text = forms.CharField(
        label=_("The words they agreed to"),
        max_length=2_000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("As they read or heard them, such as the line above their signature."),
    )
    page = forms.CharField(
        label=_("Where"), max_length=300, help_text=_("Such as “paper list at the stall in Nairobi”.")
    )
    given_on = forms.DateField(
        label=_("When"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args: Any, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice: Any = self.fields["mailing_list"]
        choice.queryset = visible(reader, MailingList.objects.order_by("name"))

    def clean_given_on(self) -> date:
        day: date = self.cleaned_data["given_on"]
        if day > timezone.localdate():
            raise ValidationError(_("This day has not come yet."))
        return day


class OtherForm(forms.Form):
    """With whom a person is to be made one: found by their address or their number."""

    other = forms.CharField(label=_("The other one's address, or number"), max_length=254)

    def __init__(self, *args: Any, contact: Contact, reader: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.contact, self.reader = contact, reader

    def clean_other(self) -> Contact:
        text = self.cleaned_data["other"].strip().removeprefix("#")
        rows = visible(self.reader, Contact.objects.exclude(pk=self.contact.pk))
        if text.isascii() and text.isdecimal() and len(text) < 19:
            found = rows.filter(pk=int(text)).first()
        else:
            found = rows.filter(address_key=addresses.parse(text).key).first()
        if found is None:
            raise ValidationError(_("There is no other contact with this address or number."))
        return found
