"""The one way this service fetches an address that a person typed: bounded, and never from inside our own network.

Staff are not trusted with the network (RELIABILITY §2, CVE-2026-9557): a name is resolved once, every address it has
must be a public one, and the connection goes to an address that was checked, so that a second answer of the DNS
changes nothing. Each redirect is checked anew. No cookies, no credentials, no proxy of the environment.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import dns.exception
import dns.resolver
import idna

MOST_REDIRECTS = 5
MOST_BYTES = 65_536  # of a body; headers are bounded by http.client (100 of 64 KB)
MOST_CHARACTERS = 2_000  # of an address
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 12.0
AGENT = "Epistle (looks whether a link works)"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, float], Sequence[str]]
Allowed = Callable[[Address], bool]

_PORTS = {"http": 80, "https": 443}

# Only what the world routes. The special blocks of IANA (RFC 6890 and its registries) are named here, because Python
# versions differ about them; so is what leads to an IPv4 address inside a tunnel (6to4, Teredo). Of IPv6 nothing else
# than global unicast (RFC 4291) is taken, which leaves out IPv4-mapped addresses and NAT64.
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_SPECIAL = [
    ipaddress.ip_network(block)
    for block in (
        "100.64.0.0/10",  # carriers' own (RFC 6598); the metadata of some clouds
        "168.63.129.16/32",  # the host of a machine at Azure, a public address by its number
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation, as the next ones
        "198.51.100.0/24",
        "203.0.113.0/24",
        "192.88.99.0/24",  # relay of 6to4 (RFC 7526)
        "198.18.0.0/15",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # Teredo, ORCHID and their like
        "2001:db8::/32",
        "2002::/16",  # 6to4 (RFC 3056)
        "3fff::/20",
    )
]


class Refused(Exception):  # noqa: N818 - said to a person
    """The address may not be fetched. `word`: scheme, credentials, port, name, private, long."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Failed(Exception):  # noqa: N818 - said to a person
    """Nothing came back. `word`: no_name, no_answer, slow, certificate, broken, redirects."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status, the address that gave it after redirects, and the first bytes of the body."""

    status: int
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Target:
    """An address that was looked at. `host` is an A-label or a number; `path` is what stands in the request line."""

    scheme: str
    host: str
    port: int
    path: str
    is_usual_port: bool

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.is_usual_port else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return urlunsplit((self.scheme, self.authority, self.path, "", ""))


def is_public(address: Address) -> bool:
    """Whether the address can be somebody else's machine on the internet, and nothing of ours or of our network's."""
    if any(address.version == block.version and address in block for block in _SPECIAL):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def resolve(host: str, seconds: float) -> list[str]:
    """The addresses of `host` as the DNS has them. No hosts file and no search list: names inside do not exist here.

    Raises Failed where there are none, or none came in time.
    """
    try:
        answers = dns.resolver.resolve_name(f"{host}.", lifetime=max(seconds, 0.1))
    except dns.resolver.LifetimeTimeout as error:
        raise Failed("slow") from error
    except dns.exception.DNSException as error:
        raise Failed("no_name") from error
    return list(answers.addresses())


def fetch(
    url: str,
    *,
    method: str = "GET",
    most_bytes: int = MOST_BYTES,
    seconds: float = TOTAL_SECONDS,
    resolver: Resolver = resolve,
    allowed: Allowed = is_public,
    ports: dict[str, int] = _PORTS,
) -> Answer:
    """Fetch `url`, follow at most five redirects, read at most `most_bytes`, and take at most `seconds` for all of it.

    Raises Refused for an address that may not be fetched, the target of a redirect too, and Failed where nothing
    came back. `resolver`, `allowed` and `ports` are for tests alone: no setting reaches them.
    """
    until = time.monotonic() + seconds
    for _hop in range(MOST_REDIRECTS + 1):
        target = _look_at(url, ports)
        numbers = _checked_addresses(target, resolver, allowed, until)
        answer = _ask(target, numbers, method, most_bytes, until)
        onward = answer.headers.get("location", "")
        if answer.status not in {301, 302, 303, 307, 308} or not onward:
            return answer
        url = urljoin(target.url, onward)
    raise Failed("redirects")


def look(
    url: str,
    *,
    seconds: float = TOTAL_SECONDS,
    resolver: Resolver = resolve,
    allowed: Allowed = is_public,
    ports: dict[str, int] = _PORTS,
) -> Answer:
    """Whether something answers at `url`: a HEAD, and where a server does not know those well a GET of a few bytes."""
    until = time.monotonic() + seconds
    again: Answer | None = None
    try:
        answer = fetch(
            url, method="HEAD", seconds=seconds / 2, resolver=resolver, allowed=allowed, ports=ports
        )
        if answer.status < 400:
            return answer
        again = answer
    except Failed as failed:
        if failed.word not in {"broken", "slow"}:
            raise
    left = until - time.monotonic()
    if left < 0.5 and again is not None:
        return again
    return fetch(url, most_bytes=1_024, seconds=left, resolver=resolver, allowed=allowed, ports=ports)


