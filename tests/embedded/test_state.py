"""The state folder: one owner, no stranger's process harmed, private sockets."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from embedded.account import Account
from embedded.errors import EmbeddedError
from embedded.processes import birth
from embedded.state import State, checkout_state, temporary_folder_for

from .conftest import is_alive, read_until, wait_until

HOLDER = """
import sys, time
from pathlib import Path
from embedded.state import State
with State(Path(sys.argv[1])).lock("`make run`") as ours:
    print("holds" if ours else "refused")
    time.sleep(600)
"""


def test_a_second_owner_is_refused_and_told_who_the_first_is(state, start_python):
    holder = start_python("-c", HOLDER, str(state.folder))
    read_until(holder, "holds")
    with state.lock("a test") as ours:
        assert not ours
        assert state.owner() == f"process {holder.pid}, `make run`"


def test_the_lock_ends_with_its_owner_even_if_that_was_killed(state, start_python):
    holder = start_python("-c", HOLDER, str(state.folder))
    read_until(holder, "holds")
    holder.kill()
    holder.wait()
    with state.lock("a test") as ours:
        assert ours


def test_a_stranger_who_got_the_number_of_a_dead_child_is_left_alone(state):
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        try:
            noted = {"pid": stranger.pid, "birth": f"not {birth(stranger.pid)}", "signal": signal.SIGTERM}
            (state.folder / "processes").write_text(json.dumps(noted) + "\n")
            with state.lock("a test"):
                assert is_alive(stranger.pid)
        finally:
            stranger.kill()


def test_half_a_line_of_the_list_of_processes_does_not_hinder_a_start(state):
    (state.folder / "processes").write_text('{"pid": 1, "bir')
    with state.lock("a test") as ours:
        assert ours


def test_the_addresses_of_the_servers_are_for_their_user_only(state):
    state.publish({"REDIS_URL": "redis://:secret@127.0.0.1:1/0"})
    assert stat.S_IMODE(state.addresses.stat().st_mode) == 0o600


def test_a_socket_path_too_long_for_the_system_is_replaced_by_a_private_short_one(tmp_path):
    state = State(tmp_path / ("long" * 30))
    state.make()
    account = Account(os.geteuid(), os.getegid())
    folder = state.socket_folder(account)
    try:
        assert len(str(folder / ".s.PGSQL.5432")) < 100
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert state.socket_folder(account) == folder
    finally:
        folder.rmdir()


def test_a_trap_laid_in_the_temporary_folder_is_not_walked_into(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        Account(os.geteuid(), os.getegid()).own_private_folder(tmp_path / "sockets")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user")
def test_a_state_folder_of_another_user_is_refused_in_plain_words(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 12_345, 12_345)
    with pytest.raises(EmbeddedError, match="belongs to another user"):
        State(folder).make()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers under another account")
def test_root_in_a_private_home_keeps_the_data_in_the_temporary_folder(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.delenv("EPISTLE_STATE", raising=False)
    monkeypatch.setattr("embedded.state.CHECKOUT", home / "epistle")
    moved = checkout_state()
    assert moved.folder == temporary_folder_for(home / "epistle" / ".epistle", "state")
    assert str(moved.folder) in moved.notice()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_waiting_owner_goes_on_when_the_last_user_has_ended(state, start_python):
    user = start_python(
        "-c",
        "import sys, time; from pathlib import Path; from embedded.state import State\n"
        "with State(Path(sys.argv[1])).in_use(): print('uses'); time.sleep(0.5)",
        str(state.folder),
    )
    read_until(user, "uses")
    state.wait_for_users()
    wait_until(lambda: user.poll() is not None)
