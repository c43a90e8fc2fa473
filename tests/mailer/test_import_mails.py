"""The mail to whoever started an import: it comes once, says what came of it, and names nobody."""

from __future__ import annotations

import pytest
from django.conf import settings

from accounts.models import User
from contacts.models import Import
from contacts.signals import import_settled
from mailer.models import Delivery
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_staff(email="ann.staff@example.org")


def make_run(by: User | None, status: str = "done", **fields: object) -> Import:
    return Import.objects.create(
        **{
            "status": status,
            "created_by": by,
            "file_name": "members <2026>.csv",
            "file_size": 10,
            "file_hash": b"0" * 32,
            **fields,
        }
    )


def tell(run: Import) -> None:
    import_settled.send(sender=Import, import_id=run.pk)


def test_a_finished_import_is_told_once_with_its_counts_and_a_link(ann, outbox):
    run = make_run(ann, rows=12_345, created=12_000, rejected=45)
    tell(run)
    tell(run)
    (mail,) = outbox.deliver()
    assert mail.to == ["ann.staff@example.org"]
    assert mail.subject == "Your import of “members <2026>.csv” is done"
    assert "New people: 12,000" in mail.body
    assert "Rows rejected: 45" in mail.body
    assert "people brought up to date" not in mail.body.casefold(), "nought is not told"
    assert f"{settings.SITE_URL}/staff/contacts/import/{run.pk}/" in mail.body
    assert mail.extra_headers["Auto-Submitted"] == "auto-generated"
    html = mail.alternatives[0][0]
    assert "members &lt;2026&gt;.csv" in html
    assert "{{" not in html + mail.body


def test_the_mail_is_in_the_language_its_reader_chose_at_the_desk(ann, outbox):
    User.objects.filter(pk=ann.pk).update(language="fr")
    tell(make_run(User.objects.get(pk=ann.pk), rows=12_345, created=12_000))
    (mail,) = outbox.deliver()
    assert "New people" not in mail.body
    assert 'lang="fr"' in mail.alternatives[0][0]


def test_the_undo_of_it_is_told_as_well(ann, outbox):
    run = make_run(ann)
    tell(run)
    Import.objects.update(status="undone")
    tell(run)
    assert [mail.subject for mail in outbox.deliver()] == [
        "Your import of “members <2026>.csv” is done",
        "Your import of “members <2026>.csv” is undone",
    ]


def test_a_file_that_could_not_be_read_is_told_with_the_reason_and_the_remedy(ann, outbox):
    tell(make_run(ann, "failed", problem="no_email_column"))
    (mail,) = outbox.deliver()
    assert mail.subject == "Your import of “members <2026>.csv” could not be read"
    assert "no_email_column" not in mail.body
    assert "nobody was changed" in mail.body


@pytest.mark.parametrize("status", ["uploaded", "checking", "checked", "running", "stopped", "discarded"])
def test_an_import_on_its_way_is_not_told(ann, status):
    tell(make_run(ann, status))
    assert not Delivery.objects.exists()


def test_nobody_is_told_where_there_is_nobody_to_tell(ann):
    tell(make_run(None))
    tell(make_run(make_staff(email="")))
    tell(make_run(make_staff(email="not an address")))
    import_settled.send(sender=Import, import_id=987_654)
    assert not Delivery.objects.exists()


def test_the_name_of_a_file_breaks_no_subject(ann, outbox):
    tell(make_run(ann, file_name="a\r\nBcc: all@example.org\u202e\u200b" + "x" * 150 + ".csv"))
    (mail,) = outbox.deliver()
    assert "\n" not in mail.subject
    assert "aBcc: all@example.orgxxx" in mail.subject
    assert len(mail.subject) < 120
