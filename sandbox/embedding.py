"""Somebody else's website: a page on an origin of its own that embeds a campaign's form, under a strict policy."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from aiohttp import web

from .pages import Safe, fill

SITE = web.AppKey("site", str)

# What docs/staff/embedding.md tells a host site to allow, and nothing besides its own style sheet and form.
POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "img-src data:; script-src {site}; frame-src {site}"
)


def routes() -> list[web.RouteDef]:
    return [web.get("/embedding", page)]


async def page(request: web.Request) -> web.Response:
    """The campaign, member and language of the query, by our script or (`way=frame`) by a frame without one."""
    site = request.app[SITE]
    asked = {name: request.query.get(name, "")[:100] for name in ("campaign", "member", "language", "way")}
    asked["campaign"] = asked["campaign"] or "common-bonds"
    make = _frame if asked["way"] == "frame" else _script
    body = fill(
        _PAGE,
        form=make(site, asked),
        campaign=asked["campaign"],
        member=asked["member"],
        language=asked["language"],
        framed=Safe(" checked") if asked["way"] == "frame" else "",
        site=site,
    )
    headers = {"Content-Security-Policy": POLICY.format(site=site), "X-Content-Type-Options": "nosniff"}
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=headers)


def _script(site: str, asked: dict[str, str]) -> Safe:
    named = Safe(
        "".join(
            fill(' data-{name}="{value}"', name=name, value=asked[name])
            for name in ("campaign", "language", "member")
            if asked[name]
        )
    )
    return fill('<script async src="{site}/embed.js"{named}></script>', site=site, named=named)


def _frame(site: str, asked: dict[str, str]) -> Safe:
    query = urlencode(
        {name: value for name, value in (("language", asked["language"]), ("with", asked["member"])) if value}
    )
    return fill(
        '<iframe src="{site}/embed/c/{campaign}/{query}" title="{campaign}" width="100%" height="720"></iframe>',
        site=site,
        campaign=quote(asked["campaign"], safe=""),
        query=f"?{query}" if query else "",
    )


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A member's website</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/inbox.css"></head><body>
<header><strong>A member's website</strong><nav aria-label="Sandbox"><a href="/">Inbox</a></nav></header>
<main><h1>Take part</h1>
<p>This page stands for a website of somebody else: another origin, and a policy that allows nothing but what an
embedded form of {site} needs.</p>
{form}
<h2>Another form</h2>
<form action="/embedding" class="stack">
<label>Campaign <input name="campaign" value="{campaign}"></label>
<label>Member <input name="member" value="{member}"></label>
<label>Language <input name="language" value="{language}"></label>
<label><input type="checkbox" name="way" value="frame"{framed}> Without script</label>
<button>Show</button></form></main>
<footer>The end of the member's page.</footer></body></html>"""
