"""The inbox in the browser: a list, a message, the events and the switches. Works without JavaScript."""

from __future__ import annotations

import html
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from . import messages
from .api import DESK, happened
from .outcomes import PLANS, Step
from .store import Entry
from .switches import NAMES

PAGE = 50
_STATIC = Path(__file__).parent / "static"
SEARCH_BLOCKS = 32
"""How many blocks of the log (of 1 MiB) one page looks through before it offers to go on."""

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MAIL_POLICY = (
    # What a careful mail program shows: no script, no form, pictures from this machine only.
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data: http://localhost:* http://127.0.0.1:*; font-src data:; frame-ancestors 'self'"
)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/", inbox),
        web.get("/messages/{position:[0-9]{1,15}}", message_page),
        web.get("/messages/{position:[0-9]{1,15}}/html", message_html),
        web.get("/messages/{position:[0-9]{1,15}}/source", message_source),
        web.get("/posted", posted_page),
        web.get("/switchboard", switchboard),
        web.get("/inbox.css", static_file),
        web.get("/inbox.js", static_file),
    ]


class Safe(str):
    """HTML made here; any other string is escaped by `fill`."""

    __slots__ = ()


def fill(template: str, **values: Any) -> Safe:
    """The template (`str.format`) with every value escaped that is not HTML made here."""
    return Safe(template.format(**{key: _escape(value) for key, value in values.items()}))


def _escape(value: Any) -> str:
    return value if isinstance(value, Safe) else html.escape(str(value))


def _join(parts: list[Safe]) -> Safe:
    return Safe("".join(parts))


# Views


async def inbox(request: web.Request) -> web.Response:
    """The newest messages; `q` is a part of a recipient's address, `before` the place to go on from."""
    query = request.query.get("q", "").strip()
    before = request.query.get("before", "")
    start = int(before) if re.fullmatch(r"[0-9]{1,15}", before) else None
    entries, older = await _search(request, start, query)
    rows = _join([_row(entry) for entry in entries])
    count = request.app[DESK].store.count
    nothing = "No message to such an address here." if query else "No message yet. What is sent appears here."
    listing = fill(
        "<ol class=mails>{rows}</ol>" if entries else "<p>{nothing}</p>", rows=rows, nothing=nothing
    )
    body = fill(
        _INBOX,
        query=query,
        listing=listing,
        count=f"{count:,} accepted",
        older=_older_link(older, query),
        newest=Safe('<a href="/">Newest</a>') if start is not None or query else Safe(""),
    )
    live = start is None and not query
    return _page("Inbox", body, live=live)


async def message_page(request: web.Request) -> web.Response:
    """One message in four views: HTML, text, source, headers."""
    entry = _entry(request)
    if "content" not in entry:
        return _page("Message", fill(_IDS_ONLY, to=entry["recipient"], facts=_facts(entry)))
    rendered = messages.render(request.app[DESK].store.content(*entry["content"]), entry)
    view = request.query.get("view", "html" if rendered.html else "text")
    if view not in _VIEWS:
        raise web.HTTPNotFound(text="No such view")
    body = fill(
        _MESSAGE,
        subject=rendered.header("Subject") or "(no subject)",
        sender=rendered.header("From"),
        to=entry["recipient"],
        history=" · ".join(f"{step} {_when(when)}" for step, when in happened(request, entry)),
        tabs=_join([_tab(name, entry["position"], current=name == view) for name in _VIEWS]),
        view=_view(view, entry, rendered),
        attachments=_attachments(rendered),
    )
    return _page(rendered.header("Subject") or "Message", body)


async def message_source(request: web.Request) -> web.Response:
    """The mail as its recipient got it (RFC 5322), for programs that read mails."""
    entry = _entry(request)
    if "content" not in entry:
        raise web.HTTPNotFound(text="This sandbox keeps ids only")
    rendered = messages.render(request.app[DESK].store.content(*entry["content"]), entry)
    return web.Response(body=rendered.source, content_type="message/rfc822")


async def message_html(request: web.Request) -> web.Response:
    """The HTML part alone, for the frame: no scripts, links open in a new tab."""
    entry = _entry(request)
    if "content" not in entry:
        raise web.HTTPNotFound(text="This sandbox keeps ids only")
    rendered = messages.render(request.app[DESK].store.content(*entry["content"]), entry)
    text = messages.html_with_inline_pictures(rendered)
    base = '<base target="_blank">'
    text, found = re.subn(r"(<head\b[^>]*>)", lambda m: m[1] + base, text, count=1, flags=re.IGNORECASE)
    return _html(text if found else base + text, MAIL_POLICY)


