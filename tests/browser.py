"""A real browser for the journeys: Playwright on the system's Chromium.

A click returns before the page that it leads to is there, and whatever looks at once (`is_visible()`, `count()`,
`page.url`, a query) may still see the page before. So a test follows a link with `follow`, and waits for what a script
draws with `expect(…)`; tests/test_waiting.py notices where it does neither.
"""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE = 60_000  # milliseconds a page may take on a busy machine; a quick one takes none of them
# Nothing of the browser may leave this machine, and none of it is needed.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The browser's program: CHROMIUM, else the first one on the PATH."""
    named = os.environ.get("CHROMIUM")
    candidates = [named] if named else ["chromium", "chromium-browser", "google-chrome"]
    return next((path for name in candidates if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A headless Chromium for one module's tests; each test opens a context of its own.

    Without Chromium the test is skipped, or fails where EPISTLE_REQUIRE_BROWSER=1.
    """
    program = chromium()
    if program is None:
        missing = "Chromium is not installed (Debian: apt-get install chromium), or set CHROMIUM to its path"
        if os.environ.get("EPISTLE_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import expect, sync_playwright

    # Playwright keeps an event loop in this thread, in which Django refuses its ORM; no code of ours is async.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=program, args=FLAGS)
            running.on("context", lambda context: context.set_default_timeout(PATIENCE))
            expect.set_options(timeout=PATIENCE)
            yield running
            running.close()


def follow(what: "Locator") -> None:
    """Press a link or a button that leads to another page; that page has loaded, its scripts too, when this returns."""
    with what.page.expect_navigation():
        what.click()


def enter(page: "Page") -> None:
    """Press Enter on what leads to another page, and wait for that page as `follow` does."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def settle(page: "Page") -> None:
    """Wait until htmx has put in its place what it fetched, and takes note of what is done there."""
    from playwright.sync_api import expect

    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
