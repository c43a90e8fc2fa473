"""The HTTP side for programs: Mailgun's API, and the sandbox's own log, switches and events as JSON."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import re
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiohttp import web

from . import mailgun, messages, outcomes
from .desk import Desk, Fault, HangUpError, Refusal
from .forms import read_form
from .store import Call, Entry
from .switches import SwitchError

DESK = web.AppKey("desk", Desk)
API_KEY = web.AppKey("api_key", str)

QUEUED = "Queued. Thank you."
LOG_LIMIT = 1000
"""Most entries one answer of the log or the events API holds."""


def routes() -> list[web.RouteDef]:
    return [
        web.post("/v3/{domain}/messages", send),
        web.get("/v3/{domain}/events", mailgun_events),
        web.get("/log", log),
        web.get("/log/count", log_count),
        web.get("/messages", list_messages),
        web.get("/events", list_events),
        web.post("/events", post_events),
        web.get("/switches", list_switches),
        web.post("/switches", change_switches),
        web.delete("/switches", clear_switches),
        web.post("/release", release),
        web.post("/reset", reset),
    ]


# Mailgun's API


async def send(request: web.Request) -> web.StreamResponse:
    """`POST /v3/{domain}/messages`: accept a message or a batch of up to 1,000, then answer."""
    desk = request.app[DESK]
    domain = _domain(request)
    content_type = request.headers.get("Content-Type", "")
    body = await request.read()
    try:
        submission = mailgun.read_submission(domain, _form(content_type, body))
    except mailgun.RefusedError as error:
        return _message(error.status, str(error))
    recipients = [*submission.to, *submission.copies]
    try:
        refusal = await desk.before(recipients, lambda: _gone(request))
        if refusal is not None:
            return _refused(refusal)
        if len(recipients) == 1 and outcomes.name_of(recipients[0]) == "reject":
            return _message(400, "to parameter is not a valid address. please check documentation")
        await desk.accept(
            Call(
                road="http",
                domain=domain,
                content_type=messages.form_content_type(domain, content_type),
                body=body,
                sender=submission.sender,
                tags=submission.tags,
                mails=submission.mails(),
            )
        )
        fault = await desk.after(recipients)
    except HangUpError:
        return _hang_up(request)
    except OSError as error:
        return _message(500, f"the sandbox cannot write its log: {error.strerror}")
    answer = {"id": submission.answered_id, "message": QUEUED}
    return web.json_response(answer) if fault is None else await _spoil(request, fault, answer)


async def mailgun_events(request: web.Request) -> web.Response:
    """`GET /v3/{domain}/events?message-id=…`: what has happened to a message so far, posted or not.

    Filters `message-id` (required; with or without angle brackets), `recipient`, `event`, `limit`.
    """
    domain = _domain(request)
    wanted = request.query.get("message-id", "").strip("<>")
    if not wanted:
        return _message(400, "the sandbox lists events by message-id only")
    limit = _number(request, "limit", 100, 300)
    items: list[dict[str, Any]] = []
    found = request.app[DESK].store.forward(
        recipient=request.query.get("recipient", ""), message_id=f"<{wanted}>"
    )
    async for entry in paced(found):
        if entry["domain"] == domain:
            items += [mailgun.event_data(entry, step, when) for step, when in happened(request, entry)]
    if kind := request.query.get("event"):
        items = [item for item in items if item["event"] == kind]
    newest_first = sorted(items, key=lambda item: item["timestamp"], reverse=True)
    if request.query.get("ascending") == "yes":
        newest_first.reverse()
    return web.json_response({"items": newest_first[:limit], "paging": {}})


def happened(request: web.Request, entry: Entry) -> list[tuple[outcomes.Step, float]]:
    """What has happened so far to an accepted message, whether or not it was posted."""
    unit = request.app[DESK].events.unit
    rejected = entry.get("rejected", False)
    return list(outcomes.happened(entry["recipient"], entry["time"], unit, rejected=rejected))


def _domain(request: web.Request) -> str:
    """The sending domain, for a caller with the API key. Raises 401 and 404 as Mailgun does."""
    if not _authorized(request):
        raise web.HTTPUnauthorized(text="Forbidden", headers={"WWW-Authenticate": 'Basic realm="MG API"'})
    domain = request.match_info["domain"]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", domain):
        raise web.HTTPNotFound(text='{"message": "Domain not found"}', content_type="application/json")
    return domain.lower()


def _authorized(request: web.Request) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return False
    key = request.app[API_KEY]
    right = hmac.compare_digest(password.encode(), key.encode()) if key else bool(password)
    return scheme.lower() == "basic" and user == "api" and right


def _form(content_type: str, body: bytes) -> Any:
    try:
        return read_form(content_type, body)
    except ValueError as error:
        raise mailgun.RefusedError(str(error)) from None


def _refused(refusal: Refusal) -> web.Response:
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    if refusal.status == 401:
        return web.Response(status=401, text="Forbidden", headers=headers)
    text = {429: "Too Many Requests"}.get(refusal.status, "Told to fail by a switch of the sandbox")
    return web.json_response({"message": text}, status=refusal.status, headers=headers)


def _message(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)


async def _spoil(request: web.Request, fault: Fault, answer: dict[str, str]) -> web.StreamResponse:
    if fault.name == "accept_then_close":
        return _hang_up(request)
    if fault.name == "accept_then_500":
        return _message(500, "Internal Server Error")
    if fault.name == "garbage":
        return web.Response(text='{"id": "<oops', content_type="application/json")
    body = web.json_response(answer).body
    assert isinstance(body, bytes)  # noqa: S101  (json_response always makes bytes)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    for place in range(len(body)):
        await asyncio.sleep(fault.seconds / len(body))
        await response.write(body[place : place + 1])
    await response.write_eof()
    return response


def _hang_up(request: web.Request) -> web.Response:
    """Reset the connection; the response is for aiohttp's books only."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


