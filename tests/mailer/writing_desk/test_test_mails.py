"""Test mails of a mailing: to staff and seed lists only, marked, by the one door, and without a trace of the person shown."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from contacts.segments import trees
from mailer.mailings import testing
from mailer.models import Delivery, Mailing, MailingAct, MailingText, Message
from tests.factories import make_contact, make_mailing, make_mailing_list, make_subscription
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann() -> User:
    return make_staff("Newsletter editors", email="ann.staff@example.org")


def send(mailing: Mailing, ann: User, **options: object) -> int:
    return testing.send(mailing, mailing.texts.get(), by=ann, **{"staff": [ann], **options})


def test_a_test_is_the_mail_itself_marked_with_working_headers_and_links_that_act_on_nobody(ann, outbox):
    mailing = make_mailing()
    assert send(mailing, ann) == 1
    (mail,) = outbox.deliver()
    assert (mail.to, mail.subject) == (["ann.staff@example.org"], "[Test] Stand with victims")
    html = mail.alternatives[0][0]
    for part in (mail.body, html):
        assert "Dear friend, justice must be global." in part
        assert "{{" not in part
    headers = mail.extra_headers
    assert headers["List-Unsubscribe"].startswith(f"<{settings.SITE_URL}/")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "{{" not in "".join(headers.values())
    assert "Auto-Submitted" not in headers
    act = mailing.acts.get()
    assert (act.what, act.by, act.detail["to"]) == (MailingAct.What.TESTED, ann, 1)


def test_a_test_as_a_contact_has_their_values_and_blocks_and_keeps_neither(ann, outbox):
    kenyan = make_contact(first_name='Wanjirũ <b>"', country="KE")
    mailing = make_mailing()
    text = mailing.texts.get()
    tree = trees.as_json(trees.read({"field": "country", "is": "is", "value": ["FR"]}))
    text.subject = "{{ first_name | friend }}, {{ last_name | you }}"
    text.blocks[2]["shown_to"] = tree
    text.save()
    send(mailing, ann, person=kenyan)
    message = Message.objects.get()
    assert "Wanjir" not in message.subject + message.text + message.html
    (mail,) = outbox.deliver()
    assert mail.subject == '[Test] Wanjirũ <b>", you'
    assert "Dear Wanjirũ &lt;b&gt;" in mail.alternatives[0][0]
    assert "Write to them" not in mail.body, "a block for France"
    kenyan.delete()
    send(mailing, ann)
    assert "Write to them" in outbox.deliver()[-1].body, "as nobody, every block is there"


def test_a_seed_list_gets_it_and_a_list_of_readers_never(ann, outbox):
    seeds, readers = make_mailing_list(is_seed=True), make_mailing_list()
    for number in range(3):
        contact = make_contact()
        make_subscription(contact, seeds)
        make_subscription(make_contact(), readers)
        if number == 0:
            left = make_subscription(make_contact(), seeds)
            left.status = "unsubscribed"
            left.save()
    mailing = make_mailing()
    client = Client()
    client.force_login(ann)
    url = reverse("admin:mailer_mailing_test", args=[mailing.pk])
    refused = client.post(url, {"language": "en", "lists": [readers.pk]})
    assert refused.status_code == 200
    assert not Delivery.objects.exists()
    client.post(url, {"language": "en", "lists": [seeds.pk], "staff": [ann.pk]})
    assert len(outbox.deliver()) == 4
    for _number in range(testing.MOST_SEEDS):
        make_subscription(make_contact(), seeds)
    with pytest.raises(ValidationError, match="no list for tests"):
        send(mailing, ann, lists=[seeds])


def test_nobody_sends_more_tests_an_hour_than_the_setting_says(ann, settings):
    settings.TEST_MAILS_PER_HOUR = 2
    mailing = make_mailing()
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        send(mailing, ann)
        send(mailing, ann)
        with pytest.raises(ValidationError, match="2 test mails an hour; 0 are left"):
            send(mailing, ann)
        clock.shift(3_700)
        send(mailing, ann)
    assert Delivery.objects.filter(kind="test").count() == 3


def test_a_text_that_cannot_be_sent_yet_is_no_test_and_says_why(ann):
    mailing = make_mailing()
    MailingText.objects.update(blocks=[{"id": "b", "kind": "button", "text": "Go", "url": ""}])
    client = Client()
    client.force_login(ann)
    url = reverse("admin:mailer_mailing_test", args=[mailing.pk])
    answer = client.post(url, {"language": "en", "staff": [ann.pk]})
    assert "Block 1 (Button), Leads to" in answer.content.decode()
    assert not Message.objects.exists()


def test_only_who_writes_or_sends_mailings_tests_them_and_only_to_colleagues(ann):
    mailing, url = make_mailing(), "admin:mailer_mailing_test"
    stranger = make_staff(organisation=make_organisation(), email="other@example.org")
    for role, status in (("Newsletter approvers", 403), ("Newsletter senders", 200)):
        client = Client()
        client.force_login(make_staff(role))
        assert client.get(reverse(url, args=[mailing.pk])).status_code == status
    mine = make_organisation()
    bound = make_staff("Newsletter editors", organisation=mine, email="mine@example.org")
    client = Client()
    client.force_login(bound)
    own = make_mailing(organisation=mine)
    answer = client.post(reverse(url, args=[own.pk]), {"language": "en", "staff": [stranger.pk]})
    assert answer.status_code == 200
    assert not Delivery.objects.exists()
