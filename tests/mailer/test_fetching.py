"""The one fetcher: what it may never reach, however the address is written, and that it always comes to an end."""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mailer import fetching
from mailer.fetching import Failed, Refused
from tests.shared_data import shared

NEVER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",  # noqa: S104
    "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "224.0.1.1",
    "240.0.0.1", "255.255.255.255", "192.88.99.1", "192.0.2.7",
    "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::8.8.8.8", "fe80::1", "fec0::1", "fd00:ec2::254", "ff02::1",
    "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2002:808:808::1", "2001::1", "2001:10::1", "2001:db8::1",
    "3fff::1", "100::1", "5f00::1",
]  # fmt: skip


class Site:
    """A server on this machine that the tests take for one on the internet. It notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.resolved: list[str] = []
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {"/": (200, {}, b"hello")}
        self.port = 0

    def resolver(self, host: str, seconds: float) -> list[str]:
        self.resolved.append(host)
        return ["127.0.0.1"]

    def fetch(self, url: str, **options) -> fetching.Answer:
        return fetching.fetch(url, **{**self._ours, **options})

    def look(self, url: str, **options) -> fetching.Answer:
        return fetching.look(url, **{**self._ours, **options})

    @property
    def _ours(self) -> dict:
        return {
            "resolver": self.resolver,
            "allowed": lambda address: address.is_loopback or fetching.is_public(address),
            "ports": {"http": self.port},
        }


@pytest.fixture
def site() -> Iterator[Site]:
    told = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            status, headers, body = told.pages.get(self.path, (404, {}, b""))
            if status == 0:
                self.close_connection = True
                return
            if self.command == "HEAD" and headers.get("X-Head"):
                status = int(headers["X-Head"])
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - named by http.server

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield told
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("number", NEVER)
def test_no_address_of_ours_or_of_a_tunnel_counts_as_public(number):
    assert not fetching.is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("number", ["8.8.8.8", "93.184.215.14", "2606:4700::6810:84e5", "2a00:1450:4001::1"])
def test_an_ordinary_address_counts_as_public(number):
    assert fetching.is_public(ipaddress.ip_address(number))


@pytest.mark.parametrize("number", NEVER)
def test_neither_a_number_nor_a_name_that_leads_to_it_is_asked(number):
    def resolver(host: str, seconds: float) -> list[str]:
        return [number]

    written = f"[{number}]" if ":" in number else number
    for url in (f"http://{written}/", f"https://{written}:443/", "http://inside.example/"):
        with pytest.raises(Refused) as refused:
            fetching.fetch(url, resolver=resolver)
        assert refused.value.word == "private", url


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("ftp://example.org/", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("gopher://example.org:80/_x", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("//example.org/", "scheme"),
        ("/etc/passwd", "scheme"),
        ("", "scheme"),
        ("http://ann:secret@example.org/", "credentials"),
        ("http://example.org@127.0.0.1/", "credentials"),
        ("http://@example.org/", "credentials"),
        ("http://example.org:22/", "port"),
        ("http://example.org:6379/", "port"),
        ("http://example.org:99999/", "name"),
        ("http://example.org:x/", "name"),
        ("http://localhost/", "name"),
        ("http://postgres/", "name"),
        ("http:///path", "name"),
        ("http://[::1/", "name"),
        ("http://[fe80::1%25eth0]/", "name"),
        ("http://[2606:4700::1%25lo]/", "name"),
        ("http://2130706433/", "name"),
        ("http://0x7f.0.0.1/", "name"),
        ("http://0177.0.0.1/", "name"),
        ("http://127.1/", "name"),
        ("http://127.0.0.1.0x7f/", "name"),
        ("http://example.org\\@127.0.0.1/", "name"),
        ("http://example.org/\r\nHost: evil", "name"),
        ("http://exa mple.org/", "name"),
        ("http://exa\tmple.org/", "name"),
        ("http://①②⑦.⓪.⓪.①/", "name"),
        ("http://127。0。0。1/", "name"),
        ("http://127.0.0.1./", "private"),
        ("http://[::ffff:7f00:1]/", "private"),
        ("http://" + "a" * 2_000 + ".example/", "long"),
        ("http://" + "a" * 64 + ".example/", "name"),
    ],
)
def test_an_address_that_may_not_be_fetched_is_refused_before_anything_is_asked(url, word):
    def resolver(host: str, seconds: float) -> list[str]:
        raise AssertionError(f"{host} was looked up")

    with pytest.raises(Refused) as refused:
        fetching.fetch(url, resolver=resolver)
    assert refused.value.word == word


def test_the_shared_hostile_addresses_are_refused():
    sample = shared("data/hostile/sample.jsonl")
    if sample is None:
        pytest.skip("the shared data are not on this machine")
    cases = [json.loads(line) for line in sample.read_text().splitlines()]
    urls = [case["value"] for case in cases if case["target"] == "url.fetch"]
    assert urls
    for url in urls:
        with pytest.raises(Refused):
            fetching.fetch(url)


def test_one_private_address_among_public_ones_refuses_the_name():
    with pytest.raises(Refused, match="private"):
        fetching.fetch("http://mixed.example/", resolver=lambda host, seconds: ["8.8.8.8", "10.0.0.1"])


def test_a_name_that_answers_differently_the_second_time_is_asked_once_and_at_the_checked_address(site):
    """DNS rebinding: what was checked is what is connected to."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    told = []

    def rebinding(host: str, seconds: float) -> list[str]:
        told.append(host)
        return answers[len(told) - 1]

    assert site.fetch("http://rebind.example/", resolver=rebinding).status == 200
    assert told == ["rebind.example"]
    assert site.asked[0][2]["host"] == "rebind.example"


