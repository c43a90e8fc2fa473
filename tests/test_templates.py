"""What the strict policy forbids stands in no template, and nothing leaves a template unescaped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SOURCES = sorted(
    path
    for app in ("accounts", "contacts", "mailer", "advocacy", "config")
    for path in (ROOT / app).rglob("*.py")
)
# A mail, or what a mail is shown in: pages sealed by a policy of their own, in which nothing runs and styles are allowed.
OF_A_MAIL = {
    "mailer/archive/_head.html",
    "staff/mailings/_inbox_line.html",
    "staff/mailings/preview_problem.html",
    "staff/mailings/preview_text.html",
}
# Who makes text safe by hand, and why it is.
MADE_SAFE = {
    "accounts/templatetags/desk.py": "a cell of Django's own list, with one attribute more, which is escaped",
    "advocacy/admin/choosing.py": "a template of ours, which escapes",
    "advocacy/prose.py": "Markdown, cleaned by nh3",
    "advocacy/templatetags/pages.py": "constants, and JSON in which no sign can end its tag",
    "mailer/writing/rendering.py": "a mail's blocks, each value escaped when they were written anew",
}

INLINE = {
    "a script inside the page": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.IGNORECASE),
    "a style sheet inside the page": re.compile(r"<style\b", re.IGNORECASE),
    "a style at an element": re.compile(r"<[^<>]*\sstyle\s*=", re.IGNORECASE),
    "a handler at an element": re.compile(r"<[^<>]*\son[a-z]+\s*=", re.IGNORECASE),
    "an address that is a script": re.compile(r"=\s*[\"']?\s*javascript:", re.IGNORECASE),
}
UNESCAPED = re.compile(r"\|\s*safe(?:seq)?\b|autoescape\s+off")
UNCHECKED = re.compile(r"\bmark_safe\(|\bSafeString\(")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


def breaches(text: str) -> list[str]:
    """What the policy of our pages would refuse in this template."""
    plain = re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", "", text, flags=re.DOTALL)
    unescaped = ["text that is not escaped"] if UNESCAPED.search(plain) else []
    html = re.sub(r"\{%.*?%\}", " ", plain, flags=re.DOTALL)
    return unescaped + [what for what, pattern in INLINE.items() if pattern.search(html)]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_holds_nothing_that_the_policy_forbids(path: Path):
    if name_of(path) not in OF_A_MAIL and not name_of(path).startswith("email/"):
        assert breaches(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<script type="module">1</script>',
        "<style>a{}</style>",
        '<p class="x" style="color:red">',
        '<a href="{{ x }}" onclick="go()">',
        '<a href="javascript:go()">',
        "{{ text|safe }}",
        "{% autoescape off %}{{ text }}{% endautoescape %}",
    ],
)
def test_each_breach_would_be_seen(text: str):
    assert breaches(text) != []


def test_what_is_made_safe_by_hand_is_known():
    found = {str(path.relative_to(ROOT)) for path in SOURCES if UNCHECKED.search(path.read_text())}
    assert found == set(MADE_SAFE), (
        "format_html or format_html_join escapes by itself; else say here why it is safe"
    )
