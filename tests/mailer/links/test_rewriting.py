"""Counted links: found in the HTML of a mailing and led through our own address; everything else stays as it was."""

from __future__ import annotations

import pytest
from django.conf import settings

from mailer import composing
from mailer.links import rewriting, slots
from mailer.models import Link, Mailing
from mailer.writing import messages
from tests.factories import make_mailing
from tests.mailer.writing import linter

pytestmark = pytest.mark.django_db

C = f"{settings.SITE_URL}/c"


@pytest.fixture
def counting() -> Mailing:
    return make_mailing(track_clicks=True)


def body_of(html: str, mailing: Mailing) -> str:
    """The rewritten HTML without what is added at its end."""
    return rewriting.rewrite(html, "", mailing)[0].partition("<!--counting-->")[0]


def test_nothing_is_counted_unless_staff_switch_it_on():
    mailing = make_mailing()
    html = '<body><a href="https://example.org/">x</a></body>'
    assert rewriting.rewrite(html, "text\n", mailing) == (html, "text\n")
    assert not Link.objects.exists()


def test_the_same_address_has_one_number_in_every_language_and_version(counting: Mailing):
    first = body_of(
        '<a href="https://example.org/a">One</a> <a href="https://example.org/b">Two</a>', counting
    )
    second = body_of(
        "<a href='https://example.org/b'>Deux</a><a href=https://example.org/c>Trois</a>", counting
    )
    assert first == f'<a href="{C}/1/{{{{ hit }}}}">One</a> <a href="{C}/2/{{{{ hit }}}}">Two</a>'
    assert second == f'<a href="{C}/2/{{{{ hit }}}}">Deux</a><a href="{C}/3/{{{{ hit }}}}">Trois</a>'
    rows = counting.links.order_by("number").values_list("number", "url", "label")
    assert list(rows) == [
        (1, "https://example.org/a", "One"),
        (2, "https://example.org/b", "Two"),
        (3, "https://example.org/c", "Trois"),
    ]


def test_two_mailings_number_their_links_apart(counting: Mailing):
    other = make_mailing(track_clicks=True)
    for mailing in (counting, other):
        assert f"{C}/1/" in body_of('<a href="https://example.org/">x</a>', mailing)
    assert Link.objects.count() == 2


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ unsubscribe_link }}">leave</a>',
        '<a href="{{ preferences_link }}">choose</a>',
        '<a href="https://example.org/?c={{ url_country | xx }}">yours</a>',
        '<a href="mailto:ann@example.org">write</a>',
        '<a href="tel:+4930123">call</a>',
        '<a href="#top">up</a>',
        '<a href="">nowhere</a>',
        "<a>nowhere</a>",
        '<a name="href=https://example.org/">place</a>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href=" java\nscript:alert(1)">x</a>',
        '<a href="data:text/html,x">x</a>',
        '<a href="//example.org/">x</a>',
        '<a href="https:example.org">x</a>',
        '<a href="https://">x</a>',
        '<a href="http://[::1">x</a>',
        '<a href="https://example.org\\@evil.example/">x</a>',
        '<a href="https://example.org/\u202egro">x</a>',
        '<a href="https://example.org/' + "x" * 2_000 + '">x</a>',
        '<img src="https://example.org/a.png">',
        '<link href="https://example.org/a.css">',
        '<!--[if mso]><a href="https://example.org/">x</a><![endif]-->',
        '<style>a[href="https://example.org/"]{color:red}</style>',
        "Ann &lt;a href=&quot;https://example.org/&quot;&gt;",
    ],
)
def test_what_is_no_fixed_web_address_of_a_link_is_left_alone(html: str, counting: Mailing):
    assert body_of(html, counting) == html
    assert not Link.objects.exists()


