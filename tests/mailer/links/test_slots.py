"""What each person's copy of a mailing is filled with: links of their own, the same at every try, made without a query."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailer import composing, headers, preference_links, unsubscribe_links
from mailer.links import slots, tokens
from mailer.seals import Gone
from tests.factories import make_mailing, make_message

pytestmark = pytest.mark.django_db

HASH = bytes(range(32))


def test_every_slot_has_its_value_and_costs_no_query():
    values_for = slots.filler(make_mailing(), "en")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        values = values_for(11, 7, HASH)
    assert len(queries) == 0
    assert set(values) == slots.NAMES
    assert all(value.isascii() and not re.search(r"[\s&<>\"'{}]", value) for value in values.values())


def test_the_links_are_those_that_the_pages_read():
    mailing = make_mailing()
    values = slots.filler(mailing, "ar")(11, 7, HASH)
    leave = unsubscribe_links.token(7, mailing.pk, HASH)
    assert values["unsubscribe_link"] == unsubscribe_links.page(leave, "ar")
    assert values["unsubscribe_mailto"] == unsubscribe_links.mailto(leave)
    assert values["preferences_link"] == preference_links.page(preference_links.token(7, HASH), "ar")
    assert values["hit"] == tokens.make(11)
    assert tokens.read(values["hit"]) == 11


def test_a_second_try_gets_the_same_values_and_another_person_others():
    mailing = make_mailing()
    first = slots.filler(mailing, "en")(11, 7, HASH)
    assert slots.filler(mailing, "en")(11, 7, HASH) == first
    other = slots.filler(mailing, "en")(12, 8, HASH[::-1])
    assert {name for name in first if first[name] == other[name]} == {"web_link"}


def test_the_headers_of_a_mailing_name_no_slot_that_has_no_value():
    mailing = make_mailing()
    values = slots.filler(mailing, "en")(11, 7, HASH)
    for value in headers.mailing_headers(mailing, make_message()).values():
        composing.fill(value, values)
    assert set(headers.PERSONAL_SLOTS) <= slots.NAMES


def test_links_lead_to_the_site_of_the_settings(settings):
    settings.SITE_URL = "https://act.example.org"
    for name, value in slots.filler(make_mailing(), "fr")(11, 7, HASH).items():
        assert value.startswith("https://act.example.org/fr/") or name in {"hit", "unsubscribe_mailto"}


def test_the_links_of_a_test_mail_act_on_nobody(client: Client):
    values = slots.for_a_test(make_mailing(), "en")
    assert set(values) == slots.NAMES
    with pytest.raises(Gone):
        tokens.read(values["hit"])
    for name in ("unsubscribe_link", "preferences_link"):
        path = values[name].removeprefix("http://localhost:8000")
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    "wrong", ["", "x", "11-", "11-" + "0" * 24, "0-" + "0" * 24, "9" * 4_000, "11-\0", "١١-" + "0" * 24]
)
def test_a_forged_token_of_a_hit_is_read_as_nobody_s(wrong: str):
    with pytest.raises(Gone):
        tokens.read(wrong)
