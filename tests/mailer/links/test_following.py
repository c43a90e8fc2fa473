"""Following a counted link: the reader arrives where the mail said, and no request can make it lead elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from mailer.links import hits, tokens
from mailer.models import Delivery, Hit, Link
from tests.factories import make_contact, make_delivery, make_mailing, make_message

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def sent() -> Delivery:
    mailing = make_mailing(track_clicks=True, track_opens=True)
    Link.objects.create(mailing=mailing, number=1, url="https://example.org/straße?a=1&b=ü#part")
    return make_delivery(
        None, Delivery.Kind.MAILING, make_message(), mailing=mailing, contact=make_contact(), status="sent"
    )


def path_of(delivery: Delivery, number: int = 1) -> str:
    return f"/c/{number}/{tokens.make(delivery.pk)}"


def test_a_click_leads_to_the_link_of_the_mail_and_is_kept_as_it_came(client: Client, sent: Delivery):
    answer = client.get(path_of(sent), headers={"user-agent": FIREFOX}, REMOTE_ADDR="192.0.2.77")
    assert answer.status_code == 302
    assert answer["Location"] == "https://example.org/stra%C3%9Fe?a=1&b=%C3%BC#part"
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies
    hit = Hit.objects.get()
    assert (hit.delivery, hit.link, hit.kind) == (sent, Link.objects.get(), "click")
    assert (hit.agent, hit.network, hit.reason) == (FIREFOX, "192.0.2.0/24", "")


def test_a_click_costs_two_statements(client: Client, sent: Delivery, django_assert_num_queries: Any):
    with django_assert_num_queries(2):
        client.get(path_of(sent))


def test_a_head_leads_on_and_keeps_nothing(client: Client, sent: Delivery):
    assert client.head(path_of(sent))["Location"].startswith("https://example.org/")
    assert not Hit.objects.exists()


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose"])
def test_what_a_browser_fetches_ahead_is_no_click(client: Client, sent: Delivery, name: str):
    assert client.get(path_of(sent), headers={name: "prefetch;prerender"}).status_code == 302
    assert not Hit.objects.exists()


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_nothing_can_be_sent_to_a_link(client: Client, sent: Delivery, method: str):
    assert getattr(client, method)(path_of(sent)).status_code == 405


def test_no_address_to_go_to_comes_from_the_request(client: Client, sent: Delivery):
    token = tokens.make(sent.pk)
    other = Link.objects.create(mailing=make_mailing(), number=2, url="https://other.example/")
    tried = [
        f"/c/1/{token[:-1]}",
        f"/c/1/{token}0",
        f"/c/1/{sent.pk + 1}{token[token.index('-') :]}",
        f"/c/2/{token}",
        f"/c/{other.number}/{token}",
        f"/c/999999999/{token}",
        f"/c/1/{'9' * 18}-{'0' * 24}",
        "/c/1/%00",
        "/c/1/%F0%9F%92%A9",
        f"/c/1/{'x' * 5_000}",
        "/c/1/test",
    ]
    for path in tried:
        assert client.get(path).status_code == 404, path
    answer = client.get(
        f"{path_of(sent)}?url=https://evil.example/&next=//evil.example", headers={"host": "evil.example"}
    )
    assert answer["Location"].startswith("https://example.org/")
    assert not Hit.objects.exclude(delivery=sent, link__mailing=sent.mailing).exists()


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://example.org/", "https://a b/", "//example.org", ""]
)
def test_a_row_that_holds_no_web_address_leads_nowhere(client: Client, sent: Delivery, url: str):
    Link.objects.update(url=url)
    assert client.get(path_of(sent)).status_code == 404


def test_a_number_beyond_any_is_no_page(client: Client, sent: Delivery):
    assert client.get(f"/c/{10**12}/{tokens.make(sent.pk)}").status_code == 404


def test_what_a_program_says_of_itself_may_be_anything(client: Client, sent: Delivery):
    for agent in ("\0" * 10, "x" * 10_000, "ü\u202e\x07", ""):
        assert client.get(path_of(sent), headers={"user-agent": agent}).status_code == 302
    kept = list(Hit.objects.values_list("agent", flat=True))
    assert len(kept) == 4
    assert all(len(agent) <= 300 and agent.isprintable() for agent in kept)


def test_the_link_for_machines_leads_home_and_is_kept(client: Client, sent: Delivery, settings: Any):
    assert client.get(path_of(sent, 0))["Location"] == f"{settings.SITE_URL}/"
    assert Hit.objects.get().link is None


def test_the_reader_arrives_even_where_the_click_cannot_be_kept(client: Client, sent: Delivery):
    with failing("INSERT INTO mailer_hit"):
        assert client.get(path_of(sent))["Location"].startswith("https://example.org/")
        assert client.get(f"/o/{tokens.make(sent.pk)}.gif").status_code == 200


def test_one_mail_fills_no_table(client: Client, sent: Delivery, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(hits, "MOST", 3)
    for _time in range(5):
        assert client.get(path_of(sent)).status_code == 302
    assert Hit.objects.count() == 3


def test_the_pixel_is_one_transparent_point_that_nobody_keeps(client: Client, sent: Delivery):
    answer = client.get(f"/o/{tokens.make(sent.pk)}.gif", headers={"user-agent": FIREFOX})
    assert answer["Content-Type"] == "image/gif"
    assert answer.content.startswith(b"GIF89a\x01\x00\x01\x00")
    assert "no-store" in answer["Cache-Control"]
    assert Hit.objects.get().kind == "open"


@pytest.mark.parametrize("token", ["x", "1-" + "0" * 24, "test", "%00", "9" * 3_000])
def test_a_forged_pixel_is_a_picture_too_and_counts_nothing(client: Client, token: str):
    answer = client.get(f"/o/{token}.gif")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    assert not Hit.objects.exists()


def test_robots_are_asked_to_follow_no_counted_link(client: Client):
    text = client.get("/robots.txt").content.decode()
    assert {"Disallow: /c/", "Disallow: /o/", "Disallow: /en/u/", "Disallow: /en/view/"} <= set(
        text.splitlines()
    )


@contextmanager
def failing(statement: str) -> Iterator[None]:
    """A database that refuses one kind of statement, as one that only reads does."""

    def refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if statement in sql:
            raise OperationalError("cannot execute INSERT in a read-only transaction")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse):
        yield
