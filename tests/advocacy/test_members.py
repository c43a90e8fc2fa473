"""Member organisations: who came by whom, and what a member's own box records."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from advocacy import arrivals, letters, members
from contacts.models import Consent, Subscription
from tests.advocacy.pages import Visitor
from tests.factories import make_campaign, make_mailing_list, make_mandate, make_membership, make_submission

pytestmark = pytest.mark.django_db


def test_a_members_tick_puts_people_on_its_own_list_with_its_own_consent():
    member = make_membership(with_list=True)
    submission = make_submission(
        member.campaign,
        membership=member,
        wants_member_news=True,
        member_consent_text="News from the Bus Riders.",
    )
    assert not Subscription.objects.exists()
    letters.confirm(submission)
    (subscription,) = Subscription.objects.all()
    assert subscription.mailing_list == member.mailing_list
    assert subscription.contact.organisation == member.organisation
    consent = Consent.objects.get(purpose=Consent.Purpose.NEWSLETTER)
    assert (consent.text, consent.mailing_list) == ("News from the Bus Riders.", member.mailing_list)
    assert consent.source.endswith(f"with {member.organisation.slug}")


def test_the_campaigns_tick_gives_no_member_anybody():
    news = make_mailing_list()
    member = make_membership(make_campaign(mailing_list=news), with_list=True)
    submission = make_submission(member.campaign, membership=member, wants_newsletter=True)
    letters.confirm(submission)
    assert [one.mailing_list for one in Subscription.objects.all()] == [news]


def test_a_member_offers_no_list_that_is_not_its_own():
    member = make_membership(mailing_list=make_mailing_list())
    assert members.news_consent(member, "en") == ""
    submission = make_submission(member.campaign, membership=member, wants_member_news=True)
    assert not submission.wants_member_news
    letters.confirm(submission)
    assert not Subscription.objects.exists()


@pytest.mark.parametrize(
    "named", ["", "other", "<script>", "a" * 60, "bus\0riders", "../../staff", "bus-riders/", "%00"]
)
def test_an_unknown_short_name_is_no_member(named):
    member = make_membership()
    data = QueryDict(mutable=True)
    data["with"] = named
    assert arrivals.of(member.campaign, data) == arrivals.Arrival("", None)


def test_a_member_whose_page_is_closed_or_of_another_campaign_is_credited_nothing():
    closed, elsewhere = make_membership(is_active=False), make_membership()
    for member in (closed, elsewhere):
        data = QueryDict(f"with={member.organisation.slug}&via=x")
        assert arrivals.of(closed.campaign, data) == arrivals.Arrival("x", None)


def test_a_members_name_is_carried_to_the_letters_and_its_box_is_not_ticked():
    member = make_membership(with_list=True)
    campaign, slug = member.campaign, member.organisation.slug
    mandate = make_mandate()
    visitor = Visitor()
    choice = visitor.get(f"/en/c/{campaign.slug}/write/?country=KE&with={slug}")
    letter = visitor.send(
        choice.form("/write/"), action=f"/en/c/{campaign.slug}/write/letter/", to=mandate.person_id
    )
    form = letter.form("/write/letter/")
    assert form.values("with") == [slug]
    assert not form.values("member_consent")
    assert members.news_consent(member, "en") in letter.html.replace("&quot;", '"')
    preview = visitor.fill(letter, member_consent="on")
    visitor.send(preview.form("/write/letter/"), button="send")
    submission = campaign.submissions.get()
    assert (submission.membership, submission.wants_member_news) == (member, True)
    assert submission.member_consent_text == members.news_consent(member, "en")
    assert not submission.wants_newsletter
