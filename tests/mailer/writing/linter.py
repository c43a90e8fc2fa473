"""A linter for HTML mail in other people's hands: @emailens/engine from npm, which knows what 15 mail programs support.

PyPI has none that is kept. It is installed once into the machine's temporary folder, at exactly the versions of
tests/mail_linter/package-lock.json and without running their scripts; where there is no npm, tests that ask it are
skipped (EPISTLE_REQUIRE_LINTER=1: they fail).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

_HERE = Path(__file__).resolve().parents[2] / "mail_linter"


def errors(mails: Mapping[str, str]) -> list[list[str]]:
    """What is wrong with some mails' HTML, by name: `[name, rule, message]` for each error."""
    said = subprocess.run(
        ["node", "lint.mjs"],
        cwd=_installed(),
        input=json.dumps(mails).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    found: list[list[str]] = json.loads(said.stdout)
    return found


def _installed() -> Path:
    files = sorted(path for path in _HERE.iterdir() if path.is_file())
    version = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"epistle-mail-linter-{os.getuid()}-{version}"
    if (folder / "node_modules").is_dir() and folder.stat().st_uid == os.getuid():
        return folder
    if not (shutil.which("node") and shutil.which("npm")):
        _absent("there is no npm on this machine")
    begun = Path(tempfile.mkdtemp())
    for path in files:
        shutil.copy(path, begun)
    installed = subprocess.run(
        ["npm", "ci", "--silent"], cwd=begun, capture_output=True, timeout=100, check=False
    )
    if installed.returncode:
        _absent("npm could not install the mail linter")
    try:
        begun.rename(folder)
    except OSError:  # another run was first
        shutil.rmtree(begun)
    return folder


def _absent(why: str) -> None:
    if os.environ.get("EPISTLE_REQUIRE_LINTER"):
        pytest.fail(why)
    pytest.skip(why)
