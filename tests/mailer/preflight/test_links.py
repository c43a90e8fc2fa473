"""Links that do not work, in every language, and those of which a machine cannot tell."""

from __future__ import annotations

import pytest
from django.utils import translation

from mailer.fetching import Answer, Failed, Refused
from mailer.models import MailingText
from mailer.preflight import links, own_pages
from mailer.preflight.findings import from_json
from tests.factories import make_campaign


def text(*blocks, language: str = "en") -> MailingText:
    return MailingText(language=language, blocks=list(blocks))


def button(url: str, block: str = "b1") -> dict:
    return {"id": block, "kind": "button", "text": "Write", "url": url}


def net(pages: dict[str, int | Exception]):
    def fetch(url: str) -> Answer:
        found = pages[url]
        if isinstance(found, Exception):
            raise found
        return Answer(found, url)

    return fetch


def check(pages, *texts):
    return [(one.level, one.code, one.block, one.language) for one in links.check(texts, fetch=net(pages))]


@pytest.mark.parametrize(
    ("answer", "level", "code"),
    [
        (404, "error", "link_missing"),
        (410, "error", "link_missing"),
        (400, "error", "link_missing"),
        (403, "warning", "link_closed"),
        (429, "warning", "link_closed"),
        (500, "warning", "link_server"),
        (503, "warning", "link_server"),
        (Failed("no_name"), "error", "link_no_name"),
        (Failed("no_answer"), "error", "link_no_answer"),
        (Failed("slow"), "error", "link_slow"),
        (Failed("certificate"), "error", "link_certificate"),
        (Failed("broken"), "error", "link_broken"),
        (Failed("redirects"), "error", "link_redirects"),
        (Refused("private"), "error", "link_private"),
        (Refused("credentials"), "error", "link_refused"),
        (Refused("port"), "error", "link_refused"),
    ],
)
def test_a_link_that_does_not_work_is_told_with_its_place(answer, level, code):
    found = check({"https://bus42.org/a": answer}, text(button("https://bus42.org/a")))
    assert found == [(level, code, "b1", "en")]


def test_only_what_blocks_may_be_overruled_and_every_finding_has_words():
    pages = {"https://bus42.org/a": 404, "https://bus42.org/b": 403}
    texts = [text(button("https://bus42.org/a"), button("https://bus42.org/b", "b2"))]
    found = links.check(texts, fetch=net(pages))
    assert {one.code: one.may_override for one in found} == {"link_missing": True, "link_closed": False}
    for one in found:
        assert "https://bus42.org/" in from_json(one.as_json()).words


def test_links_of_every_kind_of_block_are_found_once_each():
    blocks = [
        button("https://bus42.org/1#part"),
        {
            "id": "p1",
            "kind": "picture",
            "src": "https://bus42.org/2",
            "link": "https://bus42.org/3",
            "alt": "A bus",
        },
        {
            "id": "t1",
            "kind": "text",
            "html": '<p>See <a href="https://bus42.org/4?a=1&amp;b=2">this</a>.</p>',
        },
        {"id": "l1", "kind": "list", "items": ['<a href="https://bus42.org/5">x</a>', "y"]},
        {
            "id": "c1",
            "kind": "columns",
            "left": [button("https://bus42.org/6")],
            "right": [button("mailto:a@b.org")],
        },
        {"id": "m1", "kind": "mjml", "source": '<mj-button href="https://bus42.org/7">x</mj-button>'},
        button("https://bus42.org/1"),
    ]
    asked = []

    def fetch(url: str) -> Answer:
        asked.append(url)
        return Answer(200, url)

    found = links.check([text(*blocks), text(*blocks, language="fr")], fetch=fetch)
    assert sorted(asked) == [
        f"https://bus42.org/{end}" for end in ("1", "2", "3", "4?a=1&b=2", "5", "6", "7")
    ]
    assert [(one.code, one.values["links"]) for one in found] == [("links_ok", 7)]


def test_a_dead_link_is_told_in_each_language_and_overruled_in_all_at_once():
    pages = {"https://bus42.org/a": 404}
    found = links.check(
        [text(button("https://bus42.org/a")), text(button("https://bus42.org/a"), language="fr")],
        fetch=net(pages),
    )
    assert [one.language for one in found] == ["en", "fr"]


def test_a_button_without_an_address_blocks_and_cannot_be_overruled():
    found = links.check([text(button(""))], fetch=net({}))
    assert [(one.level, one.code, one.may_override) for one in found] == [("error", "link_empty", False)]


def test_what_the_door_fills_in_is_not_tried_and_a_merge_field_in_a_link_is_told():
    found = check({}, text(button("{{ web_link }}"), button("https://bus42.org/{{ country }}")))
    assert found == [("warning", "link_with_field", "b1", "en")]


def test_progress_counts_every_link():
    told = []
    pages = {f"https://bus42.org/{number}": 200 for number in range(5)}
    links.check(
        [text(*[button(url) for url in pages])],
        fetch=net(pages),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(number, 5) for number in range(1, 6)]


@pytest.mark.django_db
def test_our_own_pages_are_asked_of_the_service_itself_and_not_over_the_network(settings):
    settings.SITE_URL = "http://act.bus42.org:8000"
    campaign = make_campaign(slug="keep-line-42")
    ours = "http://act.bus42.org:8000/en/"
    with translation.override("fr"):
        found = links.check(
            [
                text(
                    button(f"{ours}c/{campaign.slug}/"),
                    button(f"{ours}c/gone/", "b2"),
                    button(f"{ours}nowhere/", "b3"),
                )
            ],
            fetch=net({}),
        )
        assert translation.get_language() == "fr"
    assert [(one.code, one.block) for one in found if one.level == "error"] == [
        ("link_own_missing", "b2"),
        ("link_own_missing", "b3"),
    ]
    assert [one.values["links"] for one in found if one.level == "ok"] == [1]


def test_a_site_that_only_begins_like_ours_is_not_ours(settings):
    settings.SITE_URL = "https://act.bus42.org"
    assert own_pages.is_ours("https://act.bus42.org/en/")
    for url in (
        "https://act.bus42.org.evil.net/",
        "http://act.bus42.org/",
        "https://act.bus42.org:8443/",
        "//[/",
    ):
        assert not own_pages.is_ours(url)
