"""A letter's life, from the form to the representative."""

from __future__ import annotations

import pytest

from advocacy import letters
from advocacy.models import Letter
from mailer import invariants
from tests.factories import make_mandate, make_submission

pytestmark = pytest.mark.django_db

Status = Letter.Status


def test_a_letter_confirmed_twice_reaches_the_representative_once(outbox):
    submission = make_submission(mandates=[make_mandate(email="sam.lee@parliament.example")])
    outbox.deliver()
    assert letters.confirm(submission) == 1
    assert letters.confirm(submission) == 0
    letter = submission.letters.get()
    assert letters.dispatch_due(letter.slot) == 1
    assert letters.dispatch_due(letter.slot) == 0
    sent = [mail for mail in outbox.deliver() if "parliament" in mail.to[0]]
    assert [mail.to for mail in sent] == [["sam.lee@parliament.example"]]
    assert [found for found in invariants.check_all() if found.ids] == []
