"""What somebody who means harm writes: refused in words, or harmless wherever it comes out."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from django.core.exceptions import ValidationError

from mailer.models import MailingText
from mailer.writing import blocks, checking, rendering
from tests.factories import make_mailing, make_mailing_text
from tests.mailer.writing.samples import EVERY_KIND, block
from tests.shared_data import shared

pytestmark = pytest.mark.django_db

OWN = [
    '"><script>window.pwned=1</script>',
    '\'" onerror="window.pwned=2" x=\'',
    "</title></head><script>window.pwned=3</script>",
    "--><script>window.pwned=4</script><!--",
    "<![endif]--><script>window.pwned=5</script>",
    "javascript:window.pwned=6",
    '{{ unsubscribe_link | "><script>window.pwned=7</script> }}',
    "{% include 'base.html' %}{{ settings.SECRET_KEY }}",
    "</mj-text></mj-column></mj-section><mj-raw><script>window.pwned=8</script></mj-raw>",
    "<mj-include path='/etc/passwd' />",
    "<svg/onload=window.pwned=9>",
    "&#60;script&#62;window.pwned=10&#60;/script&#62;",
    '\\" onmouseover=window.pwned=11 \\"',
    "]]><script>window.pwned=12</script>",
    "<style>@import 'https://evil.test/x.css'</style>",
    "x" * 3_000,
    "<div>" * 500,
    "\ud800\x00\u202e",
]


def hostile() -> list[str]:
    file = shared("data/hostile/sample.jsonl")
    if file is None:
        return []
    cases = [json.loads(line) for line in file.read_text().splitlines()]
    return [
        case["value"]
        for case in cases
        if case["target"] in {"merge_template", "mjml", "letter.body", "supporter.name"} and "value" in case
    ]


class Active(HTMLParser):
    """What a browser would run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag in {"script", "iframe", "object", "embed", "form", "svg", "base", "link"}:
            self.found.append(tag)
        self.found += [name for name, _value in attrs if name.startswith("on")]
        links = [value for name, value in attrs if name in {"href", "src", "background", "style"} and value]
        self.found += [value for value in links if "javascript:" in value.lower()]


def drafted(*given: dict, **fields) -> str:
    mailing = make_mailing(texts=False)
    text = MailingText(mailing=mailing, language="en", blocks=list(given), **fields)
    return rendering.render(text, draft=True).html


@pytest.mark.parametrize(
    "value", [*OWN, *hostile()], ids=lambda value: value[:30].encode("ascii", "replace").decode()
)
def test_nothing_an_author_writes_anywhere_can_run(value: str):
    everywhere = []
    for one in EVERY_KIND:
        kind = blocks.KINDS[one["kind"]]
        for field in kind.fields:
            if field.input in {"line", "rich", "inline", "url", "code"}:
                everywhere.append({**one, field.name: value})
            elif field.input == "items":
                everywhere.append({**one, field.name: [value]})
    html = drafted(*everywhere, subject=value[:200], preheader=value[:200])
    assert Active(html).found == []
    checking.check(html)
    assert "root:" not in html  # /etc/passwd
    sendable = [one for one in blocks.clean(everywhere) if not blocks.problems([one])]
    assert (
        Active(rendering.render(make_mailing_text(make_mailing(texts=False), blocks=sendable)).html).found
        == []
    )


def test_the_sample_s_document_is_taken_and_its_traps_are_refused():
    def read(source: str):
        return blocks.read([{**block("mjml"), "source": source}])

    body = "<mjml><mj-body>{}</mj-body></mjml>"
    section = "<mj-section><mj-column>{}</mj-column></mj-section>"
    assert read(body.format(section.format("<mj-text>Hi</mj-text>")))
    for trap in (
        '<mj-include path="secrets.txt"/>',
        section.format('<mj-button href="javascript:x">x</mj-button>'),
    ):
        with pytest.raises(ValidationError, match=r"Block 1 \(MJML\), Source: Line 1"):
            read(body.format(trap))


@pytest.mark.parametrize("tag", ["div", "span", "mj-wrapper", "table"])
def test_what_would_kill_the_compiler_is_an_error_that_names_the_block(tag: str):
    deep = f"<mj-text>{f'<{tag}>' * 4_000}{f'</{tag}>' * 4_000}</mj-text>"
    text = make_mailing_text(
        make_mailing(texts=False), blocks=[block("text"), {**block("mjml"), "source": deep}]
    )
    with pytest.raises(ValidationError, match=r"Block 2 \(MJML\), Source"):
        rendering.render(text)


def test_a_picture_of_another_organisation_is_not_shown():
    text = make_mailing_text(
        make_mailing(texts=False), blocks=[{**block("picture"), "src": "", "picture": 2_000_000_000}]
    )
    with pytest.raises(ValidationError, match="no longer in the library"):
        rendering.render(text)