def test_each_redirect_is_checked_as_the_first_address_was(site):
    inside = [
        "http://10.0.0.1/",
        "http://user:x@a.example/",
        "file:///etc/passwd",
        "http://b.example:25/",
        "//[::1]/",
    ]
    for number, target in enumerate(inside):
        site.pages[f"/{number}"] = (302, {"Location": target}, b"")
        with pytest.raises(Refused):
            site.fetch(f"http://a.example/{number}", allowed=lambda address: str(address) == "127.0.0.1")
    site.pages["/back"] = (302, {"Location": "http://second.example/"}, b"")

    def turns_inward(host: str, seconds: float) -> list[str]:
        return ["192.168.0.1"] if host == "second.example" else ["127.0.0.1"]

    with pytest.raises(Refused, match="private"):
        site.fetch("http://a.example/back", resolver=turns_inward)


def test_five_redirects_are_followed_and_six_are_not(site):
    for number in range(6):
        site.pages[f"/{number}"] = (301, {"Location": f"/{number + 1}"}, b"")
    site.pages["/6"] = (200, {}, b"there")
    answer = site.fetch("http://a.example/1")
    assert (answer.status, answer.url, answer.body) == (200, "http://a.example/6", b"there")
    with pytest.raises(Failed, match="redirects"):
        site.fetch("http://a.example/0")


def test_no_cookie_and_no_proxy_of_the_environment_is_used(site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    site.pages["/"] = (302, {"Location": "/next", "Set-Cookie": "a=b"}, b"")
    site.pages["/next"] = (200, {}, b"")
    assert site.fetch("http://a.example/").status == 200
    assert all("cookie" not in headers and "authorization" not in headers for _, _, headers in site.asked)


def test_a_name_of_another_script_is_asked_by_its_ascii_form(site):
    site.pages["/caf%C3%A9?q=%D8%A7"] = (200, {}, b"")
    assert site.fetch("http://bücher.example/café?q=ا").status == 200
    assert site.resolved == ["xn--bcher-kva.example"]


def test_a_body_is_read_no_further_than_asked(site):
    site.pages["/large"] = (200, {}, b"x" * 5_000_000)
    assert len(site.fetch("http://a.example/large", most_bytes=1_000).body) == 1_000


def test_a_server_that_refuses_head_is_asked_again_for_a_few_bytes(site):
    for status in ("405", "501", "403", "404"):
        site.asked.clear()
        site.pages["/page"] = (200, {"X-Head": status}, b"y" * 10_000)
        answer = site.look("http://a.example/page")
        assert (answer.status, len(answer.body)) == (200, 1_024)
        assert [method for method, _, _ in site.asked] == ["HEAD", "GET"]
    site.asked.clear()
    assert site.look("http://a.example/gone").status == 404
    assert site.look("http://a.example/").body == b""


def test_a_connection_closed_without_an_answer_is_told(site):
    site.pages["/closed"] = (0, {}, b"")
    with pytest.raises(Failed, match="broken"):
        site.fetch("http://a.example/closed")


def test_a_port_where_nobody_listens_is_told(site):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Failed, match="no_answer"):
        site.fetch("http://a.example/", ports={"http": port})


@pytest.mark.parametrize("drip", [b"", b"H", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\n\r\nbody"])
def test_a_server_that_drips_is_cut_off_when_the_time_is_over(site, drip):
    """A time-out of the socket would start anew with every byte."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drips() -> None:
            taken, _ = listener.accept()
            with taken:
                try:
                    taken.sendall(drip)
                    for _ in range(1_000):
                        time.sleep(0.02)
                        taken.sendall(b"a" if drip else b"")
                except OSError:
                    return

        threading.Thread(target=drips, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(Failed, match="slow"):
            site.fetch("http://a.example/", ports={"http": listener.getsockname()[1]}, seconds=0.3)
        assert time.monotonic() - began < 10  # it drips for twenty seconds


def test_a_certificate_of_another_name_is_not_taken(site):
    """Nobody is spoken to in the clear instead: what answers plain HTTP on the TLS port is no answer."""
    with pytest.raises(Failed):
        site.fetch("https://a.example/", ports={"https": site.port})


def test_a_name_nobody_has_is_told():
    def nobody(host: str, seconds: float) -> list[str]:
        return []

    with pytest.raises(Failed, match="no_name"):
        fetching.fetch("http://nobody.example/", resolver=nobody)
