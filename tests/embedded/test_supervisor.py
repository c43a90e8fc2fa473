"""The supervisor with tiny programs in place of web and workers."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from .conftest import is_alive, read_until, wait_until


@pytest.fixture(params=["copied", "loaded"])
def tiny_run(start_python, state, request):
    def start(**programs):
        arguments = [f"{name}={program}" for name, program in programs.items()]
        return start_python("-m", "tests.embedded.tiny_run", str(state.folder), request.param, *arguments)

    return start


def pids_in(lines):
    return [int(word) for line in lines if "| pids" in line for word in line.split("pids")[1].split()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_lets_work_end_and_leaves_no_process(tiny_run, number):
    run = tiny_run(first="diligent", second="diligent")
    pids = pids_in(read_until(run, "all ready"))
    run.send_signal(number)
    output, _ = run.communicate(timeout=60)
    assert output.count("work finished") == 2
    assert run.returncode == 0
    assert len(pids) == 4
    wait_until(lambda: not any(map(is_alive, pids)))


def test_who_is_to_stop_last_is_asked_when_the_others_have_ended(tiny_run):
    run = tiny_run(last="diligent", worker="diligent")
    read_until(run, "all ready")
    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=60)
    finished = [line.split()[0] for line in output.splitlines() if "work finished" in line]
    assert finished == ["worker", "last"]


def test_a_second_ctrl_c_kills_what_does_not_end(tiny_run):
    run = tiny_run(worker="stubborn")
    pids = pids_in(read_until(run, "all ready"))
    run.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert not any(map(is_alive, pids))


def test_a_program_that_ends_by_itself_is_named_and_stops_the_rest(tiny_run):
    run = tiny_run(web="crashes_when_told", worker="diligent")
    lines = read_until(run, "all ready")
    pids, (web,) = pids_in(lines), pids_in(line for line in lines if line.startswith("web"))
    os.kill(web, signal.SIGUSR1)
    output, _ = run.communicate(timeout=60)
    said = f"web ended with exit code 3. Its last lines:\n  pids {web}\n  ready\n  the disk is full"
    assert said in output
    assert run.returncode == 1
    wait_until(lambda: not any(map(is_alive, pids)))


def test_a_child_killed_by_the_system_takes_its_own_children_along(tiny_run):
    run = tiny_run(worker="diligent")
    worker, grandchild = pids_in(read_until(run, "all ready"))
    os.kill(worker, signal.SIGKILL)
    output, _ = run.communicate(timeout=60)
    assert "worker was ended by SIGKILL" in output
    wait_until(lambda: not is_alive(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_no_child_outlives_a_killed_supervisor(tiny_run):
    run = tiny_run(worker="diligent")
    worker, _ = pids_in(read_until(run, "all ready"))
    run.kill()
    wait_until(lambda: not is_alive(worker))


def test_the_next_start_ends_what_a_killed_one_left(tiny_run):
    killed = tiny_run(worker="stubborn")
    left = pids_in(read_until(killed, "all ready"))
    killed.kill()
    killed.wait()
    assert is_alive(left[0])  # it ignores what the kernel sends
    following = tiny_run(worker="stubborn")
    read_until(following, "all ready")
    assert not is_alive(left[0])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_program_holds_no_file_of_the_supervisor_open(tiny_run, state):
    run = tiny_run(first="stubborn", web="curious")
    lines = read_until(run, "all ready")
    assert not [line for line in lines if "open: " in line and (str(state.folder) in line or "pipe" in line)]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_system_lists_a_program_under_its_own_name(tiny_run):
    run = tiny_run(worker="stubborn")
    (pid,) = pids_in(read_until(run, "all ready"))
    assert "-m tests.embedded.programs.stubborn" in Path(f"/proc/{pid}/cmdline").read_text().replace(
        "\0", " "
    )
