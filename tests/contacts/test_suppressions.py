"""The ratchet: what was forbidden stays forbidden, for the right mails and for the right time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from contacts import suppressions
from contacts.models import Suppression
from mailer import invariants
from tests.factories import make_delivery, unique_address

pytestmark = pytest.mark.django_db
Reason, Scope = Suppression.Reason, Suppression.Scope


def test_a_suppression_blocks_its_scope_and_no_other():
    address = unique_address().hash
    assert suppressions.suppress(address, Reason.NOT_ME, scope=Scope.CONFIRMATIONS)
    assert suppressions.blocks(address, Scope.CONFIRMATIONS)
    assert suppressions.blocks(address, Scope.MAILINGS) is None


def test_every_mail_means_every_scope():
    address = unique_address().hash
    suppressions.suppress(address, Reason.COMPLAINT)
    assert all(suppressions.blocks(address, scope) for scope in Scope)
    assert suppressions.suppressed_among([address, unique_address().hash], Scope.MAILINGS) == {address}


def test_suppressing_twice_keeps_one_row_and_the_first_evidence():
    address = unique_address().hash
    assert suppressions.suppress(address, Reason.BOUNCE, evidence={"delivery": 1})
    assert not suppressions.suppress(address, Reason.BOUNCE, evidence={"delivery": 2})
    assert Suppression.objects.get().evidence == {"delivery": 1}


def test_a_suppression_that_has_ended_blocks_nothing():
    address = unique_address().hash
    suppressions.suppress(
        address, Reason.NOT_ME, scope=Scope.CONFIRMATIONS, ends_at=timezone.now() - timedelta(days=1)
    )
    assert suppressions.blocks(address, Scope.CONFIRMATIONS) is None


def test_a_second_not_me_lengthens_what_the_first_one_began():
    address = unique_address().hash
    ended, later = (timezone.now() + timedelta(days=days) for days in (-1, 300))
    suppressions.suppress(address, Reason.NOT_ME, scope=Scope.CONFIRMATIONS, ends_at=ended)
    assert suppressions.suppress(address, Reason.NOT_ME, scope=Scope.CONFIRMATIONS, ends_at=later)
    assert suppressions.blocks(address, Scope.CONFIRMATIONS)
    assert not suppressions.suppress(address, Reason.NOT_ME, scope=Scope.CONFIRMATIONS, ends_at=ended)
    assert suppressions.blocks(address, Scope.CONFIRMATIONS)


def test_a_suppression_that_begins_anew_does_not_accuse_what_was_sent_between():
    address = unique_address()
    ended = timezone.now() - timedelta(days=2)
    suppressions.suppress(address.hash, Reason.NOT_ME, scope=Scope.CONFIRMATIONS, ends_at=ended)
    Suppression.objects.update(created_at=ended - timedelta(days=9))
    between = timezone.now() - timedelta(days=1)
    make_delivery(address, kind="confirmation", status="sent", sent_at=between, asked_at=between)
    suppressions.suppress(
        address.hash, Reason.NOT_ME, scope=Scope.CONFIRMATIONS, ends_at=timezone.now() + timedelta(days=9)
    )
    assert suppressions.blocks(address.hash, Scope.CONFIRMATIONS)
    assert not [found for found in invariants.check_all() if found.ids]
