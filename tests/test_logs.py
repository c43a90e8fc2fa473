"""What a log line may hold: a constant sentence and ids (invariant I10)."""

from __future__ import annotations

import json
import logging
import sys
from types import TracebackType

import pytest
from django.db import IntegrityError

from config.logs import formatter


def line(style: str, message: str, logger: str = "epistle", **extra: object) -> str:
    record = logging.makeLogRecord(
        {"name": logger, "msg": message, "levelname": "INFO", "levelno": 20, **extra}
    )
    return formatter(style).format(record)


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_value_cannot_begin_a_line_of_its_own(style):
    assert "\n" not in line(style, "swept\nERROR forged \u2028 line \x1b[31m", lapsed=1)


def test_in_production_a_line_is_json_with_ids():
    found = json.loads(line("json", "a delivery killed its worker each time", delivery=12))
    assert (found["event"], found["delivery"]) == ("a delivery killed its worker each time", 12)


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_request_leaves_no_path_with_a_token_in_the_log(style):
    written = line(
        style, "Not Found: /en/confirm/secret-token/", logger="django.request", request="<GET /secret-token/>"
    )
    assert "secret-token" not in written
    assert "Not Found" in written


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_refused_form_leaves_no_path_with_a_token_in_the_log(style):
    written = line(
        style, "Forbidden (CSRF cookie not set.): /en/confirm/secret-token/", logger="django.security.csrf"
    )
    assert "secret-token" not in written
    assert "CSRF cookie not set" in written


def raised(error: Exception) -> tuple[type[Exception], Exception, TracebackType | None]:
    try:
        raise error
    except type(error):
        return sys.exc_info()


QUOTED = """duplicate key value violates unique constraint "one_contact"
DETAIL:  Key (name, address_key)=(Ann Lee, ann.lee+x@example.org) already exists."""


@pytest.mark.parametrize("style", ["json", "text"])
def test_an_exception_that_quotes_a_row_or_an_address_does_not_name_the_person(style):
    for error in (IntegrityError(QUOTED), ValueError("Invalid address: 'Ann <ann.lee@münchen.example>'")):
        extra = {
            "exc_info": raised(error),
            "data": {"exc": repr(error), "args": [f"{error}"]},
            "cause": error,
        }
        written = line(style, f"Task raised unexpected: {error!r}", **extra)
        assert "ann.lee" not in written
        assert "Ann Lee" not in written
        assert type(error).__name__ in written
        assert "Traceback" in written


def test_the_houses_own_loggers_write_through_the_one_formatter(checkout):
    for path in (path for app in ("config", "mailer", "contacts") for path in (checkout / app).rglob("*.py")):
        assert "structlog.get_logger" not in path.read_text(), path