async def posted_page(request: web.Request) -> web.Response:
    """The last events posted to the webhook and how it answered."""
    events = request.app[DESK].events
    rows = [
        fill(
            _POST,
            when=_when(post["time"]),
            event=f"{post['event']} {post['severity']}",
            position=post["position"],
            recipient=post["recipient"],
            answer=post["answer"],
            attempt=post["attempt"],
        )
        for post in list(events.posts)[:-201:-1]
    ]
    counts = events.counts
    body = fill(
        _POSTED,
        posted=f"{counts.posted:,}",
        pending=f"{counts.pending:,}",
        undeliverable=f"{counts.undeliverable:,}",
        url=events.webhook_url or "nowhere",
        rows=_join(rows),
    )
    return _page("Events", body)


async def switchboard(request: web.Request) -> web.Response:
    """The switches that are on, and a form for more."""
    desk = request.app[DESK]
    on = [
        fill(
            _SWITCH,
            name=switch.name,
            recipient=switch.recipient,
            what=NAMES[switch.name],
            times="until switched off" if switch.times is None else f"{switch.times} more times",
        )
        for switch in desk.switches
    ]
    options = [fill(_OPTION, name=name, what=what) for name, what in NAMES.items()]
    body = fill(
        _SWITCHBOARD,
        on=_join(on) if on else Safe("<li>None: everything is accepted.</li>"),
        options=_join(options),
        held=desk.held,
        addresses=_table([(f"{name}@…", _story(plan)) for name, plan in PLANS.items()]),
    )
    return _page("Switches", body)


async def static_file(request: web.Request) -> web.FileResponse:
    return web.FileResponse(_STATIC / request.path.removeprefix("/"))


# Parts


async def _search(request: web.Request, before: int | None, query: str) -> tuple[list[Entry], int | None]:
    """A page of entries, and the place where older ones begin (None: there are none)."""
    found: list[Entry] = []
    blocks = 0
    place: int | None = None
    store = request.app[DESK].store
    for item in store.backward(before, query):
        if isinstance(item, int):
            blocks, place = blocks + 1, item
            if blocks >= SEARCH_BLOCKS:
                break
        else:
            found.append(item)
            place = item["position"]
            if len(found) == PAGE:
                break
    return found, place or None


def _story(plan: tuple[Step, ...]) -> str:
    return ", then ".join(map(str, plan)) or "no news at all"


def _older_link(older: int | None, query: str) -> Safe:
    if older is None:
        return Safe("")
    link = "/?" + urlencode({"before": older} | ({"q": query} if query else {}))
    return fill('<a href="{link}">Older</a>', link=link)


def _entry(request: web.Request) -> Entry:
    entry = request.app[DESK].store.read(int(request.match_info["position"]))
    if entry is None:
        raise web.HTTPNotFound(text="No such message")
    return entry


def _row(entry: Entry) -> Safe:
    return fill(
        _ROW,
        position=entry["position"],
        recipient=entry["recipient"],
        subject=entry.get("subject") or "(no subject)",
        sender=entry.get("from", ""),
        when=_when(entry["time"]),
        note="rejected" if entry.get("rejected") else entry["road"],
    )


def _tab(name: str, position: int, *, current: bool) -> Safe:
    template = '<a href="/messages/{position}?view={name}"{current}>{label}</a>'
    mark = Safe(' aria-current="page"' if current else "")
    return fill(template, position=position, name=name, current=mark, label=_VIEWS[name])


def _view(view: str, entry: Entry, rendered: messages.Rendered) -> Safe:
    if view == "html":
        if not rendered.html:
            return Safe("<p>This message has no HTML part.</p>")
        return fill(
            '<iframe title="The message" src="/messages/{position}/html" '
            'sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>',
            position=entry["position"],
        )
    if view == "text":
        return fill("<pre>{text}</pre>", text=rendered.text or "(no text part)")
    if view == "source":
        return fill("<pre>{text}</pre>", text=rendered.source.decode("utf-8", "replace"))
    return _join([_table(rendered.headers), Safe("<h2>In the log</h2>"), _facts(entry)])


def _facts(entry: Entry) -> Safe:
    variables = [(f"variable {key}", value) for key, value in entry.get("variables", {}).items()]
    keys = ("id", "message_id", "recipient", "domain", "road", "rejected")
    return _table([(key, entry[key]) for key in keys if key in entry] + variables)


def _table(rows: list[tuple[str, Any]]) -> Safe:
    cells = [fill("<tr><th scope=row>{name}</th><td>{value}</td></tr>", name=n, value=v) for n, v in rows]
    return fill("<table>{cells}</table>", cells=_join(cells))


