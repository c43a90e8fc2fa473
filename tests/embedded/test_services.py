"""The embedded servers themselves: real PostgreSQL, real Valkey."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from embedded.errors import EmbeddedError
from embedded.postgres import start_postgres
from embedded.services import own_services, services
from embedded.state import State

from .conftest import is_alive, read_until, wait_until

# A command that says where its servers are, and runs until it is told to end.
COMMAND = """
import os, select, sys
from embedded.services import services
with services():
    print("uses", os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    # In short waits: a signal that comes just before a long one would be seen only after it.
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        pass
print("ended")
"""


@pytest.fixture
def command(start_python, state, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    commands = []

    def start():
        reading, writing = os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", COMMAND],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "EPISTLE_STATE": str(state.folder)},
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        os.close(reading)
        process.end = lambda: os.write(writing, b"\n")
        commands.append((process, writing))
        return process

    yield start
    for process, writing in commands:
        process.kill()
        process.communicate()
        os.close(writing)


@pytest.fixture
def servers(state, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    with own_services(state, durable=False) as started:
        yield started


def test_postgresql_listens_on_a_private_socket_and_on_no_port(servers):
    url = servers["DATABASE_URL"].url
    with psycopg.connect(url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    folder = Path(parse_qs(urlsplit(url).query)["host"][0])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_letters_sort_the_same_on_every_machine(servers):
    with psycopg.connect(servers["DATABASE_URL"].url) as connection:
        words = connection.execute("SELECT w FROM unnest(ARRAY['é','z','Z','a']) w ORDER BY w").fetchall()
        assert [word for (word,) in words] == ["Z", "a", "z", "é"]
        assert connection.execute("SELECT lower('ÀÉ')").fetchone() == ("àé",)


def test_valkey_answers_only_to_its_password_and_forgets_nothing(servers):
    url = servers["REDIS_URL"].url
    with redis.Redis.from_url(url) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    stranger = redis.Redis(port=urlsplit(url).port, retry=Retry(NoBackoff(), 0))
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    arguments = Path(f"/proc/{servers['REDIS_URL'].process.pid}/cmdline")
    if arguments.exists():
        assert urlsplit(url).password not in arguments.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers under another account")
def test_started_by_root_the_servers_run_as_nobody(servers):
    for server in servers.values():
        assert Path(f"/proc/{server.process.pid}").stat().st_uid not in (0, os.geteuid())


def test_servers_of_ones_own_replace_the_embedded_ones(state, monkeypatch):
    monkeypatch.setenv("EPISTLE_STATE", str(state.folder / "untouched"))
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/epistle")
    monkeypatch.setenv("REDIS_URL", "redis://valkey.example/0")
    with services():
        assert os.environ["DATABASE_URL"] == "postgres://db.example/epistle"
    assert not (state.folder / "untouched").exists()


def test_a_database_of_ones_own_replaces_only_postgresql(state, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db.example/epistle")
    monkeypatch.delenv("REDIS_URL")
    with own_services(state) as started:
        assert list(started) == ["REDIS_URL"]
    assert not (state.folder / "postgres").exists()


def test_data_survive_a_stop(state, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("REDIS_URL")
    with own_services(state) as started:
        with psycopg.connect(started["DATABASE_URL"].url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS row")
        with redis.Redis.from_url(started["REDIS_URL"].url) as client:
            client.set("kept", "too")
    with own_services(state) as started:
        with psycopg.connect(started["DATABASE_URL"].url) as connection:
            assert connection.execute("SELECT row FROM kept").fetchone() == (1,)
        with redis.Redis.from_url(started["REDIS_URL"].url) as client:
            assert client.get("kept") == b"too"


def test_two_commands_share_the_servers_and_the_first_waits_for_the_second(command):
    first = command()
    address = read_until(first, "uses")[-1]
    second = command()
    assert read_until(second, "uses")[-1] == address
    first.end()
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(timeout=0.5)
    with psycopg.connect(address.split()[1]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    second.end()
    assert first.wait(timeout=60) == 0
    assert second.wait(timeout=60) == 0


def servers_of(state):
    lines = (state.folder / "processes").read_text().splitlines()
    return [json.loads(line)["pid"] for line in lines]


def test_a_start_after_sigkill_works_and_nothing_of_the_old_is_left(command, state):
    killed = command()
    read_until(killed, "uses")
    noted = servers_of(state)
    assert len(noted) == 2
    killed.kill()
    killed.wait()
    following = command()
    read_until(following, "uses")
    wait_until(lambda: not any(map(is_alive, noted)))


def test_a_command_ended_by_sigterm_stops_its_servers(command, state):
    running = command()
    read_until(running, "uses")
    noted = servers_of(state)
    running.send_signal(signal.SIGTERM)
    assert running.wait(timeout=60) == 128 + signal.SIGTERM
    assert not any(map(is_alive, noted))


def test_data_of_another_version_are_refused_in_plain_words(state, servers):
    servers["DATABASE_URL"].stop()
    (state.folder / "postgres" / "PG_VERSION").write_text("13\n")
    with pytest.raises(EmbeddedError, match="was made by PostgreSQL 13"):
        start_postgres(state)


def test_a_pid_file_whose_number_belongs_to_another_program_does_not_hinder_a_start(state, servers):
    server = servers["DATABASE_URL"]
    pid_file = state.folder / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    again = start_postgres(State(state.folder), durable=False)
    again.stop()
