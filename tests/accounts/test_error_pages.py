"""What staff are shown where there is nothing, or nothing for them; and how the desk writes a date."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import formats, translation

from tests.factories import make_mailing_list
from tests.staff import make_campaign, make_organisation, make_staff

pytestmark = pytest.mark.django_db


def test_a_row_that_is_not_theirs_is_a_page_of_the_desk_with_a_way_back(client):
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    theirs = make_campaign(organisation=make_organisation(), name="Their secret")
    for path in (f"advocacy/campaign/{theirs.pk}/letters/", "nowhere/", "contacts/contact/999/"):
        answer = client.get(f"{reverse('admin:index')}{path}", follow=True)
        assert answer.status_code in {403, 404}
        assert f'href="{reverse("admin:index")}"' in answer.text
        assert "desk-places" in answer.text, "the head of the desk"
        assert "Their secret" not in answer.text


@pytest.mark.parametrize("part", ["change", "history", "delete"])
def test_a_list_that_is_not_theirs_is_not_found_on_any_page_of_djangos_admin(client, part):
    client.force_login(make_staff("superuser", organisation=make_organisation()))
    theirs = make_mailing_list(organisation=make_organisation())
    answer = client.get(f"{reverse('admin:index')}contacts/mailinglist/{theirs.pk}/{part}/")
    assert answer.status_code == (403 if part == "delete" else 404)
    assert f'href="{reverse("admin:index")}"' in answer.text


def test_a_refusal_is_one_line_in_the_log(client, caplog):
    client.force_login(make_staff("Campaigners"))
    assert client.get(reverse("admin:contacts_contact_changelist")).status_code == 403
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert (record.levelname, record.exc_info) == ("WARNING", None)


def test_a_page_without_the_right_says_who_can_help(client):
    client.force_login(make_staff("Campaigners"))
    answer = client.get(reverse("admin:contacts_contact_changelist"))
    assert answer.status_code == 403
    assert "Your roles do not bring this right" in answer.text
    assert "See all campaigns" not in answer.text


def test_the_public_gets_the_public_page_at_the_desk_and_elsewhere(client):
    assert "See all campaigns" in client.get("/en/c/nowhere/").text
    client.force_login(make_staff("Campaigners"))
    assert "See all campaigns" in client.get("/en/c/nowhere/").text
    client.force_login(make_staff(is_staff=False))
    assert "desk-places" not in client.get(f"{reverse('admin:index')}nowhere/", follow=True).text


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", "22 Nov 2026, 14:05"), ("fr", "22 nov. 2026, 14:05"), ("es", "22 nov 2026, 14:05")],
)
def test_a_moment_is_written_alike_in_every_language(language, shown):
    moment = dt.datetime(2026, 11, 22, 14, 5, tzinfo=dt.UTC)
    with translation.override(language):
        assert formats.localize(moment) == shown
        assert formats.date_format(moment, "SHORT_DATETIME_FORMAT") == shown
