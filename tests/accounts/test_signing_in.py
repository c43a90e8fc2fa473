"""Signing in with a second step: what it takes, and what does not do."""

from __future__ import annotations

import base64
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from limits import RateLimitItemPerMinute

from accounts import audit, logins
from accounts.audit import Act
from accounts.models import User
from accounts.signin import second_factor, secrets
from tests.staff import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

PASSWORD = "a long password"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DESK = "/staff/"


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_person(*roles: str, **fields: object) -> User:
    user = make_staff(*roles, **fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def with_app(user: User) -> User:
    Authenticator.objects.create(user=user, type="totp", data={"secret": secrets.encrypt(SECRET)})
    return user


def code(after: int = 0, secret: str = SECRET) -> str:
    """What the app shows, so many periods later."""
    totp = TOTP(base64.b32decode(secret), 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303
    return totp.generate(int(time.time()) + 30 * after).decode()


def type_password(client: Client, user: User, password: str = PASSWORD, **posted: str) -> str:
    """Where the sign-in page leads."""
    answer = client.post(reverse("admin:login"), {"username": user.username, "password": password, **posted})
    return str(answer.headers.get("Location", ""))


def type_code(client: Client, typed: str) -> str:
    answer = client.post(reverse("mfa_authenticate"), {"code": typed})
    return str(answer.headers.get("Location", ""))


def is_in(client: Client) -> bool:
    return bool(client.get(DESK).status_code == 200)


def test_a_password_is_enough_where_no_second_step_is_set_up():
    client, user = Client(), make_person()
    assert type_password(client, user) == DESK
    assert is_in(client)


def test_the_address_signs_in_as_well_as_the_name():
    make_person(email="ann@example.org")
    client = Client()
    client.post(reverse("admin:login"), {"username": "Ann@Example.org", "password": PASSWORD})
    assert is_in(client)


def test_an_address_that_two_people_share_signs_nobody_in():
    for _number in range(2):
        make_person(email="press@example.org")
    client = Client()
    client.post(reverse("admin:login"), {"username": "press@example.org", "password": PASSWORD})
    assert not is_in(client)


def test_with_an_app_the_password_alone_opens_nothing():
    client, user = Client(), with_app(make_person())
    assert type_password(client, user) == reverse("mfa_authenticate")
    assert not is_in(client)
    assert client.get(reverse("mfa_index")).status_code == 302
    assert not LogEntry.objects.filter(action_flag=Act.SIGNED_IN).exists()
    assert type_code(client, code()) == DESK
    assert is_in(client)
    assert LogEntry.objects.filter(action_flag=Act.SIGNED_IN).count() == 1


def test_the_second_step_without_the_first_leads_back_to_it():
    with_app(make_person())
    assert type_code(Client(), code()) == reverse("account_login")


@pytest.mark.time_machine("2026-11-18 12:00:10Z", tick=False)
def test_a_code_signs_in_once_and_a_code_of_yesterday_never():
    user = with_app(make_person())
    for typed, opens in (
        (code(-9), False),
        (code(-1), True),
        (code(-1), False),
        (code(), True),
        (code(-1), False),
    ):
        client = Client()
        type_password(client, user)
        type_code(client, typed)
        assert is_in(client) == opens, typed


@pytest.mark.parametrize("typed", ["", "000000", "abc", "１２３４５６", "1" * 40, "\0", "-"])
def test_no_other_code_opens_the_desk(typed):
    client, user = Client(), with_app(make_person())
    type_password(client, user)
    answer = client.post(reverse("mfa_authenticate"), {"code": typed})
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not is_in(client)


def test_guessing_at_codes_ends_after_a_few_even_with_the_right_one(monkeypatch):
    monkeypatch.setattr(logins, "OF_ACCOUNT_AND_NETWORK", RateLimitItemPerMinute(3, 15))
    client, user = Client(), with_app(make_person())
    for _number in range(3):
        type_password(client, user)
        type_code(client, "000000")
    type_password(client, user)
    assert "Too many failed logins" in client.post(reverse("mfa_authenticate"), {"code": code()}).text
    assert not is_in(client)
    refused = LogEntry.objects.filter(action_flag=Act.REFUSED)
    assert [audit.told(entry) for entry in refused] == ["A wrong code."] * 3


def test_guessing_at_the_password_of_whoever_is_signed_in_ends_as_well(monkeypatch):
    monkeypatch.setattr(logins, "OF_ACCOUNT_AND_NETWORK", RateLimitItemPerMinute(3, 15))
    client, user = Client(), make_person()
    type_password(client, user)
    again = reverse("account_reauthenticate")
    for _number in range(3):
        client.post(again, {"password": "guess"})
    assert "Too many failed logins" in client.post(again, {"password": PASSWORD}).text


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_staff": False}])
def test_who_left_between_the_two_steps_stays_outside(state):
    client, user = Client(), with_app(make_person())
    type_password(client, user)
    User.objects.filter(pk=user.pk).update(**state)
    type_code(client, code())
    assert not is_in(client)


def test_a_sign_in_leads_to_the_page_that_was_wanted_and_to_no_other_site():
    user = make_person()
    wanted = reverse("admin:password_change")
    assert type_password(Client(), user, next=wanted) == wanted
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        assert type_password(Client(), user, next=elsewhere) == DESK


def set_up_app(client: Client) -> str:
    """Set up an app on the pages for it; the recovery codes page's text."""
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    answer = client.post(reverse("mfa_activate_totp"), {"code": code(secret=secret)}, follow=True)
    return str(answer.text)


def reauthenticated(user: User) -> Client:
    client = Client()
    type_password(client, user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def test_nobody_changes_a_factor_without_saying_once_more_who_they_are():
    client, user = Client(), make_person()
    type_password(client, user)
    for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        for answer in (
            client.get(reverse(name)),
            client.post(reverse(name), {"code": "1", "credential": "{}"}),
        ):
            assert answer["Location"].startswith(reverse("account_reauthenticate")), name


def test_an_app_is_set_up_with_recovery_codes_each_of_which_signs_in_once(django_capture_on_commit_callbacks):
    user = make_person()
    with django_capture_on_commit_callbacks(execute=True):
        shown = set_up_app(reauthenticated(user))
    codes = re.findall(r"<code[^>]*>(\d{8})</code>", shown)
    assert len(set(codes)) == 10
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert not any(one in stored for one in codes)
    for opens in (True, False):
        client = Client()
        type_password(client, user)
        type_code(client, codes[3])
        assert is_in(client) == opens
    kept = LogEntry.objects.filter(action_flag=Act.RIGHTS)
    assert "Set up for themselves: authenticator app." in [audit.told(entry) for entry in kept]


def test_a_copy_of_the_database_with_another_secret_key_proves_nobody(settings):
    user = with_app(make_person())
    settings.SECRET_KEY = "another key altogether"
    client = Client()
    type_password(client, user)
    type_code(client, code())
    assert not is_in(client)


def test_a_secret_sealed_with_an_earlier_key_still_opens(settings):
    sealed = secrets.encrypt("JBSWY3DP")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "the next key"
    assert secrets.decrypt(sealed) == "JBSWY3DP"


# --- who must have one


@pytest.mark.parametrize(
    ("role", "must"),
    [
        ("superuser", True),
        ("Newsletter senders", True),
        ("Newsletter approvers", True),
        ("Contacts exporters", True),
        ("Contacts editors", True),
        ("Campaigners", False),
        ("Newsletter editors", False),
    ],
)
def test_only_whose_rights_reach_many_people_must_set_up_a_second_step(settings, role, must):
    settings.SECOND_FACTOR = "required"
    client, user = Client(), make_person(role)
    assert second_factor.is_powerful(user) == must
    type_password(client, user)
    if not must:
        assert is_in(client)
        return
    for url in (DESK, reverse("admin:advocacy_campaign_changelist"), "/staff/no-such-page/"):
        assert client.get(url)["Location"] == reverse("mfa_index"), url
        assert client.post(url)["Location"] == reverse("mfa_index"), url
    for free in ("mfa_index", "admin:password_change"):
        assert client.get(reverse(free)).status_code == 200
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    set_up_app(client)
    assert is_in(client)


def test_who_removes_their_only_factor_is_asked_for_one_at_once(settings):
    settings.SECOND_FACTOR = "required"
    client, user = reauthenticated(make_person("superuser")), User.objects.get()
    set_up_app(client)
    assert is_in(client)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=user).exists(), "the recovery codes go with it"
    assert not is_in(client)


def test_once_known_the_question_costs_no_query(settings):
    client = Client()
    client.force_login(make_person("Campaigners"))

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/staff/no-such-page/").status_code == 404
        return len(asked)

    before = queries()
    settings.SECOND_FACTOR = "required"
    assert queries() > before
    assert queries() == before


def test_a_lost_factor_is_reset_by_command_and_ends_the_sessions():
    user = with_app(make_person("superuser"))
    client = Client()
    type_password(client, user)
    type_code(client, code())
    call_command("reset_second_factor", user.username)
    assert not is_in(client)
    assert type_password(client, user) == DESK
    assert audit.told(LogEntry.objects.get(action_flag=Act.RIGHTS)) == "Removed the second factor (1)."


# --- everywhere else


def test_signing_out_everywhere_else_leaves_only_this_session():
    user = make_person()
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        type_password(client, user)
    assert here.get(reverse("sign_out_elsewhere")).status_code == 405
    here.post(reverse("sign_out_elsewhere"))
    assert (is_in(here), is_in(elsewhere)) == (True, False)


def test_the_desk_shows_nobody_the_secrets_of_a_second_factor():
    labels = {model._meta.app_label for model in admin.site._registry}
    assert labels.isdisjoint({"mfa", "account", "socialaccount"})
    client = Client()
    client.force_login(make_person("superuser"))
    assert client.get(f"{DESK}mfa/authenticator/").status_code == 404


def test_no_page_of_signing_up_exists():
    for path in ("signup/", "account/signup/", "login/signup/", "account/email/", "account/inactive/"):
        assert Client().get(f"{DESK}{path}").status_code in {302, 404}
    client = Client()
    client.force_login(make_person("superuser"))
    for path in ("signup/", "account/signup/", "account/email/"):
        assert client.get(f"{DESK}{path}").status_code == 404


@pytest.mark.parametrize(
    "typed", ["", "x", "[]", "{}", '{"id": 1}', '{"response": {"userHandle": "AAAA"}}', "null"]
)
def test_a_passkey_that_is_none_is_refused_at_every_door(typed):
    user = with_app(make_person())
    inside, half, outside = reauthenticated(make_person()), Client(), Client()
    type_password(half, user)
    for client, name in (
        (outside, "mfa_login_webauthn"),
        (half, "mfa_authenticate"),
        (inside, "mfa_add_webauthn"),
    ):
        client.get(reverse(name), headers={"Accept": "application/json"})
        answer = client.post(reverse(name), {"credential": typed})
        assert answer.status_code in {200, 302}, name
    assert not is_in(half)
    assert not is_in(outside)
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_one_person_cannot_touch_the_passkey_of_another():
    other = make_person()
    key = Authenticator.objects.create(user=other, type="webauthn", data={"name": "Theirs", "credential": {}})
    client = reauthenticated(make_person("superuser"))
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert client.post(reverse(name, args=[key.pk]), {"name": "Mine"}).status_code == 404
    key.refresh_from_db()
    assert key.data["name"] == "Theirs"
