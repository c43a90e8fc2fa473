"""What a log line may hold: a constant sentence and ids (invariant I10)."""

from __future__ import annotations

import json
import logging

import pytest

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
