"""How a log line is written: a constant event and ids; JSON in production, readable text on a laptop."""

from __future__ import annotations

import logging

import structlog
from structlog.typing import EventDict, WrappedLogger


def formatter(style: str) -> logging.Formatter:
    """The formatter of every handler. `style` is "json" or "text"; neither lets a value forge a line."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(
                fmt="iso" if style == "json" else "%H:%M:%S", utc=style == "json"
            ),
            structlog.processors.format_exc_info,
            _drop_request,
            _escape_controls,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


class NoTicks(logging.Filter):
    """Leaves out beat's line for each tick: every five seconds the same sentence hides the others."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Scheduler: Sending due task")


def _drop_request(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Django adds the request to its own records; its text holds the path, and a path may hold a token."""
    event.pop("request", None)
    if event.get("logger") == "django.request":
        event["event"] = str(event["event"]).split(":", 1)[0]
    return event


def _escape_controls(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Write control characters of the sentence as escapes, so that no value begins a line of its own
    (CVE-2025-48432)."""
    event["event"] = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(event["event"])
    )
    return event
