"""From the mail as a relay got it to the page of its reader: the links and headers of a mailing do what they say."""

from __future__ import annotations

import datetime as dt
import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from django.test import Client

from contacts.models import Subscription
from mailer import tasks
from mailer.links import verdicts
from mailer.mailings import sending
from mailer.models import Delivery, Mailing, MailingFigure
from tests.factories import make_mailing_list, make_sender
from tests.mailer.mailings.conftest import frozen
from tests.mailer.roads.conftest import MakeRelay, relay

pytestmark = pytest.mark.django_db

__all__ = ["relay"]

FIREFOX = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
ONCE = [
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "List-Help",
    "List-Owner",
    "Precedence",
    "Feedback-ID",
]


def received(relay: MakeRelay, **fields: object) -> tuple[Mailing, list[EmailMessage]]:
    """A mailing to two people, as a relay got it."""
    fake = relay(features=["PIPELINING", "8BITMIME", "CHUNKING"])
    mailing = frozen(2, sender=make_sender(road="smtp"), **fields)
    assert not sending.work(mailing.pk)
    tasks.publish_mailings()
    mailing.refresh_from_db()
    return mailing, [message_from_bytes(text, policy=policy.strict) for _path, _to, text in fake.accepted]


def parts(mail: EmailMessage) -> tuple[str, str]:
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    return html.get_content(), plain.get_content()


def test_a_reader_leaves_by_the_headers_of_the_mail_alone(relay: MakeRelay):
    _mailing, mails = received(relay)
    assert len(mails) == 2
    for mail in mails:
        for name in [*ONCE, "Date", "Message-ID", "From", "To", "Subject"]:
            assert len(mail.get_all(name, [])) == 1, name
        assert mail["Auto-Submitted"] is None
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    first, second = [re.findall(r"<(.*?)>", str(mail["List-Unsubscribe"])) for mail in mails]
    assert first[0].startswith("http://localhost:8000/en/u/")
    assert first[1].startswith("mailto:unsubscribe+")
    assert not set(first) & set(second)
    path = first[0].removeprefix("http://localhost:8000")
    assert Client(enforce_csrf_checks=True).post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert Subscription.objects.filter(status="unsubscribed").count() == 1


def test_the_links_of_the_body_open_what_they_name(client: Client, relay: MakeRelay):
    _mailing, mails = received(relay)
    html, plain = parts(mails[0])
    for text in (html, plain):
        assert "{{" not in text
        for page in ("u", "preferences", "view"):
            found = re.search(rf"http://localhost:8000(/en/{page}/[^\s\"<]+)", text)
            assert found is not None
            assert client.get(found[1]).status_code == 200
    assert "/c/" not in html
    assert "/o/" not in html


def test_a_counted_click_reaches_the_page_and_the_report(client: Client, relay: MakeRelay):
    mailing, mails = received(relay, track_clicks=True, track_opens=True)
    html, plain = parts(mails[0])
    assert "https://epistle.example/write/" in plain
    assert "https://epistle.example/write/" not in html
    counted = re.findall(r"http://localhost:8000(/c/[1-9][^\s\"]+)", html)
    pixel = re.findall(r"http://localhost:8000(/o/[^\s\"]+)", html)
    assert (len(counted), len(pixel)) == (1, 1)
    assert client.get(counted[0], headers=FIREFOX)["Location"] == "https://epistle.example/write/"
    assert client.get(pixel[0], headers=FIREFOX).status_code == 200
    Delivery.objects.filter(mailing=mailing).update(delivered_at=mailing.started_at - dt.timedelta(hours=1))  # type: ignore[operator]
    assert verdicts.judge_waiting(dt.timedelta(0)) == 1
    assert Delivery.objects.exclude(clicked_at=None).exclude(opened_at=None).count() == 1
    figures = dict(MailingFigure.objects.filter(mailing=mailing).values_list("fact", "count"))
    assert (figures["clicked"], figures["opened"]) == (1, 1)


def test_the_mailing_is_in_the_archive_as_soon_as_it_goes_out(client: Client, relay: MakeRelay):
    mailing, mails = received(relay, mailing_list=make_mailing_list(slug="news", is_public=True))
    html, _plain = parts(mails[0])
    link = re.search(r"http://localhost:8000(/en/view/[^\"]+)", html)
    assert link is not None
    answer = client.get(link[1], follow=True)
    assert answer.redirect_chain == [(f"http://localhost:8000/en/archive/news/{mailing.slug}/", 302)]
    assert "justice must be global" in answer.content.decode()
