"""By SMTP each person gets their own mail once, and each reply of the relay is brought home to whom it is about."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives

from mailer import bounces, providers, roads, verp
from mailer.providers import Answer
from mailer.roads.relay import Connection, Relay, RelayError
from tests.factories import make_sender
from tests.mailer.roads.conftest import FakeRelay, MakeRelay, people

pytestmark = pytest.mark.django_db

CHUNKING = ["PIPELINING", "8BITMIME", "CHUNKING"]
DATA = ["PIPELINING", "8BITMIME"]
PLAIN = ["8BITMIME"]
WAYS = pytest.mark.parametrize("features", [CHUNKING, DATA, PLAIN], ids=["chunking", "data", "lock-step"])


def ask(content: roads.Content, *addresses: str) -> list[providers.Outcome]:
    with roads.open_road(make_sender(road="smtp")) as road:
        return road.ask(content, people(*addresses))


def answers(outcomes: list[providers.Outcome]) -> list[Answer]:
    return [outcome.answer for outcome in outcomes]


@WAYS
def test_three_hundred_people_get_one_mail_each_with_a_return_path_of_their_own(
    relay: MakeRelay, content, features
):
    fake = relay(features=features)
    addresses = [f"ann{n}@example.net" for n in range(300)]
    assert answers(ask(content, *addresses)) == [Answer.ACCEPTED] * 300
    assert sorted(fake.recipients) == sorted(addresses)
    for return_path, address, text in fake.accepted:
        number = addresses.index(address) + 1
        assert verp.delivery_of(return_path) == number
        mail = message_from_bytes(text, policy=policy.strict)
        assert mail["To"] == address
        assert mail["Subject"] == f"News for Person {number}"
        plain = mail.get_body(("plain",)).get_content()
        assert f"Dear Person {number},\r\n.\r\n..two dots\r\n" in plain.replace("\n", "\r\n").replace(
            "\r\r", "\r"
        )
    assert fake.connections == (1 if features == CHUNKING else 4)


@WAYS
def test_each_reply_belongs_to_its_own_recipient_and_refuses_nobody_else(relay: MakeRelay, content, features):
    fake = relay(features=features)
    outcomes = ask(
        content, "a@x.example", "unknown-b@x.example", "c@x.example", "grey-d@x.example", "spam-e@x.example",
        "f@x.example", "full-g@x.example", "h@x.example",
    )  # fmt: skip
    assert answers(outcomes) == [
        Answer.ACCEPTED, Answer.REFUSED, Answer.ACCEPTED, Answer.LATER, Answer.REFUSED,
        Answer.ACCEPTED, Answer.LATER, Answer.ACCEPTED,
    ]  # fmt: skip
    assert sorted(fake.recipients) == ["a@x.example", "c@x.example", "f@x.example", "h@x.example"]
    numbers = {address: verp.delivery_of(return_path) for return_path, address, _text in fake.accepted}
    assert [numbers[f"{letter}@x.example"] for letter in "acfh"] == [1, 3, 6, 8]
    assert (outcomes[1].code, bounces.classify(outcomes[1].code)) == ("5.1.1", "hard")
    assert (outcomes[4].code, bounces.classify(outcomes[4].code)) == ("5.7.1", "block")
    assert not any("x.example" in outcome.reason for outcome in outcomes), "a reason holds no address"


@WAYS
def test_a_connection_lost_after_a_mail_was_taken_leaves_it_unknown_and_nobody_is_sent_two(
    relay: MakeRelay, content, features
):
    fake = relay(features=features)
    addresses = ["a@x.example", "lost-b@x.example", *(f"c{n}@x.example" for n in range(100))]
    outcomes = ask(content, *addresses)
    assert outcomes[1].answer is Answer.UNKNOWN
    assert len(fake.recipients) == len(set(fake.recipients))
    said = dict(zip(addresses, answers(outcomes), strict=True))
    for address in addresses:
        if said[address] is Answer.ACCEPTED:
            assert address in fake.recipients
        if said[address] is Answer.LATER:
            assert address not in fake.recipients
    if features != CHUNKING:
        assert answers(outcomes).count(Answer.UNKNOWN) == 1, "what waited for its 354 was not sent"


@WAYS
def test_a_mail_whose_text_the_relay_never_asked_for_is_not_unknown(relay: MakeRelay, content, features):
    relay(features=features)
    outcomes = ask(content, "a@x.example", "cut-b@x.example")
    expected = Answer.UNKNOWN if features == CHUNKING else Answer.LATER
    assert answers(outcomes) == [Answer.ACCEPTED, expected]


@WAYS
def test_after_a_421_nothing_was_taken_and_everybody_waits(relay: MakeRelay, content, settings, features):
    fake = relay(features=features)
    settings.SMTP_RELAY_URL = "smtp://elsewhere.example?connections=1"
    outcomes = ask(content, "a@x.example", "closing-b@x.example", "c@x.example", "d@x.example")
    assert answers(outcomes) == [Answer.ACCEPTED, *[Answer.SLOW_DOWN] * 3]
    assert fake.recipients == ["a@x.example"]


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        ({"greeting": b"421 4.3.2 too busy"}, Answer.SLOW_DOWN),
        ({"greeting": b"554 5.7.1 go away"}, Answer.LOCKED_OUT),
        ({"greeting": b"HTTP/1.1 400 Bad Request"}, Answer.LATER),
        ({"mail_reply": b"530 5.7.0 Authentication required"}, Answer.LOCKED_OUT),
        ({"mail_reply": b"553 5.7.1 Sender address rejected"}, Answer.LOCKED_OUT),
        ({"mail_reply": b"552 5.3.4 Message too big"}, Answer.REFUSED),
        ({"mail_reply": b"451 4.3.0 Try again"}, Answer.LATER),
    ],
)
def test_what_the_relay_says_before_the_recipients_is_about_everybody(
    relay: MakeRelay, content, options, answer
):
    fake = relay(**options)
    assert answers(ask(content, "a@x.example", "b@x.example")) == [answer] * 2
    assert fake.accepted == []


def test_a_relay_that_does_not_know_us_locks_us_out_and_refuses_no_address(relay: MakeRelay, content):
    relay()
    assert answers(ask(content, "denied-a@x.example")) == [Answer.LOCKED_OUT]


def test_where_nobody_listens_everybody_waits_and_nobody_is_unknown(content, settings):
    settings.SANDBOX_SMTP_PORT = 9
    assert answers(ask(content, "a@x.example", "b@x.example")) == [Answer.LATER] * 2


def test_one_mail_that_cannot_be_written_is_refused_alone(relay: MakeRelay, content):
    fake = relay()
    ann, bob, eve = people("a@x.example", "b@x.example", "e@x.example")
    bob = bob._replace(values={**bob.values, "first_name": "Bob\r\nBcc: all@x.example"})
    with roads.open_road(make_sender(road="smtp")) as road:
        outcomes = road.ask(content, [ann, bob, eve])
    assert answers(outcomes) == [Answer.ACCEPTED, Answer.REFUSED, Answer.ACCEPTED]
    assert fake.recipients == ["a@x.example", "e@x.example"]


def test_windows_share_one_connection_and_a_closed_one_is_opened_again_before_any_mail(
    relay: MakeRelay, content
):
    fake = relay()
    with roads.open_road(make_sender(road="smtp")) as road:
        assert answers(road.ask(content, people("a@x.example"))) == [Answer.ACCEPTED]
        assert answers(road.ask(content, people("b@x.example"))) == [Answer.ACCEPTED]
        assert fake.connections == 1
        assert answers(road.ask(content, people("lost-c@x.example"))) == [Answer.UNKNOWN]
        assert answers(road.ask(content, people("d@x.example"))) == [Answer.ACCEPTED]
    assert fake.connections == 2


def test_several_connections_share_a_window(relay: MakeRelay, content, settings):
    fake = relay()
    settings.SMTP_RELAY_URL = "smtp://elsewhere.example?connections=3&in_flight=8"
    addresses = [f"ann{n}@example.net" for n in range(60)]
    assert answers(ask(content, *addresses)) == [Answer.ACCEPTED] * 60
    assert sorted(fake.recipients) == sorted(addresses)
    assert fake.connections == 3


# --- TLS and logging in --------------------------------------------------------------------------------------


def connect(port: int, **options: object) -> Connection:
    options = {"host": "localhost", "tls": "by STARTTLS", **options}
    return Connection(Relay(port=port, **options), name="mail.example.org", timeout=5)  # type: ignore[arg-type]


def test_a_relay_over_the_network_that_offers_no_tls_gets_no_password_and_no_mail(relay: MakeRelay):
    fake = relay(features=["PIPELINING", "AUTH PLAIN"])
    with pytest.raises(RelayError) as refused:
        connect(fake.port, user="us", password="secret")
    assert refused.value.outcome.answer is Answer.LOCKED_OUT
    assert set(fake.commands) <= {b"EHLO mail.example.org", b"QUIT"}


def test_the_password_goes_out_only_behind_tls(relay: MakeRelay, certificate):
    fake = relay(features=["AUTH LOGIN PLAIN"], tls=certificate)
    connect(fake.port, user="us", password="secret").close()
    assert [line.split()[0] for line in fake.commands[:4]] == [b"EHLO", b"STARTTLS", b"EHLO", b"AUTH"]


def test_a_certificate_that_nobody_vouches_for_ends_it(relay: MakeRelay, certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    fake = relay(tls=certificate)
    with pytest.raises(RelayError) as refused:
        connect(fake.port)
    assert refused.value.outcome.answer is Answer.LOCKED_OUT


def test_a_wrong_password_locks_us_out(relay: MakeRelay, certificate):
    fake = relay(features=["AUTH PLAIN"], tls=certificate, auth_reply=b"535 5.7.8 Authentication failed")
    with pytest.raises(RelayError) as refused:
        connect(fake.port, user="us", password="wrong")
    assert refused.value.outcome.answer is Answer.LOCKED_OUT


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://u%40x:p%3A@relay.example", Relay("relay.example", 587, "u@x", "p:", "by STARTTLS")),
        ("smtps://relay.example", Relay("relay.example", 465, tls="at once")),
        ("smtp://localhost:25?connections=4&in_flight=100", Relay("localhost", 25, "", "", "none", 4, 100)),
        ("smtp://127.0.0.1:1025?", Relay("127.0.0.1", 1025, tls="none")),
    ],
)
def test_the_address_of_a_relay_is_read(url, relay):
    assert Relay.read(url) == relay


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example",
        "http://relay.example",
        "smtp://",
        "smtp://a:b:c",
        "smtp://a?x=1",
        "smtp://a?in_flight=many",
    ],
)
def test_what_is_no_address_of_a_relay_stops_with_an_example(url):
    with pytest.raises(ImproperlyConfigured, match="Example"):
        Relay.read(url)


# --- single mails --------------------------------------------------------------------------------------------


def single(address: str) -> EmailMultiAlternatives:
    mail = EmailMultiAlternatives(
        "Act",
        "Dear Sam\n.\n",
        "letters@epistle.example",
        [address],
        headers={"Message-ID": "<7.x@epistle.example>"},
    )
    mail.metadata = {"delivery_id": "7"}  # type: ignore[attr-defined]
    return mail


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("a@x.example", Answer.ACCEPTED),
        ("unknown-a@x.example", Answer.REFUSED),
        ("grey-a@x.example", Answer.LATER),
        ("lost-a@x.example", Answer.UNKNOWN),
        ("closing-a@x.example", Answer.SLOW_DOWN),
    ],
)
def test_a_single_mail_by_smtp_comes_to_what_the_relay_said(relay: MakeRelay, settings, address, answer):
    fake: FakeRelay = relay()
    settings.MAIL_BACKEND = "mailer.roads.smtp.EmailBackend"
    outcome = providers.ask(single(address))
    assert outcome.answer is answer
    if answer is Answer.ACCEPTED:
        assert outcome.message_id == "<7.x@epistle.example>"
        assert verp.delivery_of(fake.accepted[0][0]) == 7
        assert b"\r\n.\r\n" in fake.accepted[0][2]


def test_outside_production_no_relay_but_the_sandbox_is_reached(settings):
    from mailer.roads.smtp import relay as relay_of_settings

    settings.SMTP_RELAY_URL = "smtps://user:password@relay.example"
    settings.SANDBOX_SMTP_PORT = 1025
    assert relay_of_settings() == Relay("127.0.0.1", 1025, tls="none")
