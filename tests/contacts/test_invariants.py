"""The audit sees what is wrong with imports and with keys that PostgreSQL does not check."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.db.models.functions import Now

from contacts import invariants
from contacts.models import Consent, Contact, Import, ImportChange, ImportChunk, Subscription
from mailer import invariants as audit
from tests.contacts.imports.hands import brought, undone
from tests.factories import make_contact, make_mailing_list, make_subscription

pytestmark = pytest.mark.django_db


def broken() -> set[str]:
    """The first word of what is said of each invariant that does not hold."""
    return {name for name, query in invariants.queries().items() if query()}


def some_import() -> Import:
    return brought("email,name\nann@example.org,Ann\nben@example.org,Ben\nnobody,\n")


def test_an_import_leaves_every_invariant_whole():
    undone(some_import())
    some_import()
    assert [violation for violation in audit.check_all() if violation.ids] == []


def miscounted(run: Import) -> None:
    Import.objects.filter(pk=run.pk).update(created=99)


def half_done(run: Import) -> None:
    run.batches.update(done_at=None)


def left_lying(run: Import) -> None:
    Import.objects.filter(pk=run.pk).update(
        status=Import.Status.RUNNING, started_at=Now() - dt.timedelta(hours=1), lease_until=None
    )


def revived(run: Import) -> None:
    ImportChange.objects.create(
        from_import=run,
        line=9,
        contact=Contact.objects.first(),
        before={"subscription": "unsubscribed"},
        after={"subscription": "confirmed"},
    )


def without_consent(run: Import) -> None:
    Consent.objects.all().delete()


def with_its_file(run: Import) -> None:
    ImportChunk.objects.create(from_import=run, number=0, data=b"x")


def without_contact(run: Import) -> None:
    lonely = make_contact()
    make_subscription(lonely, make_mailing_list())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM contacts_contact WHERE id = %s", [lonely.pk])


def consent_without_contact(run: Import) -> None:
    Subscription.objects.all().delete()
    Consent.objects.update(contact=2**40)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (miscounted, "add up"),
        (half_done, "all its batches"),
        (left_lying, "unnoticed"),
        (revived, "put back"),
        (without_consent, "has its consent"),
        (with_its_file, "no longer than"),
        (without_contact, "every subscription"),
        (consent_without_contact, "every consent"),
    ],
)
def test_the_audit_sees(harm, says: str):
    harm(some_import())
    assert [says in name for name in broken()] == [True]
