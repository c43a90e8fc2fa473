"""Tests in a browser wait for what they look at: a look at once may still see the page before (tests/browser.py)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
MODULES = sorted(path for path in TESTS.rglob("*.py") if path.name != Path(__file__).name)
# Each has an assertion of `expect` that waits, such as `to_be_visible`.
STATES = {"is_visible", "is_hidden", "is_enabled", "is_disabled", "is_editable", "is_checked"}
# Right where they stand after these, the next page need not be there yet.
DEEDS = {"click", "dblclick", "press", "select_option", "go_back"}
LOOKS = {
    *("count", "inner_text", "all_inner_texts", "text_content", "input_value", "get_attribute", "content"),
    *("evaluate", "bounding_box", "url", "objects", "wait_for_load_state"),
}


def looks_too_soon(source: str) -> Iterator[tuple[int, str]]:
    """Line and word of everything in a module that looks at a page, or at what a page changes, without waiting."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert):
            yield from ((node.lineno, word) for word in _words(node) & STATES)
        for deed, look in pairwise(_statements(node)):
            if _is_deed(deed):
                yield from ((look.lineno, word) for word in sorted(_words(look) & LOOKS))


def _statements(node: ast.AST) -> list[ast.stmt]:
    found = getattr(node, "body", None)
    return found if isinstance(found, list) else []  # of a lambda it is an expression


def _is_deed(node: ast.stmt) -> bool:
    """Whether a statement does something that may lead to another page. Tab only moves within one."""
    match node:
        case ast.Expr(value=ast.Call(args=[ast.Constant(value="Tab")])):
            return False
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=attribute))):
            return attribute in DEEDS
    return False


def _words(node: ast.AST) -> set[str]:
    return {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}


def test_no_test_looks_at_a_page_that_may_not_be_there_yet():
    found = [
        f"{path.relative_to(TESTS.parent)}:{line} {word}"
        for path in MODULES
        for line, word in looks_too_soon(path.read_text(encoding="utf-8"))
    ]
    assert found == [], "wait with expect(…), or go there with tests.browser.follow"


@pytest.mark.parametrize(
    "lines",
    [
        "assert page.get_by_text('Saved').is_visible()",
        "assert not page.locator('#keys').is_visible()",
        "page.click('a')\nassert page.url.endswith('/next/')",
        "page.click('a')\nown = page.url",
        "page.get_by_role('button').click()\nassert page.locator('li').count() == 2",
        "page.get_by_role('button').press('Enter')\nassert Letter.objects.exists()",
        "page.get_by_role('button').click()\npage.wait_for_load_state()",
        "def test(page):\n    with page:\n        page.click('a')\n        assert page.locator('h1').inner_text() == 'Next'",
    ],
)
def test_a_look_too_soon_is_seen_in_every_form_it_can_take(lines: str):
    assert list(looks_too_soon(lines))


@pytest.mark.parametrize(
    "lines",
    [
        "expect(page.get_by_text('Saved')).to_be_visible()",
        "follow(page.get_by_role('link'))\nassert page.url.endswith('/next/')",
        "page.click('a')\nexpect(page.locator('li')).to_have_count(2)\nassert page.locator('li').count() == 2",
        "with page.expect_navigation():\n    page.click('a')\nassert Letter.objects.exists()",
    ],
)
def test_a_look_that_has_waited_is_left_alone(lines: str):
    assert not list(looks_too_soon(lines))
