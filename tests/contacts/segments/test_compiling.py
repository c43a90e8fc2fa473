"""The compiled query against a plain judgement of each person, and against what people may try to smuggle in."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from contacts.models import Attribute, Contact, MailingList, Suppression
from contacts.segments.trees import as_json, read
from tests.contacts.segments.plain import found, holds, person, trees
from tests.factories import make_contact, make_mailing_list, make_message, make_subscription, unique_address
from tests.staff import make_delivery as make_sent

KINDS = {"city": "text", "age": "number", "joined": "date", "member": "yes_no", "tags": "tags"}
NASTY = [
    "' OR 1=1 --",
    '"; DROP TABLE contacts_contact; --',
    "%s",
    "%(x)s",
    "\\",
    "'||'",
    "$$",
    "{}",
    "\u202e",
    "😀",
]


def make_attributes() -> None:
    Attribute.objects.bulk_create(
        [Attribute(key=key, name=key.title(), kind=kind) for key, kind in KINDS.items()]
    )


def make_person(described: dict[str, Any], lists: list[MailingList], message: Any) -> Contact:
    fields = dict(described)
    address = unique_address("p").key.partition("@")[0] + "@" + fields.pop("domain")
    standings, scope, mails = fields.pop("lists"), fields.pop("suppressed"), fields.pop("mails")
    contact = make_contact(address, **fields)
    for mailing_list, status in zip(lists, standings, strict=True):
        if status:
            make_subscription(contact, mailing_list, status=status)
    if scope:
        Suppression.objects.create(address_hash=contact.address_hash, reason="bounce", scope=scope)
    for number, what in enumerate(mails):
        sent = timezone.now() - dt.timedelta(days=number)
        make_sent(
            address,
            message=message,
            kind="mailing",
            status="failed" if what == "failed" else "sent",
            sent_at=None if what == "failed" else sent,
            clicked_at=sent if what == "clicked" else None,
        )
    return contact


class TestAnyTree(TestCase):
    @classmethod
    def setUpTestData(cls):
        make_attributes()
        cls.lists, cls.message = [make_mailing_list(), make_mailing_list()], make_message()

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(people=st.lists(person, min_size=3, max_size=5), data=st.data())
    def test_the_query_finds_whom_a_plain_judgement_finds(self, people, data):
        keys = [one.pk for one in self.lists]
        made = {make_person(one, self.lists, self.message).pk: one for one in people}
        for _number in range(8):
            tree = data.draw(trees(keys))
            assert found(tree) == {pk for pk, one in made.items() if holds(tree, one, keys)}
            assert as_json(read(as_json(read(tree)))) == as_json(read(tree))
