"""The page of a sender's domain: what stands in the DNS, and what is to be copied into it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailer.models import Sender
from mailer.preflight import domains
from tests.factories import make_sender
from tests.mailer.preflight.dns_of_tests import dns
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


def page(sender: Sender) -> str:
    return reverse("admin:mailer_sender_domain", args=[sender.pk])


def test_the_page_shows_what_is_wrong_and_the_records_to_copy(client, settings):
    settings.MAIL_DOMAIN = "mail.bus42.org"
    sender = make_sender(address="news@bus42.org", dkim_selectors="pic")
    client.force_login(make_staff("Newsletter editors"))
    assert "not looked up yet" in client.get(page(sender)).content.decode()
    domains.look_and_keep(sender, dns({}))
    shown = client.get(page(sender)).content.decode()
    assert "v=spf1 include:mailgun.org ~all" in shown
    assert "_dmarc.bus42.org" in shown
    assert "Your mail provider shows the value" in shown
    assert "3 things are wrong" not in shown
    assert "4 things are wrong" in shown


def test_a_look_at_an_example_domain_asks_no_dns_and_says_why(client):
    sender = make_sender(address="news@epistle.example")
    client.force_login(make_staff("superuser"))
    assert client.post(page(sender), follow=True).status_code == 200
    sender.refresh_from_db()
    assert [one["code"] for one in sender.dns["findings"]] == ["domain_for_examples"]


def test_a_new_address_makes_the_last_look_worthless(client):
    sender = make_sender(address="news@bus42.org")
    domains.look_and_keep(sender, dns({}))
    Sender.objects.filter(pk=sender.pk).update(address="news@elsewhere.net")
    client.force_login(make_staff("superuser"))
    assert "not looked up yet" in client.get(page(sender)).content.decode()


def test_a_failing_domain_stands_on_the_start_page_of_who_may_see_it(client):
    ours, theirs = make_organisation(), make_organisation()
    sender = make_sender(address="news@bus42.org", organisation=ours)
    domains.look_and_keep(sender, dns({}))
    waits = "The domain of 1 sender is not set up"
    for organisation, sees in ((ours, True), (None, True), (theirs, False)):
        client.force_login(make_staff("Newsletter editors", organisation=organisation))
        assert (waits in client.get(reverse("admin:index")).content.decode()) is sees
        assert (client.get(page(sender)).status_code == 200) is sees
