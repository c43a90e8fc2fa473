"""Member organisations: who came by whom, and what a member's own box records."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.urls import reverse

from accounts.permissions import visible
from advocacy import arrivals, letters, members, personal, tokens
from advocacy.models import Membership, MembershipText
from advocacy.sharing.links import staff_link
from contacts import erasing, subscriptions
from contacts.models import Consent, Subscription
from contacts.registry import Person
from tests.advocacy.pages import Visitor
from tests.factories import (
    make_campaign,
    make_contact,
    make_mailing_list,
    make_mandate,
    make_membership,
    make_organisation,
    make_submission,
    unique_address,
)
from tests.staff import make_staff

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
    assert not form.values("newsletter_consent")
    preview = visitor.fill(letter, member_consent=str(member.mailing_list_id))
    visitor.send(preview.form("/write/letter/"), button="send")
    submission = campaign.submissions.get()
    assert (submission.membership, submission.wants_member_news) == (member, True)
    assert submission.member_consent_text == members.news_consent(member, "en")
    assert not submission.wants_newsletter


# --- the member's page ----------------------------------------------------------------------------------------------


def test_a_members_page_is_the_campaigns_in_its_name_colour_and_words(client):
    member = make_membership(accent="#245f6b", website="https://riders.example")
    MembershipText.objects.create(membership=member, language="en", intro="We ride it **every** day.")
    MembershipText.objects.create(membership=member, language="fr", intro="Nous le prenons.")
    make_mandate()
    page = client.get(address(member))
    html = page.content.decode()
    assert page.status_code == 200
    assert member.organisation.name in html
    assert "/accent/245f6b.css" in html
    assert "We ride it <strong>every</strong> day." in html
    assert f'name="with" value="{member.organisation.slug}"' in html
    assert 'rel="canonical" href="http' in html
    assert f"/with/{member.organisation.slug}" not in html.partition('rel="canonical"')[2].partition(">")[0]
    assert "Nous le prenons." in client.get(address(member, "fr")).content.decode()


def test_the_members_name_stays_in_the_head_until_the_letters_are_on_their_way(client):
    member = make_membership(accent="#245f6b")
    submission = make_submission(member.campaign, membership=member)
    query = f"country=KE&with={member.organisation.slug}"
    pages = [
        f"/en/c/{member.campaign.slug}/write/?{query}",
        f"/en/c/{member.campaign.slug}/write/letter/?{query}&to={submission.letters.get().person_id}",
        f"/en/pending/{tokens.make(tokens.PENDING, submission)}/",
        f"/en/confirm/{tokens.make(tokens.CONFIRM, submission)}/",
    ]
    for page in pages:
        html = client.get(page).content.decode()
        head = html.partition("<main")[0]
        assert member.organisation.name in head, page
        assert "/accent/245f6b.css" in head
    letters.confirm(submission)
    after = client.get(f"/en/letters/{tokens.make(tokens.STATUS, submission)}/").content.decode()
    assert member.organisation.name not in after


def test_the_letter_and_its_sender_are_the_same_by_a_members_page(outbox):
    plain = make_submission()
    member = make_membership(plain.campaign)
    by_member = make_submission(
        plain.campaign, [make_mandate()], membership=member, address=unique_address("zoe")
    )
    for submission in (plain, by_member):
        letters.confirm(submission)
    first, second = plain.letters.get(), by_member.letters.get()
    assert first.body.splitlines()[2:] == second.body.splitlines()[2:]
    assert member.organisation.name not in second.body
    for mail in outbox.deliver():
        assert member.organisation.name not in f"{mail.subject} {mail.body} {mail.from_email}"


def test_a_member_whose_page_is_closed_leads_to_the_campaigns_page(client):
    member = make_membership(is_active=False)
    answer = client.get(address(member))
    assert (answer.status_code, answer["Location"]) == (302, f"/en/c/{member.campaign.slug}/")


@pytest.mark.parametrize("named", ["nobody", "a%00b", "..", "%3Cscript%3E", "a" * 200])
def test_an_address_that_names_no_member_is_not_found(client, named):
    assert client.get(f"/en/c/{make_membership().campaign.slug}/with/{named}/").status_code == 404


def test_a_member_of_one_campaign_has_no_page_of_another(client):
    member, other = make_membership(), make_campaign()
    assert client.get(f"/en/c/{other.slug}/with/{member.organisation.slug}/").status_code == 404


def test_the_campaign_names_its_open_listed_members_and_no_others(client):
    campaign = make_campaign()
    shown, closed, unlisted = (
        make_membership(campaign, **fields) for fields in ({}, {"is_active": False}, {"is_listed": False})
    )
    html = client.get(f"/en/c/{campaign.slug}/").content.decode()
    assert address(shown) in html
    assert closed.organisation.name not in html
    assert unlisted.organisation.name not in html


def test_the_campaigns_page_sends_who_came_by_a_member_back_to_its_page(client):
    member = make_membership()
    answer = client.get(f"/en/c/{member.campaign.slug}/?with={member.organisation.slug}&via=amber-fox-27")
    assert answer["Location"] == f"{address(member)}?via=amber-fox-27"


def test_a_members_short_link_opens_its_page_in_its_language(client):
    member = make_membership(language="fr")
    link = staff_link(member.campaign, membership=member, source="poster")
    answer = client.get(f"/j/{link.code}")
    assert answer["Location"] == f"{address(member, 'fr')}?via={link.code}"


def test_names_and_words_of_a_member_cannot_become_tags(client):
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    member = make_membership(organisation=make_organisation(name=hostile))
    MembershipText.objects.create(
        membership=member, language="en", intro=f"{hostile} [x](javascript:alert(1))"
    )
    html = client.get(address(member)).content.decode()
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert 'href="javascript:' not in html


def address(member: Membership, language: str = "en") -> str:
    return f"/{language}/c/{member.campaign.slug}/with/{member.organisation.slug}/"


# --- whose people they are ------------------------------------------------------------------------------------------


def test_who_signs_up_with_a_member_is_seen_by_its_staff_and_by_no_other_organisations(client):
    host = make_organisation()
    member = make_membership(make_campaign(organisation=host), with_list=True)
    address = unique_address("ann")
    known = make_contact(address.given, organisation=host, name="")
    submission = make_submission(
        member.campaign,
        address=address,
        membership=member,
        wants_member_news=True,
        member_consent_text="News of the riders.",
    )
    letters.confirm(submission)
    assert Subscription.objects.get().contact == known
    theirs, ours = (make_staff("Contacts editors", organisation=one) for one in (host, member.organisation))
    for model in (Subscription, Consent):
        rows = model.objects.filter(mailing_list=member.mailing_list)
        assert not visible(theirs, rows).exists()
        assert visible(ours, rows).count() == 1
    client.force_login(theirs)
    page = client.get(reverse("admin:contacts_contact_change", args=[known.pk])).content.decode()
    assert member.mailing_list.name not in page
    assert "News of the riders." not in page
    assert member.organisation.slug not in page


def test_leaving_a_members_list_leaves_that_list_only():
    news = make_mailing_list()
    member = make_membership(make_campaign(mailing_list=news), with_list=True)
    submission = make_submission(
        member.campaign, membership=member, wants_newsletter=True, wants_member_news=True
    )
    letters.confirm(submission)
    contact = Subscription.objects.first().contact
    assert subscriptions.unsubscribe(contact, member.mailing_list, source="one click")
    standing = dict(Subscription.objects.values_list("mailing_list", "status"))
    assert standing == {news.pk: "confirmed", member.mailing_list.pk: "unsubscribed"}


def test_an_export_names_the_member_and_its_words_and_an_erasure_leaves_the_count_alone():
    member = make_membership(with_list=True)
    address = unique_address("ann")
    submission = make_submission(
        member.campaign,
        address=address,
        membership=member,
        wants_member_news=True,
        member_consent_text="News of the riders.",
    )
    letters.confirm(submission)
    contact = Subscription.objects.get().contact
    person = Person(key=address.key, hash=address.hash, contact=contact)
    (letter,) = personal.export(person)
    assert letter["You came by"] == member.organisation.name
    assert letter["And to news from them"] == "News of the riders."
    erasing.erase(person)
    assert not Subscription.objects.filter(contact__address_key=address.key).exists()
    submission.refresh_from_db()
    assert (submission.name, submission.membership) == ("", member)
