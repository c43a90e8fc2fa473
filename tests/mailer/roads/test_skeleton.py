"""A compiled mail says what a mail built by the standard library would say, for any value, and breaks no rule."""

from __future__ import annotations

import itertools
import random
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from mailer import composing, roads
from mailer.models import Message
from mailer.roads.skeleton import Skeleton

DATE = b"Mon, 09 Nov 2026 12:00:00 +0000"
LINKS = {
    "unsubscribe_link": "https://act.example.org/u/4711-AbCdEfGhIjKlMnOpQrStUvWx",
    "unsubscribe_mailto": "mailto:unsubscribe+4711-AbCdEfGhIjKlMnOpQrStUvWx@mail.example.org",
    "hit": "4711-AbCdEfGhIjKlMnOpQrStUvWx",
    "web_link": "https://act.example.org/w/4711-AbCdEfGhIjKlMnOpQrStUvWx",
}
HEADERS = {
    "List-Unsubscribe": "<{{ unsubscribe_link }}>, <{{ unsubscribe_mailto }}>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "List-Id": "Nouvelles de la coalition – Nachrichten für Zoë <news.example.org>",
    "Precedence": "bulk",
}
HOSTILE = [
    "",
    "Ann",
    "Zoë",
    "محمد عبد الله",
    "👩‍👩‍👧‍👦 family",
    "\r\n.\r\nMAIL FROM:<eve@example.org>",
    "..",
    ".",
    "=?utf-8?b?QW5u?=",
    "a" * 200,
    "é" * 200,
    "& < > \" '" * 20,
    "{{ first_name }}",
    "%recipient.first_name%",
    "--=_boundary",
    "From the start",
    "trailing blank ",
    "\u2028line\u2029separators\x85",
    "\ud800 lone",
    "tab\tand\x00nul",
    "= = = =20",
]


def message(**fields: Any) -> Message:
    return Message(
        **{
            "from_name": "Coalition for Justice",
            "from_address": "news@mail.example.org",
            "subject": "News of November",
            "text": "Dear {{ first_name | friend }},\n\n.a line with a dot\n{{ city }}\nhttps://act.example.org/c/1/{{ hit }}\n\n{{ unsubscribe_link }}\n",
            "html": '<!doctype html>\n<p class="a">Dear {{ first_name | friend }} – {{ city }}</p>\n<a href="https://act.example.org/c/1/{{ hit }}">x</a>\n',
            **fields,
        }
    )


def rendered(content: roads.Content, values: dict[str, str], **options: Any) -> tuple[bytes, EmailMessage]:
    raw = Skeleton(content, **options).render(roads.Recipient(4711, "ann@example.net", values), DATE)
    parsed = message_from_bytes(raw, policy=policy.strict)
    assert isinstance(parsed, EmailMessage)
    return raw, parsed


def plain(value: str) -> str:
    """A value as one line of a body may hold it."""
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+", " ", value)


