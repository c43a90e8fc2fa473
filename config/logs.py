"""How a log line is written: one JSON object with a constant event and ids, control characters escaped."""

from __future__ import annotations

import logging

import structlog


def formatter() -> logging.Formatter:
    """The formatter of every handler; JSON escapes what could forge a line (CVE-2025-48432)."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
