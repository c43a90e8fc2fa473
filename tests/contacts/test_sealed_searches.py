"""An address that staff search for stands in no address of a page."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailer.models import Delivery, Mailing
from tests.factories import make_contact, make_mailing_list
from tests.staff import make_delivery, make_message, make_staff

pytestmark = pytest.mark.django_db
ADDRESS = "ann@example.org"
ENDED = "The search in this address has ended; search again."
LIST = "admin:contacts_contact_changelist"


def signed_in() -> Client:
    client = Client()
    client.force_login(make_staff("superuser"))
    return client


def report() -> Mailing:
    mailing = Mailing.objects.create(name="May", mailing_list=make_mailing_list(), audience=2)
    Mailing.objects.update(frozen_at=timezone.now())
    for address in (ADDRESS, "ben@example.org"):
        make_delivery(address, message=make_message(), mailing=mailing, kind=Delivery.Kind.MAILING)
    return mailing


def test_a_search_of_contacts_leads_to_a_page_whose_address_and_links_do_not_name_who_was_searched_for():
    make_contact(ADDRESS), make_contact("ben@example.org")
    client = signed_in()
    page = client.post(reverse(LIST), {"q": ADDRESS, "sort": "oldest", "country": ""}, follow=True)
    [(found, _status)] = page.redirect_chain
    assert "example" not in found
    assert "country" not in found
    assert [row.address for row in page.context["cl"].result_list] == [ADDRESS]
    assert f'value="{ADDRESS}"' in page.text, "the words stand in the form again"
    links = [part.partition('"')[0] for part in page.text.split('href="')[1:]]
    assert [link for link in links if "example" in link] == []
    [export] = [link for link in links if "/export/" in link]
    assert "“ann@example.org”" in client.get(export.replace("&amp;", "&")).text


def test_a_search_of_a_reports_people_is_sealed_as_well():
    mailing, client = report(), signed_in()
    page = reverse("admin:mailer_mailing_report_people", args=[mailing.pk])
    answer = client.post(page, {"q": ADDRESS, "state": ""}, follow=True)
    [(found, _status)] = answer.redirect_chain
    assert "example" not in found
    assert [row.delivery.address for row in answer.context["page"].rows] == [ADDRESS]


def test_sealed_words_are_read_by_who_searched_and_by_nobody_else():
    make_contact(ADDRESS)
    client = signed_in()
    sealed = client.post(reverse(LIST), {"q": ADDRESS})["Location"]
    assert ADDRESS in client.get(sealed).text
    other = signed_in()
    assert f'value="{ADDRESS}"' not in other.get(sealed).text
    assert ENDED in other.get(sealed).text
    assert ENDED not in client.get(sealed).text
    export = reverse("admin:contacts_contact_export") + "?" + sealed.partition("?")[2]
    for broken in (export, export[:-3]):
        answer = other.post(broken, {"format": "csv"})
        assert answer.status_code == 302, "what cannot be read is no search for everybody"


def test_after_a_day_a_page_says_that_its_search_has_ended_and_why_everybody_stands_there():
    mailing, client = report(), signed_in()
    pages = [reverse(LIST), reverse("admin:mailer_mailing_report_people", args=[mailing.pk])]
    sealed = [client.post(page, {"q": ADDRESS})["Location"] for page in pages]
    assert all(ENDED not in client.get(url).text for url in [*pages, *sealed])
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        client.force_login(make_staff("superuser"))
        assert all(ENDED in client.get(url).text for url in sealed)
