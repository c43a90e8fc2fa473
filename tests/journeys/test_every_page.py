"""Every page of tests/pages.py in a real browser, on the real web process, in both directions, wide and narrow.

WCAG 2.2 AA as far as a machine can tell (axe), in light and dark; under the strict policy; nothing asked of others;
nothing that moves while it loads; no page too heavy or wider than a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.looking import HEAVIEST, Watcher, weight
from tests.pages import PUBLIC, Shown
from tests.processes import LiveService
from tests.staff_pages import STAFF, furnish
from tests.world import World, make_world

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(600)]
DIRECTIONS = {"en": "ltr", "ar": "rtl"}


@pytest.fixture
def world(live_web: LiveService, settings) -> World:
    settings.SITE_URL = live_web.site_url
    return make_world()


@pytest.fixture
def watch(browser: Browser, live_web: LiveService) -> Iterator[Callable[[str, str], Watcher]]:
    """Opens a browser window of a language and a size."""
    opened: list[Watcher] = []

    def watch(language: str, size: str) -> Watcher:
        opened.append(Watcher(browser, live_web.site_url, language, size))
        return opened[-1]

    yield watch
    for watcher in opened:
        watcher.close()


@pytest.mark.parametrize("size", ["phone", "desk"])
@pytest.mark.parametrize("language", DIRECTIONS)
def test_every_public_page_can_be_used_by_everybody(watch, world, language, size):
    watcher = watch(language, size)
    wrong = [f"{page.what}: {fault}" for page in PUBLIC for fault in public_faults(watcher, world, page)]
    assert not wrong, "\n".join(wrong)
    assert watcher.context.cookies() == [], "a public page sets no cookie"


@pytest.mark.parametrize("language", DIRECTIONS)
def test_every_main_page_of_the_desk_can_be_used_by_everybody(watch, world, language):
    furnish(world)
    watcher = watch(language, "desk")
    watcher.context.add_cookies(world.cookies(watcher.site, language))
    wrong = [f"{page.what}: {fault}" for page in STAFF for fault in staff_faults(watcher, world, page)]
    assert not wrong, "\n".join(wrong)


def public_faults(watcher: Watcher, world: World, shown: Shown) -> Iterator[str]:
    """What is wrong with a page; nothing for a good one."""
    if shown.is_mail:
        watcher = watcher.unbound()
    answer = watcher.go(f"/{watcher.language}/{shown.path(world)}")
    facts = watcher.facts()
    if answer.status != shown.status:
        yield f"answered {answer.status}"
    if facts["shifts"]:
        yield f"moves while it loads: {facts['shifts']}"
    if (octets := weight(watcher.page, answer, facts["asked"])) > HEAVIEST:
        yield f"weighs {octets} octets"
    if shown.then:
        shown.then(watcher.page)
    yield from _faults(watcher, shown)
    if not shown.is_mail and (small := watcher.small_targets()):
        yield f"targets under 44 pixels: {small}"


def staff_faults(watcher: Watcher, world: World, shown: Shown) -> Iterator[str]:
    watcher.resize("desk")
    answer = watcher.go(shown.path(world))
    if answer.status != shown.status:
        yield f"answered {answer.status}"
    if shown.then:
        shown.then(watcher.page)
    yield from _faults(watcher, shown)
    watcher.resize("phone")
    if (wide := watcher.facts()["wide"]) > 0:
        yield f"is {wide} pixels wider than a phone"
    yield from watcher.axe_again()


def _faults(watcher: Watcher, shown: Shown) -> Iterator[str]:
    facts = watcher.facts()
    expected = (watcher.language, DIRECTIONS[watcher.language])
    if not shown.is_mail and (facts["lang"], facts["dir"]) != expected:
        yield f"is in {facts['lang']}, {facts['dir']}"
    if not shown.is_mail and len(facts["headings"]) != 1:
        yield f"has other than one first heading: {facts['headings']}"
    if facts["wide"] > 0:
        yield f"is {facts['wide']} pixels wider than the window"
    yield from watcher.axe()
    if facts["breaches"]:
        yield f"breaks its policy: {facts['breaches']}"
    if watcher.complaints():
        yield f"the browser complains: {watcher.complaints()}"
    if watcher.foreign():
        yield f"asks others: {watcher.foreign()}"
