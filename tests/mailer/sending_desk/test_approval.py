"""A second person's yes: to exactly what they saw, never to their own, and gone with any change."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from mailer.mailings import approving, freezing, running
from mailer.models import Mailing, MailingAct, MailingRevision
from mailer.preflight import gate
from mailer.preflight import running as preflight
from mailer.preflight.fingerprint import fingerprint
from tests.factories import make_contact, make_subscription
from tests.mailer.mailings.conftest import frozen
from tests.mailer.sending_desk.test_send_page import chosen, moved_to, ready, url
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

What = MailingAct.What
BOTH = ("Newsletter senders", "Newsletter approvers")


@pytest.fixture(autouse=True)
def over_one(settings):
    settings.MAILING_APPROVAL_OVER = 1


def press(client, user, mailing: Mailing, act: str, **more) -> str:
    client.force_login(user)
    form = {"act": act, "print": fingerprint(mailing), **more}
    return client.post(url(mailing, "approval"), form, follow=True).content.decode()


def test_a_large_mailing_leaves_only_after_a_second_persons_yes(client):
    mailing = ready(2)
    ann, ben = (
        make_staff("Newsletter senders", username="ann"),
        make_staff("Newsletter approvers", username="ben"),
    )
    client.force_login(ann)
    assert "a second person has to approve it" in client.get(url(mailing)).content.decode()
    assert client.get(url(mailing, "send_confirm"), {"when": "now"}).status_code == 302
    press(client, ann, mailing, "ask")
    client.force_login(ben)
    assert f"“{mailing.name}” waits for your approval" in client.get(reverse("admin:index")).content.decode()
    assert "Approve it" in client.get(url(mailing)).content.decode()
    press(client, ben, mailing, "approve")
    assert "waits for your approval" not in client.get(reverse("admin:index")).content.decode()
    client.force_login(ann)
    html = client.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode()
    assert "Approved by ben" in html
    client.post(url(mailing, "send_confirm"), chosen(html))
    assert moved_to(mailing) == "scheduled"
    assert list(mailing.acts.order_by("pk").values_list("what", "by__username"))[1:] == [
        ("asked_approval", "ann"), ("approved", "ben"), ("scheduled", "ann"),
    ]  # fmt: skip


def test_an_approval_is_no_yes_to_a_text_that_is_written_while_the_mailing_stands_still(client, settings):
    mailing = frozen(3)
    ann = make_staff("Newsletter editors", "Newsletter senders", username="ann")
    eve = make_staff("Newsletter editors", *BOTH, username="eve")
    ben = make_staff(*BOTH, username="ben")
    running.pause(mailing, ann)

    def correct(user) -> str:
        client.force_login(user)
        return client.post(url(mailing, "send_act"), {"act": "correct"}, follow=True).content.decode()

    mailing.texts.update(subject="Another", changed_by=eve, changed_at=timezone.now())
    assert "You may not approve mailings." in correct(ann)
    assert "somebody else must approve it" in correct(eve)
    assert not mailing.messages.filter(version=2).exists()
    correct(ben)
    assert mailing.messages.get(version=2).message.subject == "Another"
    settings.MAILING_APPROVAL_OVER = 3
    correct(ann)
    assert mailing.messages.filter(version=3).exists(), "to so few nobody has to say yes"


def test_a_check_of_what_is_no_draft_any_more_cannot_take_the_place_of_the_approved_one():
    mailing = ready(2)
    before = mailing.preflight_print
    Mailing.objects.filter(pk=mailing.pk).update(status=Mailing.Status.SCHEDULED, starts_at=timezone.now())
    assert not preflight.begin(mailing, make_staff("Newsletter senders"))
    mailing.refresh_from_db()
    assert before
    assert mailing.preflight_print == before


def test_a_small_mailing_needs_nobody(client, settings):
    settings.MAILING_APPROVAL_OVER = 2
    mailing = ready(2)
    assert gate.look(mailing, 2).obstacle == ""
    assert gate.look(mailing, 3).obstacle == "approval"


def test_whoever_asked_does_not_answer(client):
    mailing = ready(2)
    both = make_staff(*BOTH)
    press(client, both, mailing, "ask")
    assert "You asked for the approval" in press(client, both, mailing, "approve")
    mailing.refresh_from_db()
    assert mailing.approved_at is None
    assert "waits for your approval" not in client.get(reverse("admin:index")).content.decode()


def test_whoever_wrote_in_it_does_not_answer_though_somebody_else_wrote_last(client):
    mailing = ready(2)
    writer = make_staff("Newsletter editors", "Newsletter approvers")
    mailing.texts.update(changed_by=make_staff("Newsletter editors"))
    MailingRevision.objects.create(text=mailing.texts.get(), version=0, by=writer, content={})
    press(client, make_staff("Newsletter senders"), mailing, "ask")
    assert "You wrote in it" in press(client, writer, mailing, "approve")
    assert not approving.stands(mailing, fingerprint(mailing))


def test_any_change_takes_the_approval_away(client):
    mailing = ready(2)
    press(client, make_staff("Newsletter senders"), mailing, "ask")
    press(client, make_staff("Newsletter approvers"), mailing, "approve")
    mailing.refresh_from_db()
    assert gate.look(mailing, 2).is_approved
    mailing.texts.update(preheader="Another")
    assert not gate.look(mailing, 2).is_approved


def test_what_was_changed_while_the_approver_read_is_not_approved(client):
    mailing = ready(2)
    press(client, make_staff("Newsletter senders"), mailing, "ask")
    seen = fingerprint(mailing)
    mailing.texts.update(subject="Another")
    said = press(client, make_staff("Newsletter approvers"), mailing, "approve", print=seen)
    assert "It was changed or decided on meanwhile" in said
    mailing.refresh_from_db()
    assert mailing.approved_at is None


def test_a_no_is_told_with_its_reason_and_can_be_asked_again(client):
    mailing = ready(2)
    ann = make_staff("Newsletter senders", username="ann")
    press(client, ann, mailing, "ask")
    press(
        client, make_staff("Newsletter approvers", username="ben"), mailing, "refuse", why="The date is wrong"
    )
    client.force_login(ann)
    html = client.get(url(mailing)).content.decode()
    assert "ben refused it" in html
    assert "The date is wrong" in html
    assert gate.look(mailing, 2).obstacle == "refused"
    press(client, ann, mailing, "ask")
    assert gate.look(mailing, 2).obstacle == "waiting"


def test_two_who_ask_ask_once_and_two_who_answer_answer_once(client):
    mailing = ready(2)
    ann, ben, cem = (make_staff(*BOTH, username=name) for name in ("ann", "ben", "cem"))
    press(client, ann, mailing, "ask")
    press(client, ben, mailing, "ask")
    press(client, ben, mailing, "approve")
    assert "It was changed or decided on meanwhile" in press(client, cem, mailing, "refuse", why="Late")
    mailing.refresh_from_db()
    assert mailing.approved_by == ben
    assert mailing.acts.filter(what__in=["asked_approval", "approved", "refused"]).count() == 2


@pytest.mark.parametrize("role", ["Newsletter editors", "Newsletter senders", "Contacts editors"])
def test_nobody_approves_without_the_right(client, role):
    mailing = ready(2)
    press(client, make_staff("superuser"), mailing, "ask")
    press(client, make_staff(role), mailing, "approve")
    mailing.refresh_from_db()
    assert mailing.approved_at is None


def test_an_approver_of_another_organisation_sees_nothing_of_it(client):
    ours, theirs = make_organisation(), make_organisation()
    mailing = ready(2, organisation=ours)
    press(client, make_staff("Newsletter senders", organisation=ours), mailing, "ask")
    stranger = make_staff("Newsletter approvers", organisation=theirs)
    client.force_login(stranger)
    assert "waits for your approval" not in client.get(reverse("admin:index")).content.decode()
    assert (
        client.post(url(mailing, "approval"), {"act": "approve", "print": fingerprint(mailing)}).status_code
        == 404
    )


def test_what_has_not_passed_its_check_is_not_asked_for(client):
    mailing = ready(2)
    mailing.texts.update(subject="Another")
    press(client, make_staff("Newsletter senders"), mailing, "ask")
    assert not mailing.acts.filter(what=What.ASKED_APPROVAL).exists()


# --- between the schedule and the start


def started(mailing: Mailing) -> str:
    """Let the moment of a scheduled mailing come; returns why it stands still, "" if it was frozen."""
    Mailing.objects.filter(pk=mailing.pk).update(
        status="sending", starts_at=timezone.now(), started_at=timezone.now()
    )
    freezing.freeze(mailing.pk)
    mailing.refresh_from_db()
    assert (mailing.frozen_at is None) is (mailing.status == "paused")
    return mailing.paused_because


def test_a_mailing_whose_audience_grew_over_the_limit_while_it_waited_does_not_start(settings):
    settings.MAILING_APPROVAL_OVER = 2
    mailing = ready(2)
    for _ in range(3):
        make_subscription(make_contact(), mailing.mailing_list)
    assert started(mailing) == "it would go to 5 people, and no second person has approved that"


def test_a_mailing_whose_sender_was_changed_while_it_waited_does_not_start(client, settings):
    settings.MAILING_APPROVAL_OVER = 2
    mailing = ready(2)
    mailing.sender.name = "Somebody else"
    mailing.sender.save()
    assert started(mailing) == "it was changed after it was checked"
    client.force_login(make_staff("Newsletter senders"))
    html = client.get(url(mailing)).content.decode()
    assert "Nobody has got it." in html
    assert "it was changed after it was checked" in html


def test_a_mailing_that_is_as_it_was_checked_and_approved_starts():
    mailing = ready(2)
    Mailing.objects.update(approved_at=timezone.now(), approved_print=fingerprint(mailing))
    mailing.refresh_from_db()
    assert started(mailing) == ""
    assert mailing.audience == 2
