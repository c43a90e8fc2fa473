"""Dead links, in every language: each address is tried once, by the one fetcher, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urldefrag

from mailer import fetching
from mailer.fetching import Failed, Refused
from mailer.models import MailingText
from mailer.preflight import own_pages
from mailer.preflight.findings import ERROR, OK, WARNING, Finding

GROUP = "links"
MOST = 200
AT_ONCE = 8
SECONDS = 45.0  # for all of them: a worker's task is cut off at two minutes
EACH_SECONDS = 8.0

Fetch = Callable[[str], fetching.Answer]
Progress = Callable[[int, int], None]

_ADDRESSES = {"url", "link", "src"}
# Of these a machine can say nothing: sites that show themselves to people alone, or want a login.
_CLOSED = {401, 402, 403, 405, 406, 418, 429, 451, 999}


@dataclass(frozen=True, slots=True)
class Use:
    """A link where it stands."""

    url: str
    block: str
    language: str


def look(url: str) -> fetching.Answer:
    """What a link is tried with."""
    return fetching.look(url, seconds=EACH_SECONDS)


def check(
    texts: Iterable[MailingText],
    *,
    fetch: Fetch = look,
    progress: Progress | None = None,
    seconds: float = SECONDS,
) -> list[Finding]:
    """A finding for each link that does not work, or one that says all do. No transaction may be open.

    `progress` is told how many of how many were tried. `fetch`: for tests, in place of the network.
    """
    used = list(dict.fromkeys(use for text in texts for use in uses(text)))
    findings = [_empty(use) for use in used if not use.url]
    tried: dict[str, list[Use]] = {}
    for use in used:
        if "{{" in use.url and not _is_slot(use.url):
            findings.append(_of(use, WARNING, "link_with_field"))
        elif use.url.lower().startswith(("http:", "https:")):
            tried.setdefault(urldefrag(use.url).url, []).append(use)
    if not used:
        return [Finding(WARNING, "no_links", GROUP)]
    if len(tried) > MOST:
        findings.append(Finding(WARNING, "links_too_many", GROUP, {"most": MOST}))
    worked = 0
    for url, found in _tried(list(tried)[:MOST], fetch, progress, seconds):
        if found is None:
            worked += 1
            continue
        level, code, status = found
        findings += [_of(use, level, code, status) for use in tried[url]]
    if worked:
        findings.append(Finding(OK, "links_ok", GROUP, {"links": worked, "count": worked}))
    return findings


def uses(text: MailingText) -> Iterator[Use]:
    """Every address in the blocks of a text, whatever their kind."""
    for block in text.blocks:
        if isinstance(block, Mapping):
            for url in _addresses(block):
                yield Use(url.strip(), str(block.get("id", "")), text.language)


def _addresses(value: Any, name: str = "") -> Iterator[str]:
    match value:
        case Mapping():
            if value.get("kind") == "button" and not value.get("url"):
                yield ""
            for key, inside in value.items():
                yield from _addresses(inside, str(key))
        case list():
            for inside in value:
                yield from _addresses(inside, name)
        case str() if name in _ADDRESSES and value:
            yield value
        case str() if "<" in value:
            parser = _Hrefs()
            parser.feed(value)
            yield from parser.found


class _Hrefs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name == "href"]


def _tried(
    urls: list[str], fetch: Fetch, progress: Progress | None, seconds: float
) -> Iterator[tuple[str, tuple[str, str, int] | None]]:
    """Each address with what is wrong with it: level, code, status; None for nothing."""
    outside = [url for url in urls if not own_pages.is_ours(url)]
    done = 0
    for url in urls:  # our own pages are asked here, in this thread, which may use the database
        if own_pages.is_ours(url):
            status = own_pages.status_of(url)
            yield url, None if status < 400 else (ERROR, "link_own_missing", status)
            done += 1
            _tell(progress, done, len(urls))
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="links")
    waiting = {pool.submit(_outcome, url, fetch): url for url in outside}
    try:
        for future in as_completed(waiting, timeout=seconds):
            done += 1
            _tell(progress, done, len(urls))
            yield waiting.pop(future), future.result()
    except TimeoutError:
        for url in waiting.values():
            yield url, (WARNING, "link_not_tried", 0)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _outcome(url: str, fetch: Fetch) -> tuple[str, str, int] | None:
    try:
        status = fetch(url).status
    except Refused as refused:
        return ERROR, "link_private" if refused.word in {"private", "name"} else "link_refused", 0
    except Failed as failed:
        return ERROR, f"link_{failed.word}", 0
    if status < 400:
        return None
    if status in _CLOSED:
        return WARNING, "link_closed", status
    return (WARNING, "link_server", status) if status >= 500 else (ERROR, "link_missing", status)


def _of(use: Use, level: str, code: str, status: int = 0) -> Finding:
    values = {"url": use.url, "status": str(status)} if status else {"url": use.url}
    # Overruled once, a link is overruled in every language and block.
    return Finding(
        level, code, GROUP, values, use.block, use.language, about=use.url, may_override=level == ERROR
    )


def _empty(use: Use) -> Finding:
    return Finding(ERROR, "link_empty", GROUP, {}, use.block, use.language, about=use.block)


def _is_slot(url: str) -> bool:
    return url.startswith("{{") and url.endswith("}}")


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done, total)
