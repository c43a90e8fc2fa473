"""The guard over what we keep of people: docs/retention.md says of every field what it holds, and tells the truth."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

PAGE = Path(__file__).resolve().parent.parent / "docs" / "retention.md"
HOLDS_TEXT = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.FileField,
    ArrayField,
)
HELP = "Give every field that can hold text its line in docs/retention.md: of people, a keyed hash, or not of people."


class Line(NamedTuple):
    """A line of one of the tables; `rest` are its cells after the fields."""

    part: str
    table: str
    fields: list[str]
    rest: list[str]


def lines() -> list[Line]:
    found, part = [], ""
    for text in PAGE.read_text(encoding="utf-8").splitlines():
        if text.startswith("## "):
            part = text.removeprefix("## ")
        elif text.startswith("| `"):
            table, fields, *rest = (cell.strip() for cell in text.strip("|").split("|"))
            found.append(Line(part, table.strip("`"), re.findall(r"`(\w+)`", fields), rest))
    return found


def stored() -> set[str]:
    """Every field that can hold text of any length, but for those with a fixed choice of words."""
    return {
        f"{model._meta.label_lower}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if isinstance(field, HOLDS_TEXT) and not field.choices
    }


def code(name: str) -> Any:
    """What a dotted name of ours stands for. Raises if there is no such thing."""
    module, _dot, attribute = name.rpartition(".")
    return getattr(import_module(module), attribute)


def test_every_field_that_can_hold_text_stands_in_the_table_and_no_other():
    told = {f"{line.table}.{field}" for line in lines() for field in line.fields}
    assert stored() - told == set(), HELP
    assert told - stored() == set(), "These fields are gone: take them out of docs/retention.md."


def test_no_field_stands_in_the_table_twice():
    told = [f"{line.table}.{field}" for line in lines() for field in line.fields]
    assert sorted({field for field in told if told.count(field) > 1}) == []


@pytest.mark.parametrize("line", lines(), ids=lambda line: f"{line.table}:{line.part}")
def test_every_number_of_days_is_the_one_in_the_code(line: Line):
    for cell in line.rest:
        given = re.findall(r"(\d+) days \(`([\w.]+)`\)", cell)
        assert len(given) == len(re.findall(r"\bdays\b", cell)), (
            "name the constant: 30 days (`app.module.CONSTANT`)"
        )
        for number, name in given:
            value = code(name)
            assert (value if isinstance(value, timedelta) else timedelta(days=value)).days == int(number), (
                name
            )


@pytest.mark.parametrize(
    "line", [line for line in lines() if line.part == "Of people"], ids=lambda line: line.table
)
def test_what_is_of_people_has_a_reason_an_end_and_a_way_to_be_erased(line: Line):
    why, how_long, erased_by = line.rest
    assert why
    assert how_long
    named = re.search(r"`([\w.]+)`", erased_by)
    if named is None:
        assert erased_by.startswith("not by an erasure: ")
    else:
        assert callable(code(named[1]))
