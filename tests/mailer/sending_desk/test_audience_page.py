"""The page Audience: who is chosen is kept and counted at once, and told by reason who is left out."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import Segment
from mailer.models import Mailing
from tests.factories import (
    make_campaign,
    make_contact,
    make_mailing,
    make_mailing_list,
    make_sender,
    make_subscription,
)
from tests.staff import make_letter, make_organisation, make_staff

pytestmark = pytest.mark.django_db

FRENCH = {"field": "language", "is": "one_of", "value": ["fr"]}


def page(mailing: Mailing) -> str:
    return reverse("admin:mailer_mailing_audience", args=[mailing.pk])


def on(mailing_list, number: int, **fields) -> list:
    contacts = [make_contact(**fields) for _ in range(number)]
    for contact in contacts:
        make_subscription(contact, mailing_list)
    return contacts


def total(html: str) -> int:
    found = re.search(r'class="audience-total"><strong>([\d,]+)</strong>', html)
    return int(found[1].replace(",", "")) if found else -1


@pytest.fixture
def editor(client):
    user = make_staff("Newsletter editors")
    client.force_login(user)
    return client


def choices(mailing: Mailing, **changed) -> dict:
    """The form as the page shows it."""
    chosen = {
        name: [row.pk for row in getattr(mailing, name).all()]
        for name in ("include_lists", "include_segments", "exclude_lists", "exclude_segments")
    }
    return {
        "sender": mailing.sender_id,
        "mailing_list": mailing.mailing_list_id,
        "how-0": "any",
        **chosen,
        **changed,
    }


def test_the_page_counts_exactly_and_says_why_the_others_are_left_out(editor):
    mailing = make_mailing()
    mailing_list = mailing.mailing_list
    on(mailing_list, 3)
    on(mailing_list, 2, paused_until=timezone.localdate() + dt.timedelta(days=3))
    other = make_mailing_list(name="Board")
    (board,) = on(other, 1)
    make_subscription(board, mailing_list)
    html = editor.post(
        page(mailing), choices(mailing, exclude_lists=[other.pk]), follow=True
    ).content.decode()
    assert total(html) == 3
    assert "They want no newsletter for a while." in html
    assert "They are on a list, or in a segment, that is left out." in html
    assert "Meant: 6 people." in html
    assert list(mailing.exclude_lists.all()) == [other]


def test_a_change_is_answered_with_the_new_count_alone_and_kept(editor):
    mailing = make_mailing()
    on(mailing.mailing_list, 2)
    added = make_mailing_list(name="Local")
    on(added, 5)
    answer = editor.post(
        page(mailing),
        choices(mailing, include_lists=[mailing.mailing_list_id, added.pk]),
        headers={"HX-Request": "true", "HX-Target": "audience-count"},
    ).content.decode()
    assert total(answer) == 7
    assert "<form" not in answer
    assert set(mailing.include_lists.all()) == {mailing.mailing_list, added}


def test_who_wrote_a_letter_in_a_campaign_can_be_left_out(editor):
    mailing, campaign = make_mailing(), make_campaign()
    on(mailing.mailing_list, 2)
    wrote = make_letter(campaign)
    writer = make_contact(wrote.supporter.address)
    make_subscription(writer, mailing.mailing_list)
    rule = {
        "part": ["1"], "in-1": "0", "field-1": "letter", "asked-1": "wrote",
        "value-1-campaign": str(campaign.pk), "value-1-since": "", "value-1-within": "",
    }  # fmt: skip
    html = editor.post(page(mailing), choices(mailing, **rule), follow=True).content.decode()
    mailing.refresh_from_db()
    rule = mailing.leave_out["any"][0]
    assert (rule["field"], rule["is"], rule["value"]["campaign"]) == ("letter", "wrote", campaign.pk)
    assert total(html) == 2
    assert "A rule leaves them out." in html
    editor.post(page(mailing), choices(mailing))
    mailing.refresh_from_db()
    assert mailing.leave_out is None


def test_a_rule_half_written_leaves_nobody_out_yet_and_says_so(editor):
    mailing = make_mailing()
    on(mailing.mailing_list, 2)
    answer = editor.post(
        page(mailing),
        choices(mailing, act="rule:0"),
        headers={"HX-Request": "true", "HX-Target": "segment-builder"},
    ).content.decode()
    assert "What is known of people" in answer
    assert "Not counted yet" in answer
    assert total(answer) == 2
    mailing.refresh_from_db()
    assert mailing.leave_out is None


def test_the_split_by_language_says_who_gets_another_language_than_their_own(editor):
    mailing = make_mailing()
    on(mailing.mailing_list, 3, language="en")
    on(mailing.mailing_list, 2, language="fr")
    html = editor.get(page(mailing)).content.decode()
    assert re.search(r'>2</td><td>French</td><td><span class="desk-word warn">English', html)
    assert re.search(r">3</td><td>English</td><td>English", html)


def test_a_jump_since_the_last_mailing_of_the_list_is_told(editor):
    last = make_mailing(status="sent")
    Mailing.objects.filter(pk=last.pk).update(frozen_at=timezone.now(), audience=1000)
    mailing = make_mailing(mailing_list=last.mailing_list)
    on(mailing.mailing_list, 2)
    assert "100% smaller than last time" in editor.get(page(mailing)).content.decode()


def test_lists_of_another_organisation_are_neither_offered_nor_taken_nor_lost(client):
    ours, theirs = make_organisation(), make_organisation()
    mailing = make_mailing(
        organisation=ours,
        sender=make_sender(organisation=ours),
        mailing_list=make_mailing_list(organisation=ours),
    )
    foreign, kept = make_mailing_list(organisation=theirs), make_mailing_list(organisation=theirs)
    mailing.exclude_lists.add(kept)
    client.force_login(make_staff("Newsletter editors", organisation=ours))
    html = client.get(page(mailing)).content.decode()
    assert f'value="{foreign.pk}"' not in html
    client.post(page(mailing), choices(mailing, include_lists=[mailing.mailing_list_id, foreign.pk]))
    assert list(mailing.include_lists.all()) == [mailing.mailing_list]
    client.post(page(mailing), choices(mailing, exclude_lists=[]))
    assert list(mailing.exclude_lists.all()) == [kept]


@pytest.mark.parametrize("status", ["scheduled", "sending", "paused", "sent", "cancelled"])
def test_the_audience_of_what_is_no_draft_cannot_be_changed(editor, status):
    mailing = make_mailing(status=status, starts_at=timezone.now())
    other = make_mailing_list()
    assert "audience-form" in editor.get(page(mailing)).content.decode()
    editor.post(page(mailing), choices(mailing, include_lists=[other.pk]))
    assert list(mailing.include_lists.all()) == [mailing.mailing_list]


@pytest.mark.parametrize(
    ("role", "status"), [("Newsletter senders", 200), ("Newsletter approvers", 200), ("Moderators", 403)]
)
def test_who_may_only_look_sees_the_count_and_changes_nothing(client, role, status):
    mailing = make_mailing()
    on(mailing.mailing_list, 4)
    client.force_login(make_staff(role))
    answer = client.get(page(mailing))
    assert answer.status_code == status
    if status == 200:
        assert total(answer.content.decode()) == 4
        client.post(page(mailing), choices(mailing, include_lists=[]))
        assert mailing.include_lists.count() == 1


def test_a_segment_nobody_can_read_any_more_is_told_instead_of_counted(editor):
    mailing = make_mailing()
    broken = Segment.objects.create(name="Old", rule={"field": "gone", "is": "x"})
    mailing.include_segments.add(broken)
    html = editor.get(page(mailing)).content.decode()
    assert "Old" in html
    assert total(html) == -1
