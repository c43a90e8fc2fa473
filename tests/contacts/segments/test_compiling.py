"""The compiled query against a plain judgement of each person, and against what people may try to smuggle in."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from contacts.models import Attribute, Contact, MailingList, Segment, Suppression
from contacts.segments import compiling
from contacts.segments.trees import RuleError, as_json, read
from tests.contacts.segments.plain import found, holds, person, rule, trees
from tests.factories import (
    make_contact,
    make_mailing_list,
    make_message,
    make_subscription,
    unique_address,
)
from tests.staff import make_delivery as make_sent
from tests.staff import make_organisation

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


# --- what people may try to smuggle in


@pytest.mark.django_db
@pytest.mark.parametrize("text", NASTY)
def test_what_is_typed_is_a_value_and_never_a_part_of_the_query(text):
    make_attributes()
    bait = make_contact(name="Bait", attributes={"city": "Nairobi"})
    caught = make_contact(name=f"x{text}x", attributes={"city": text, "tags": [text]})
    for one in (
        rule("name", "contains", text),
        rule("attribute:city", "is", text),
        rule("attribute:city", "contains", text),
        rule("attribute:tags", "any", [text]),
        rule("attribute:tags", "all", [text]),
    ):
        assert found(one) == {caught.pk}, one
    assert found(rule("address", "at", [text])) == set()
    assert found({"not": rule("first_name", "is", text)}) == {bait.pk, caught.pk}
    found(rule("name", "words", text))
    sql, parameters = compiling.as_sql(rule("attribute:city", "is", text))
    assert text in parameters
    assert "Nairobi" not in sql
    assert sql == compiling.as_sql(rule("attribute:city", "is", "other"))[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["pk", "address_hash", "attribute:gone", "attribute:city'--", "organisation__name", "", "__class__"],
)
def test_a_field_outside_the_list_is_refused(name):
    make_attributes()
    with pytest.raises(RuleError, match="Nothing of this name"):
        compiling.queryset(rule(name, "is", "x"))


@pytest.mark.django_db
def test_the_query_stands_in_an_insert_with_its_parameters():
    contact, _other = make_contact(country="KE"), make_contact(country="FR")
    for one, keys in ((rule("country", "is", ["KE"]), [contact.pk]), ({"not": {"all": []}}, [])):
        sql, parameters = compiling.as_sql(one)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TEMP TABLE frozen ON COMMIT DROP AS {sql}", parameters)
            cursor.execute("SELECT id FROM frozen")
            assert [row[0] for row in cursor.fetchall()] == keys
            cursor.execute("DROP TABLE frozen")


# --- segments in segments


@pytest.mark.django_db
def test_a_segment_is_used_in_another_to_include_and_to_exclude():
    kenya, france = make_contact(country="KE"), make_contact(country="FR")
    make_contact(country="ML")
    first = Segment.objects.create(name="Two", rule=rule("country", "is", ["KE", "FR"]))
    assert found(rule("segment", "in", first.pk)) == {kenya.pk, france.pk}
    without = {"all": [rule("segment", "in", first.pk), {"not": rule("country", "is", ["FR"])}]}
    second = Segment.objects.create(name="One", rule=without)
    assert found(second) == {kenya.pk}
    assert found({"all": [rule("segment", "in", first.pk), {"not": rule("segment", "in", second.pk)}]}) == {
        france.pk
    }
    assert compiling.users_of(first) == [second]


@pytest.mark.django_db
def test_segments_in_a_circle_are_refused_and_not_followed():
    first = Segment.objects.create(name="First", rule={"all": []})
    second = Segment.objects.create(name="Second", rule={"not": rule("segment", "in", first.pk)})
    Segment.objects.filter(pk=first.pk).update(rule=rule("segment", "in", second.pk))
    for segment in Segment.objects.all():
        with pytest.raises(RuleError, match="would use itself"):
            compiling.queryset(segment)


@pytest.mark.django_db
def test_segments_that_double_each_other_do_not_grow_without_bound():
    last = Segment.objects.create(name="0", rule={"all": []})
    for number in range(1, 6):
        used = rule("segment", "in", last.pk)
        last = Segment.objects.create(name=str(number), rule={"any": [used, used]})
    with pytest.raises(RuleError, match="Too many segments"):
        compiling.queryset(last)


@pytest.mark.django_db
def test_a_rule_about_a_row_that_is_gone_matches_nobody_more_than_was_meant():
    make_contact()
    with pytest.raises(RuleError, match="no longer there"):
        compiling.queryset({"not": rule("segment", "in", 12345)})
    with pytest.raises(RuleError, match="no longer there"):
        compiling.queryset({"not": rule("list", "on", {"list": 12345})})


@pytest.mark.django_db
def test_a_segment_of_an_organisation_holds_its_people_only_wherever_it_is_used():
    ours = make_organisation()
    mine, other = make_contact(organisation=ours), make_contact()
    segment = Segment.objects.create(name="Ours", rule={"all": []}, organisation=ours)
    assert found(segment) == {mine.pk}
    assert found(rule("segment", "in", segment.pk)) == {mine.pk}
    assert found({"not": rule("segment", "in", segment.pk)}) == {other.pk}
