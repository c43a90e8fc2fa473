"""The columns of a person in a spreadsheet: their order, how a value is written, and how one is read.

Reading goes by the rules of the import (`contacts/imports/cleaning`), so there is one set of rules. People are not
saved by this resource: `contacts/imports` does that, with lists, consent and refusals.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from import_export.fields import Field
from import_export.widgets import Widget

from accounts.spreadsheets import HarmlessResource
from contacts import addresses, fields
from contacts.fields import ATTRIBUTE
from contacts.imports.cleaning import people as names
from contacts.imports.cleaning import places
from contacts.models import Attribute, Contact

# The columns every export has, in this order; contacts/imports/columns.py knows the file again by them.
HEADERS = (
    "address",
    "name",
    "first_name",
    "last_name",
    "country",
    "language",
    "time_zone",
    "status",
    "lists",
    "source",
    "since",
)


class LineWidget(Widget):
    """One line of text of at most `limit` characters."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return names.clean_line(str(value or ""), self.limit, _no_warning)


class AddressWidget(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return addresses.parse(str(value or "")).given


class WordWidget(Widget):
    """A code, read from any word that stands for it; "" for one nobody knows."""

    def __init__(self, read: Callable[[str], str]) -> None:
        super().__init__()
        self.read = read

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return self.read(str(value or ""))


class MomentWidget(Widget):
    """ISO 8601 in UTC, to the second. It is written and not read."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return value.astimezone(dt.UTC).replace(microsecond=0).isoformat() if value else ""


class AttributeWidget(Widget):
    """A value of an organisation's own field, by its kind."""

    def __init__(self, kind: str = Attribute.Kind.TEXT) -> None:
        super().__init__()
        self.kind = kind

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        return fields.attribute_value(self.kind, str(value or ""))

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        match value:
            case None:
                return ""
            case bool():
                return "yes" if value else "no"
            case str() | int() | float():
                return value
            case list() if all(isinstance(each, str) for each in value):
                return ", ".join(_tag(each) for each in value)
        return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export. `render` makes of a stored value what a cell holds; `key` is an attribute's, else ""."""

    header: str
    render: Callable[[Any], Any]
    key: str = ""


class ContactResource(HarmlessResource):
    """Every column of an export, with one more for each attribute there is."""

    address = Field("address", "address", AddressWidget())
    name = Field("name", "name", LineWidget(names.NAME))
    first_name = Field("first_name", "first_name", LineWidget(names.PART))
    last_name = Field("last_name", "last_name", LineWidget(names.PART))
    country = Field("country", "country", WordWidget(places.country_of))
    language = Field("language", "language", WordWidget(places.language_of))
    time_zone = Field("time_zone", "time_zone", WordWidget(places.time_zone_of))
    status = Field("status", "status", readonly=True)
    lists = Field("lists", "lists", readonly=True)
    source = Field("source", "source", readonly=True)
    since = Field("created_at", "since", MomentWidget(), readonly=True)

    class Meta:
        model = Contact
        fields = HEADERS
        export_order = HEADERS
        import_id_fields = ("address",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.own = dict(Attribute.objects.order_by("key").values_list("key", "kind"))
        for key, kind in self.own.items():
            name = f"{ATTRIBUTE}{key}"
            self.fields[name] = Field(f"attributes__{key}", name, AttributeWidget(kind))

    def columns(self) -> list[Column]:
        """The columns in the order of the file."""
        plain = [Column(name, _renders(self.fields[name])) for name in HEADERS]
        return plain + [
            Column(f"{ATTRIBUTE}{key}", _renders(self.fields[f"{ATTRIBUTE}{key}"]), key) for key in self.own
        ]

    def import_data(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("people are imported by contacts/imports, which knows consent and refusal")


def _renders(field: Any) -> Callable[[Any], Any]:
    widget = field.widget
    return _plain if type(widget).render is Widget.render else widget.render


def _plain(value: Any) -> Any:
    return "" if value is None else value


def _tag(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',;|"') else text


def _no_warning(word: str) -> None:
    """A single cell has nowhere to keep a warning."""
