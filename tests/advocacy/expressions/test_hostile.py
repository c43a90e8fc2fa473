"""Hostile and awkward inputs through the real form: refused with a word at the field, or kept unchanged and inert.

Our own cases always; those of ../shared/data/hostile/sample.jsonl as well where that folder is present.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from django.test import Client

from advocacy.expressions import links, moderating, words, writing
from advocacy.models import Campaign, Expression
from mailer.models import Message
from tests.advocacy.expressions.test_form import fill
from tests.advocacy.pages import Page, Visitor
from tests.factories import make_campaign, make_user
from tests.shared_data import shared

pytestmark = pytest.mark.django_db

SAMPLE = shared("data/hostile/sample.jsonl")
FIELDS = {"supporter.name": "name", "supporter.email": "email", "letter.body": "statement"}
OWN: list[dict[str, Any]] = [
    {"id": "name-crlf", "field": "name", "value": "Eve\r\nBcc: x@evil.test", "expect": ["reject"]},
    {"id": "name-separator", "field": "name", "value": "Eve\u2028Bcc: x", "expect": ["reject"]},
    {"id": "name-override", "field": "name", "value": "Eve\u202egnp.exe", "expect": ["reject"]},
    {"id": "name-nul", "field": "name", "value": "Eve\0", "expect": ["reject"]},
    {"id": "name-site", "field": "name", "value": "cheap-pills.example.com", "expect": ["reject"]},
    {"id": "name-markup", "field": "name", "value": "<img src=x onerror=alert(1)>", "expect": ["escape"]},
    {"id": "name-braces", "field": "name", "value": "{{ campaign }} {% load x %} Eve", "expect": ["accept"]},
    {"id": "name-arabic", "field": "name", "value": "فاطمة الزهراء", "expect": ["accept"]},
    {"id": "role-address", "field": "role", "value": "write to eve@evil.test", "expect": ["reject"]},
    {"id": "organisation-link", "field": "organisation_name", "value": "www.evil.test", "expect": ["reject"]},
    {"id": "statement-markup", "field": "statement", "value": "</textarea><script>alert(1)</script>", "expect": ["escape"]},
    {"id": "statement-markdown", "field": "statement", "value": "[x](javascript:alert(1)) ![](http://evil.test/x.png)", "expect": ["escape"]},
    {"id": "statement-nul", "field": "statement", "value": "Keep it.\0", "expect": ["reject"]},
    {"id": "statement-override", "field": "statement", "value": "Keep \u202eti", "expect": ["reject"]},
    {"id": "statement-lines", "field": "statement", "value": "One\r\n\r\n\r\n\r\nTwo", "expect": ["accept"]},
    {"id": "statement-marks", "field": "statement", "value": "a" + "\u0301" * 500, "expect": ["accept", "reject"]},
    {"id": "statement-not-utf8", "field": "statement", "raw": b"Keep\xff\xfe it", "expect": ["reject", "escape"]},
    {"id": "statement-surrogate", "field": "statement", "raw": b"Keep\xed\xa0\x80 it", "expect": ["reject", "escape"]},
    {"id": "video-script", "field": "video_url", "value": "javascript:alert(1)", "expect": ["reject"]},
    {"id": "video-data", "field": "video_url", "value": "data:text/html,<script>alert(1)</script>", "expect": ["reject"]},
    {"id": "video-crlf", "field": "video_url", "value": "https://a.test/\r\nX: y", "expect": ["reject"]},
    {"id": "video-quote", "field": "video_url", "value": "https://a.test/\"onmouseover=alert(1)", "expect": ["reject", "escape"]},
    {"id": "video-user", "field": "video_url", "value": "https://youtube.com@evil.test/", "expect": ["reject"]},
    {"id": "video-bracket", "field": "video_url", "value": "https://[::1/", "expect": ["reject"]},
    {"id": "category-forged", "field": "category", "value": "robot", "expect": ["reject"]},
    {"id": "country-forged", "field": "country", "value": "<script>", "expect": ["reject"]},
    {"id": "language-forged", "field": "language", "value": "xx\" onload=", "expect": ["reject"]},
]  # fmt: skip


def _cases() -> list[dict[str, Any]]:
    theirs = [json.loads(line) for line in SAMPLE.read_text().splitlines()] if SAMPLE else []
    # A letter may be longer.
    of_letters = [{**case, "field": FIELDS[case["target"]]} for case in theirs if case["target"] in FIELDS]
    return OWN + [case for case in of_letters if len(_value(case)) <= words.MAX_STATEMENT]


def _value(case: dict[str, Any]) -> str:
    if "value_repeat" in case:
        of = case["value_repeat"]
        return of["pre"] + of["unit"] * of["times"] + of["mid"] + of["close"] * of["times"] + of["post"]
    return case["raw"].decode("utf-8", "surrogateescape") if "raw" in case else case["value"]


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_no_input_breaks_the_form_or_comes_out_as_something_else(case, campaign):
    page = fill(campaign, **{case["field"]: _value(case)})
    # What was typed stands in its field again, where a scheme does nothing.
    assert set(page.active) <= {_value(case)}
    if "One step left" not in page.text:
        assert page.response.status_code in {413, 422}
        assert "reject" in case["expect"]
        assert not Expression.objects.exists()
        return
    assert {"accept", "escape"} & set(case["expect"]), "taken, but it had to be refused"
    expression = Expression.objects.get()
    if "raw" not in case and case["field"] not in {"email", "statement"}:
        kept = getattr(expression, case["field"])
        assert kept == unicodedata.normalize("NFC", _value(case)).strip()
    writing.confirm(expression)
    expression.refresh_from_db()
    moderating.publish(expression, make_user(), expression.revision)
    for shown in _everywhere(expression):
        assert shown.response.status_code == 200
        assert shown.active == []
    for message in Message.objects.all():
        for header in (message.subject, message.from_name, message.reply_to, message.reply_to_name):
            assert not any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in header)


def _everywhere(expression: Expression) -> list[Page]:
    visitor, slug = Visitor(), expression.campaign.slug
    own = links.token(links.OWN, expression)
    return [
        visitor.get(f"/en/c/{slug}/support/"),
        visitor.get(f"/ar/c/{slug}/support/{expression.pk}/"),
        visitor.get(f"/en/c/{slug}/support/{expression.pk}/report/"),
        visitor.get(f"/en/support/mine/{own}/"),
    ]


def test_a_form_too_large_is_refused_before_it_is_read(campaign):
    answer = Client().post(
        f"/en/c/{campaign.slug}/support/new/",
        "statement=" + "x" * 70_000,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 413


def test_a_picture_brought_with_the_public_form_is_not_read(campaign):
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("a.png", b"x" * 60_000)
    Client().post(f"/en/c/{campaign.slug}/support/new/", {"file": file, "name": "Eve"})
    assert not Expression.objects.exists()


def test_nothing_private_stands_in_any_public_page_or_feed(campaign):
    fill(campaign, email="very-secret-mailbox@example.org")
    expression = Expression.objects.get()
    writing.confirm(expression)
    expression.refresh_from_db()
    moderating.publish(expression, make_user(username="secret-moderator"), expression.revision)
    pages = [f"/en/c/{campaign.slug}/", f"/en/c/{campaign.slug}/support/"]
    pages += [f"{pages[1]}feed/", f"{pages[1]}{expression.pk}/", f"{pages[1]}{expression.pk}/report/"]
    for address in pages:
        html = Client().get(address).content.decode()
        assert "secret" not in html, address
        assert expression.nonce not in html, address
