"""What a browser can tell of a page: that everybody can use it, that it is light, and that it asks nobody else.

A page is loaded once for a language and a width; light and dark are two looks of the same load.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib.staticfiles import finders
from whitenoise.compress import Compressor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

SIZES = {"phone": {"width": 375, "height": 667}, "desk": {"width": 1280, "height": 800}}
HEAVIEST = 100_000  # octets of one public page as they travel, without its pictures (LOOK.md, issue 5)
RULES: dict[str, Any] = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "preload": False,  # it would fetch style sheets at addresses of its own
    "resultTypes": ["violations"],
}
# What a colour scheme can change; all else was looked at in the light.
OF_COLOUR: dict[str, Any] = {
    **RULES,
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
}
# What a window's width can change: what is shown, hidden, moved together or scrolled.
OF_WIDTH: dict[str, Any] = {
    **RULES,
    "runOnly": {
        "type": "rule",
        "values": [
            "aria-hidden-focus",
            "button-name",
            "color-contrast",
            "heading-order",
            "label",
            "link-in-text-block",
            "link-name",
            "region",
            "scrollable-region-focusable",
            "target-size",
        ],
    },
}
# Runs before anything of the page does.
WATCH = """
  window.seen = { shifts: [], breaches: [] };
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) {
      if (one.hadRecentInput) continue;
      const moved = one.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? node?.textContent?.slice(0, 80));
      window.seen.shifts.push(`${one.value.toFixed(4)} ${moved.join(" | ")}`);
    }
  }).observe({ type: "layout-shift", buffered: true });
  document.addEventListener("securitypolicyviolation", (event) => {
    window.seen.breaches.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile ?? ""} ${event.sample ?? ""}`);
  });
"""
# Every fold open; and colours that would fade from one look into the other arrive at once.
OPEN_AND_STILL = """() => {
    document.querySelectorAll("details:not(.desk-menu)").forEach((one) => (one.open = true));
    const still = new CSSStyleSheet();
    still.replaceSync("*, ::before, ::after { transition: none !important; animation: none !important }");
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
}"""
SMALL = """() => [...document.querySelectorAll("button, .button, select, input, .tick label, summary")]
    .filter((one) => one.checkVisibility() && !one.closest(".trap"))
    .filter((one) => !["checkbox", "radio", "hidden", "range", "color"].includes(one.type))
    .filter((one) => !one.matches(".tick label") && one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML.slice(0, 120))"""
FACTS = """() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done({
    lang: document.documentElement.lang,
    dir: getComputedStyle(document.documentElement).direction,
    headings: [...document.querySelectorAll("h1")].filter((one) => one.checkVisibility()).map((one) => one.textContent.trim()),
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    asked: performance.getEntriesByType("resource").map((one) => one.name),
    shifts: window.seen?.shifts ?? [],
    breaches: window.seen?.breaches ?? [],
}))))"""


class Watcher:
    """A browser of its own for one language and width, and what goes wrong in it."""

    def __init__(self, browser: Browser, site: str, language: str, size: str, **options: Any) -> None:
        self.browser, self.site, self.language, self.size = browser, site, language, size
        self._unbound: Watcher | None = None
        locale = {"en": "en-GB"}.get(language, language)
        self.context: BrowserContext = browser.new_context(
            viewport=SIZES[size], locale=locale, color_scheme="light", **options
        )
        self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", lambda message: message.type == "error" and self.said.append(message.text))

    def unbound(self) -> Watcher:
        """The same, for a page that may run nothing at all: not even what looks at it."""
        if self._unbound is None:
            self._unbound = Watcher(self.browser, self.site, self.language, self.size, bypass_csp=True)
        return self._unbound

    def go(self, path: str) -> Response:
        self.asked.clear()
        self.said.clear()
        answer = self.page.goto(f"{self.site}{path}")
        assert answer is not None
        return answer

    def resize(self, size: str) -> None:
        self.size = size
        self.page.set_viewport_size(SIZES[size])

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(FACTS)
        return found

    def axe(self) -> list[str]:
        """What axe finds wrong, in both colour schemes, with every fold open."""
        self.page.evaluate(OPEN_AND_STILL)
        found = _axe(self.page, RULES)
        self.page.emulate_media(color_scheme="dark")
        found += [f"dark: {wrong}" for wrong in _axe(self.page, OF_COLOUR, is_there=True)]
        self.page.emulate_media(color_scheme="light")
        return found

    def axe_again(self) -> list[str]:
        """What axe finds wrong with a page that it has looked at in a window of another size."""
        return [f"{self.size}: {wrong}" for wrong in _axe(self.page, OF_WIDTH, is_there=True)]

    def small_targets(self) -> list[str]:
        found: list[str] = self.page.evaluate(SMALL)
        return found

    def foreign(self) -> list[str]:
        """What was asked of anybody else."""
        return [url for url in self.asked if not url.startswith((f"{self.site}/", "data:", "blob:"))]

    def complaints(self) -> list[str]:
        """What the browser says is wrong; that an answer was 404 or 422, a page says itself.

        A frame that shows a mail runs nothing, so neither does WATCH in it: that refusal is as it should be.
        """
        known = ("the server responded with a status of 4", "Blocked script execution in")
        return [said for said in self.said if not any(words in said for words in known)]

    def close(self) -> None:
        if self._unbound is not None:
            self._unbound.close()
        self.context.close()


def weight(page: Page, answer: Response, asked: list[str]) -> int:
    """Octets of the page as production would send them: its answer as it came, static files as whitenoise packs them.

    Pictures are left out.
    """
    total = answer.request.sizes()["responseBodySize"]
    for url in {*asked}:
        path = urlsplit(url).path
        if path.startswith("/static/"):
            total += _packed(path.removeprefix("/static/"))
        elif path.startswith("/accent/"):
            total += len(page.request.get(url).body())
    return total


@cache
def _packed(name: str) -> int:
    """A static file's size as it leaves production; 0 for a picture."""
    found = finders.find(name)
    assert isinstance(found, str), f"{name} is no static file"
    if name.endswith((".png", ".jpg", ".svg", ".webp", ".gif")):
        return 0
    data, packer = Path(found).read_bytes(), Compressor(use_gzip=False, quiet=True)
    return min(len(packer.compress_brotli(data)), len(data)) if packer.should_compress(name) else len(data)


def _axe(page: Page, rules: dict[str, Any], *, is_there: bool = False) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    if not is_there:
        page.evaluate(Axe().axe_script)
    found = page.evaluate("(rules) => axe.run(rules)", rules)
    return [
        f"{wrong['id']} ({wrong['help']}): {node['html'][:200]}; {node.get('failureSummary', '')[:300]}"
        for wrong in found["violations"]
        for node in wrong["nodes"]
    ]
