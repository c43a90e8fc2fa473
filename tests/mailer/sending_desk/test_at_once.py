"""Many people press at once (F12): one moves the mailing, everybody else is told who did."""

from __future__ import annotations

import re
import threading
from collections import Counter

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from mailer.mailings import approving, freezing, sweeping
from mailer.models import Delivery, Mailing, MailingAct
from mailer.preflight.fingerprint import fingerprint
from tests.mailer.sending_desk.test_send_page import chosen, ready, url
from tests.staff import make_staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def roles(db):
    from accounts.roles import ensure_roles

    ensure_roles()


def all_at_once(users: list[User], address: str, form: dict[str, str]) -> Counter[str]:
    """Each user posts the form from a browser of their own; returns what they were told, and how often."""
    clients = []
    for user in users:
        client = Client()
        client.force_login(user)
        clients.append(client)
    gate, told = threading.Barrier(len(clients)), []

    def press(client: Client) -> None:
        try:
            gate.wait(20)
            answer = client.post(address, form, follow=True)
            found = re.search(r'class="messagelist">\s*<li[^>]*>([^<]*)</li>', answer.content.decode())
            told.append(found[1].strip() if found else "")
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return Counter(told)


def test_of_twenty_who_press_send_at_once_one_starts_it_and_nobody_is_written_to_twice(settings):
    settings.MAILING_UNDO_SECONDS = 0
    mailing = ready(3)
    users = [make_staff("Newsletter senders", username=f"user{number}") for number in range(20)]
    client = Client()
    client.force_login(users[0])
    form = chosen(client.get(url(mailing, "send_confirm"), {"when": "now"}).content.decode())
    told = all_at_once(users, url(mailing, "send_confirm"), form)
    mailing.refresh_from_db()
    assert mailing.status in {"scheduled", "sending"}
    assert mailing.acts.filter(what=MailingAct.What.SCHEDULED).count() == 1
    winner = mailing.acts.get(what=MailingAct.What.SCHEDULED).by
    assert told.pop("") == 1
    assert sum(told.values()) == 19
    assert all(str(winner) in words for words in told)
    sweeping.tick()
    freezing.freeze(mailing.pk)
    freezing.freeze(mailing.pk)
    assert mailing.acts.filter(what=MailingAct.What.FROZEN).count() == 1
    assert Delivery.objects.filter(mailing=mailing).count() == 3


def test_of_six_who_pause_at_once_one_pauses_and_five_are_told_who_did():
    mailing = ready(1)
    Mailing.objects.filter(pk=mailing.pk).update(status="sending")
    users = [make_staff("Newsletter senders", username=f"user{number}") for number in range(6)]
    told = all_at_once(users, url(mailing, "send_act"), {"act": "pause"})
    assert told.pop("") == 1
    assert sum(told.values()) == 5
    pauser = mailing.acts.get(what=MailingAct.What.PAUSED).by
    assert all(f"already paused by {pauser}" in words for words in told)


def test_a_text_saved_while_somebody_approves_is_never_the_approved_one(settings):
    """Both hold the mailing's row: either the approval is of the old text and void, or it is refused."""
    from mailer.mailings import texts

    settings.MAILING_APPROVAL_OVER = 0
    mailing = ready(1)
    ann, ben, eve = (
        make_staff(role, username=name)
        for role, name in (
            ("Newsletter senders", "ann"),
            ("Newsletter approvers", "ben"),
            ("Newsletter editors", "eve"),
        )
    )
    seen = fingerprint(mailing)
    approving.ask(mailing, ann, seen, 1)
    text = mailing.texts.get()
    said = texts.Content.of(text)
    gate = threading.Barrier(2)

    def write() -> None:
        try:
            gate.wait(10)
            texts.save(
                text, text.version, texts.Content("Another", said.preheader, said.blocks, said.plain), eve
            )
        finally:
            connection.close()

    def approve() -> None:
        try:
            gate.wait(10)
            approving.approve(Mailing.objects.get(pk=mailing.pk), ben, seen)
        except approving.Changed:
            pass
        finally:
            connection.close()

    both = [threading.Thread(target=act) for act in (write, approve)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(30)
    mailing.refresh_from_db()
    assert mailing.texts.get().subject == "Another"
    assert not approving.stands(mailing, fingerprint(mailing))
