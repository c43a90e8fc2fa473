"""What an import takes from a folder, and what it says of the rest."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from advocacy.models import ColumnMapping, Person
from advocacy.representatives import importing
from advocacy.representatives.importing import ImportFileError

pytestmark = pytest.mark.django_db

DATA = Path(__file__).parent.parent / "data" / "representatives"


@pytest.fixture
def country(tmp_path) -> Path:
    """A country of EveryPolitician's tree, its legislature one level deeper."""
    folder = tmp_path / "Jordan" / "Parliament"
    folder.mkdir(parents=True)
    shutil.copy(DATA / "popolo.json", folder / "ep-popolo-v1.0.json")
    shutil.copy(DATA / "term-2.csv", folder / "term-2.csv")
    (folder / "meta.json").write_text(json.dumps({"name": "House of Representatives"}))
    return folder.parent


@pytest.fixture
def mapping() -> ColumnMapping:
    return ColumnMapping.objects.create(
        name="members",
        columns={"name": "Name", "email": "Mail"},
        defaults={"legislature": "Council", "country": "KE"},
    )


def test_the_folder_of_a_country_is_read_down_to_its_legislatures(country):
    whole = importing.run(country, dry_run=True)
    assert whole.counts == importing.run(country / "Parliament", dry_run=True).counts
    assert whole.counts["people"] > 0
    assert not any("Not read" in warning for warning in whole.warnings)


def test_what_a_folder_of_mixed_formats_holds_beside_the_set_that_was_read_is_named(tmp_path, country):
    shutil.copytree(DATA / "openstates", tmp_path / "openstates")
    shutil.copy(DATA / "korea.json", tmp_path)
    report = importing.run(tmp_path, dry_run=True)
    assert report.format == "openstates"
    (warning,) = [warning for warning in report.warnings if "Not read" in warning]
    assert "Jordan" in warning
    assert "korea.json" in warning
    assert "openstates" not in warning


def test_a_rejected_piece_is_told_with_its_row(tmp_path, mapping):
    path = tmp_path / "members.csv"
    path.write_text(
        "Name,Mail\nAnn Example,ann@council.example\nBo Example,bo at council\n,x@council.example\n"
    )
    printed = StringIO()
    call_command("import_representatives", str(path), mapping="members", dry_run=True, stdout=printed)
    assert "Not taken: row 3, Bo Example" in printed.getvalue()
    assert "Not taken: row 4, " in printed.getvalue()
    report = importing.run(path, mapping="members", dry_run=True)
    assert report.saved is not None
    assert [piece["row"] for piece in report.saved.rejected] == [3, 4]


@pytest.mark.parametrize("code", ["XX", "ZZ", "K", "001"])
def test_a_country_that_does_not_exist_is_refused_also_in_a_dry_run(code):
    with pytest.raises(ImportFileError, match="two letters"):
        importing.run(DATA / "members.csv", country=code, dry_run=True)


def test_a_row_with_a_country_that_does_not_exist_is_refused(tmp_path, mapping):
    ColumnMapping.objects.update(defaults={"legislature": "Council", "country": "XX"})
    path = tmp_path / "members.csv"
    path.write_text("Name,Mail\nAnn Example,ann@council.example\n")
    with pytest.raises(ImportFileError, match="which legislature of which country"):
        importing.run(path, mapping="members", dry_run=True)
    assert not Person.objects.exists()


def test_the_command_names_its_option_and_the_message_for_the_desk_does_not(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("Nr,Naam\n1,A\n")
    with pytest.raises(ImportFileError) as told:
        importing.run(path)
    assert "--mapping" not in str(told.value)
    with pytest.raises(CommandError, match="--mapping NAME"):
        call_command("import_representatives", str(path))
