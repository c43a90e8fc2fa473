"""What servers, feedback loops, machines and people write back, read without believing any of them blindly."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer import headers, verp
from mailer.inbound import reading
from mailer.inbound.reading import Said
from tests.mailer.inbound.bounces import FOLDER, mail

DELIVERY = 4_711


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("postfix-unknown-user", "bounce", Said("bounced", "hard", "5.1.1")),
        ("postfix-delayed", "bounce", Said("deferred", "", "4.4.1")),
        ("postfix-expired", "bounce", Said("bounced", "host", "4.4.1")),
        ("exim-standard", "bounce", Said("bounced", "soft", "5.2.2")),
        ("exim-old", "bounce", Said("bounced", "hard", "550")),
        ("exchange-policy", "bounce", Said("bounced", "block", "5.7.1")),
        ("gmail-unknown-user", "bounce", Said("bounced", "hard", "5.1.1")),
        ("qmail-unknown-user", "bounce", Said("bounced", "hard", "5.1.1")),
        ("our-authentication", "bounce", Said("bounced", "authentication", "5.7.26")),
        ("arf-abuse", "complaint", Said("complained")),
        ("vacation", "machine", Said("autoresponded")),
    ],
)
@pytest.mark.parametrize("sealed", ["both", "path", "id"])
def test_each_server_is_understood_and_names_its_delivery(name, kind, said, sealed):
    if (name, sealed) in {("exchange-policy", "path"), ("arf-abuse", "path"), ("vacation", "path")}:
        sealed = "both"
    found = reading.read(mail(name, DELIVERY, sealed=sealed), "")
    assert (found.kind, found.delivery, found.said) == (kind, DELIVERY, (said,))
    assert found.at is not None
    assert found.at.isoformat().startswith("2026-11-22T12:00:")


def test_every_recorded_mail_is_tested():
    named = {"reply", "arf-not-spam"}
    [parameters] = [
        mark.args[1]
        for mark in test_each_server_is_understood_and_names_its_delivery.pytestmark
        if mark.args[0] != "sealed"
    ]
    assert {path.stem for path in FOLDER.glob("*.eml")} == named | {one[0] for one in parameters}


@pytest.mark.parametrize("name", ["postfix-unknown-user", "arf-abuse", "qmail-unknown-user", "vacation"])
def test_without_our_seal_nobody_bounces_or_complains_of_somebody_elses_mail(name):
    assert reading.read(mail(name, DELIVERY, sealed="none"), "").delivery is None
    forged = mail(name, DELIVERY)
    for secret in (verp.return_path(DELIVERY).split("@")[0][-5:], headers.message_id_for(DELIVERY)[-40:-25]):
        forged = forged.replace(secret.encode(), b"0" * len(secret))
    assert reading.read(forged, "").delivery is None


def test_the_envelope_alone_names_the_delivery():
    raw = mail("postfix-unknown-user", DELIVERY, sealed="none")
    assert reading.read(raw, verp.return_path(DELIVERY).upper()).delivery == DELIVERY


def test_what_is_said_to_be_no_spam_is_no_complaint():
    found = reading.read(mail("arf-not-spam", DELIVERY), "")
    assert found.said == ()
    assert found.kind == "other"


def test_what_a_person_writes_is_left_to_people():
    found = reading.read(mail("reply", DELIVERY), "")
    assert (found.kind, found.said, found.token) == ("other", (), "")


def leaving(**fields: str) -> bytes:
    lines = {
        "From": "ann@example.org",
        "To": "unsubscribe+7-9-abcdef@epistle.example",
        "Subject": "unsubscribe",
    }
    return "".join(f"{name}: {value}\r\n" for name, value in {**lines, **fields}.items()).encode() + b"\r\n"


def test_who_writes_to_the_address_of_the_header_leaves():
    found = reading.read(leaving(), "")
    assert (found.kind, found.token) == ("unsubscribe", "7-9-abcdef")
    assert (
        reading.read(leaving(To="x@y.example"), "Unsubscribe+7-9-ABCDEF@epistle.example").token
        == "7-9-abcdef"
    )


def test_a_mail_program_leaves_for_its_reader_but_a_machine_that_answers_does_not():
    assert reading.read(leaving(**{"Auto-Submitted": "auto-generated"}), "").token
    assert reading.read(leaving(**{"Auto-Submitted": "auto-replied"}), "").kind == "machine"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 100,
        b"Content-Type: multipart/report; boundary=\r\n\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=a\r\n\r\n"
        + b"--a\r\nContent-Type: message/delivery-status\r\n\r\nAction: \xff\xfe\r\nStatus: x\r\n" * 60,
        b"Content-Type: message/delivery-status\r\n\r\n" + b"Action: failed\r\n\r\n" * 5_000,
        b"Date: Mon, 99 Foo 99999 99:99:99 +9999\r\nSubject: =?utf-8?q?\xff?=\r\n\r\n",
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2_000)
        ),
        b"Content-Type: text/plain; charset=nonsense\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!",
        b"To: " + b"bounces+1-aaaaaaaaaaaaaaaaaaaa@epistle.example, " * 2_000 + b"\r\n\r\n",
    ],
)
def test_what_no_server_should_write_is_read_without_an_error(raw):
    found = reading.read(raw, "")
    assert found.delivery is None


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(path.stem for path in FOLDER.glob("*.eml"))),
    cut=st.integers(0, 4_000),
    noise=st.binary(max_size=40),
    place=st.integers(0, 3_000),
)
def test_a_bounce_that_was_cut_or_spoiled_is_read_without_an_error(name, cut, noise, place):
    raw = mail(name, DELIVERY)[:cut]
    found = reading.read(raw[:place] + noise + raw[place:], "")
    assert found.delivery in {None, DELIVERY}
