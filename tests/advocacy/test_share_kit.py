"""What people pass on: whose words, on which network, with whose link; and nothing a stranger could put into it."""

from __future__ import annotations

import struct
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import Organisation
from advocacy import letters, sharing, tokens
from advocacy.models import Campaign, CampaignText, Membership, Resource, ShareText, Submission
from advocacy.sharing import lengths, links, servers
from tests.advocacy.pages import Page, Visitor
from tests.factories import make_campaign, make_submission

pytestmark = pytest.mark.django_db
OVERRIDE = "\u202e"


@pytest.fixture
def campaign() -> Campaign:
    campaign = make_campaign(hashtags="#Bus42 #KeepIt")
    CampaignText.objects.filter(campaign=campaign).update(share_text="Keep the bus!")
    return campaign


def say(campaign: Campaign, text: str, network: str = "", language: str = "en", **fields: Any) -> ShareText:
    return ShareText.objects.create(
        campaign=campaign, text=text, network=network, language=language, **fields
    )


def texts_of(kit: sharing.Kit) -> list[str]:
    return [words.text for words in kit.messages]


def query_of(kit: sharing.Kit, network: str) -> dict[str, list[str]]:
    way = next(way for way in kit.ways if way.network == network)
    return parse_qs(urlsplit(way.href).query)


# --- words ----------------------------------------------------------------------------------------------------------


def test_a_campaign_without_messages_passes_on_its_own_text_else_its_title(campaign):
    assert texts_of(sharing.kit(campaign, "en")) == ["Keep the bus!"]
    CampaignText.objects.update(share_text="")
    fresh = Campaign.objects.get(pk=campaign.pk)
    assert texts_of(sharing.kit(fresh, "en")) == ["Keep line 42"]


def test_messages_come_in_their_order_after_the_text_of_the_campaign_and_none_twice(campaign):
    say(campaign, "Second", position=2)
    say(campaign, "First", position=1)
    say(campaign, "Keep the bus!", position=3)
    assert texts_of(sharing.kit(campaign, "en")) == ["Keep the bus!", "First", "Second"]


@pytest.mark.parametrize(
    ("language", "expected"), [("fr-CA", "Gardons"), ("fr", "Gardons"), ("ar", "Keep"), ("es", "Keep")]
)
def test_messages_fall_back_to_the_plain_language_and_then_to_the_main_one(campaign, language, expected):
    CampaignText.objects.update(share_text="")
    say(campaign, "Gardons", language="fr")
    say(campaign, "Keep", language="en")
    kit = sharing.kit(Campaign.objects.get(pk=campaign.pk), language)
    assert texts_of(kit) == [expected]
    assert kit.language == ("fr" if expected == "Gardons" else "en")


def test_words_in_another_language_than_the_page_are_marked_so(campaign):
    html = Visitor("ar").get(f"/ar/c/{campaign.slug}/share/").html
    assert '<textarea id="share-text" rows="5" lang="en" dir="ltr" readonly>' in html


def test_a_network_gets_the_message_written_for_it_and_the_others_the_first(campaign):
    say(campaign, "Only for the blue one", network="bluesky")
    kit = sharing.kit(campaign, "en")
    assert query_of(kit, "bluesky")["text"][0].startswith("Only for the blue one\n#Bus42 #KeepIt ")
    assert query_of(kit, "x")["text"] == ["Keep the bus!\n#Bus42 #KeepIt"]
    own = next(words for words in kit.messages if words.network)
    assert [way.network for way in kit.ways_of(own)] == ["bluesky"]


def test_a_language_with_messages_for_one_network_only_still_has_one_for_the_others(campaign):
    CampaignText.objects.update(share_text="")
    say(campaign, "Pour X", network="x", language="fr")
    kit = sharing.kit(Campaign.objects.get(pk=campaign.pk), "fr")
    assert kit.first.text == "Keep line 42"
    assert query_of(kit, "x")["text"][0].startswith("Pour X")


