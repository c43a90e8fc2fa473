"""The Sharing tab of a campaign at the desk: messages, short links, and figures that add up."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Organisation
from advocacy import letters
from advocacy.models import Campaign, Membership, ShareLink, ShareText, Submission
from advocacy.sharing import figures, links
from tests import factories
from tests.staff import make_campaign, make_organisation, make_staff, make_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Campaigners"))
    return client


@pytest.fixture
def campaign() -> Campaign:
    campaign = make_campaign(hashtags="#Bus42")
    make_text(campaign, share_text="Keep the bus!")
    return campaign


def tab(campaign: Campaign) -> str:
    return reverse("admin:advocacy_campaign_sharing", args=[campaign.pk])


def member_of(campaign: Campaign, name: str = "Elm Road School") -> Membership:
    organisation = Organisation.objects.create(name=name, slug=name.lower().replace(" ", "-"))
    return Membership.objects.create(campaign=campaign, organisation=organisation)


# --- messages -------------------------------------------------------------------------------------------------------


def add_message(desk: Client, campaign: Campaign, **fields: Any) -> Any:
    return desk.post(
        reverse("admin:advocacy_sharetext_add") + f"?campaign={campaign.pk}",
        {
            "campaign": campaign.pk,
            "language": "en",
            "network": "",
            "text": "We ride it.",
            "position": 0,
            **fields,
        },
    )


def test_a_message_is_written_and_one_is_back_on_the_tab(desk, campaign):
    answer = add_message(desk, campaign, text=" We ride it.\r\nAll of us. ", network="bluesky")
    assert answer.status_code == 302
    assert answer["Location"] == tab(campaign)
    message = ShareText.objects.get()
    assert (message.text, message.network) == ("We ride it.\nAll of us.", "bluesky")
    page = desk.get(tab(campaign)).content.decode()
    assert "We ride it." in page
    assert "Bluesky" in page
    assert "of 300" in page
    change = reverse("admin:advocacy_sharetext_change", args=[message.pk])
    posted = {"language": "fr", "network": "", "text": "Bonjour", "position": 1}
    assert desk.post(change, posted)["Location"] == tab(campaign)
    message.refresh_from_db()
    assert (message.language, message.campaign) == ("fr", campaign)
    delete = desk.post(reverse("admin:advocacy_sharetext_delete", args=[message.pk]), {"post": "yes"})
    assert delete["Location"] == tab(campaign)
    assert not ShareText.objects.exists()


@pytest.mark.parametrize("text", ["seen\u202eneesnu", "bell\x07", "null\0", "zero\u2028line"])
def test_a_message_holds_nothing_that_is_not_seen(desk, campaign, text):
    answer = add_message(desk, campaign, text=text)
    assert answer.context["adminform"].form.errors["text"]
    assert not ShareText.objects.exists()


def test_joiners_of_persian_and_emoji_are_part_of_the_text(desk, campaign):
    add_message(desk, campaign, text="می‌خواهیم 👩‍👩‍👧", language="ar")
    assert ShareText.objects.get().text == "می‌خواهیم 👩‍👩‍👧"


@pytest.mark.parametrize(("network", "most"), [("x", 280 - 24), ("mastodon", 500 - 24)])
def test_a_message_for_one_network_must_fit_into_it_with_its_link(desk, campaign, network, most):
    answer = add_message(desk, campaign, text="x" * (most + 2), network=network)
    [error] = answer.context["adminform"].form.errors["text"]
    assert "2 characters too long" in error
    assert add_message(desk, campaign, text="x" * most, network=network).status_code == 302
    assert add_message(desk, campaign, text="x" * (most + 2)).status_code == 302, "elsewhere it fits"
    assert 'class="desk-word warn"' in desk.get(tab(campaign)).content.decode()


def test_the_form_counts_with_the_links_and_hashtags_of_each_language(desk, campaign):
    make_text(campaign, language="fr", hashtags="#Ligne42 #Bus")
    page = desk.get(reverse("admin:advocacy_sharetext_add") + f"?campaign={campaign.pk}&language=fr")
    facts = page.context["facts"]
    assert facts["tags"] == {"en": ["#Bus42"], "fr": ["#Ligne42", "#Bus"], "es": ["#Bus42"], "ar": ["#Bus42"]}
    assert all(link.startswith("http") for link in facts["links"].values())
    assert page.context["adminform"].form["language"].value() == "fr"


# --- short links ----------------------------------------------------------------------------------------------------


def add_link(desk: Client, campaign: Campaign, **fields: Any) -> Any:
    return desk.post(
        reverse("admin:advocacy_sharelink_add") + f"?campaign={campaign.pk}",
        {"campaign": campaign.pk, "source": "may-poster", "membership": "", "language": "", **fields},
    )


def test_a_link_for_a_source_gets_a_code_and_stands_on_the_tab_with_its_qr_code(desk, campaign):
    assert add_link(desk, campaign, language="fr")["Location"] == tab(campaign)
    link = ShareLink.objects.get()
    assert (link.source, link.language, link.submission) == ("may-poster", "fr", None)
    page = desk.get(tab(campaign)).content.decode()
    assert f"/j/{link.code}" in page
    assert f"share/qr.svg?link={link.code}" in page
    qr = desk.get(f"/en/c/{campaign.slug}/share/qr.svg?link={link.code}")
    assert qr.status_code == 200, "also while the campaign is a draft"
    assert desk.post(
        reverse("admin:advocacy_sharelink_change", args=[link.pk]), {"source": "june-poster", "language": ""}
    )["Location"] == tab(campaign)
    link.refresh_from_db()
    assert (link.source, link.language) == ("june-poster", "")


def test_there_is_one_link_of_a_source_and_none_of_nothing(desk, campaign):
    member, other = member_of(campaign), member_of(make_campaign(), "Others")
    assert add_link(desk, campaign).status_code == 302
    for wrong in ({}, {"source": ""}, {"source": "https://evil.example"}, {"source": "a b"}):
        assert add_link(desk, campaign, **wrong).context["adminform"].form.errors["source"], wrong
    assert add_link(desk, campaign, membership=other.pk).context["adminform"].form.errors["membership"]
    assert add_link(desk, campaign, membership=member.pk).status_code == 302
    assert add_link(desk, campaign, membership=member.pk, source="").status_code == 302
    assert add_link(desk, campaign, membership=member.pk, source="").status_code == 200
    assert ShareLink.objects.count() == 3


def test_links_of_supporters_are_nowhere_at_the_desk(desk):
    campaign = factories.make_campaign()
    submission = factories.make_submission(campaign)
    letters.confirm(submission)
    own = Submission.objects.get(pk=submission.pk).share_link
    assert own.code not in desk.get(tab(campaign)).content.decode()
    change = reverse("admin:advocacy_sharelink_change", args=[own.pk])
    assert desk.get(change).status_code == 404
    ShareLink.objects.update(submission=None)
    assert own.code not in desk.get(tab(campaign)).content.decode(), "nor is that of somebody erased"
    assert desk.get(change).status_code == 404


def test_staff_of_another_organisation_find_nothing_and_make_nothing(client, campaign):
    Campaign.objects.update(organisation=make_organisation())
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    assert client.get(tab(campaign)).status_code == 404
    assert add_message(client, campaign).status_code == 200
    assert add_link(client, campaign).status_code == 200
    assert not ShareText.objects.exists()
    assert not ShareLink.objects.exists()


def test_the_tab_is_shut_to_who_does_not_work_on_campaigns(client, campaign):
    client.force_login(make_staff("Moderators"))
    assert client.get(tab(campaign)).status_code == 403
    client.force_login(make_staff("Campaigners"))
    assert [str(one.label) for one in client.get(tab(campaign)).context["tabs"] if one.here] == ["Sharing"]


# --- figures --------------------------------------------------------------------------------------------------------


def came(campaign: Campaign, **fields: Any) -> Submission:
    submission = factories.make_submission(campaign, **fields)
    letters.confirm(submission)
    return submission


def test_every_letter_stands_in_one_line_and_the_lines_add_up():
    campaign = factories.make_campaign()
    member, other = member_of(campaign), member_of(campaign, "Bus Riders")
    poster = links.staff_link(campaign, source="may-poster")
    stall = links.staff_link(campaign, membership=member, source="stall")
    owner = came(campaign)
    came(campaign, source="may-poster")
    came(campaign, membership=member, source="stall")
    came(campaign, membership=other)
    came(campaign, source="old-flyer")
    came(campaign, referrer=owner, membership=other)
    factories.make_submission(campaign, source="may-poster")  # never confirmed
    letters.withdraw(came(campaign, source="may-poster").letters.get())
    links.count_opening(poster)
    found = figures.who_came(campaign)
    assert {link: (one.opened, one.letters) for link, one in found.links} == {poster: (1, 1), stall: (0, 1)}
    assert {name: one.letters for name, one in found.pages} == {"Bus Riders": 1, "old-flyer": 1}
    assert (found.own.letters, found.direct.letters) == (1, 1)
    assert found.total.letters == 6
    lines = (
        [one for _link, one in found.links] + [one for _name, one in found.pages] + [found.own, found.direct]
    )
    assert sum(one.letters for one in lines) == found.total.letters
    assert sum(one.supporters for one in lines) == found.total.supporters == 6


def test_letters_of_tests_and_of_other_campaigns_are_in_no_figure():
    campaign = factories.make_campaign(test_mode=True)
    came(campaign)
    came(factories.make_campaign())
    assert figures.who_came(campaign).total == figures.Came()


def test_the_tab_asks_no_more_of_the_database_for_many_links(desk, django_assert_max_num_queries):
    campaign = factories.make_campaign()
    for number in range(30):
        links.staff_link(
            campaign, source=f"poster-{number}", membership=member_of(campaign, f"Member {number}")
        )
        ShareText.objects.create(campaign=campaign, language="en", text=f"{number}")
    desk.get(tab(campaign))
    with django_assert_max_num_queries(22):
        assert desk.get(tab(campaign)).status_code == 200
