"""`make run`: the whole service on this machine, from an empty folder to a page that answers."""

import os
import select
import socket
import warnings
from collections.abc import Mapping
from urllib.parse import urlsplit

from .errors import EmbeddedError
from .processes import free_port, port_is_busy
from .services import own_services
from .state import State, checkout_state
from .supervisor import Stopped, StopSignals, Supervisor, say

READY_WITHIN = 120.0  # seconds for all programs together
WORKERS = {  # name: (queues, processes); reserved, so that no kind of work delays another (DESIGN "The house")
    "confirmations": ("confirmations", 1),
    "letters": ("letters", 2),
    "imports": ("imports", 1),
    "mailings": ("mailings", 1),
    "background": ("events,celery", 1),
}
# True on a laptop and of no interest there: files are served from where they are, and root may be who works here.
UNINTERESTING = ("No directory at", "You're running the worker with superuser privileges")
SANDBOX_PORTS = (8025, 1025)  # HTTP and SMTP; others are taken where these are in use
# What management commands of the same checkout must know beside the servers.
SHARED = ("SITE_URL", "PORT", "SANDBOX_URL", "SANDBOX_SMTP_PORT")


def run(*, stop_with_parent: bool) -> None:
    """Start everything, print where it is, and stop everything when asked to.

    Raises EmbeddedError if something cannot start or ends by itself; all has been stopped by then.
    """
    parent = os.getppid() if stop_with_parent else None
    if os.environ.get("EPISTLE_ENV") == "production":
        raise EmbeddedError(
            "`make run` is for development; with EPISTLE_ENV=production it would seed a demo."
        )
    port = web_port()
    state = checkout_state()
    with StopSignals(parent) as signals, state.lock("`make run`") as ours:
        if not ours:
            raise EmbeddedError(
                f"Epistle is running from this folder already ({state.owner()}).\n"
                "Stop it there with Ctrl-C, or wait for the command to end, and try again."
            )
        if notice := state.notice():
            say(notice)
        require_free(port)
        with own_services(state) as servers:
            environment = environment_for(port, {name: server.url for name, server in servers.items()})
            with Supervisor(state, signals, environment, list(servers.values())) as supervisor:
                try:
                    _start_all(supervisor, state, port, environment)
                    state.publish({name: environment[name] for name in (*servers, *SHARED)})
                    say(addresses(environment))
                    supervisor.watch()
                except Stopped:
                    say("Stopping: the work in hand is finished first. Ctrl-C again stops at once.")
                except EmbeddedError as error:
                    say(f"{str(error).splitlines()[0]} Stopping the rest.")
                    raise
    say("Stopped.")


def _start_all(supervisor: Supervisor, state: State, port: int, environment: Mapping[str, str]) -> None:
    """Prepare the database, then start the rest at once. Returns when every program is ready."""
    sandbox = urlsplit(environment["SANDBOX_URL"])
    mailbox = state.folder / "sandbox"
    mailbox.mkdir(mode=0o700, exist_ok=True)  # as root, others may pass through the folder above it
    supervisor.start(
        "sandbox",
        *("-m", "sandbox", "--port", str(sandbox.port), "--smtp-port", environment["SANDBOX_SMTP_PORT"]),
        *("--state", str(mailbox), "--webhook-url", webhook_url(port, environment)),
        *("--signing-key", environment["MAILGUN_WEBHOOK_SIGNING_KEY"]),
        ready_line="ready",
        stop_last=True,  # mail in hand is still handed over
    )
    for message in UNINTERESTING:
        warnings.filterwarnings("ignore", message=message)
    supervisor.preload("config.preload")
    supervisor.start("prepare", "-m", "config.prepare", ends=True, preloaded=True)
    supervisor.wait_until_ready(READY_WITHIN)
    supervisor.start(
        "web",
        *("-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"),
        *("--threads", "4", "--graceful-timeout", "5", "--log-level", "warning"),
        ready_when=FirstAnswer(port),
        preloaded=True,
    )
    for name, (queues, processes) in WORKERS.items():
        supervisor.start(
            name,
            *("-m", "celery", "--quiet", "-A", "config", "worker", "--loglevel", "INFO"),
            *("--hostname", f"{name}@%h", "--queues", queues, "--concurrency", str(processes)),
            *("--without-gossip", "--without-mingle"),
            ready_line=rf"{name}@\S+ ready",
            preloaded=True,
        )
    supervisor.start(
        "beat",
        *("-m", "celery", "--quiet", "-A", "config", "beat", "--loglevel", "INFO", "--pidfile", ""),
        *("--schedule", str(state.folder / "beat-schedule")),
        ready_line="beat: Starting",
        preloaded=True,
    )
    supervisor.wait_until_ready(READY_WITHIN)