def test_only_the_value_of_href_changes(counting: Mailing):
    html = (
        "<!doctype html>\r\n<html>\n<head><title>é &amp; x</title></head><BODY>\n<!--[if mso]><table><![endif]-->"
        "<A\n  title='a > b' HREF = 'https://example.org/?a=1&amp;b=2#c' style=\"color:red\" target=_blank>"
        '<img alt="Read &quot;this&quot;" src=x.png> <b>more</b>\n now</A>\u2028<p>tail'
    )
    changed = body_of(html, counting)
    assert changed == html.replace("'https://example.org/?a=1&amp;b=2#c'", f'"{C}/1/{{{{ hit }}}}"')
    link = counting.links.get()
    assert link.url == "https://example.org/?a=1&b=2#c"
    assert link.label == 'Read "this" more now'


def test_the_first_of_two_values_counts_as_in_a_browser(counting: Mailing):
    html = '<a href="https://example.org/one" href="https://example.org/two">x</a>'
    assert body_of(html, counting) == f'<a href="{C}/1/{{{{ hit }}}}" href="https://example.org/two">x</a>'
    assert counting.links.get().url == "https://example.org/one"


def test_an_area_of_a_picture_is_a_link_too(counting: Mailing):
    assert f"{C}/1/" in body_of('<map><area href="https://example.org/" alt="x"></map>', counting)


def test_the_plain_text_keeps_its_links_and_says_that_links_are_counted(counting: Mailing):
    html, text = rewriting.rewrite("<body><p>x</p></body>", "See https://example.org/\n", counting)
    assert text.startswith("See https://example.org/\n\n")
    assert "We count which links" in text
    assert "We count which links" in html
    assert html.endswith("</body>")


@pytest.mark.parametrize(("language", "lang"), [("fr", "fr"), ("ar", "ar"), ("sw", "en")])
def test_the_sentence_names_its_language_and_direction(counting: Mailing, language: str, lang: str):
    html, _text = rewriting.rewrite("<body></body>", "", counting, language)
    direction = "rtl" if lang == "ar" else "ltr"
    assert f'<div lang="{lang}" dir="{direction}"' in html


def test_the_pixel_comes_only_with_its_own_switch(counting: Mailing):
    opens = make_mailing(track_opens=True)
    assert "/o/" not in rewriting.rewrite("<body></body>", "", counting)[0]
    html, _text = rewriting.rewrite('<body><a href="https://example.org/">x</a></body>', "", opens)
    assert f'<img src="{settings.SITE_URL}/o/{{{{ hit }}}}.gif" alt="" width="1" height="1"' in html
    assert "https://example.org/" in html
    assert "/c/" not in html


def test_one_link_is_there_for_machines_alone(counting: Mailing):
    html, _text = rewriting.rewrite("<body></body>", "", counting)
    assert html.count(f'<a href="{C}/0/{{{{ hit }}}}" tabindex="-1">·</a>') == 1
    assert 'aria-hidden="true"' in html


def test_a_stranger_reads_the_mail_as_if_nothing_were_counted(counting: Mailing):
    counting.track_opens = True
    html = '<body>\n<a href="https://example.org/?a=1&amp;b=%22">x</a></body>'
    counted, _text = rewriting.rewrite(html, "", counting)
    assert rewriting.restored(counted, counting) == html
    moved = counted.replace(settings.SITE_URL, "https://old.example.org")
    assert rewriting.restored(moved, counting) == html


def test_a_frozen_message_of_a_mailing_that_counts_is_counted(counting: Mailing):
    message = messages.message_for(counting, "en").message
    assert f'"{C}/1/{{{{ hit }}}}"' in message.html
    assert counting.links.get().url == "https://epistle.example/write/"
    assert counting.links.get().label == "Write to them"
    assert "https://epistle.example/write/" in message.text
    assert "{{ unsubscribe_link }}" in message.html


def test_a_linter_for_html_mail_finds_nothing_in_what_is_added():
    plain, counted = make_mailing(), make_mailing(track_clicks=True, track_opens=True)
    mails = {
        name: composing.fill_slots(
            messages.message_for(mailing, "en").message.html, slots.for_a_test(mailing, "en")
        )
        for name, mailing in (("plain", plain), ("counted", counted))
    }
    found: dict[str, set[str]] = {name: set() for name in mails}
    for name, rule, _message in linter.errors(mails):
        found[name].add(rule)
    assert found["counted"] == found["plain"]
