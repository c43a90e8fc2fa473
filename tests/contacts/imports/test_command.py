"""What `manage.py import_contacts` says to the person at the terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

pytestmark = pytest.mark.django_db


def bring(path: Path, *options: str) -> tuple[str, str]:
    """What the command prints, and what it warns of."""
    said, warned = io.StringIO(), io.StringIO()
    call_command(
        "import_contacts", str(path), "--list=news", "--dry-run", *options, stdout=said, stderr=warned
    )
    return said.getvalue(), warned.getvalue()


def test_a_guess_is_told_and_not_where_a_person_chose(tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes("email;name;joined\na@example.org;Müller;01/02/2023\n".encode("cp1252"))
    _said, warned = bring(path)
    assert "Windows-1252" in warned
    assert "--date-order" in warned
    assert bring(path, "--encoding=cp1252", "--date-order=dmy")[1] == ""


def test_what_is_left_out_is_told(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("email,name,shoe size,second email\na@example.org,Ann,39,b@example.org\n")
    said, _warned = bring(path)
    assert "“shoe size”" in said
    assert "“second email” holds a second address" in said


def test_a_file_without_a_heading_is_refused_with_the_option_that_takes_it(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("a@example.org\nb@example.org\n")
    with pytest.raises(CommandError, match="--no-header"):
        bring(path)
    assert "rows                   2" in bring(path, "--no-header")[0]
