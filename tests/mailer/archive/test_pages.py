"""The public archive: past mailings as a stranger reads them, found by everybody or by nobody as staff want it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import MailingList
from mailer.archive import addresses, publishing
from mailer.links import slots
from mailer.models import Mailing, Message
from tests.factories import make_mailing, make_mailing_list
from tests.mailer.archive.conftest import Publish

pytestmark = pytest.mark.django_db

BUTTON = {"id": "b", "kind": "button", "text": "Write", "url": "https://example.org/write?a=1&b=2"}


def text(words: str, *more: dict[str, Any]) -> dict[str, Any]:
    blocks = [{"id": "a", "kind": "text", "html": f"<p>{words}</p>"}, *more, {"id": "z", "kind": "footer"}]
    return {"blocks": blocks}


def path_of(mailing: Mailing, language: str = "en") -> str:
    return f"/{language}/archive/news/{mailing.slug}/"


# --- one mailing ----------------------------------------------------------------------------------------------------


def test_a_stranger_reads_the_mail_without_anybody_s_name_or_link(client: Client, publish: Publish):
    mailing = publish({"en": text("Dear {{ first_name | friend }}, read {{ country }}this.")})
    answer = client.get(path_of(mailing))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Dear friend, read this." in page
    assert "{{" not in page
    assert "/u/" not in page
    assert 'href="http://localhost:8000/en/preferences/"' in page
    assert not answer.cookies


def test_counted_links_lead_straight_on_and_no_pixel_is_there(client: Client, publish: Publish):
    mailing = publish({"en": text("Hello", BUTTON)}, track_clicks=True, track_opens=True)
    page = client.get(path_of(mailing)).content.decode()
    assert 'href="https://example.org/write?a=1&amp;b=2"' in page
    assert "/c/" not in page
    assert "/o/" not in page
    assert "We count" not in page


def test_the_page_may_run_nothing_whatever_stands_in_it(client: Client, publish: Publish):
    policy = client.get(path_of(publish()))["Content-Security-Policy"]
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert "script-src" not in rules
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]
    assert rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<iframe src="https://evil.example/"></iframe>',
        "<style>@import url(https://evil.example/)</style>",
    ],
)
def test_html_that_could_do_anything_is_not_shown_at_all(client: Client, publish: Publish, evil: str):
    mailing = publish()
    Message.objects.filter(mailing_messages__mailing=mailing).update(
        html=f"<html><head></head><body>{evil}</body></html>", text=f"Words {evil}"
    )
    page = client.get(path_of(mailing)).content.decode()
    assert evil not in page
    assert "Words" in page


def test_a_subject_and_a_list_may_be_called_anything(client: Client, publish: Publish, news: MailingList):
    evil = '</title><script>alert("1")</script>\'&'
    news.texts = {"en": {"name": evil, "description": evil}}
    news.save()
    mailing = publish({"en": {"subject": evil, "preheader": evil}})
    for path in (
        path_of(mailing),
        "/en/archive/news/",
        "/en/archive/",
        "/en/archive/news/feed.xml",
        "/en/lists/news/",
    ):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page, path
        assert "alert(" in page, path


def test_the_page_says_what_other_sites_ask_of_it(client: Client, publish: Publish):
    mailing = publish({"en": {"subject": "Stand & speak", "preheader": "For {{ name | everybody }}"}})
    page = client.get(path_of(mailing)).content.decode()
    address = f"http://localhost:8000{path_of(mailing)}"
    for line in (
        f'<link rel="canonical" href="{address}">',
        f'<meta property="og:url" content="{address}">',
        '<meta property="og:title" content="Stand &amp; speak">',
        '<meta property="og:description" content="For everybody">',
        '<meta name="description" content="For everybody">',
        'type="application/atom+xml"',
        "<title>Stand &amp; speak</title>",
    ):
        assert line in page
    assert "noindex" not in page


def test_without_a_preview_line_the_description_is_how_the_text_begins(client: Client, publish: Publish):
    mailing = publish({"en": text("Justice must be global. " + "And so on. " * 60)})
    page = client.get(path_of(mailing)).content.decode()
    assert '<meta property="og:description" content="Justice must be global. And so on.' in page


def test_a_description_repeats_neither_the_subject_nor_what_a_button_says(client: Client, publish: Publish):
    heading = {"id": "h", "kind": "heading", "text": "تكلموا"}
    words = {"id": "w", "kind": "text", "html": "<p>تكلموا معهم.</p>"}
    blocks = [heading, words, BUTTON, {"id": "z", "kind": "footer"}]
    mailing = publish({"ar": {"subject": "تكلموا", "blocks": blocks}}, language="ar")
    page = client.get(path_of(mailing, "ar")).content.decode()
    assert '<meta property="og:description" content="تكلموا معهم.">' in page


def test_a_mailing_hidden_from_search_engines_says_so_twice(client: Client, publish: Publish):
    answer = client.get(path_of(publish(noindex=True)))
    assert answer["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in answer.content.decode()


def test_links_come_from_the_settings_and_from_no_host(client: Client, publish: Publish):
    mailing = publish()
    for path in (path_of(mailing), "/en/archive/", "/en/archive/news/", "/en/archive/news/feed.xml"):
        assert "evil.example" not in client.get(path, headers={"host": "evil.example"}).content.decode()


def test_the_reader_chooses_among_the_languages_of_the_mailing(client: Client, publish: Publish):
    mailing = publish(
        {
            "en": {"subject": "Victims first"},
            "ar": {"subject": "الضحايا أولا", **text("العدالة للجميع في كل مكان")},
            "sw": {"subject": "Waathirika kwanza", **text("Haki lazima iwe ya ulimwengu")},
        }
    )
    arabic = client.get(path_of(mailing, "ar")).content.decode()
    assert '<html lang="ar" dir="rtl"' in arabic
    assert 'class="archive-bar" lang="ar" dir="rtl"' in arabic
    assert f'hreflang="en" href="http://localhost:8000{path_of(mailing)}"' in arabic
    swahili = f"{path_of(mailing)}?in=sw"
    assert f'href="http://localhost:8000{swahili}"' in arabic
    assert '<html lang="sw"' in client.get(swahili).content.decode()
    french = client.get(path_of(mailing, "fr")).content.decode()
    assert '<html lang="en"' in french
    assert 'class="archive-bar" lang="fr"' in french
    assert f'<link rel="canonical" href="http://localhost:8000{path_of(mailing)}">' in french


@pytest.mark.parametrize("asked", ["xx", "%00", "../en", "x" * 3_000, "<b>", "en-"])
def test_a_language_that_is_none_is_the_mailing_s_own(client: Client, publish: Publish, asked: str):
    assert '<html lang="en"' in client.get(f"{path_of(publish())}?in={asked}").content.decode()


def test_the_picture_of_a_mailing_is_the_first_large_one_of_our_library(client: Client, publish: Publish):
    mailing = publish()
    row = Message.objects.get(mailing_messages__mailing=mailing)
    own = '<img alt="" width="40" src="http://localhost:8000/pictures/a.png"><img alt="" width="600" src="http://localhost:8000/pictures/b.png">'
    other = '<img alt="" width="600" src="https://elsewhere.example/c.png">'
    Message.objects.filter(pk=row.pk).update(html=row.html.replace("</body>", f"{other}{own}</body>"))
    page = client.get(path_of(mailing)).content.decode()
    assert '<meta property="og:image" content="http://localhost:8000/pictures/b.png">' in page


# --- what stands in it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "draft"},
        {"status": "scheduled"},
        {"status": "cancelled"},
        {"in_archive": False},
        {"relation": "follow_up"},
    ],
)
def test_what_is_not_for_everybody_is_found_nowhere(client: Client, publish: Publish, fields: dict[str, Any]):
    hidden, shown = publish({"en": {"subject": "Hidden words"}}), publish()
    Mailing.objects.filter(pk=hidden.pk).update(starts_at=timezone.now(), **fields)
    assert client.get(path_of(hidden)).status_code == 404
    for path in ("/en/archive/news/", "/en/archive/news/feed.xml"):
        page = client.get(path).content.decode()
        assert "Hidden words" not in page
        assert f"/{shown.slug}/" in page


def test_a_closed_list_has_no_archive(client: Client, publish: Publish):
    mailing = publish(mailing_list=make_mailing_list(slug="board", name="The board"))
    for path in (f"/en/archive/board/{mailing.slug}/", "/en/archive/board/", "/en/archive/board/feed.xml"):
        assert client.get(path).status_code == 404
    assert "The board" not in client.get("/en/archive/").content.decode()


def test_a_mailing_is_found_under_its_own_list_only(client: Client, publish: Publish):
    mailing = publish()
    make_mailing_list(slug="other", is_public=True)
    assert client.get(f"/en/archive/other/{mailing.slug}/").status_code == 404


def test_a_draft_costs_no_page_to_look_for(client: Client, news: MailingList):
    make_mailing(mailing_list=news)
    assert client.get("/en/archive/news/").status_code == 404
    assert client.get("/en/archive/news/feed.xml").status_code == 404
    assert "Nothing has been sent" in client.get("/en/archive/").content.decode()


def test_the_index_leads_to_the_lists_and_they_to_their_mailings(client: Client, publish: Publish):
    first, second = publish(), publish({"en": {"subject": "Another thing"}})
    index = client.get("/en/archive/").content.decode()
    assert "Justice news" in index
    assert "2 issues" in index
    page = client.get("/en/archive/news/").content.decode()
    assert f"http://localhost:8000{path_of(first)}" in page
    assert f"http://localhost:8000{path_of(second)}" in page
    assert "Nouvelles de la justice" in client.get("/fr/archive/news/").content.decode()


def test_a_list_shows_twenty_at_a_time(client: Client, publish: Publish, django_assert_max_num_queries: Any):
    mailing = publish()
    row = mailing.messages.get()
    start = timezone.now() - dt.timedelta(days=99)
    for number in range(24):
        copy = make_mailing(
            mailing_list=mailing.mailing_list,
            texts=False,
            status="sent",
            slug=f"issue-{number}",
            started_at=start + dt.timedelta(days=number),
            frozen_at=start,
        )
        copy.messages.create(message=row.message, language="en")
    with django_assert_max_num_queries(8):
        first = client.get("/en/archive/news/").content.decode()
    second = client.get("/en/archive/news/?page=2").content.decode()
    assert first.count('class="card"') == 20
    assert second.count('class="card"') == 5
    assert "issue-23" in first
    assert "issue-0/" in second
    for wrong in ("0", "3", "-1", "x", "9" * 30, "%00", "١"):
        assert client.get(f"/en/archive/news/?page={wrong}").status_code == 404


def test_the_form_of_a_list_leads_to_its_past_issues(client: Client, publish: Publish, news: MailingList):
    assert "/en/archive/news/" not in client.get("/en/lists/news/").content.decode()
    publish()
    assert "/en/archive/news/" in client.get("/en/lists/news/").content.decode()


# --- "view in browser" ------------------------------------------------------------------------------------------------


def test_the_link_in_a_mail_leads_to_the_readable_address(client: Client, publish: Publish):
    mailing = publish()
    link = slots.filler(mailing, "en")(1, 1, bytes(32))["web_link"].removeprefix("http://localhost:8000")
    answer = client.get(link)
    assert (answer.status_code, answer["Location"]) == (302, f"http://localhost:8000{path_of(mailing)}")


def test_a_mailing_outside_the_archive_is_read_by_its_link_and_by_no_search_engine(
    client: Client, publish: Publish
):
    mailing = publish({"en": text("For you, {{ name | friends }}")}, in_archive=False)
    answer = client.get(f"/en/view/{addresses.token(mailing.pk)}/")
    page = answer.content.decode()
    assert "For you, friends" in page
    assert 'content="noindex"' in page
    assert "noindex" in answer["X-Robots-Tag"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "/archive/" not in page


def test_an_unlisted_mailing_is_read_in_each_of_its_languages(client: Client, publish: Publish):
    mailing = publish(
        {"en": {}, "sw": {"subject": "Waathirika", **text("Haki lazima iwe ya wote")}}, in_archive=False
    )
    link = slots.filler(mailing, "sw")(1, 1, bytes(32))["web_link"].removeprefix("http://localhost:8000")
    page = client.get(link).content.decode()
    assert '<html lang="sw"' in page
    assert f'href="{addresses.web_link(mailing, "en")}"' in page


def test_before_it_is_sent_the_link_of_a_test_mail_says_so(client: Client):
    mailing = make_mailing()
    answer = client.get(f"/en/view/{addresses.token(mailing.pk)}/")
    assert answer.status_code == 404
    assert "Not sent yet" in answer.content.decode()


@pytest.mark.parametrize("wrong", ["x", "1-" + "0" * 24, "%00", "9" * 3_000, "%F0%9F%92%A9"])
def test_a_forged_link_shows_nothing(client: Client, publish: Publish, wrong: str):
    publish(in_archive=False)
    assert client.get(f"/en/view/{wrong}/").status_code == 404


@pytest.mark.parametrize("path", ["/en/archive/", "/en/archive/news/", "/en/archive/news/feed.xml"])
def test_nothing_can_be_sent_to_the_archive(client: Client, publish: Publish, path: str):
    publish()
    assert client.post(path).status_code == 405


def test_publishing_twice_changes_no_page(client: Client, publish: Publish):
    mailing = publish()
    before = client.get(path_of(mailing)).content
    publishing.publish(mailing)
    assert client.get(path_of(mailing)).content == before


def test_the_past_issues_of_a_list_are_called_by_the_list_as_well(client: Client, publish: Publish):
    name = publish().mailing_list.public_name("en")
    assert (
        f"<title>Past issues · {name} · Epistle</title>" in client.get("/en/archive/news/").content.decode()
    )
