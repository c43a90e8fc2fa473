"""Merge fields that say nothing to somebody: counted on the real audience, in one query for all fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db.models import Count, F, Func, Q, QuerySet, TextField, Value

from contacts.models import Contact
from mailer.mailings import audience
from mailer.models import Mailing
from mailer.preflight.findings import OK, WARNING, Finding
from mailer.writing import fields, languages
from mailer.writing.rendering import Rendered

GROUP = "fields"


@dataclass(frozen=True, slots=True)
class Used:
    """A field as a text uses it. fallback: "" where at least once none is written."""

    field: str
    fallback: str


def check(mailing: Mailing, made: Mapping[str, Rendered]) -> list[Finding]:
    """A finding for each field in each language that somebody of its readers has no value for."""
    used = {language: list(_used(mail)) for language, mail in made.items()}
    names = sorted({one.field for found in used.values() for one in found})
    if not names:
        return [Finding(OK, "no_fields", GROUP)]
    lacking = _lacking(mailing, names)
    return [
        _finding(one, language, lacking[language][one.field])
        for language, uses in used.items()
        for one in uses
    ]


def _finding(used: Used, language: str, people: int) -> Finding:
    values = {"field": used.field, "people": people, "count": people}
    if not people:
        return Finding(OK, "field_ok", GROUP, values, language=language, about=used.field)
    if used.fallback:
        values["fallback"] = used.fallback
        return Finding(OK, "with_fallback", GROUP, values, language=language, about=used.field)
    values["example"] = "{{ " + used.field + " | … }}"
    return Finding(WARNING, "without_value", GROUP, values, language=language, about=used.field)


def _used(mail: Rendered) -> Iterator[Used]:
    """Each field once, with the fallback that all its uses have."""
    fallbacks: dict[str, list[str]] = defaultdict(list)
    for part in (mail.subject, mail.preheader, mail.html, mail.text):
        for match in fields.FIELD.finditer(part):
            name = match[1].removeprefix(fields.IN_ADDRESS)
            if name not in fields.SLOTS:
                fallbacks[name].append(unquote((match[2] or "").strip()))
    for name, written in sorted(fallbacks.items()):
        yield Used(name, "" if "" in written else written[0])


def _lacking(mailing: Mailing, names: list[str]) -> dict[str, dict[str, int]]:
    """How many people have no value, by the language they are written to in and by field."""
    rows: QuerySet[Any] = audience.recipients(mailing)
    counts = {}
    for number, name in enumerate(names):
        if name.startswith("attribute_"):
            rows = rows.annotate(**{f"value{number}": _attribute(name.removeprefix("attribute_"))})
        counts[f"lacking{number}"] = Count("pk", filter=_is_empty(name, number))
    by_language = list(rows.values("language").annotate(**counts))
    gets = languages.table(mailing, [row["language"] for row in by_language])
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in by_language:
        for number, name in enumerate(names):
            found[gets[row["language"]]][name] += row[f"lacking{number}"]
    return found


def _attribute(key: str) -> Func:
    return Func(
        F("attributes"), Value(key), function="jsonb_extract_path_text", output_field=TextField(null=True)
    )


def _is_empty(name: str, number: int) -> Q:
    if name.startswith("attribute_"):
        value = f"value{number}"
        return Q((f"{value}__isnull", True)) | Q((value, "")) | Q((value, "[]"))
    if name == "name":
        return Q(name="", first_name="", last_name="")
    columns = {field.name for field in Contact._meta.get_fields()} & set(fields.COLUMNS)
    return Q((name, "")) if name in columns else Q(pk__in=[])
