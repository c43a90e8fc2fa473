"""Hostile and awkward inputs through the real form: refused with a word at the field, or kept unchanged and inert.

Our own cases always; those of ../shared/data/hostile/sample.jsonl as well where that folder is present.
"""

from __future__ import annotations

import html
import json
import time
import unicodedata
from typing import Any

import pytest

from advocacy import letters, tokens
from advocacy.models import Campaign, Letter, Submission
from contacts.addresses import parse
from mailer.models import Message
from tests.advocacy.pages import Page, Visitor
from tests.factories import make_campaign, make_legislature, make_mandate
from tests.shared_data import shared

pytestmark = pytest.mark.django_db

SAMPLE = shared("data/hostile/sample.jsonl")
FIELDS = {
    "supporter.name": "name",
    "supporter.place": "place",
    "supporter.email": "email",
    "letter.subject": "own_subject",
    "letter.body": "body",
}
OWN: list[dict[str, Any]] = [
    {"id": "name-crlf", "target": "supporter.name", "value": "Eve\r\nBcc: x@evil.test", "expect": ["reject"]},
    {"id": "name-line-separator", "target": "supporter.name", "value": "Eve\u2028Bcc: x", "expect": ["reject"]},
    {"id": "name-direction-override", "target": "supporter.name", "value": "Eve\u202egnp.exe", "expect": ["reject"]},
    {"id": "name-domain", "target": "supporter.name", "value": "cheap-pills.example.com", "expect": ["reject"]},
    {"id": "name-address", "target": "supporter.name", "value": "eve@evil.test", "expect": ["reject"]},
    {"id": "name-braces", "target": "supporter.name", "value": "{{ family_name }} Eve", "expect": ["accept"]},
    {"id": "name-tag", "target": "supporter.name", "value": "{% load x %} Eve", "expect": ["accept"]},
    {"id": "name-arabic", "target": "supporter.name", "value": "فاطمة الزهراء", "expect": ["accept"]},
    {"id": "name-apostrophe", "target": "supporter.name", "value": "Siobhán O’Néill-D'Arcy", "expect": ["accept"]},
    {"id": "name-lone-surrogate", "target": "supporter.name", "raw": b"Eve\xed\xa0\x80", "expect": ["reject", "escape"]},
    {"id": "name-not-utf8", "target": "supporter.name", "raw": b"Eve\xff\xfe", "expect": ["reject", "escape"]},
    {"id": "place-markup", "target": "supporter.place", "value": "<img src=x onerror=alert(1)>", "expect": ["escape"]},
    {"id": "place-link", "target": "supporter.place", "value": "Visit www.evil.test", "expect": ["reject"]},
    {"id": "email-two", "target": "supporter.email", "value": "a@example.org,b@example.org", "expect": ["reject"]},
    {"id": "email-name", "target": "supporter.email", "value": "Eve <eve@example.org>", "expect": ["reject"]},
    {"id": "email-plus", "target": "supporter.email", "value": "eve+bus@example.org", "expect": ["accept"]},
    {"id": "subject-newline", "target": "letter.subject", "value": "Hi\nBcc: x@evil.test", "expect": ["reject"]},
    {"id": "subject-link", "target": "letter.subject", "value": "See https://evil.test", "expect": ["reject"]},
    {"id": "body-two-links", "target": "letter.body", "value": "See https://a.test and https://b.test now.", "expect": ["reject"]},
    {"id": "body-nul", "target": "letter.body", "value": "Please keep line 42.\0 Thank you.", "expect": ["reject"]},
    {"id": "body-too-long", "target": "letter.body", "value": "é" * 5001, "expect": ["reject"]},
    {"id": "body-markup", "target": "letter.body", "value": "</textarea><script>window.pwned=1</script>", "expect": ["escape"]},
    {"id": "body-braces", "target": "letter.body", "value": "Please {{ settings.SECRET_KEY }} keep line 42.", "expect": ["accept"]},
    {"id": "body-crlf", "target": "letter.body", "value": "Line one\r\n.\r\nLine three is here.", "expect": ["accept"]},
]  # fmt: skip


