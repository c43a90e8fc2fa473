"""Install a lock file into the environment this runs in: `python embedded/install.py requirements.lock`.

With --lock it writes the lock files instead; what follows goes to uv.

Standard library only. uv does it in seconds and is fetched first; where it cannot be had, pip does it. Both
take the package index from the machine's pip configuration and refuse a file whose hash is not in the lock.
Nothing is done if the environment holds the lock already, or the test lock, which is a superset.
"""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = Path(sys.prefix)
STAMP = ENVIRONMENT / "installed-lock"
GROUPS = {"requirements.lock": ["run"], "requirements-test.lock": ["run", "test"]}
SUPERSETS = {"requirements.lock": "requirements-test.lock"}
# What uv calls pip's settings. It reads none of pip's own.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
}
COMMA_SEPARATED = {"find-links"}


def main() -> None:
    if sys.argv[1] == "--lock":
        write_locks(sys.argv[2:])
    else:
        install(Path(sys.argv[1]))


def install(lock: Path) -> None:
    if STAMP.exists() and serves(STAMP.read_text(), lock):
        return
    STAMP.unlink(missing_ok=True)
    print(f"Installing {lock.name} into {ENVIRONMENT} …", flush=True)
    if not install_with_uv(lock):
        print("uv is not to be had or failed; pip does it, which takes a minute …", flush=True)
        subprocess.run([*pip(), "install", "--quiet", "--require-hashes", "-r", lock], check=True)
    STAMP.write_text(fingerprint(lock))


def serves(installed: str, lock: Path) -> bool:
    """Whether an environment with this fingerprint holds all that the lock names."""
    superset = lock.with_name(SUPERSETS.get(lock.name, lock.name))
    return installed in {fingerprint(lock), fingerprint(superset)}


def fingerprint(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def pip() -> list[str]:
    return [sys.executable, "-m", "pip"]


def install_with_uv(lock: Path) -> bool:
    return run_uv("sync", "--quiet", "--python", sys.executable, "--require-hashes", str(lock))


def write_locks(options: list[str]) -> None:
    """Resolve pyproject.toml for every platform, with hashes and without any index's address."""
    for lock, groups in GROUPS.items():
        chosen = [word for group in groups for word in ("--group", group)]
        form = [
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
            "--no-emit-index-url",
            "--no-header",
        ]
        if not run_uv(
            "compile", "--quiet", "pyproject.toml", *chosen, *form, "--output-file", lock, *options
        ):
            sys.exit(f"{lock} could not be written.")


def run_uv(*arguments: str) -> bool:
    """Run `uv pip …`, fetching uv first; whether that worked."""
    uv = ENVIRONMENT / "bin" / "uv"
    if not uv.exists() and subprocess.run([*pip(), "install", "--quiet", "uv"], check=False).returncode:
        return False
    # pip looks into every index for the best file; the hashes make that safe for uv too.
    environment = {"UV_INDEX_STRATEGY": "unsafe-best-match", **pip_settings_for_uv(), **os.environ}
    return subprocess.run([uv, "pip", *arguments], env=environment, check=False).returncode == 0


def pip_settings_for_uv() -> dict[str, str]:
    """The machine's pip configuration as uv's environment variables."""
    listing = subprocess.run([*pip(), "config", "list"], capture_output=True, text=True, check=False).stdout
    settings: dict[str, str] = {}
    for level in ("global.", "install.", ":env:."):  # the later wins
        for line in listing.splitlines():
            key, _, quoted = line.partition("=")
            name = key.removeprefix(level)
            if key.startswith(level) and name in UV_NAMES:
                value = str(ast.literal_eval(quoted))
                settings[UV_NAMES[name]] = ("," if name in COMMA_SEPARATED else " ").join(value.split())
    return settings


if __name__ == "__main__":
    main()