# The sandbox's own side


async def paced(found: Iterable[Entry | int]) -> AsyncIterator[Entry]:
    """The entries of a walk through the log, with a breath for others after each block."""
    for item in found:
        if isinstance(item, int):
            await asyncio.sleep(0)
        else:
            yield item


async def log(request: web.Request) -> web.Response:
    """Accepted entries, oldest first: `since` (`next` of the last answer), `recipient`, `message_id`, `limit`."""
    limit = _number(request, "limit", LOG_LIMIT, LOG_LIMIT)
    store = request.app[DESK].store
    position = min(_number(request, "since", 0), store.end)
    entries: list[Entry] = []
    for item in store.forward(
        position, request.query.get("recipient", ""), request.query.get("message_id", "")
    ):
        if isinstance(item, int):
            position = item
            await asyncio.sleep(0)
            continue
        entries.append(item)
        if len(entries) == limit:
            position = item["position"] + item["length"]
            break
    return web.json_response({"entries": entries, "next": position, "more": position < store.end})


async def log_count(request: web.Request) -> web.Response:
    return web.json_response({"count": request.app[DESK].store.count})


async def list_messages(request: web.Request) -> web.Response:
    """Whole messages, newest first, as their recipients got them: `recipient` (exact), `limit` (50)."""
    limit = _number(request, "limit", 50, 500)
    recipient = request.query.get("recipient", "").lower()
    store = request.app[DESK].store
    found: list[dict[str, Any]] = []
    async for entry in paced(store.backward(search=recipient)):
        if recipient in ("", entry["recipient"].lower()):
            found.append(_whole(request, entry))
        if len(found) == limit:
            break
    return web.json_response({"messages": found})


def _whole(request: web.Request, entry: Entry) -> dict[str, Any]:
    if "content" not in entry:
        return entry
    rendered = messages.render(request.app[DESK].store.content(*entry["content"]), entry)
    return entry | {
        "headers": rendered.headers,
        "subject": rendered.header("Subject"),
        "to": rendered.header("To"),
        "text": rendered.text,
        "html": rendered.html,
        "links": messages.links(rendered),
        "attachments": [
            {"name": file.name, "content_type": file.content_type, "size": len(file.data)}
            for file in rendered.attachments
        ],
    }


