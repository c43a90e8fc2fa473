"""The audit finds each kind of broken mailing, and nothing in a sound one. Violations are planted behind the code's back."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.mailer.mailings.conftest import broken, frozen, send_all

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("UPDATE mailer_mailing SET audience = audience + 1, candidates = candidates + 1", "I1"),
        ("UPDATE mailer_mailing SET candidates = candidates + 1", "I1"),
        ("UPDATE mailer_mailingchunk SET sent = sent - 1, failed = failed + 1", "I1"),
        (
            "UPDATE mailer_delivery SET message_id = 999999 WHERE id = (SELECT min(id) FROM mailer_delivery)",
            "I1",
        ),
        ("DELETE FROM mailer_delivery WHERE id = (SELECT min(id) FROM mailer_delivery)", "I1"),
        (
            "UPDATE mailer_delivery SET status = 'queued' WHERE id = (SELECT min(id) FROM mailer_delivery)",
            "I3",
        ),
        ("UPDATE mailer_mailing SET finished_at = NULL", "I3"),
        (
            "UPDATE contacts_subscription SET status = 'unsubscribed', changed_at = now() - interval '1 min'",
            "I4",
        ),
        (
            "INSERT INTO contacts_suppression (address_hash, reason, scope, evidence, created_at)"
            " SELECT address_hash, 'left', 'mailings', '{}', now() - interval '1 min' FROM mailer_delivery",
            "I4",
        ),
        (
            "UPDATE mailer_mailingchunk SET status = 'working', claim = gen_random_uuid(),"
            " lease_until = now() - interval '6 min'",
            "I6",
        ),
        ("UPDATE mailer_mailing SET status = 'scheduled', starts_at = now() - interval '6 min'", "I6"),
    ],
)
def test_the_audit_names_what_is_broken(sql, number):
    send_all(frozen(3))
    assert broken() == []
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert number in {name.split()[0] for name in broken()}
