"""Puts the sandbox together and runs it: store, events, HTTP and SMTP in one event loop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from . import api, embedding, pages, smtp
from .desk import Desk
from .events import Events
from .store import Keep, Store

MAX_BODY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line says. `event_delay` is in seconds."""

    host: str
    port: int
    smtp_port: int
    state: Path
    webhook_url: str
    webhook_secret: str
    signing_key: str
    api_key: str
    keep: Keep
    event_delay: float
    attempts: int
    site_url: str


async def run(settings: Settings, announce: Callable[[str, int], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` is called with the HTTP address and the SMTP port when ready.

    Raises OSError for a port or folder that cannot be used, StateInUseError for a folder in use.
    """
    store = Store(settings.state, settings.keep)
    events = Events(
        store,
        settings.webhook_url,
        settings.webhook_secret,
        settings.signing_key,
        unit=settings.event_delay,
        attempts=settings.attempts,
    )
    desk = Desk(store, events)
    runner = web.AppRunner(
        make_app(desk, settings.api_key, settings.site_url), access_log=None, shutdown_timeout=1
    )
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await events.start()
    await runner.setup()
    try:
        http = web.TCPSite(runner, settings.host, settings.port)
        await http.start()
        mail = await loop.create_server(lambda: smtp.protocol(desk), settings.host, settings.smtp_port)
        port = runner.addresses[0][1]
        announce(f"http://{settings.host}:{port}", mail.sockets[0].getsockname()[1])
        await stopped.wait()
        mail.close()
    finally:
        desk.release(go_on=False)
        await runner.cleanup()
        await events.stop()
        store.close()


def make_app(desk: Desk, api_key: str, site_url: str = "") -> web.Application:
    app = web.Application(client_max_size=MAX_BODY, middlewares=[_own_pages_only])
    app[api.DESK] = desk
    app[api.API_KEY] = api_key
    app.add_routes(api.routes())
    app[embedding.SITE] = site_url
    app.add_routes(pages.routes())
    app.add_routes(embedding.routes())
    return app


@web.middleware
async def _own_pages_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse changes asked for by another site's page in the developer's browser."""
    origin = request.headers.get("Origin")
    if request.method not in ("GET", "HEAD") and origin and urlsplit(origin).netloc != request.host:
        raise web.HTTPForbidden(text="Asked for by another site")
    return await handler(request)