def test_hashtags_are_those_of_the_language_and_as_many_as_there_is_room_for(campaign):
    CampaignText.objects.create(
        campaign=campaign, language="fr", title="t", summary="s", story="s", hashtags="#Ligne42 #Ligne42"
    )
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert sharing.kit(campaign, "fr").hashtags == ("#Ligne42",)
    assert sharing.kit(campaign, "en").hashtags == ("#Bus42", "#KeepIt")
    say(campaign, "x" * 247, network="x")
    text = query_of(sharing.kit(campaign, "en"), "x")["text"][0]
    assert text == "x" * 247 + "\n#Bus42"
    assert lengths.length("x", f"{text} https://act.example/j/amber-fox-27") == 278


def test_a_message_arrives_whole_on_every_network_whatever_signs_it_holds(campaign):
    said = "50% & more? #Bus\nنعم + “yes”"
    CampaignText.objects.update(share_text=said)
    kit = sharing.kit(Campaign.objects.get(pk=campaign.pk), "en")
    for way in kit.ways:
        address = urlsplit(way.href)
        assert "+" not in address.query
        values = [value for found in parse_qs(address.query).values() for value in found]
        if not way.is_ours:
            assert any(kit.link in value for value in values), way.network
        if way.takes_text and not way.is_ours:
            assert any(said in value for value in values), way.network


@pytest.mark.parametrize(
    ("network", "text", "length"),
    [
        ("bluesky", "e\u0301 👩‍👩‍👧 🇰🇪", 5),
        ("bluesky", "نَعَم", 3),
        ("bluesky", "https://act.example/j/amber-fox-27", 34),
        ("x", "abc", 3),
        ("x", "日本", 4),
        ("x", "👩‍👩‍👧", 2),
        ("x", "see https://act.example/a-very-long-address/of-a-page", 27),
        ("mastodon", "日本 👍🏽", 4),
        ("mastodon", "https://act.example/a-very-long-address/of-a-page", 23),
    ],
)
def test_a_message_is_as_long_as_the_network_counts_it(network, text, length):
    assert lengths.length(network, text) == length


# --- pages ----------------------------------------------------------------------------------------------------------


def share_page(campaign: Campaign, query: str = "", language: str = "en") -> Page:
    return Visitor(language).get(f"/{language}/c/{campaign.slug}/share/{query}")


def test_the_page_has_every_message_to_select_and_every_network_as_a_plain_link(campaign):
    say(campaign, "Our children ride it.")
    page = share_page(campaign)
    assert "Our children ride it.\n#Bus42 #KeepIt\nhttp" in page.text
    for site in (
        "wa.me/",
        "mailto:?",
        "t.me/share",
        "bsky.app/intent",
        "x.com/intent",
        "facebook.com/sharer",
    ):
        assert site in page.html
    assert "linkedin.com/sharing" in page.html
    assert page.active == ["img"], "the QR code is ours, and nothing else is active"
    assert 'src="http' not in page.html
    assert page.html.count("<h1") == 1


def test_the_campaigns_page_has_the_kit_and_leads_to_all_of_it(campaign):
    page = Visitor().get(f"/en/c/{campaign.slug}/")
    assert "Share this campaign" in page.text
    assert f'href="/en/c/{campaign.slug}/share/"' in page.html
    assert page.html.count("bsky.app/intent") == 1


def test_a_supporter_passes_on_their_own_link_on_every_way(campaign):
    submission = make_submission(campaign)
    letters.confirm(submission)
    code = Submission.objects.get(pk=submission.pk).share_link.code
    status = Visitor().get(f"/en/letters/{tokens.make(tokens.STATUS, submission)}/")
    assert f"/share/?link={code}" in status.html
    page = share_page(campaign, f"?link={code}")
    assert "Your own link" in page.text
    assert '<meta name="robots" content="noindex">' in page.html
    assert f"/en/c/{campaign.slug}/\n" not in page.text
    for part in (f"qr.svg?link={code}", f"mastodon/?link={code}", f"%2Fj%2F{code}"):
        assert part in page.html


def test_the_link_that_counted_says_so_to_its_owner_only(campaign):
    submission = make_submission(campaign)
    letters.confirm(submission)
    link = Submission.objects.get(pk=submission.pk).share_link
    for _time in range(3):
        links.count_opening(link)
    letters.confirm(make_submission(campaign, referrer=submission))
    status = Visitor().get(f"/en/letters/{tokens.make(tokens.STATUS, submission)}/")
    assert "1 person came by your link and wrote, too." in status.text
    assert "It was opened 3 times." in status.text
    for address in (
        f"/en/c/{campaign.slug}/share/?link={link.code}",
        f"/en/c/{campaign.slug}/?via={link.code}",
    ):
        page = Visitor().get(address)
        assert "came by your link" not in page.text
        assert "opened" not in page.text