def body(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("eight_bit", [True, False])
def test_any_value_stands_in_both_parts_as_it_is_and_no_line_is_too_long(eight_bit):
    content = roads.Content(message(), HEADERS)
    for first_name, city in itertools.product(HOSTILE, HOSTILE[:12]):
        values = {**LINKS, "first_name": first_name, "city": city}
        raw, parsed = rendered(content, values, eight_bit=eight_bit)
        said = {"first_name": plain(first_name), "city": plain(city), **LINKS}
        assert body(parsed, "plain").rstrip("\n") == composing.fill(content.message.text, said).rstrip("\n")
        assert body(parsed, "html").rstrip("\n") == composing.fill(
            content.message.html, said, html=True
        ).rstrip("\n")
        assert max(map(len, raw.split(b"\r\n"))) <= 998
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
        ready = Skeleton(content, eight_bit=eight_bit)
        assert ready.render_for_wire(roads.Recipient(1, "a@x.example", values), DATE)[1] or b"\n." not in raw
        assert all(len(parsed.get_all(name)) == 1 for name in parsed)


def test_every_header_stands_there_once_with_its_value():
    content = roads.Content(message(reply_to="office@example.org", reply_to_name="Büro, 2. Stock"), HEADERS)
    _raw, parsed = rendered(content, {**LINKS, "first_name": "Ann", "city": "Nairobi"})
    assert parsed["From"] == "Coalition for Justice <news@mail.example.org>"
    assert parsed["To"] == "ann@example.net"
    assert parsed["Reply-To"] == '"Büro, 2. Stock" <office@example.org>'
    assert parsed["Date"].datetime.year == 2026
    assert re.fullmatch(r"<4711\.[0-9a-f]{24}@epistle\.example>", parsed["Message-ID"])
    assert parsed["List-Unsubscribe"] == f"<{LINKS['unsubscribe_link']}>, <{LINKS['unsubscribe_mailto']}>"
    assert parsed["List-Id"].startswith("Nouvelles de la coalition – Nachrichten für Zoë")
    assert parsed["List-Id"].endswith("<news.example.org>")
    assert parsed["MIME-Version"] == "1.0"
    assert len(parsed.keys()) == len(set(parsed.keys())) == 12


@pytest.mark.parametrize(
    "subject",
    [
        "Short",
        "Ein Brief für {{ first_name | friend }}",
        "A subject that says a great deal more than would go on one line of a mail of {{ first_name }}, truly",
        "=?utf-8?q?forged?= {{ first_name }}",
        "العدالة للجميع {{ first_name }} " * 3,
        "x" * 150,
    ],
)
@pytest.mark.parametrize("name", ["Ann", "Zoë", "محمد", "👩‍👩‍👧‍👦" * 10, "b" * 120])
def test_a_subject_reads_as_it_was_written_on_lines_that_are_short_enough(subject, name):
    raw, parsed = rendered(
        roads.Content(message(subject=subject), {}), {**LINKS, "first_name": name, "city": ""}
    )
    assert parsed["Subject"].strip() == composing.fill(subject, {"first_name": name}).strip()
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(map(len, head.split(b"\r\n"))) <= 200


@pytest.mark.parametrize(
    "value", ["Ann\r\nBcc: eve@example.org", "Ann\nx", "Ann\u2028", "\u202eevil", "a\x00"]
)
def test_a_value_that_would_break_a_header_refuses_this_mail(value):
    skeleton = Skeleton(roads.Content(message(subject="For {{ first_name }}"), {}))
    with pytest.raises(ValidationError):
        skeleton.render(
            roads.Recipient(1, "ann@example.net", {**LINKS, "first_name": value, "city": ""}), DATE
        )


@pytest.mark.parametrize(
    "address", ["ann@example.net\r\nBcc: b@example.org", "a@b.example, c@d.example", "ann", "<a@b.c>"]
)
def test_an_address_that_is_not_one_address_refuses_this_mail(address):
    with pytest.raises(ValidationError):
        Skeleton(roads.Content(message(), {})).render(
            roads.Recipient(1, address, {**LINKS, "first_name": "Ann", "city": ""}), DATE
        )


@pytest.mark.parametrize(
    "link", ["https://x.example/\r\nBcc: b@example.org", "https://é.example/", "x" * 300]
)
def test_a_link_that_could_break_a_header_refuses_this_mail(link):
    values = {**LINKS, "first_name": "Ann", "city": "", "unsubscribe_link": link}
    with pytest.raises(ValidationError):
        rendered(roads.Content(message(), HEADERS), values)


def test_a_value_that_is_missing_refuses_this_mail():
    with pytest.raises(composing.MergeError, match="city"):
        rendered(roads.Content(message(), {}), {**LINKS, "first_name": "Ann"})


@pytest.mark.parametrize("header", [{"X-A": "b\r\nBcc: c@d.example"}, {"X A": "b"}, {"X-A": "nö"}])
def test_a_constant_header_that_could_become_another_one_stops_the_whole_message(header):
    with pytest.raises(ValidationError):
        Skeleton(roads.Content(message(), header))


def test_a_long_line_of_html_is_broken_at_blanks_and_shows_the_same():
    words = "Dear {{ first_name | friend }} and all the others. " * 60
    content = roads.Content(
        message(html=f'<p title="a  b {"c " * 50}">{words}<!--[if mso]> x <![endif]--></p>'), {}
    )
    raw, parsed = rendered(content, {**LINKS, "first_name": "Ann", "city": ""})
    assert b"Content-Transfer-Encoding: quoted-printable" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    shown = composing.fill(content.message.html, {"first_name": "Ann"}, html=True)
    assert body(parsed, "html").replace(" \n", " ").strip() == shown


def test_a_text_that_keeps_its_blanks_is_not_broken_between_words():
    html = "<pre>" + "one two " * 200 + "</pre>"
    _raw, parsed = rendered(roads.Content(message(html=html), {}), {**LINKS, "first_name": "Ann", "city": ""})
    assert body(parsed, "html").strip() == html


def test_a_long_line_of_html_is_broken_inside_its_tags_and_shows_the_same():
    cell = '<td style="padding:0 10px" class="a b">Dear {{ first_name | friend }} <b>and all</b></td>'
    content = roads.Content(message(html="<table><tr>" + cell * 60 + "</tr></table>"), {})
    raw, parsed = rendered(content, {**LINKS, "first_name": "Ann", "city": ""})
    assert b"quoted-printable" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    shown = composing.fill(content.message.html, {"first_name": "Ann"}, html=True)
    assert body(parsed, "html").replace("\n", "").strip() == shown


def test_random_values_of_every_script_come_out_as_they_went_in():
    chance = random.Random(4711)
    content = roads.Content(message(), HEADERS)
    for _round in range(300):
        value = "".join(
            chr(chance.choice([chance.randrange(0x20, 0x3000), chance.randrange(0x1F300, 0x1F700)]))
            for _ in range(chance.randrange(200))
        )
        values = {**LINKS, "first_name": "Ann", "city": value}
        for eight_bit in (True, False):
            _raw, parsed = rendered(content, values, eight_bit=eight_bit)
            assert composing.fill("\n{{ city }}\n", {"city": plain(value)}) in body(parsed, "plain")


@pytest.mark.parametrize(
    ("text", "name", "dots"),
    [
        ("Dear {{ name }}\n", ".", False),
        ("\n{{ name }}", ".x", True),
        ("\n{{ name }}", "x", False),
        ("\n.", "x", True),
        ("\n{{ name }}.", "", True),
    ],
)
def test_a_line_that_begins_with_a_dot_is_never_overlooked(text, name, dots):
    ready = Skeleton(roads.Content(message(html="", text=text), {}))
    octets, may_have = ready.render_for_wire(roads.Recipient(1, "a@x.example", {"name": name}), DATE)
    assert (b"\n." in octets) <= may_have
    assert may_have >= dots


def test_a_mail_without_html_is_one_plain_part():
    _raw, parsed = rendered(
        roads.Content(message(html="", text="Dear {{ first_name }}"), {}), {"first_name": "Zoë"}
    )
    assert parsed.get_content_type() == "text/plain"
    assert parsed.get_content().strip() == "Dear Zoë"
