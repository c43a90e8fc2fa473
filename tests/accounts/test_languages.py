"""The desk and its mails speak the language a member of staff chose."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.languages import language_of
from accounts.models import User
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


def test_the_language_chosen_at_the_desk_is_kept_with_the_person_on_every_machine():
    user = make_staff("superuser")
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        client.force_login(user)
    here.post(reverse("admin:set_language"), {"language": "ar", "next": "/staff/"})
    assert 'lang="ar" dir="rtl"' in elsewhere.get("/staff/", headers={"Accept-Language": "fr"}).text
    assert language_of(User.objects.get(pk=user.pk)) == "ar"


@pytest.mark.parametrize("chosen", ["", "xx", "ar\0", "../en"])
def test_a_language_nobody_speaks_is_not_kept_and_breaks_nothing(chosen):
    client, user = Client(), make_staff()
    client.force_login(user)
    assert client.post(reverse("admin:set_language"), {"language": chosen}).status_code == 302
    assert User.objects.get(pk=user.pk).language == ""


def test_a_language_the_service_no_longer_speaks_gives_way_to_its_own():
    assert language_of(make_staff(language="tlh")) == "en"


def test_looking_at_the_language_page_changes_nothing():
    client, user = Client(), make_staff()
    client.force_login(user)
    client.get(reverse("admin:set_language"), {"language": "fr"})
    assert User.objects.get(pk=user.pk).language == ""


def test_a_public_page_asks_for_no_session(django_assert_num_queries):
    client = Client()
    client.force_login(make_staff(language="fr"))
    with django_assert_num_queries(0):
        client.get("/robots.txt")
