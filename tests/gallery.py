"""`make screenshots`: every page of the lists, photographed; artefacts/gallery/index.html shows them side by side.

Not collected with the tests: it judges nothing, it is for eyes. One folder for a language, a width and a look; the same
names each time, so that two galleries can be compared.
"""

from __future__ import annotations

import html
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.looking import SIZES, Watcher
from tests.pages import PUBLIC, Shown
from tests.processes import LiveService
from tests.staff_pages import STAFF, furnish
from tests.world import World, make_world

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.timeout(3_000)]
# The pages most people meet are also shown in the dark, and the campaign's in every language.
MAIN = {
    "campaign",
    "choose",
    "letter",
    "status",
    "share",
    "support",
    "resources",
    "home",
    "report",
    "mailing-write",
}
ALL_LANGUAGES = {"campaign", "letter", "share"}
# ONLY="campaign share" takes some pages again and leaves the pictures of the others.
ONLY = set(os.environ.get("ONLY", "").split())
TALLEST = 12_000  # pixels; of a longer page the rest is left out
Taken = dict[str, dict[str, str]]


@pytest.fixture
def folder(checkout: Path) -> Path:
    folder = checkout / "artefacts" / "gallery"
    if not ONLY:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_gallery(browser: Browser, live_web: LiveService, settings, folder: Path) -> None:
    settings.SITE_URL = live_web.site_url
    world = make_world(with_a_past=True)
    furnish(world)
    for language in ("en", "ar", "fr", "es"):
        for size in SIZES:
            watcher = Watcher(browser, live_web.site_url, language, size)
            public = [page for page in PUBLIC if language in {"en", "ar"} or page.what in ALL_LANGUAGES]
            _take(watcher, world, [page for page in public if _wanted(page)], folder, "public")
            if language in {"en", "ar"}:
                watcher.context.add_cookies(world.cookies(watcher.site, language))
                _take(watcher, world, [page for page in STAFF if _wanted(page)], folder, "staff")
            watcher.close()
    (folder / "index.html").write_text(_index(folder), encoding="utf-8")


def _wanted(page: Shown) -> bool:
    return not ONLY or page.what in ONLY


def _take(watcher: Watcher, world: World, pages: Iterable[Shown], folder: Path, part: str) -> None:
    for shown in pages:
        prefix = f"/{watcher.language}/" if part == "public" else ""
        watcher.page.emulate_media(color_scheme="light")
        watcher.go(f"{prefix}{shown.path(world)}")
        if shown.then:
            shown.then(watcher.page)
        for look in ("light", "dark") if shown.what in MAIN else ("light",):
            watcher.page.emulate_media(color_scheme=look)
            name = f"{part}-{shown.what}-{watcher.language}-{watcher.size}-{look}.png"
            tall = min(watcher.page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            watcher.page.set_viewport_size(
                {**SIZES[watcher.size], "height": max(tall, SIZES[watcher.size]["height"])}
            )
            # Hiding the caret, Playwright would put a style into the page, which our policy refuses.
            watcher.page.screenshot(path=folder / name, caret="initial")
            watcher.page.set_viewport_size(SIZES[watcher.size])


def _index(folder: Path) -> str:
    """One row for a page, its pictures side by side."""
    rows: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.png")):
        what = path.stem.rsplit("-", 3)[0]
        rows.setdefault(what, []).append(path)
    parts = [
        f"<h2>{html.escape(what)}</h2><div>"
        + "".join(
            f'<figure><a href="{path.name}"><img src="{path.name}" alt="" loading="lazy"></a>'
            f"<figcaption>{html.escape(path.stem.removeprefix(what + '-'))}</figcaption></figure>"
            for path in paths
        )
        + "</div>"
        for what, paths in rows.items()
    ]
    style = (
        "body{font:16px system-ui;margin:2rem}div{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0}"
        "img{height:24rem;width:auto;max-width:30rem;object-fit:cover;object-position:top;border:1px solid #999}"
    )
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title><style>{style}</style><h1>Gallery</h1>{"".join(parts)}'