def environment_for(port: int, servers: Mapping[str, str]) -> dict[str, str]:
    """The environment of every program of the run; what the caller's own has set stays."""
    sandbox_port, smtp_port = (free_port() if port_is_busy(port) else port for port in SANDBOX_PORTS)
    return {
        "SITE_URL": f"http://localhost:{port}",
        "MAILGUN_WEBHOOK_SIGNING_KEY": "sandbox-signing-key",
        "MEDIA_ROOT": str(checkout_state().folder / "media"),
        **os.environ,
        **servers,
        "EPISTLE_ENV": "development",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PORT": str(port),
        "SANDBOX_URL": f"http://127.0.0.1:{sandbox_port}",
        "SANDBOX_SMTP_PORT": str(smtp_port),
        "PYTHONUNBUFFERED": "1",
    }


def webhook_url(port: int, environment: Mapping[str, str]) -> str:
    """Where the sandbox posts what became of a mail, with the secret that the receiver asks for."""
    secret = environment.get("WEBHOOK_SECRET", "sandbox:sandbox-webhook-secret")
    return f"http://{secret}@127.0.0.1:{port}/webhooks/mailgun/tracking/"


def web_port() -> int:
    """The port asked for by PORT. Raises EmbeddedError if it is no port."""
    wanted = os.environ.get("PORT") or "8000"
    if not wanted.isascii() or not wanted.isdigit() or not 0 < int(wanted) < 65_536:
        raise EmbeddedError(f"PORT={wanted} is no port. Example: PORT=8001 make run")
    return int(wanted)


def require_free(port: int) -> None:
    """Raise EmbeddedError unless we could listen on the port."""
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
    except PermissionError:
        raise EmbeddedError(f"Only root may use port {port}. Try another: PORT=8001 make run") from None
    except OSError:
        busy = True
    else:
        busy = port_is_busy(port)
    if busy:
        other = port + 1 if port < 65_535 else 8000
        raise EmbeddedError(
            f"Port {port} is in use by another program. Stop it, or take another port: PORT={other} make run"
        )


class FirstAnswer:
    """Whether the campaign page has answered, be it by an error that the log explains.

    It is asked for once, and never waited for: meanwhile the supervisor has others to listen to.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection: socket.socket | None = None

    def __call__(self) -> bool:
        try:
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self._port), timeout=1)
                self._connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            if not select.select([self._connection], [], [], 0)[0]:
                return False
            answered = self._connection.recv(5) == b"HTTP/"
        except OSError:
            answered = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        return answered


def addresses(environment: Mapping[str, str]) -> str:
    """Where everything is, for the person at the terminal."""
    site = environment["SITE_URL"]
    return f"""
  Epistle is running.

    Campaign page   {site}/
    Staff desk      {site}/staff/   login: demo   password: demo
    Sandbox inbox   {environment["SANDBOX_URL"]}/   (every mail ends here; SMTP on port {environment["SANDBOX_SMTP_PORT"]})
    Embedded form   {environment["SANDBOX_URL"]}/embedding   (a campaign on somebody else's website)

  Ctrl-C stops everything.
"""