def _cases() -> list[dict[str, Any]]:
    theirs = SAMPLE.read_text().splitlines() if SAMPLE else []
    return OWN + [case for line in theirs if (case := json.loads(line))["target"] in FIELDS]


def _value(case: dict[str, Any]) -> str:
    if "value_repeat" in case:
        of = case["value_repeat"]
        return of["pre"] + of["unit"] * of["times"] + of["mid"] + of["close"] * of["times"] + of["post"]
    return case["raw"].decode("utf-8", "surrogateescape") if "raw" in case else case["value"]


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


@pytest.fixture
def person_id() -> int:
    return make_mandate(make_legislature(country="KE"), email="office@parliament.example").person_id


def _changed(case: dict[str, Any], campaign: Campaign) -> dict[str, str]:
    key, name = f"t{campaign.templates.get().pk}", FIELDS[case["target"]]
    if name == "own_subject":
        return {f"{key}-subject": "own", f"{key}-own_subject": _value(case)}
    return {f"{key}-body" if name == "body" else name: _value(case)}


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_no_input_breaks_the_form_or_comes_out_as_something_else(case, campaign, person_id):
    visitor, started = Visitor(), time.monotonic()
    preview = visitor.fill(visitor.to_letter(campaign, person_id), **_changed(case, campaign))
    assert time.monotonic() - started < case.get("max_seconds", 5)
    assert preview.active == []
    if preview.response.status_code != 200:
        assert "reject" in case["expect"]
        _assert_refused(case, preview)
        return
    assert {"accept", "escape"} & set(case["expect"]), "taken, but it had to be refused"
    sent = visitor.send(preview.form("/write/letter/"), button="send")
    assert "One step left" in sent.text
    submission = Submission.objects.get()
    _assert_unchanged(case, submission)
    confirmation = visitor.get(f"/en/confirm/{tokens.make('confirm', submission)}/")
    status = visitor.send(confirmation.forms[0])
    letters.dispatch_due(now=Letter.objects.get().slot)
    for page in (sent, confirmation, status):
        assert page.response.status_code == 200
        assert page.active == []
    for message in Message.objects.all():
        for header in (message.subject, message.from_name, message.reply_to, message.reply_to_name):
            assert not any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in header)


def _assert_refused(case: dict[str, Any], page: Page) -> None:
    assert page.response.status_code in {413, 422}
    assert not Submission.objects.exists()
    if page.response.status_code == 422:
        assert 'class="error"' in page.html
        assert 'class="note bad summary"' in page.html


def _assert_unchanged(case: dict[str, Any], submission: Submission) -> None:
    letter, name = submission.letters.get(), FIELDS[case["target"]]
    value = unicodedata.normalize("NFC", _value(case)).replace("\r\n", "\n").strip()
    if "raw" in case:
        return  # not text: whatever stands for it is as good as any
    if name == "email":
        assert submission.supporter.address_key == parse(case.get("same_contact_as", value)).key
    else:
        kept = {"name": submission.name, "place": submission.place, "own_subject": letter.subject}
        assert value in kept.get(name, letter.body)
    if "witness" in case:
        assert case["witness"] not in submission.name


def test_what_was_refused_stands_in_the_form_again_as_it_was_typed(campaign, person_id):
    visitor = Visitor()
    page = visitor.fill(visitor.to_letter(campaign, person_id), name='"><b>http://evil.test</b>')
    assert page.response.status_code == 422
    assert page.form("/write/letter/").values("name") == ['"><b>http://evil.test</b>']
    assert html.escape('"><b>http://evil.test</b>') in page.html


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("query", ["%00=1", "to=%00", "country=%FF", "page=99999", "page=-1", "q=%00", "area=9999999999999999999",
                                   "chamber=%27%22", "party=%F0%9F", "postcode=%00%0A", "via=%0D%0Ax", "to=1&to=1&auto=x"])  # fmt: skip
def test_no_query_breaks_a_page(client, campaign, person_id, method, query):
    for path in ("", "write/", "write/letter/"):
        answer = getattr(client, method)(f"/en/c/{campaign.slug}/{path}?country=KE&{query}")
        assert answer.status_code in {200, 302, 405, 422}
