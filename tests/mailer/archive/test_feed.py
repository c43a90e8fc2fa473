"""The feed of a list: valid Atom (RFC 4287) whatever its mailings say, with ids that stay."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as Xml

import pytest
from django.test import Client
from django.utils import timezone

from contacts.models import MailingList
from mailer.models import Mailing, Message
from tests.mailer.archive.conftest import Publish

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
PATH = "/en/archive/news/feed.xml"


def read(client: Client, path: str = PATH) -> Xml.Element:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return Xml.fromstring(answer.content)  # noqa: S314 (our own)


def said(node: Xml.Element, name: str) -> str:
    found = node.findall(f"{ATOM}{name}")
    assert len(found) == 1, name
    return found[0].text or ""


def test_a_feed_and_its_entries_have_all_that_the_standard_asks(client: Client, publish: Publish):
    older = publish(started_at=timezone.now() - dt.timedelta(days=2))
    newer = publish({"en": {"subject": "Newer", "preheader": "In short"}})
    feed = read(client)
    assert feed.tag == f"{ATOM}feed"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "en"
    assert (said(feed, "title"), said(feed, "subtitle")) == ("Justice news", "Once a month")
    assert {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")} == {
        "alternate": "http://localhost:8000/en/archive/news/",
        "self": f"http://localhost:8000{PATH}",
    }
    first, second = feed.findall(f"{ATOM}entry")
    assert said(first, "title") == "Newer"
    assert said(first, "summary") == "In short"
    assert said(second, "title") == "Stand with victims"
    ids = [said(node, "id") for node in (feed, first, second)]
    assert ids[1:] == [f"tag:localhost,2026:mailing-{one.pk}" for one in (newer, older)]
    assert len(set(ids)) == 3
    for node in (feed, first, second):
        assert dt.datetime.fromisoformat(said(node, "updated")).tzinfo is not None
        assert node.find(f"{ATOM}author/{ATOM}name") is not None
    link = first.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"http://localhost:8000/en/archive/news/{newer.slug}/"


def test_the_feed_is_as_new_as_its_newest_mailing(client: Client, publish: Publish):
    mailing = publish()
    Message.objects.update(created_at=timezone.now() - dt.timedelta(days=3))
    updated = dt.datetime.fromisoformat(said(read(client), "updated"))
    assert mailing.started_at is not None
    assert abs(updated - mailing.started_at) < dt.timedelta(seconds=1)


def test_whatever_stands_in_a_mailing_the_feed_is_well_formed(
    client: Client, publish: Publish, news: MailingList
):
    evil = "]]><script>&\"'\u202eعربي 🎉"
    publish()
    news.texts = {"en": {"name": f"{evil}\x0b\ufffe", "description": f"\x1b{evil}"}}
    news.save()
    Message.objects.update(subject=f"{evil}\x07\ufffe", preheader="", text="a\x0cb\x1f " * 3, from_name=evil)
    feed = read(client)
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    assert said(feed, "title") == said(entry, "title") == said(feed, "subtitle") == evil
    assert "\x0c" not in said(entry, "summary")


def test_each_language_has_its_feed(client: Client, publish: Publish):
    publish(
        {
            "en": {},
            "fr": {
                "subject": "Aux victimes d’abord",
                "blocks": [{"id": "a", "kind": "text", "html": "<p>Oui</p>"}],
            },
        }
    )
    feed = read(client, "/fr/archive/news/feed.xml")
    assert said(feed, "title") == "Nouvelles de la justice"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"


def test_the_newest_twenty_are_in_it(client: Client, publish: Publish):
    mailing = publish()
    message = mailing.messages.get().message
    for number in range(22):
        copy = Mailing.objects.create(
            name="x",
            mailing_list=mailing.mailing_list,
            status="sent",
            slug=f"issue-{number}",
            started_at=timezone.now() - dt.timedelta(days=number + 1),
            frozen_at=timezone.now(),
        )
        copy.messages.create(message=message, language="en")
    entries = read(client).findall(f"{ATOM}entry")
    assert len(entries) == 20
    assert said(entries[0], "id") == f"tag:localhost,2026:mailing-{mailing.pk}"
