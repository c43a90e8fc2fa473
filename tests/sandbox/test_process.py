"""The sandbox as a process: what survives a kill, how it starts, how it stops."""

import base64
import json
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from sandbox.process import start
from tests.sandbox.conftest import post_message

ROOT = Path(__file__).resolve().parents[2]


def test_a_message_is_in_the_log_before_its_call_is_answered(tmp_path):
    with start(tmp_path) as running:
        running.client.switch("hold")

        def post():
            with suppress(requests.ConnectionError):
                post_message(running, **{"v:delivery_id": "42"})

        caller = threading.Thread(target=post)
        caller.start()
        running.client.wait_held()
        running.process.kill()
        running.process.wait()
        caller.join(10)
    [line] = (tmp_path / "accepted.jsonl").read_text().splitlines()
    assert json.loads(line)["variables"] == {"delivery_id": "42"}


def test_the_inbox_survives_a_kill_and_goes_on_where_it_was(tmp_path):
    with start(tmp_path) as running:
        post_message(running, "ann@example.com", subject="Before")
        running.process.kill()
    with start(tmp_path) as running:
        post_message(running, "bob@example.com", subject="After")
        assert running.client.count() == 2
        assert [m["subject"] for m in running.client.messages()] == ["After", "Before"]
        assert "Before" in requests.get(running.url, timeout=5).text


def test_half_a_line_left_by_a_kill_is_dropped_and_the_rest_kept(tmp_path):
    with start(tmp_path) as running:
        post_message(running, "ann@example.com")
    with (tmp_path / "accepted.jsonl").open("a") as log:
        log.write('{"id":"torn')
    with start(tmp_path) as running:
        post_message(running, "bob@example.com")
        assert [entry["recipient"] for entry in running.client.accepted()] == [
            "ann@example.com",
            "bob@example.com",
        ]


@pytest.mark.parametrize("option", ["--port", "--smtp-port"])
def test_a_busy_port_is_one_clear_line_and_exit_code_1(tmp_path, option):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ports = {"--port": "0", "--smtp-port": "0"} | {option: port}
        arguments = [word for pair in ports.items() for word in pair]
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--state", str(tmp_path), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n"), port in done.stderr) == ("", 1, True)


def test_two_sandboxes_never_write_one_log(tmp_path):
    with start(tmp_path), pytest.raises(RuntimeError, match="another sandbox is using"), start(tmp_path):
        pass


def test_it_stops_in_order_on_sigterm_even_while_it_holds_a_call(tmp_path):
    with start(tmp_path) as running:
        running.client.switch("hold")
        threading.Thread(target=lambda: suppress_closed(running), daemon=True).start()
        running.client.wait_held()
        assert running.stop() == 0


def suppress_closed(running):
    with suppress(requests.ConnectionError):
        post_message(running)


def test_it_stops_when_the_process_that_started_it_is_gone(tmp_path):
    with start(tmp_path) as running:
        running.process.stdin.close()
        assert running.process.wait(10) == 0


def test_a_secret_in_the_address_of_the_webhook_is_sent_and_never_shown(tmp_path, webhook):
    address = webhook.url.replace("http://", "http://anny:s%40cret@")
    with start(tmp_path, address) as running:
        post_message(running)
        webhook.wait(1)
        running.client.wait_quiet()
        assert "cret" not in requests.get(f"{running.url}/posted", timeout=5).text
    [(headers, _)] = webhook.posts
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"anny:s@cret").decode()