def _look_at(url: str, ports: dict[str, int]) -> _Target:
    """The parts of an address, each as it will be used. Raises Refused."""
    if len(url) > MOST_CHARACTERS:
        raise Refused("long")
    if any(sign <= " " or sign == "\x7f" for sign in url) or "\\" in url:
        # What programs read in different ways: a space, a line break, a backslash that some take for a slash.
        raise Refused("name")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("name") from None
    if parts.scheme not in ports:
        raise Refused("scheme")
    if parts.username is not None or parts.password is not None:
        raise Refused("credentials")
    if port is not None and port not in ports.values():
        raise Refused("port")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    usual = ports[parts.scheme]
    return _Target(parts.scheme, _host(parts.hostname or ""), port or usual, path, port in {None, usual})


def _host(name: str) -> str:
    """A name as the DNS has it (UTS 46, A-labels), or a number as it is written. Raises Refused."""
    bare = name.removesuffix(".")
    if "%" in bare:  # the zone of an address (RFC 6874) names an interface of ours
        raise Refused("name")
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(bare))
    try:
        host = idna.encode(bare, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise Refused("name") from None
    # "2130706433" and "0x7f.1" are numbers to a C library (inet_aton), and a name to nobody.
    last = host.rpartition(".")[2]
    if "." not in host or last.isdigit() or last.startswith("0x"):
        raise Refused("name")
    return host


def _checked_addresses(target: _Target, resolver: Resolver, allowed: Allowed, until: float) -> list[str]:
    """The addresses to connect to. One that is not public refuses the name: its owner plays with us."""
    with contextlib.suppress(ValueError):
        number = ipaddress.ip_address(target.host)
        if not allowed(number):
            raise Refused("private")
        return [str(number)]
    found = resolver(target.host, _left(until))
    if not found:
        raise Failed("no_name")
    numbers = [ipaddress.ip_address(text.partition("%")[0]) for text in found]
    if not all(allowed(number) for number in numbers):
        raise Refused("private")
    return [str(number) for number in sorted(numbers, key=lambda number: number.version)][:3]


def _ask(target: _Target, numbers: Sequence[str], method: str, most_bytes: int, until: float) -> Answer:
    """One request to one of the checked addresses."""
    wire = _connected(numbers, target.port, until)
    connection = http.client.HTTPConnection(target.host, target.port)
    with _cut_off_at(until) as guard:
        try:
            guard.watch(wire)
            if target.scheme == "https":
                wire = _secured(wire, target.host, guard)
            connection.sock = wire
            connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", target.authority)
            for name, value in _HEADERS.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            headers = {name.lower(): _utf8(value) for name, value in answer.getheaders()}
            body = b"" if method == "HEAD" else answer.read(most_bytes)
        except ssl.SSLCertVerificationError as error:
            raise Failed("certificate") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Failed("slow" if guard.fell or isinstance(error, TimeoutError) else "broken") from error
        finally:
            connection.close()
            wire.close()
    if guard.fell:  # cut off while the body came: what is there is not all, and too late
        raise Failed("slow")
    return Answer(answer.status, target.url, headers, body)


_HEADERS = {
    "User-Agent": AGENT,
    "Accept": "text/html,*/*;q=0.8",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


def _connected(numbers: Sequence[str], port: int, until: float) -> socket.socket:
    for number in numbers:
        try:
            return socket.create_connection((number, port), timeout=min(CONNECT_SECONDS, _left(until)))
        except TimeoutError:
            continue
        except OSError:
            if number == numbers[-1]:
                raise Failed("no_answer") from None
    raise Failed("slow")


def _secured(wire: socket.socket, host: str, guard: _Guard) -> ssl.SSLSocket:
    """The connection under TLS: the name of the address is the one the certificate must hold."""
    secured = ssl.create_default_context().wrap_socket(
        wire, server_hostname=host, do_handshake_on_connect=False
    )
    guard.watch(secured)
    secured.do_handshake()
    return secured


def _left(until: float) -> float:
    """Seconds left. Raises Failed when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise Failed("slow")
    return left


class _Guard:
    """Shuts a connection when the time is over: a time-out of a socket starts anew with every byte that drips in."""

    def __init__(self) -> None:
        self.fell = False
        self._wire: socket.socket | None = None

    def watch(self, wire: socket.socket) -> None:
        self._wire = wire
        if self.fell:
            self.fall()

    def fall(self) -> None:
        self.fell = True
        if self._wire is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown, which would first take the TLS layer from under the reader.
                socket.socket.shutdown(self._wire, socket.SHUT_RDWR)


@contextlib.contextmanager
def _cut_off_at(until: float) -> Iterator[_Guard]:
    guard = _Guard()
    timer = threading.Timer(_left(until), guard.fall)
    timer.daemon = True
    timer.start()
    try:
        yield guard
    finally:
        timer.cancel()


def _utf8(header: str) -> str:
    """A header as servers mean it: http.client reads its bytes as Latin-1."""
    return header.encode("latin-1").decode("utf-8", "replace")