async def list_events(request: web.Request) -> web.Response:
    """The last events posted, oldest first, each with the webhook's answer; and the counts."""
    events = request.app[DESK].events
    recipient = request.query.get("recipient", "").lower()
    posts = [post for post in events.posts if recipient in ("", post["recipient"].lower())]
    counts = events.counts
    return web.json_response(
        {
            "posts": posts,
            "posted": counts.posted,
            "retried": counts.retried,
            "undeliverable": counts.undeliverable,
            "pending": counts.pending,
        }
    )


async def post_events(request: web.Request) -> web.Response:
    """Post events of accepted messages now, whatever the switches say.

    JSON: `recipient` and/or `message_id`; `events` (names; without them, what would have happened by itself);
    `times`, `shuffle`, `bad_signature`. Answers how many messages it concerns. A repeat posts the same event
    again, with the same id.
    """
    wanted = await _json(request)
    recipient, message_id = str(wanted.get("recipient", "")), str(wanted.get("message_id", ""))
    if not recipient and not message_id:
        return _message(400, "say whose events: recipient, message_id or both")
    try:
        named = [outcomes.step_named(str(name)) for name in wanted.get("events") or []]
        times = int(wanted.get("times", 1))
    except (TypeError, ValueError) as error:
        return _message(400, str(error))
    desk = request.app[DESK]
    count = 0
    async for entry in paced(desk.store.forward(recipient=recipient, message_id=message_id)):
        plan = outcomes.plan_for(entry["recipient"], rejected=entry.get("rejected", False))
        desk.events.post_now(
            entry,
            tuple(named) or plan,
            times=times,
            shuffle=bool(wanted.get("shuffle")),
            good_signature=not wanted.get("bad_signature"),
        )
        count += 1
    return web.json_response({"messages": count})


async def list_switches(request: web.Request) -> web.Response:
    """The switches that are on, and how many calls are held."""
    return _switches(request)


async def change_switches(request: web.Request) -> web.Response:
    """Turn a switch on (JSON or form: `name` and its options), or off with `"on": false`."""
    is_form = request.content_type != "application/json"
    options = dict[str, Any](await request.post()) if is_form else await _json(request)
    on = options.pop("on", True) not in (False, "false", "off", "0")
    desk = request.app[DESK]
    try:
        if on:
            desk.switches.turn_on(options)
        else:
            desk.switches.turn_off(options.get("name") or None, options.get("recipient") or None)
    except SwitchError as error:
        return _message(400, str(error))
    if is_form:
        raise web.HTTPSeeOther("/switchboard")
    return _switches(request)


async def clear_switches(request: web.Request) -> web.Response:
    request.app[DESK].switches.turn_off()
    return _switches(request)


async def release(request: web.Request) -> web.Response:
    """Let every held call go on."""
    released = request.app[DESK].release()
    if request.content_type == "application/x-www-form-urlencoded":
        raise web.HTTPSeeOther("/switchboard")
    return web.json_response({"released": released})


async def reset(request: web.Request) -> web.Response:
    """Begin afresh: switches off, held calls closed, waiting events dropped, log emptied."""
    await request.app[DESK].reset()
    return web.json_response({})


def _switches(request: web.Request) -> web.Response:
    desk = request.app[DESK]
    return web.json_response({"switches": [switch.public() for switch in desk.switches], "held": desk.held})


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        data = await request.json()
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise _bad_request("a JSON object is wanted")
    return data


def _number(request: web.Request, name: str, default: int, most: int | None = None) -> int:
    text = request.query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise _bad_request(f"{name} must be a whole number")
    return int(text) if most is None else min(int(text), most)


def _bad_request(text: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"message": text}), content_type="application/json")
