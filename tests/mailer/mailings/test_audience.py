"""Who gets a mailing: everybody who is meant, minus who must not or should not, each person counted once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from contacts import suppressions
from contacts.models import Segment, Suppression
from contacts.segments.trees import RuleError
from mailer.mailings import audience, freezing, running
from mailer.models import Delivery, Mailing, MailingChunk, MailingMessage
from tests.factories import (
    make_audience,
    make_contact,
    make_mailing,
    make_mailing_list,
    make_mailing_text,
    make_subscription,
    make_user,
)
from tests.mailer.mailings.conftest import broken, frozen, start, started, states

pytestmark = pytest.mark.django_db
Reason = Suppression.Reason


def country(code: str) -> dict[str, Any]:
    return {"field": "country", "is": "is", "value": [code]}


def suppress(contact: Any, **fields: Any) -> None:
    suppressions.suppress(bytes(contact.address_hash), Reason.BOUNCE, **fields)


def test_nobody_is_counted_in_two_reasons_and_the_first_one_holds():
    left_out = make_mailing_list()
    mailing = make_mailing(leave_out=country("KE"))
    mailing.exclude_lists.add(left_out)
    everything, paused, excluded, acted, over, plain = make_audience(mailing, 6)
    suppress(everything)
    for contact in (everything, paused):
        contact.paused_until = timezone.localdate() + dt.timedelta(days=3)
    for contact in (everything, paused, excluded):
        make_subscription(contact, left_out)
    for contact in (everything, paused, excluded, acted):
        contact.country = "KE"
    for contact in (everything, paused, excluded, acted):
        contact.save()
    suppress(over, ends_at=timezone.now() - dt.timedelta(days=1))  # it has ended
    make_subscription(make_contact(), mailing.mailing_list, status="unsubscribed")  # was never meant

    counted = audience.count(mailing)
    assert counted.exclusions == {"suppressed": 1, "paused": 1, "excluded": 1, "acted": 1}
    assert (counted.total, counted.candidates) == (2, 6)
    assert set(audience.recipients(mailing)) == {over, plain}


def test_a_segment_brings_nobody_without_a_confirmed_subscription():
    mailing = make_mailing()
    (subscriber,) = make_audience(mailing, 1, country="KE")
    stranger = make_contact(country="KE")
    pending = make_contact(country="KE")
    make_subscription(pending, mailing.mailing_list, status="pending")
    mailing.include_lists.clear()
    mailing.include_segments.add(Segment.objects.create(name="Kenya", rule=country("KE")))
    counted = audience.count(mailing)
    assert (counted.total, counted.exclusions) == (1, {"unsubscribed": 2})
    assert list(audience.recipients(mailing)) == [subscriber]
    assert stranger.country == "KE"


def test_somebody_on_two_lists_and_in_a_segment_gets_one_mail():
    mailing, other = make_mailing(), make_mailing_list()
    (contact,) = make_audience(mailing, 1, country="KE")
    make_subscription(contact, other)
    mailing.include_lists.add(other)
    mailing.include_segments.add(Segment.objects.create(name="Kenya", rule=country("KE")))
    assert freezing.freeze(start(mailing).pk)
    assert Delivery.objects.filter(mailing=mailing).count() == 1
    assert broken() == []


def test_a_suppression_of_confirmations_only_stops_no_mailing():
    mailing = make_mailing()
    (contact,) = make_audience(mailing, 1)
    suppressions.suppress(bytes(contact.address_hash), Reason.NOT_ME, scope=Suppression.Scope.CONFIRMATIONS)
    assert audience.count(mailing).total == 1


def test_a_correction_goes_to_exactly_those_who_were_sent_the_other():
    first = frozen(4)
    sent, failed, suppressed, bounced = Delivery.objects.filter(mailing=first).order_by("pk")
    now = timezone.now()
    Delivery.objects.filter(pk__in=[sent.pk, bounced.pk]).update(status="sent", sent_at=now)
    Delivery.objects.filter(pk=bounced.pk).update(bounced_at=now)
    Delivery.objects.filter(pk=failed.pk).update(status="failed", reason="x")
    Delivery.objects.filter(pk=suppressed.pk).update(status="suppressed", reason="x")
    make_audience(first, 2)  # came later
    correction = running.make_correction(first, make_user())
    follow_up = running.make_follow_up(first, make_user())
    assert {one.pk for one in audience.recipients(correction)} == {sent.contact_id, bounced.contact_id}
    assert {one.pk for one in audience.recipients(follow_up)} == {failed.contact_id, bounced.contact_id}
    assert correction.texts.get().blocks == first.texts.get().blocks
    assert correction.acts.get().detail == {"based_on": first.pk, "relation": "correction"}


def test_a_correction_of_what_was_kept_from_the_public_is_kept_from_it_too():
    first = frozen(1)
    Mailing.objects.filter(pk=first.pk).update(in_archive=False, noindex=True)
    first.refresh_from_db()
    for follow in (running.make_correction, running.make_follow_up):
        draft = follow(first, make_user())
        assert (draft.in_archive, draft.noindex) == (False, True)


def test_a_rule_that_names_a_list_that_is_gone_matches_nobody_and_says_so():
    mailing = make_mailing()
    mailing.include_segments.add(
        Segment.objects.create(name="x", rule={"field": "list", "is": "on", "value": {"list": 999_999}})
    )
    with pytest.raises(RuleError):
        audience.count(mailing)
    mailing = start(mailing)
    assert not freezing.freeze(mailing.pk)
    mailing.refresh_from_db()
    assert mailing.status == "paused"
    assert mailing.paused_because.startswith("its audience cannot be found: ")


def test_the_freeze_numbers_everybody_into_chunks_of_one_message_each():
    mailing = make_mailing()
    make_mailing_text(mailing, "fr", subject="Soyez là")
    make_audience(mailing, 6, language="fr-CA")
    make_audience(mailing, 3, language="en")
    make_audience(mailing, 2, language="")
    assert freezing.freeze(start(mailing).pk)
    mailing.refresh_from_db()
    assert (mailing.audience, mailing.candidates) == (11, 11)
    sizes: dict[str, list[int]] = {}
    for chunk in MailingChunk.objects.order_by("number").select_related("mailing_message"):
        rows = Delivery.objects.filter(mailing=mailing, pk__range=(chunk.first_id, chunk.last_id))
        assert rows.count() == chunk.size
        assert set(rows.values_list("message", flat=True)) == {chunk.mailing_message.message_id}
        sizes.setdefault(chunk.mailing_message.language, []).append(chunk.size)
    assert sizes == {"en": [4, 1], "fr": [4, 2]}
    assert states(mailing) == {"queued": 11}
    assert broken() == []


def test_a_part_of_the_audience_reads_a_message_of_its_own():
    mailing = make_mailing(texts=False)
    blocks = [
        {"id": "a1", "kind": "heading", "text": "For all"},
        {"id": "a2", "kind": "text", "html": "<p>Only Kenya</p>", "shown_to": country("KE")},
        {"id": "a4", "kind": "footer"},
    ]
    make_mailing_text(mailing, blocks=blocks)
    kenyan = make_audience(mailing, 1, country="KE")[0]
    make_audience(mailing, 2, country="FR")
    assert freezing.freeze(start(mailing).pk)
    mailing.refresh_from_db()
    assert mailing.conditions == [country("KE")]
    texts = {row.part: row.message.text for row in MailingMessage.objects.select_related("message")}
    assert ["Only Kenya" in texts[part] for part in (0, 1)] == [False, True]
    assert Delivery.objects.get(contact=kenyan.pk).message.text == texts[1]


def test_a_freeze_that_was_cut_off_is_begun_anew_and_nobody_is_numbered_twice():
    mailing = started(10)
    taken = freezing.claim(mailing.pk, "sending")
    assert taken is not None
    freezing._forget(taken)
    _exclusions, groups = freezing._choose(taken)
    freezing._number(groups)
    freezing._insert(taken, range(1, 3), groups)  # and here the worker dies
    assert Delivery.objects.filter(mailing=mailing).count() == 8
    assert not freezing.freeze(mailing.pk)  # its lease still runs
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mailer_mailing SET lease_until = now() - interval '1 s'")
    assert freezing.freeze(mailing.pk)
    assert not freezing.freeze(mailing.pk)
    assert Delivery.objects.filter(mailing=mailing).count() == 10
    assert [one.size for one in MailingChunk.objects.order_by("number")] == [4, 4, 2]
    assert MailingMessage.objects.count() == 1
    assert broken() == []


def test_a_mailing_to_nobody_is_closed_at_once():
    mailing = frozen(0)
    assert (mailing.status, mailing.audience) == ("sent", 0)
    assert broken() == []


def test_whoever_is_removed_while_the_audience_is_fixed_is_counted():
    mailing = started(3)
    taken = freezing.claim(mailing.pk, "sending")
    assert taken is not None
    freezing._forget(taken)
    exclusions, groups = freezing._choose(taken)
    freezing._number(groups)
    contact = audience.recipients(mailing).first()
    assert contact is not None
    contact.delete()
    freezing._insert(taken, range(1, 2), groups)
    freezing._end(taken, exclusions, 3)
    mailing.refresh_from_db()
    assert (mailing.audience, mailing.candidates, mailing.exclusions) == (2, 3, {"gone": 1})
