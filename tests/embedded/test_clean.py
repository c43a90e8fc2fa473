"""`make clean`: the data go, but never under servers that run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from embedded import clean
from embedded.errors import EmbeddedError
from embedded.state import State, checkout_state


@pytest.fixture
def checkout_of_its_own(tmp_path, monkeypatch) -> State:
    monkeypatch.delenv("EPISTLE_STATE", raising=False)
    monkeypatch.setattr("embedded.state.CHECKOUT", tmp_path)
    state = checkout_state()
    state.make()
    (state.folder / "postgres").mkdir()
    return state


def test_the_data_of_a_running_service_are_not_removed(checkout_of_its_own):
    with (
        checkout_of_its_own.lock("`make run`"),
        pytest.raises(EmbeddedError, match=rf"(?s)running .*process {os.getpid()}, `make run`.*Ctrl-C"),
    ):
        clean.clean()
    assert (checkout_of_its_own.folder / "postgres").exists()


def test_the_data_of_a_stopped_service_are_removed_and_a_repeat_changes_nothing(checkout_of_its_own):
    clean.clean()
    clean.clean()
    assert not checkout_of_its_own.folder.exists()


def test_a_folder_of_somebodys_own_choice_is_left_to_them(checkout_of_its_own, monkeypatch):
    monkeypatch.setenv("EPISTLE_STATE", str(checkout_of_its_own.folder))
    with pytest.raises(EmbeddedError, match=r"remove .* yourself"):
        clean.clean()
    assert checkout_of_its_own.folder.exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_clean_stops_at_a_running_service_and_removes_nothing(state, checkout: Path, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(checkout / "embedded", copy / "embedded")
    shutil.copy(checkout / "Makefile", copy)
    (copy / "locale/fr/LC_MESSAGES").mkdir(parents=True)
    compiled = copy / "locale/fr/LC_MESSAGES/django.mo"
    compiled.touch()
    arguments = ["make", "-C", str(copy), "clean", f"PYTHON={sys.executable}"]
    environment = {**os.environ, "EPISTLE_STATE": str(state.folder)}
    with state.lock("`make run`"):
        refused = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
    assert refused.returncode != 0
    assert "Epistle is running from this folder" in refused.stderr
    assert compiled.exists()
    environment["EPISTLE_STATE"] = str(tmp_path / "none")
    subprocess.run(arguments, env=environment, check=True, capture_output=True, timeout=60)
    assert not compiled.exists()
    assert not list(copy.rglob("__pycache__"))
