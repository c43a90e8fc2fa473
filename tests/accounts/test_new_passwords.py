"""A password forgotten: a link by mail for who works here, the same answer for everybody else."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from limits import RateLimitItemPerHour

from accounts import resets
from accounts.models import User
from accounts.signin import second_factor, secrets
from mailer.models import Delivery
from tests.accounts.test_invitations import link_in
from tests.staff import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

NEW = {"password1": "seven quiet herons", "password2": "seven quiet herons"}


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ann() -> User:
    user = make_staff("superuser", email="ann@example.org", language="fr")
    user.set_password("the old one, forgotten")
    user.save()
    return user


def ask(address: str) -> str:
    return Client().post(reverse("staff_forgotten"), {"address": address}).text


def sign_in(password: str) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"username": "ann@example.org", "password": password})
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/staff/").status_code == 200)


def test_a_link_sets_a_new_password_once_ends_every_session_and_signs_nobody_in(ann, outbox):
    elsewhere = sign_in("the old one, forgotten")
    assert is_in(elsewhere)
    ask("ANN@example.org")
    [mail] = outbox.deliver()
    assert (mail.to, 'lang="fr"' in mail.alternatives[0][0]) == (["ann@example.org"], True)
    link, client = link_in(mail), Client()
    assert client.get(link).status_code == 200
    assert client.post(link, {**NEW, "password2": "another"}).context["form"].errors
    assert client.post(link, NEW)["Location"] == reverse("account_login")
    assert not is_in(client)
    assert not is_in(elsewhere)
    assert not is_in(sign_in("the old one, forgotten"))
    assert is_in(sign_in("seven quiet herons"))
    assert Client().post(link, NEW).status_code == 404


def test_a_new_password_does_not_step_over_the_second_step(ann, outbox):
    Authenticator.objects.create(user=ann, type="totp", data={"secret": secrets.encrypt("JBSWY3DPEHPK3PXP")})
    ask(ann.email)
    client = Client()
    client.post(link_in(outbox.deliver()[0]), NEW)
    assert not is_in(sign_in("seven quiet herons"))


def without_password(user: User) -> None:
    user.set_unusable_password()
    user.save()


def switched_off(user: User) -> None:
    User.objects.update(is_active=False)


def no_staff(user: User) -> None:
    User.objects.update(is_staff=False)


def shares_the_address(user: User) -> None:
    make_staff(email=user.email)


@pytest.mark.parametrize("state", [without_password, switched_off, no_staff, shares_the_address])
def test_who_may_have_no_link_gets_none_and_the_page_says_the_same(ann, outbox, state):
    said = ask("nobody@example.org")
    state(ann)
    assert ask(ann.email) == said
    assert outbox.deliver() == []


def test_known_and_unknown_are_answered_alike_and_as_slowly(ann):
    took = []
    for address in (ann.email, "nobody@example.org"):
        began = time.perf_counter()
        said = ask(address)
        took.append(time.perf_counter() - began)
        assert "is on its way" in said
        assert address not in said
    assert min(took) >= 0.25


def test_a_link_dies_when_the_account_is_switched_off_or_its_person_signs_in_or_in_two_hours(
    ann, outbox, time_machine
):
    now = dt.datetime.now(dt.UTC)
    time_machine.move_to(now, tick=False)
    ask(ann.email)
    link = link_in(outbox.deliver()[0])
    assert Client().get(link).status_code == 200
    User.objects.update(is_active=False)
    assert Client().get(link).status_code == 404
    User.objects.update(is_active=True)
    time_machine.move_to(now + dt.timedelta(hours=2, seconds=1), tick=False)
    assert Client().get(link).status_code == 404
    time_machine.move_to(now + dt.timedelta(minutes=1), tick=False)
    sign_in("the old one, forgotten")
    assert Client().get(link).status_code == 404


@pytest.mark.parametrize("token", ["x", "1-", "1-abc-def", "9" * 30 + "-x", "%00-x", "²-x"])
def test_a_made_up_link_is_answered_as_one_that_ran_out(ann, token):
    assert Client().get(f"/staff/forgotten/{token}/").status_code == 404


def test_one_person_is_mailed_three_links_an_hour_and_one_network_asks_for_few(ann, outbox, monkeypatch):
    for _number in range(5):
        ask(ann.email)
    assert len(outbox.deliver()) == 3
    monkeypatch.setattr(resets, "OF_NETWORK", RateLimitItemPerHour(1))
    other = make_staff(email="bob@example.org")
    other.set_password("a long password")
    other.save()
    ask("nobody@example.org")
    ask(other.email)
    assert outbox.deliver() == []


def test_who_lost_their_second_step_is_told_that_a_colleague_removed_it(ann, outbox):
    boss = make_staff("superuser")
    Authenticator.objects.create(user=ann, type="totp", data={"secret": secrets.encrypt("JBSWY3DPEHPK3PXP")})
    client = Client()
    client.force_login(boss)
    client.post(reverse("admin:accounts_user_act", args=[ann.pk, "second-step"]))
    assert not second_factor.has_one(ann)
    [mail] = outbox.deliver()
    assert mail.to == ["ann@example.org"]
    assert reverse("mfa_index") in mail.body


def test_a_mail_about_an_account_holds_no_name_and_no_address_in_its_text(ann, outbox):
    Group.objects.get(name="Moderators").user_set.add(ann)
    ask(ann.email)
    delivery = Delivery.objects.get(kind=Delivery.Kind.STAFF)
    assert delivery.context == {"reset": ann.pk}
    assert ann.email not in delivery.message.text + delivery.message.html
