"""The link in every mail: the same for ever, cheap to make, and of use to nobody who was not sent it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation

from contacts import people
from contacts.models import ContactChange
from mailer import preference_links
from mailer.seals import Gone
from tests.factories import make_contact
from tests.staff import make_staff

HASH = bytes(range(32))


def test_a_token_is_the_same_for_ever_and_asks_no_database():
    assert preference_links.token(7, HASH) == preference_links.token(7, HASH)
    assert preference_links.token(7, HASH) != preference_links.token(8, HASH)
    assert preference_links.token(7, HASH) != preference_links.token(7, HASH[::-1])


def test_its_key_is_its_own(settings):
    before = preference_links.token(7, HASH)
    settings.SECRET_KEY = settings.ADDRESS_HASH_KEY = "another-key"
    assert preference_links.token(7, HASH) == before
    settings.PREFERENCE_LINK_KEY = "another-key"
    assert preference_links.token(7, HASH) != before


@pytest.mark.django_db
def test_a_link_holds_no_address_and_speaks_the_contact_s_language():
    contact = make_contact("ann@example.org", language="ar")
    with translation.override("fr"):
        link = preference_links.link(contact)
    assert link.startswith(f"{settings.SITE_URL}/ar/preferences/{contact.pk}-")
    assert "ann" not in link
    assert bytes(contact.address_hash).hex() not in link
    assert preference_links.link(make_contact(language="sw")).startswith(f"{settings.SITE_URL}/en/")


@pytest.mark.django_db
def test_only_the_whole_token_opens_it():
    contact = make_contact()
    token = preference_links.token(contact.pk, bytes(contact.address_hash))
    assert preference_links.read(token) == preference_links.Access(contact, is_personal=False)
    wrong = [
        token[:-1],
        token + "A",
        token.replace("-", "-99-", 1),
        f"{contact.pk + 1}{token[token.index('-') :]}",
    ]
    for other in (*wrong, token.swapcase(), "", "x", "9" * 30, f"{contact.pk}-{'é' * 24}"):
        with pytest.raises(Gone):
            preference_links.read(other)


@pytest.mark.django_db
def test_the_lasting_link_of_who_was_made_one_with_another_opens_the_one_who_stayed():
    first, second, third = (make_contact() for _one in range(3))
    lasting = preference_links.token(first.pk, bytes(first.address_hash))
    personal = preference_links.personal_token(first.pk, bytes(first.address_hash))
    forged = preference_links.token(first.pk, bytes(second.address_hash))
    for keep, lose in ((second, first), (third, second)):
        people.merge(keep, lose, {}, by=make_staff("Contacts editors"))
    assert preference_links.read(lasting) == preference_links.Access(third, is_personal=False)
    for text in (personal, forged):
        with pytest.raises(Gone):
            preference_links.read(text)


@pytest.mark.django_db
def test_who_took_in_a_contact_is_found_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        asked = ContactChange.objects.filter(
            changes__has_key="merged", changes__contains={"merged": [{"pk": 7}]}
        )
        assert "contact_change_merged" in asked.explain()


@pytest.mark.django_db
def test_the_day_of_a_personal_token_cannot_be_changed():
    contact = make_contact()
    token = preference_links.personal_token(contact.pk, bytes(contact.address_hash))
    assert preference_links.read(token).is_personal
    pk, until, seal = token.split("-", 2)
    with pytest.raises(Gone):
        preference_links.read(f"{pk}-{int(until) + 1}-{seal}")
    with pytest.raises(Gone):
        preference_links.read(f"{pk}-{seal}")
