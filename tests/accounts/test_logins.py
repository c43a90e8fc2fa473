"""The login of the desk, and who guesses at it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from limits import RateLimitItemPerMinute

from accounts import budgets, logins
from accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

HERE, THERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def small_budgets(monkeypatch):
    """The real budgets, only smaller."""
    monkeypatch.setattr(logins, "OF_ACCOUNT_AND_NETWORK", RateLimitItemPerMinute(3, 15))
    monkeypatch.setattr(logins, "OF_ACCOUNT", RateLimitItemPerMinute(6, 60))
    monkeypatch.setattr(logins, "OF_NETWORK", RateLimitItemPerMinute(5, 15))


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", password="a long password", is_staff=True)


def log_in(username: str, password: str, network: str = HERE) -> str:
    """The error the page shows; "" for a login that succeeds."""
    posted = {"username": username, "password": password}
    answer = Client().post(reverse("admin:login"), posted, REMOTE_ADDR=network)
    if answer.status_code == 302:
        return ""
    (error,) = answer.context["form"].non_field_errors()
    return error


def test_guessing_ends_after_a_few_attempts_even_with_the_right_password(ann):
    for number in range(3):
        assert "correct username" in log_in("ann", f"guess {number}")
    assert "Too many failed logins" in log_in("ANN ", "a long password")


def test_the_owner_of_an_account_that_others_guess_at_logs_in_from_their_own_network(ann):
    for number in range(4):
        log_in("ann", f"guess {number}", network=THERE)
    assert log_in("ann", "a long password") == ""


def test_guessing_from_many_networks_ends_as_well(ann):
    for number in range(6):
        assert "correct username" in log_in("ann", "guess", network=f"203.0.{number}.1")
    assert "Too many failed logins" in log_in("ann", "guess", network="203.0.99.1")


def test_one_network_cannot_try_one_password_on_many_accounts(ann):
    for number in range(5):
        log_in(f"staff{number}", "password1")
    assert "Too many failed logins" in log_in("ann", "password1")


def test_an_account_that_does_not_exist_is_answered_as_one_that_does(ann):
    known = [log_in("ann", "guess", network=HERE) for _number in range(4)]
    unknown = [log_in("bob", "guess", network=THERE) for _number in range(4)]
    assert known == unknown


def test_logins_that_succeed_cost_nothing(ann):
    assert [log_in("ann", "a long password") for _number in range(8)] == [""] * 8


def test_without_valkey_a_login_still_works_and_guessing_still_ends(ann, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    budgets.forget_connections()
    try:
        assert log_in("ann", "a long password") == ""
        assert "correct username" in log_in("ann", "guess")
        assert "Too many failed logins" in log_in("ann", "guess")
    finally:
        budgets.forget_connections()


def test_no_name_reaches_valkey(ann):
    log_in("ann", "guess")
    keys = budgets._shared(sliding=True).storage.storage.keys("*")  # type: ignore[attr-defined]
    assert keys
    assert not any(b"ann" in key or b"192.0" in key for key in keys)
