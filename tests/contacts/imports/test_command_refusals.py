"""`manage.py import_contacts`: what it takes, what it refuses, and that a refusal leaves nothing behind."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from contacts.models import Consent, Contact, Import, ImportRow, MailingList

pytestmark = pytest.mark.django_db
AGREED = "--consent=I want the newsletter."


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("email,name\nann@example.org,Ann\n")
    return path


def bring(path: Path, *options: str) -> str:
    output = io.StringIO()
    call_command("import_contacts", str(path), "--list=news", *options, stdout=output)
    return output.getvalue()


def test_the_day_of_a_consent_is_the_one_that_is_given_or_none(people: Path):
    bring(people, AGREED, "--consent-date=2024-05-01")
    assert timezone.localdate(Consent.objects.get().given_at) == dt.date(2024, 5, 1)
    people.write_text("email\nben@example.org\n")
    bring(people, AGREED)
    assert Consent.objects.latest("pk").given_at is None


@pytest.mark.parametrize("day", ["soon", "2024-02-30", "tomorrow"])
def test_no_day_that_is_none_or_still_to_come_is_taken(people: Path, day: str):
    if day == "tomorrow":
        day = (timezone.localdate() + dt.timedelta(days=1)).isoformat()
    with pytest.raises(CommandError, match="consent-date"):
        bring(people, AGREED, f"--consent-date={day}")
    assert not Import.objects.exists()


def test_a_mapping_that_is_not_there_leaves_nothing_behind(people: Path):
    with pytest.raises(CommandError, match="no column mapping 'Nope'"):
        bring(people, AGREED, "--mapping=Nope")
    assert not Import.objects.exists()
    assert not MailingList.objects.exists()


def test_a_consent_that_nobody_told_leaves_no_import_that_waits(people: Path):
    with pytest.raises(CommandError, match="What did these people agree to"):
        bring(people)
    assert Import.objects.get().status == "discarded"
    assert not ImportRow.objects.exists()
    assert not MailingList.objects.exists()
    assert not Contact.objects.exists()


def test_a_dry_run_of_a_file_that_cannot_be_read_waits_for_nobody(people: Path):
    people.write_text("")
    with pytest.raises(CommandError, match="empty"):
        bring(people, AGREED, "--dry-run")
    assert Import.objects.get().status == "discarded"