@pytest.mark.parametrize(
    "link",
    [
        "made-up-27",
        "https://evil.example/",
        "//evil.example",
        '"><script>alert(1)</script>',
        "a\r\nSet-Cookie: x=y",
        "\0",
        f"{OVERRIDE}amber-fox-27",
        "1-0000000000",
        "x" * 5000,
    ],
)
def test_a_link_that_is_none_of_the_campaigns_is_never_passed_on(campaign, link):
    page = share_page(campaign, "?" + urlencode({"link": link}))
    assert page.response.status_code == 200
    assert "Your own link" not in page.text
    main = page.html.partition("<main")[2]
    assert "evil.example" not in main
    assert "alert(1)" not in main
    assert OVERRIDE not in main
    qr = Client().get(f"/en/c/{campaign.slug}/share/qr.svg", {"link": link})
    assert qr.status_code == 404


def test_a_link_of_another_campaign_is_not_passed_on_for_this_one(campaign):
    other = links.staff_link(make_campaign(), source="poster")
    assert f"/j/{other.code}" not in share_page(campaign, f"?link={other.code}").html


def test_a_closed_campaign_is_not_passed_on_any_more_and_a_draft_not_yet(campaign):
    for status, expected in ((Campaign.Status.CLOSED, 302), (Campaign.Status.DRAFT, 404)):
        Campaign.objects.filter(pk=campaign.pk).update(status=status)
        for path in ("share/", "share/mastodon/"):
            assert Client().get(f"/en/c/{campaign.slug}/{path}").status_code == expected
    assert Client().get(f"/en/c/{campaign.slug}/share/qr.svg").status_code == 404
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.CLOSED)
    assert "Share this campaign" not in Visitor().get(f"/en/c/{campaign.slug}/").text


def test_from_a_members_page_that_page_is_passed_on_on_every_way(campaign):
    member = Membership.objects.create(
        campaign=campaign, organisation=Organisation.objects.create(name="Bus Riders", slug="bus-riders")
    )
    theirs = f"/en/c/{campaign.slug}/with/bus-riders/"
    page = Visitor().get(theirs)
    assert f"share/?with={member.organisation.slug}" in page.html
    assert quote(theirs, safe="") in page.html
    page = share_page(campaign, "?with=bus-riders")
    for part in ("qr.svg?with=bus-riders", "mastodon/?with=bus-riders", quote(theirs, safe="")):
        assert part in page.html
    sent = mastodon(campaign, **{"with": "bus-riders", "server": "mastodon.social"})
    assert quote(theirs, safe="") in sent.html
    member.is_active = False
    member.save()
    assert "with/bus-riders" not in share_page(campaign, "?with=bus-riders").html.partition("<main")[2]


def test_the_page_leads_to_the_logo_where_there_is_one(campaign):
    assert "Logo, pictures and posters" not in share_page(campaign).text
    Resource.objects.create(
        campaign=campaign, kind="logo", language="", title="Logo", url="https://files.example/logo.svg"
    )
    assert f'href="/en/c/{campaign.slug}/resources/"' in share_page(campaign).html


# --- QR codes -------------------------------------------------------------------------------------------------------


