"""`python -m sandbox`: run the provider sandbox until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .app import Settings, run
from .store import StateInUseError


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 after an ordered stop, 1 if the sandbox could not start."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="sandbox: %(message)s")
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's; it would log addresses
    webhook_url, webhook_secret = _secret_apart(options.webhook_url, options.webhook_secret)
    settings = Settings(
        host=options.host,
        port=options.port,
        smtp_port=options.smtp_port,
        state=options.state,
        webhook_url=webhook_url,
        webhook_secret=webhook_secret,
        signing_key=options.signing_key,
        api_key=options.api_key,
        keep=options.keep,
        event_delay=options.event_delay,
        attempts=options.attempts,
        site_url=options.site_url.rstrip("/"),
    )
    if options.stop_with_parent:
        threading.Thread(target=_stop_when_stdin_closes, daemon=True).start()
    try:
        asyncio.run(run(settings, _announce))
    except (OSError, StateInUseError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    return 0


def _secret_apart(url: str, secret: str) -> tuple[str, str]:
    """The address without the user and password it may hold, which would be shown; and those, or `secret`."""
    credentials, at, _ = urlsplit(url).netloc.rpartition("@")
    return (url.replace(credentials + at, "", 1), unquote(credentials)) if at else (url, secret)


def _announce(http: str, smtp_port: int) -> None:
    print(f"sandbox ready on {http}, SMTP on {smtp_port}", flush=True)


def _stop_when_stdin_closes() -> None:
    # Not through sys.stdin: a thread inside its buffer makes the interpreter abort at exit.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _parser() -> argparse.ArgumentParser:
    env = os.environ.get
    port = urlsplit(env("SANDBOX_URL", "http://127.0.0.1:8025")).port or 8025
    webhook = f"http://127.0.0.1:{env('PORT', '8000')}/webhooks/mailgun/tracking/"
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A mail provider for development.")
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    add("--port", type=int, default=port, help="HTTP port, 0 for a free one (default: %(default)s)")
    smtp_port = int(env("SANDBOX_SMTP_PORT", "1025"))
    add("--smtp-port", type=int, default=smtp_port, help="SMTP port, 0 for a free one (default: %(default)s)")
    add("--state", type=Path, default=Path(".epistle/sandbox"), help="folder of the log and the contents")
    add(
        "--webhook-url",
        default=webhook,
        help="where events are posted, as user:password@host if it asks; empty for nowhere",
    )
    secret = env("WEBHOOK_SECRET", "sandbox:sandbox-webhook-secret")
    add("--webhook-secret", default=secret, metavar="USER:PASSWORD", help="basic auth of the webhook")
    add("--signing-key", default=env("MAILGUN_WEBHOOK_SIGNING_KEY", "sandbox-signing-key"))
    add("--api-key", default=env("MAILGUN_API_KEY", ""), help="the only key taken; empty for any")
    add("--keep", choices=["all", "ids"], default="all", help="keep contents, or the log only")
    add("--event-delay", type=float, default=1.0, metavar="SECONDS", help="from acceptance to delivery")
    add("--attempts", type=int, default=8, help="how often an event is posted, each wait twice the last")
    site = env("SITE_URL", f"http://localhost:{env('PORT', '8000')}")
    add("--site-url", default=site, help="whose campaigns the page /embedding shows")
    add("--stop-with-parent", action="store_true", help="stop when standard input closes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