def _attachments(rendered: messages.Rendered) -> Safe:
    items = [
        fill(_ATTACHMENT, name=file.name, kind=file.content_type, size=f"{len(file.data):,}")
        for file in rendered.attachments
    ]
    return fill("<h2>Attachments</h2><ul>{items}</ul>", items=_join(items)) if items else Safe("")


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _page(title: str, body: Safe, *, live: bool = False) -> web.Response:
    return _html(fill(_LAYOUT, title=title, body=body, live=Safe(_LIVE if live else "")), PAGE_POLICY)


def _html(text: str, policy: str) -> web.Response:
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # with none, a browser names no origin either, and is taken for a stranger
        "Cache-Control": "no-store",
    }
    body = text.encode("utf-8", "replace")
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)


_VIEWS = {"html": "HTML", "text": "Text", "source": "Source", "headers": "Headers"}

_LAYOUT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · provider sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/inbox.css">
{live}</head><body>
<header><strong>Provider sandbox</strong><nav aria-label="Sandbox"><a href="/">Inbox</a>
<a href="/posted">Events</a> <a href="/switchboard">Switches</a></nav></header>
<main>{body}</main>
<footer>Nothing here was mailed to anybody.</footer></body></html>"""

_LIVE = """<noscript><meta http-equiv="refresh" content="5"></noscript>
<script src="/inbox.js" defer></script>"""

_INBOX = """<h1>Inbox</h1>
<form role="search" action="/" class="search"><label for="q">Recipient</label>
<input id="q" name="q" type="search" value="{query}" autocomplete="off"> <button>Search</button></form>
<div id="listing"><p class="quiet">{count}</p>{listing}<p class="paging">{newest} {older}</p></div>"""

_ROW = """<li><a href="/messages/{position}"><span class="subject">{subject}</span>
<span class="who">to <bdi>{recipient}</bdi></span>
<span class="quiet">from <bdi>{sender}</bdi> · {when} · {note}</span></a></li>"""

_IDS_ONLY = """<h1>{to}</h1><p>This sandbox keeps ids only.</p>{facts}"""

_MESSAGE = """<h1 dir="auto">{subject}</h1>
<p class="quiet">to <bdi>{to}</bdi> · from <bdi>{sender}</bdi><br>{history}</p>
<nav class="tabs" aria-label="Views">{tabs}</nav>{view}{attachments}"""

_ATTACHMENT = """<li>{name} ({kind}, {size} bytes)</li>"""

_POSTED = """<h1>Events</h1><p>{posted} taken, {pending} waiting, {undeliverable} undeliverable. They go to {url}.</p>
<table><thead><tr><th>Time<th>Event<th>Recipient<th>Answer<th>Attempt</tr></thead><tbody>{rows}</tbody></table>"""

_POST = """<tr><td>{when}</td><td>{event}</td>
<td><a href="/messages/{position}"><bdi>{recipient}</bdi></a></td>
<td>{answer}</td><td>{attempt}</td></tr>"""

_SWITCH = """<li><strong>{name}</strong> for <bdi>{recipient}</bdi>, {times}: {what}
<form method="post" action="/switches"><input type="hidden" name="name" value="{name}">
<input type="hidden" name="recipient" value="{recipient}"><input type="hidden" name="on" value="off">
<button>Switch off</button></form></li>"""

_OPTION = """<option value="{name}">{name}: {what}</option>"""

_SWITCHBOARD = """<h1>Switches</h1><ul class="switches">{on}</ul>
<form method="post" action="/release"><p>{held} calls held. <button>Release them</button></p></form>
<h2>Switch on</h2><form method="post" action="/switches" class="stack">
<label>Fault <select name="name">{options}</select></label>
<label>For recipients <input name="recipient" value="*"></label>
<label>Times (empty: until switched off) <input name="times" inputmode="numeric"></label>
<label>Seconds <input name="seconds" inputmode="decimal"></label>
<label>Status <input name="status" inputmode="numeric" placeholder="503"></label>
<label>Retry-After, in seconds <input name="retry_after" inputmode="numeric"></label>
<label>Count <input name="count" inputmode="numeric" placeholder="1"></label>
<label>Calls a second <input name="per_second" inputmode="decimal" placeholder="1"></label>
<button>Switch on</button></form>
<h2>Addresses with a fate</h2><p>At any domain, also with a number or a tag: bounce-full-2@…, ann+bounce-full@….
Any other address is delivered. A single message to reject@… is refused at once.</p>{addresses}"""
