"""The click on the link in our mail: what it proves, and what it puts in motion."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.db.models.functions import Now
from django.utils import timezone

from advocacy import letters, tokens
from advocacy.models import Campaign, ContactRoute, Letter, Membership, Submission, Supporter
from contacts import suppressions
from contacts.models import Consent, Contact, MailingList, Subscription, Suppression
from mailer.models import Delivery
from tests.factories import (
    make_campaign,
    make_draft,
    make_mailing_list,
    make_mandate,
    make_membership,
    make_organisation,
    make_route,
    make_submission,
    unique_address,
)

pytestmark = pytest.mark.django_db

Status = Letter.Status


def test_the_click_proves_the_mailbox_and_keeps_the_consent_as_it_was_shown():
    submission = make_submission(letter_consent_text="Yes, in my name.")
    letters.confirm(submission)
    supporter = Supporter.objects.get()
    assert supporter.proven_at is not None
    consent = Consent.objects.get()
    assert (consent.purpose, consent.granted, consent.text) == ("letter", True, "Yes, in my name.")
    assert consent.page.endswith(f"/{submission.campaign.slug}/")
    assert consent.proof["submission"] == submission.pk
    assert consent.contact is None


def news(**fields: Any) -> tuple[Campaign, MailingList]:
    mailing_list = MailingList.objects.create(slug="news", name="News")
    return make_campaign(mailing_list=mailing_list, **fields), mailing_list


def test_the_newsletter_rides_on_the_same_click_with_a_consent_of_its_own():
    campaign, mailing_list = news()
    draft = make_draft(campaign, wants_newsletter=True, newsletter_consent_text="Send me news.")
    submission = letters.submit(draft)
    assert Contact.objects.count() == 0
    letters.confirm(submission)
    subscription = Subscription.objects.get()
    assert (subscription.mailing_list, subscription.status) == (mailing_list, "confirmed")
    consent = Consent.objects.get(purpose="newsletter")
    assert (consent.text, consent.contact, consent.mailing_list) == (
        "Send me news.",
        subscription.contact,
        mailing_list,
    )


def test_without_the_tick_nobody_becomes_a_contact():
    campaign, _mailing_list = news()
    letters.confirm(make_submission(campaign))
    assert Contact.objects.count() == 0


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        (None, "confirmed"),
        (Suppression.Reason.COMPLAINT, "unsubscribed"),
        (Suppression.Reason.DO_NOT_CONTACT, "confirmed"),
    ],
)
def test_a_fresh_proven_tick_brings_back_who_left_or_asked_for_silence_but_nobody_who_complained(
    reason, status
):
    campaign, mailing_list = news()
    address = unique_address()
    contact = Contact.objects.create(
        address=address.given, address_key=address.key, address_hash=address.hash, name="As it was"
    )
    Subscription.objects.create(contact=contact, mailing_list=mailing_list, status="unsubscribed")
    if reason:
        suppressions.suppress(address.hash, reason, scope=Suppression.Scope.MAILINGS)
    submission = make_submission(campaign, address=address, wants_newsletter=True)
    Delivery.objects.update(asked_at=timezone.now())  # the mail with the button has left
    letters.confirm(submission)
    assert Subscription.objects.get().status == status
    contact.refresh_from_db()
    assert contact.name == "As it was"


def test_a_closed_campaign_confirms_nothing():
    submission = make_submission()
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert letters.confirm(submission) == 0
    submission.campaign.refresh_from_db()
    letter = submission.letters.select_related("campaign", "submission").get()
    assert letters.state_of(letter).code == "closed"


def test_an_expired_link_confirms_nothing():
    submission = make_submission()
    Submission.objects.update(expires_at=Now())
    assert letters.confirm(submission) == 0
    assert submission.letters.get().status == Status.PENDING


def test_a_web_form_is_for_the_supporter_to_fill():
    mandate = make_mandate(email=None)
    make_route(mandate.person, "https://parliament.example/form", kind=ContactRoute.Kind.WEB_FORM)
    submission = make_submission(mandates=[mandate])
    assert letters.confirm(submission) == 1
    letter = submission.letters.get()
    assert (letter.status, letter.slot) == (Status.BY_HAND, None)
    assert letters.answered(letter, yes=True)
    assert not letters.answered(letter, yes=True)
    assert letters.answered(letter, yes=False)


# --- the list that was read, and no other ---------------------------------------------------------------------------


def test_a_list_offered_since_the_form_was_posted_gets_nobody_who_read_the_name_of_another():
    campaign, read = news()
    submission = make_submission(campaign, wants_newsletter=True, newsletter_consent_text="Send me news.")
    Campaign.objects.filter(pk=campaign.pk).update(mailing_list=make_mailing_list())
    letters.confirm(submission)
    assert [one.mailing_list for one in Subscription.objects.all()] == [read]
    assert Consent.objects.get(purpose=Consent.Purpose.NEWSLETTER).mailing_list == read


def test_where_the_list_is_gone_the_letter_goes_and_nobody_is_put_on_another(client):
    campaign, read = news()
    submission = make_submission(campaign, wants_newsletter=True)
    Campaign.objects.filter(pk=campaign.pk).update(mailing_list=make_mailing_list())
    read.delete()
    submission.refresh_from_db()
    page = client.get(f"/en/confirm/{tokens.make(tokens.CONFIRM, submission)}/").content.decode()
    assert "You also asked for the newsletter" not in page
    assert letters.confirm(submission) == 1
    assert not Subscription.objects.exists()
    assert not Consent.objects.filter(purpose=Consent.Purpose.NEWSLETTER).exists()


def test_a_list_that_became_one_for_tests_gets_no_supporter():
    campaign, read = news()
    submission = make_submission(campaign, wants_newsletter=True)
    MailingList.objects.filter(pk=read.pk).update(is_seed=True)
    letters.confirm(submission)
    assert not Subscription.objects.exists()


def test_a_members_new_list_gets_nobody_who_read_the_name_of_its_old_one():
    member = make_membership(with_list=True)
    read = member.mailing_list
    submission = make_submission(member.campaign, membership=member, wants_member_news=True)
    Membership.objects.filter(pk=member.pk).update(
        mailing_list=make_mailing_list(organisation=member.organisation)
    )
    letters.confirm(submission)
    assert [one.mailing_list for one in Subscription.objects.all()] == [read]


@pytest.mark.parametrize("leaves", ["the list", "the member"])
def test_who_agreed_to_one_organisation_is_handed_to_no_other(leaves):
    member = make_membership(with_list=True)
    submission = make_submission(member.campaign, membership=member, wants_member_news=True)
    if leaves == "the list":
        MailingList.objects.filter(pk=member.mailing_list_id).update(organisation=make_organisation())
    else:
        member.delete()
    submission.refresh_from_db()
    assert letters.confirm(submission) == 1
    assert not Subscription.objects.exists()


def test_what_waited_before_lists_were_kept_has_the_one_its_words_name_or_none():
    named, unnamed = make_mailing_list(name="Line 42 weekly"), make_mailing_list(name="The other one")
    waiting = [
        make_submission(
            make_campaign(mailing_list=mailing_list),
            wants_newsletter=True,
            newsletter_consent_text="I would also like to get “Line 42 weekly” by e-mail.",
        )
        for mailing_list in (named, unnamed)
    ]
    member = make_membership(with_list=True)
    words = f"“{member.mailing_list.name}” from {member.organisation.name}"
    waiting.append(
        make_submission(member.campaign, membership=member, wants_member_news=True, member_consent_text=words)
    )
    Submission.objects.update(newsletter_list=None, member_list=None)
    migration = importlib.import_module("advocacy.migrations.0016_lists_of_consents_filled")
    migration.keep_the_lists_that_are_named(apps, None)
    kept = Submission.objects.order_by("pk").values_list("newsletter_list", "member_list")
    assert list(kept) == [(named.pk, None), (None, None), (None, member.mailing_list_id)]