def test_a_qr_code_is_a_file_that_can_do_nothing_and_holds_the_link(campaign):
    link = links.staff_link(campaign, source="poster")
    path = f"/en/c/{campaign.slug}/share/qr"
    svg = Client().get(f"{path}.svg", {"link": link.code})
    assert svg["Content-Type"] == "image/svg+xml"
    assert svg["Content-Disposition"] == f'attachment; filename="{campaign.slug}-qr.svg"'
    assert svg["X-Content-Type-Options"] == "nosniff"
    assert svg["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert svg.content.startswith(b"<?xml")
    assert b"style=" not in svg.content
    png = Client().get(f"{path}.png", {"link": link.code})
    assert png["Content-Type"] == "image/png"
    width, height = struct.unpack(">II", png.content[16:24])
    assert width == height
    assert width >= 600
    assert png.content != Client().get(f"{path}.png").content


@pytest.mark.parametrize("name", ["qr.gif", "qr.svg/", "qr.svg%0a", "qr.SVG", "qr."])
def test_there_are_no_other_kinds_of_qr_codes(campaign, name):
    assert Client().get(f"/en/c/{campaign.slug}/share/{name}").status_code == 404


# --- Mastodon -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("mastodon.social", "mastodon.social"),
        (" Mastodon.Social/ ", "mastodon.social"),
        ("@ann@mastodon.social", "mastodon.social"),
        ("ann@mastodon.social", "mastodon.social"),
        ("https://mastodon.social", "mastodon.social"),
        ("https://mastodon.social/@ann", "mastodon.social"),
        ("tröt.example", "xn--trt-tna.example"),
        ("social.example.org", "social.example.org"),
    ],
)
def test_a_server_is_read_from_whatever_people_paste(typed, server):
    assert servers.read(typed) == server


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "mastodon",
        "localhost",
        "127.0.0.1",
        "0x7f.1",
        "[::1]",
        "evil.example/share",
        "evil.example/…",
        "evil.example?x=mastodon.social",
        "evil.example#mastodon.social",
        "evil.example:8443",
        "https://mastodon.social:443@evil.example/",
        "https://mastodon.social@evil.example",
        "https://evil.example:1/",
        "http://mastodon.social",
        "javascript://mastodon.social/%0aalert(1)",
        "javascript:alert(1)",
        "//evil.example",
        "\\\\evil.example",
        "mastodon.social\r\nHost: evil.example",
        "mastodon.social\0",
        "mastodon.social\u202emoc.live",
        "mastodon.social evil.example",
        "@a@b@evil.example",
        "https://[::1",
        "-evil.example",
        "a" * 300 + ".example",
        '"><script>.example',
        "\ud800.example",
    ],
)
def test_what_is_no_plain_name_of_a_server_is_refused(typed):
    with pytest.raises(ValidationError):
        servers.read(typed)


def mastodon(campaign: Campaign, **query: str) -> Page:
    return Visitor().get(
        f"/en/c/{campaign.slug}/share/mastodon/?{urlencode(query, errors='surrogateescape')}"
    )


def test_the_way_to_a_server_is_one_link_that_somebody_presses(campaign):
    message = say(campaign, "For the elephant", network="mastodon")
    asked = mastodon(campaign)
    assert "mastodon.social/share" not in asked.html
    form = asked.form(asked.address)
    page = Visitor().send(form, server="@ann@mastodon.social")
    assert page.response.status_code == 200
    found = [part for part in page.html.split('href="') if part.startswith("https://")]
    assert len(found) == 1
    address = urlsplit(found[0].partition('"')[0])
    assert (address.scheme, address.netloc, address.path) == ("https", "mastodon.social", "/share")
    text = parse_qs(address.query)["text"][0]
    assert text.startswith(f"{message.text}\n#Bus42 #KeepIt\nhttp")
    assert "Go on to mastodon.social" in page.text


def test_the_message_and_the_link_one_chose_come_along_to_the_server(campaign):
    message, link = say(campaign, "Ours"), links.staff_link(campaign, source="poster")
    page = mastodon(campaign, message=str(message.pk), link=link.code)
    sent = Visitor().send(page.form(page.address), server="mastodon.social")
    assert f"Ours\n#Bus42 #KeepIt\nhttp://testserver/j/{link.code}" in sent.text.replace(
        sharing.address_of(link), f"http://testserver/j/{link.code}"
    )


@pytest.mark.parametrize(
    "typed", ["evil.example/x", "javascript:alert(1)", '"><b>', f"a{OVERRIDE}.example", "\0"]
)
def test_a_wrong_server_is_said_so_and_leads_nowhere(campaign, typed):
    page = mastodon(campaign, server=typed)
    assert page.response.status_code == 422
    assert "Please enter your server" in page.text
    assert "/share?text=" not in page.html
    assert 'href="javascript:' not in page.html
    assert [part for part in page.active if part != typed] == [], (
        "it stands in the field again, and nowhere else"
    )


def test_a_made_up_message_is_the_one_for_mastodon(campaign):
    for key in ("999", "x", "-1", "\0"):
        assert "Keep the bus!" in mastodon(campaign, message=key).text
