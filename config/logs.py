"""How a log line is written: a constant event and ids; JSON in production, readable text on a laptop."""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
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
            _leave_out_people,
            _escape_controls,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


class NoTicks(logging.Filter):
    """Leaves out beat's line for each tick: every five seconds the same sentence hides the others."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Scheduler: Sending due task")


class NoTraceOfRefusals(logging.Filter):
    """Leaves the traceback out of a 403: it is an answer like others, and no fault anybody looks for."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
            record.exc_info = record.exc_text = None
        return True


def _drop_request(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Django adds the request to its own records; its text holds the path, and a path may hold a token."""
    event.pop("request", None)
    if event.get("logger") == "django.request":
        event["event"] = str(event["event"]).split(":", 1)[0]
    elif str(event.get("logger")).startswith("django."):
        event["event"] = str(event["event"]).split(": /", 1)[0]  # "Forbidden (CSRF cookie not set.): /path"
    return event


# Exceptions of libraries quote what they choked on; of PostgreSQL's the DETAIL and CONTEXT lines hold values of rows.
_ADDRESS = re.compile(r"[^\s<>()\[\]\"',;:=\\]+@[^\s<>()\[\]\"',;:=\\]+\.[^\s<>()\[\]\"',;:=\\]+")
_VALUES = re.compile(r"(DETAIL|CONTEXT):  .*?(?=\n|\\n|$)")


def _leave_out_people(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """The last line of defence for I10: no e-mail address and no value of a row, in whatever part of the event."""
    return {key: _without_people(value) for key, value in event.items()}


def _without_people(value: Any) -> Any:
    match value:
        case str():
            return _ADDRESS.sub("<address>", _VALUES.sub(r"\1 left out", value))
        case dict():
            return {key: _without_people(part) for key, part in value.items()}
        case list() | tuple():
            return [_without_people(part) for part in value]
        case BaseException():
            return _without_people(repr(value))
        case _:
            return value


def _escape_controls(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """Write control characters of the sentence as escapes, so that no value begins a line of its own
    (CVE-2025-48432)."""
    event["event"] = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in str(event["event"])
    )
    return event
