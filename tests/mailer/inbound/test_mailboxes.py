"""The mailbox of bounces, by IMAP and POP: nothing is lost, nothing read twice, nothing removed that was not understood."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from mailer import tasks
from mailer.inbound import keeping, mailboxes
from mailer.models import DeliveryEvent, InboundMail
from tests.factories import make_delivery
from tests.mailer.inbound.bounces import mail
from tests.mailer.inbound.servers import Box, serving

pytestmark = pytest.mark.django_db


def full_box() -> Box:
    delivery = make_delivery(kind="system", status="sent")
    return Box({1: mail("postfix-unknown-user", delivery.pk), 2: mail("reply", delivery.pk)})


def test_imap_mails_are_marked_and_stay(settings, capsys):
    box = full_box()
    with serving("imap", box) as port:
        settings.BOUNCE_MAILBOX_URL = f"imap://user:secret@127.0.0.1:{port}/INBOX"
        call_command("read_mailbox")
        assert capsys.readouterr().out == "2 new, 2 read\n"
        tasks.read_mailbox()
    assert (box.seen, len(box.mails)) == ({1, 2}, 2)
    assert InboundMail.objects.count() == 2
    assert DeliveryEvent.objects.filter(provider="dsn", type="bounced").count() == 1


def test_imap_mails_are_moved_where_the_address_says():
    box = full_box()
    with serving("imap", box) as port:
        assert mailboxes.read(f"imap://user:secret@127.0.0.1:{port}/INBOX?move_to=Read") == 2
    assert box.moved == {1: "Read", 2: "Read"}
    assert box.mails == {}


def test_a_connection_that_breaks_loses_nothing():
    box = full_box()
    box.break_after = 1
    with serving("imap", box) as port:
        url = f"imap://user:secret@127.0.0.1:{port}/INBOX"
        with pytest.raises(mailboxes.MailboxError):
            mailboxes.read(url)
        assert box.seen == {1}
        box.break_after = None
        assert mailboxes.read(url) == 1
    assert InboundMail.objects.count() == 2


def test_a_huge_mail_is_fetched_up_to_a_bound():
    box = Box({1: b"Subject: x\r\n\r\n" + b"x" * 3_000_000})
    with serving("imap", box) as port:
        mailboxes.read(f"imap://user:secret@127.0.0.1:{port}")
    assert box.taken == keeping.KEPT_BYTES


def test_pop_removes_what_was_understood_and_remembers_the_rest():
    box = full_box()
    with serving("pop3", box) as port:
        url = f"pop3://user:secret@127.0.0.1:{port}"
        assert mailboxes.read(url) == 2
        assert list(box.mails) == [2]
        taken = box.taken
        assert mailboxes.read(url) == 0
    assert box.taken == taken
    assert list(box.mails) == [2]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://user:secret@mail.example", "not understood"),
        ("imaps://mail.example", "needs a host, a user"),
        ("imap://user:wrong@127.0.0.1:{port}", "could not be read"),
        ("imap://user:secret@127.0.0.1:1", "could not be read"),
    ],
)
def test_a_mailbox_that_cannot_be_read_says_why_without_its_password(url, says):
    with serving("imap", Box({})) as port, pytest.raises(mailboxes.MailboxError, match=says) as raised:
        mailboxes.read(url.format(port=port))
    assert "secret" not in str(raised.value)
    assert "wrong" not in str(raised.value)


def test_without_a_mailbox_there_is_nothing_to_do(settings):
    settings.BOUNCE_MAILBOX_URL = ""
    tasks.read_mailbox()
    with pytest.raises(CommandError, match="BOUNCE_MAILBOX_URL is not set"):
        call_command("read_mailbox")
