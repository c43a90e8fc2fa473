"""What `make run` says before it starts anything."""

import os
import socket

import pytest

from embedded.errors import EmbeddedError
from embedded.run import environment_for, require_free, web_port, webhook_url
from embedded.state import State


@pytest.fixture
def busy_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_busy_port_is_named_with_a_way_out(start_python, busy_port, state):
    run = start_python(
        "-m",
        "embedded",
        "run",
        PORT=str(busy_port),
        EPISTLE_STATE=str(state.folder),
        EPISTLE_ENV="development",
    )
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert output == (
        f"Port {busy_port} is in use by another program. Stop it, or take another port: "
        f"PORT={busy_port + 1} make run\n"
    )


def test_a_second_run_is_refused_and_told_of_the_first(start_python, state):
    with state.lock("`make run`"):
        run = start_python(
            "-m", "embedded", "run", EPISTLE_STATE=str(state.folder), EPISTLE_ENV="development"
        )
        output, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert f"running from this folder already (process {os.getpid()}, `make run`)" in output


def test_a_run_in_production_is_refused(start_python, state):
    run = start_python("-m", "embedded", "run", EPISTLE_STATE=str(state.folder), EPISTLE_ENV="production")
    output, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "`make run` is for development" in output


@pytest.mark.parametrize("wrong", ["http", "0", "65536", "-1", "８０００"])
def test_a_port_that_is_none_is_named(monkeypatch, wrong):
    monkeypatch.setenv("PORT", wrong)
    with pytest.raises(EmbeddedError, match=f"PORT={wrong} is no port"):
        web_port()


def test_a_free_port_is_taken_without_a_word(busy_port):
    with pytest.raises(EmbeddedError):
        require_free(busy_port)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    require_free(free)


def test_a_sandbox_port_that_is_taken_is_replaced(monkeypatch, busy_port):
    monkeypatch.setattr("embedded.run.SANDBOX_PORTS", (busy_port, busy_port))
    environment = environment_for(8000, {})
    assert environment["SANDBOX_URL"] != f"http://127.0.0.1:{busy_port}"
    assert environment["SANDBOX_SMTP_PORT"] != str(busy_port)


def test_the_sandbox_reports_with_the_secret_the_receiver_asks_for():
    assert (
        webhook_url(8001, {"WEBHOOK_SECRET": "a:b"}) == "http://a:b@127.0.0.1:8001/webhooks/mailgun/tracking/"
    )


def test_a_management_command_works_on_a_clone_where_nothing_ran(start_python, state, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    command = "from accounts.models import User; print(User.objects.count(), 'users')"
    done = start_python("manage.py", "shell", "-v", "0", "-c", command, EPISTLE_STATE=str(state.folder))
    output, _ = done.communicate(timeout=60)
    assert output == "0 users\n"
    assert State(state.folder).published() is None
