"""The SMTP side: the same log, the same outcomes, the same faults where SMTP can say them."""

import smtplib
import socket
import threading

import pytest

MAIL = (
    "From: Us <us@epistle.example>\r\nTo: ann@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    'Message-ID: <m1@epistle.example>\r\nX-Mailgun-Variables: {"delivery_id": "7"}\r\n\r\nHello there\r\n'
)


def deliver(sandbox, *to, mail=MAIL):
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=20) as connection:
        return connection.sendmail("us@epistle.example", list(to or ["ann@example.com"]), mail)


def test_a_mail_over_smtp_is_in_the_same_log_and_inbox(sandbox, webhook):
    deliver(sandbox)
    kept = sandbox.client.wait_for("ann@example.com")
    assert (kept["road"], kept["message_id"], kept["domain"]) == (
        "smtp",
        "<m1@epistle.example>",
        "epistle.example",
    )
    assert (kept["subject"], kept["text"].strip()) == ("Grüße", "Hello there")
    [event] = webhook.wait(1)
    assert event["user-variables"] == {"delivery_id": "7"}
    assert event["message"]["headers"]["message-id"] == "m1@epistle.example"


def test_the_switch_rejects_as_many_of_a_mail_as_of_a_batch(sandbox, webhook):
    sandbox.client.switch("reject", count=1)
    assert deliver(sandbox, "ann@example.com", "bob@example.com") == {}
    events = {event["recipient"]: event["event"] for event in webhook.wait(2)}
    assert events == {"ann@example.com": "rejected", "bob@example.com": "delivered"}


def test_bare_line_ends_are_made_whole(sandbox):
    with socket.create_connection(("127.0.0.1", sandbox.smtp_port), timeout=10) as raw:
        stream = raw.makefile("rb")
        for command in (
            b"",
            b"HELO x",
            b"MAIL FROM:<us@epistle.example>",
            b"RCPT TO:<ann@example.com>",
            b"DATA",
        ):
            if command:
                raw.sendall(command + b"\r\n")
            stream.readline()
        raw.sendall(b"Subject: x\r\n\r\none\ntwo\n.\nthree\rfour\r\n.\r\n")
        assert stream.readline().startswith(b"250")
    [kept] = sandbox.client.messages("ann@example.com")
    assert kept["text"] == "one\r\ntwo\r\n.\r\nthree\r\nfour\r\n"


def test_pipelined_commands_are_taken(sandbox):
    with socket.create_connection(("127.0.0.1", sandbox.smtp_port), timeout=10) as raw:
        stream = raw.makefile("rb")
        raw.sendall(b"EHLO x\r\n")
        lines = [stream.readline()]
        while not lines[-1].startswith(b"250 "):
            lines.append(stream.readline())
        assert b"250-PIPELINING\r\n" in lines
        for _ in range(3):
            raw.sendall(b"MAIL FROM:<us@epistle.example>\r\nRCPT TO:<ann@example.com>\r\nDATA\r\n")
            assert [stream.readline()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
            raw.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n")
            assert stream.readline()[:3] == b"250"
    assert sandbox.client.count() == 3


def test_outcomes_follow_each_recipient(sandbox, webhook):
    refused = deliver(sandbox, "ann@example.com", "bounce@example.com", "reject@example.com")
    assert {address: code for address, (code, _) in refused.items()} == {"reject@example.com": 550}
    events = {event["recipient"]: event["event"] for event in webhook.wait(2)}
    assert events == {"ann@example.com": "delivered", "bounce@example.com": "failed"}


@pytest.mark.parametrize(("status", "code"), [(429, 451), (503, 451), (401, 535), (400, 554)])
def test_a_status_refuses_in_the_words_of_smtp(sandbox, status, code):
    sandbox.client.switch("status", status=status)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        deliver(sandbox)
    assert caught.value.smtp_code == code
    assert sandbox.client.count() == 0


@pytest.mark.parametrize(("name", "accepted"), [("accept_then_close", 1), ("close_before_accept", 0)])
def test_a_closed_connection_says_nothing_but_the_log_knows(sandbox, name, accepted):
    sandbox.client.switch(name, times=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        deliver(sandbox)
    assert sandbox.client.count() == accepted
    assert deliver(sandbox) == {}


def test_hold_accepts_at_once_and_answers_when_released(sandbox):
    sandbox.client.switch("hold", times=1)
    answers = []
    thread = threading.Thread(target=lambda: answers.append(deliver(sandbox)))
    thread.start()
    sandbox.client.wait_held()
    assert (sandbox.client.count(), answers) == (1, [])
    sandbox.client.release()
    thread.join(10)
    assert answers == [{}]


def test_an_error_after_accepting_is_a_lie(sandbox):
    sandbox.client.switch("accept_then_500")
    with pytest.raises(smtplib.SMTPDataError):
        deliver(sandbox)
    assert sandbox.client.count() == 1


def test_hostile_mime_is_shown_and_breaks_nothing(sandbox):
    hostile = (
        "Subject: =?nonsense?q?x?=\r\nFrom: <a\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<script>x"
    )
    deliver(sandbox, mail=hostile)
    [kept] = sandbox.client.messages("ann@example.com")
    assert kept["html"].strip() == "<script>x"


def speak(sandbox, *writes: bytes) -> list[bytes]:
    """Write each part in one go, then QUIT; the replies, each on its line."""
    with socket.create_connection(("127.0.0.1", sandbox.smtp_port), timeout=10) as raw:
        for octets in (b"EHLO x\r\n", *writes, b"QUIT\r\n"):
            raw.sendall(octets)
        return [line.strip() for line in raw.makefile("rb") if line[3:4] == b" "][2:-1]


def chunked(address: str, text: bytes, chunks: int = 1) -> bytes:
    step = -(-len(text) // chunks)
    parts = [text[at : at + step] for at in range(0, len(text), step)]
    lasts = [b""] * (len(parts) - 1) + [b" LAST"]
    sent = b"".join(
        b"BDAT %d%b\r\n%b" % (len(part), last, part) for part, last in zip(parts, lasts, strict=True)
    )
    return b"RSET\r\nMAIL FROM:<us@epistle.example>\r\nRCPT TO:<%b>\r\n%b" % (address.encode(), sent)


def test_mails_in_chunks_follow_one_another_and_one_refused_costs_no_other(sandbox):
    text = b"Subject: x\r\n\r\none\r\n.\r\n..two\r\n"
    replies = speak(
        sandbox,
        chunked("ann@example.com", text)
        + chunked("reject@example.com", text)
        + chunked("bob@example.com", text, 3),
    )
    assert [reply[:3] for reply in replies] == [b"250"] * 4 + [b"250", b"250", b"550", b"503"] + [b"250"] * 6
    assert [entry["recipient"] for entry in sandbox.client.accepted()] == [
        "ann@example.com",
        "bob@example.com",
    ]
    for kept in sandbox.client.messages():
        assert kept["text"] == "one\r\n.\r\n..two\r\n"


def test_a_chunk_that_is_none_is_refused_in_words(sandbox):
    assert speak(sandbox, b"BDAT\r\n", b"BDAT x LAST\r\n") == [b"501 5.5.4 Syntax: BDAT size [LAST]"] * 2


def test_greylisting_puts_a_recipient_off_as_often_as_it_is_told(sandbox):
    sandbox.client.switch("defer", recipient="ann@*", times=1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        deliver(sandbox)
    assert refused.value.recipients["ann@example.com"][0] == 451
    assert deliver(sandbox) == {}
