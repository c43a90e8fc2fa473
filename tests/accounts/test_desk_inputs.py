"""The inputs of the desk's forms: the browser's own pickers, in every language, and the buttons that help."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories import make_update
from tests.staff import make_staff

pytestmark = pytest.mark.django_db
WHEN = dt.datetime(2026, 11, 22, 14, 5, 23, tzinfo=dt.UTC)


@pytest.fixture
def staff(client: Client) -> User:
    user = make_staff("superuser")
    client.force_login(user)
    return user


def shown(client: Client, name: str, *args: int) -> str:
    answer = client.get(reverse(f"admin:{name}", args=args))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.usefixtures("staff")
@pytest.mark.parametrize("language", ["en", "ar", "fr"])
def test_a_moment_is_a_day_and_a_time_the_browser_knows_in_every_language(client, settings, language):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    page = shown(client, "advocacy_update_change", make_update(published_at=WHEN).pk)
    assert '<input type="date" name="published_at_0" value="2026-11-22"' in page
    assert '<input type="time" name="published_at_1" value="14:05:23"' in page
    assert "DateTimeShortcuts" not in page


@pytest.mark.usefixtures("staff")
def test_saving_a_row_again_leaves_its_moment_to_the_second(client):
    update = make_update(published_at=WHEN)
    fields = {"language": update.language, "title": "Another title", "body": update.body}
    moment = {"published_at_0": "2026-11-22", "published_at_1": "14:05:23"}
    address = reverse("admin:advocacy_update_change", args=[update.pk])
    assert client.post(address, {**fields, **moment, "_save": ""}).status_code == 302
    update.refresh_from_db()
    assert (update.title, update.published_at) == ("Another title", WHEN)


@pytest.mark.usefixtures("staff")
def test_another_row_at_once_is_offered_only_where_rows_come_in_a_row(client):
    assert 'name="_addanother"' in shown(client, "advocacy_area_add")
    assert 'name="_addanother"' not in shown(client, "contacts_suppression_add")


@pytest.mark.usefixtures("staff")
def test_a_field_without_words_of_its_own_is_named_in_the_reader_s_language(client, settings):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    page = shown(client, "contacts_mailinglist_add")
    assert "Organisation" in page
    assert "Slug" not in page
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "ar"
    assert "المنظمة" in shown(client, "contacts_mailinglist_add")
