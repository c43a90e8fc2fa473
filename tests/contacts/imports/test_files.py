"""Every contact list of the shared data through the command, against the numbers its README gives."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from contacts.models import Contact, ImportRow, Subscription, Suppression
from tests.shared_data import shared

DATA = shared("data/contacts")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(DATA is None, reason="the shared contact lists are not here"),
]
EXPECTED: dict[str, dict[str, Any]] = json.loads((DATA / "expected.json").read_text()) if DATA else {}
# A file is what its bytes are, whatever it is called (docs/decisions): this one is file 37 under another name.
if EXPECTED:
    EXPECTED["41_workbook_named.csv"] = EXPECTED["37_excel_plain.xlsx"]


def bring(name: str, *options: str) -> dict[str, Any]:
    """What the command prints for a file of the shared data."""
    assert DATA is not None
    return bring_path(DATA / name, *options)


def bring_path(path: Path, *options: str) -> dict[str, Any]:
    output = io.StringIO()
    call_command(
        "import_contacts",
        str(path),
        "--list=news",
        "--consent=I want the newsletter.",
        "--json",
        *options,
        stdout=output,
    )
    return json.loads(output.getvalue())


def identity_holds(found: dict[str, Any]) -> bool:
    parts = ("created", "updated", "unchanged", "duplicates", "rejected")
    return found["rows"] == sum(found[part] for part in parts)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_list_gives_the_numbers_of_its_description(name: str):
    expected = EXPECTED[name]
    foretold = bring(name, "--dry-run")
    assert Contact.objects.count() == Subscription.objects.count() == Suppression.objects.count() == 0
    found = bring(name)
    assert found["file_error"] == expected["file_error"]
    assert identity_holds(found)
    counts = ("rows", "created", "updated", "unchanged", "duplicates", "rejected", "suppressed")
    assert {key: foretold[key] for key in counts} == {key: found[key] for key in counts}
    if expected["file_error"]:
        assert Contact.objects.count() == 0
        return
    rows = ImportRow.objects.filter(from_import=found["import"])
    policy = {line for line, _why in expected["policy"]}
    rejected = dict(rows.filter(result="rejected").values_list("line", "reason"))
    repeated = dict(rows.filter(result="duplicate").values_list("line", "repeats"))
    assert found["rows"] == expected["rows"]
    assert {line: why for line, why in rejected.items() if line not in policy} == dict(expected["rejected"])
    assert {line: first for line, first in repeated.items() if line not in policy} == dict(
        expected["duplicates"]
    )
    assert found["created"] - len(policy - rejected.keys() - repeated.keys()) == expected["created"]
    assert found["suppressed"] == len(expected["suppressed"])
    again = bring(name)
    assert again["created"] == 0
    assert again["updated"] == 0
    assert again["unchanged"] == found["created"]
