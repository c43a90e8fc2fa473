"""Sign-in by an identity provider: a real one, over HTTP, that tells the truth or lies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from cryptography.hazmat.primitives.asymmetric import rsa
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts import audit
from accounts.audit import Act
from accounts.models import User
from accounts.signin import secrets
from tests.accounts.identity_provider import CLIENT, SECRET, IdentityProvider, identity_provider
from tests.staff import make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

ADDRESS = "ann@example.org"


@pytest.fixture
def provider(settings) -> Iterator[IdentityProvider]:
    with identity_provider() as one:
        settings.SITE_URL = "http://testserver"
        settings.OIDC_ISSUER, settings.OIDC_NAME = one.url, "Coalition ID"
        [app] = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
        ours = {"client_id": CLIENT, "secret": SECRET, "settings": {**app["settings"], "server_url": one.url}}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [{**app, **ours}]}}
        yield one


def sign_in(provider: IdentityProvider, client: Client | None = None, wanted: str = "") -> Client:
    """Go to the provider and come back, as a browser does."""
    client = client or Client()
    sent = client.get(reverse("oidc_begin"), {"next": wanted} if wanted else {})
    assert sent["Location"].startswith(f"{provider.url}/authorize?")
    back = urlsplit(provider.authorize(sent["Location"]))
    client.last = client.get(f"{back.path}?{back.query}")  # type: ignore[attr-defined]
    return client


def is_in(client: Client) -> bool:
    return bool(client.get("/staff/").status_code == 200)


def test_a_member_of_staff_signs_in_and_nothing_of_what_the_provider_told_is_stored(provider):
    user = make_staff("Campaigners", email="Ann@Example.org")
    client = sign_in(provider, wanted="/staff/password_change/")
    assert client.last["Location"] == "/staff/password_change/"
    assert is_in(client)
    assert not SocialAccount.objects.exists()
    assert User.objects.count() == 1
    assert LogEntry.objects.get(action_flag=Act.SIGNED_IN).user == user


def test_the_door_shows_the_provider_by_its_name(provider):
    assert "Sign in with Coalition ID" in Client().get("/staff/login/").text


@pytest.mark.parametrize(
    "person",
    [
        {"email": "stranger@example.org"},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": None},
        {"email_verified": 1.5},
        {"email": None},
        {"email": ""},
        {"email": ["ann@example.org"]},
        {"email": "ann@example.org\0"},
    ],
)
def test_whoever_is_not_known_here_by_a_verified_address_stays_outside(provider, person):
    make_staff(email=ADDRESS)
    make_staff(email="")
    provider.person |= person
    client = sign_in(provider)
    assert client.last["Location"] == reverse("account_login")
    assert not is_in(client)
    assert User.objects.count() == 2, "nobody signs up"


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_staff": False}])
def test_who_no_longer_works_here_stays_outside(provider, state):
    make_staff(email=ADDRESS, **state)
    assert not is_in(sign_in(provider))


def test_an_address_that_two_people_share_signs_nobody_in(provider):
    for _number in range(2):
        make_staff(email=ADDRESS)
    assert not is_in(sign_in(provider))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-client"},
        {"exp": int(time.time()) - 3600},
        {"sub": "somebody else"},
    ],
)
def test_a_token_of_another_house_client_time_or_person_is_refused(provider, claims):
    make_staff(email=ADDRESS)
    provider.claims = claims
    assert not is_in(sign_in(provider))


def test_a_token_that_another_key_signed_is_refused(provider):
    make_staff(email=ADDRESS)
    provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert not is_in(sign_in(provider))


def test_an_answer_is_good_once_and_only_in_the_session_that_asked(provider):
    make_staff(email=ADDRESS)
    asking = Client()
    back = urlsplit(provider.authorize(asking.get(reverse("oidc_begin"))["Location"]))
    answer = f"{back.path}?{back.query}"
    thief = Client()
    thief.get(answer)
    assert not is_in(thief)
    asking.get(answer)
    assert is_in(asking)
    asking.logout()
    asking.get(answer)
    assert not is_in(asking)


def test_a_second_step_of_ones_own_is_asked_for_here_as_well(provider):
    user = make_staff(email=ADDRESS)
    Authenticator.objects.create(user=user, type="totp", data={"secret": secrets.encrypt("JBSWY3DPEHPK3PXP")})
    client = sign_in(provider)
    assert client.last["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)


@pytest.mark.parametrize(
    ("amr", "opens"), [(["pwd", "mfa"], True), (["pwd"], False), (None, False), ("mfa", False)]
)
def test_powerful_staff_need_no_factor_here_if_the_provider_says_that_it_asked_for_one(
    provider, settings, amr, opens
):
    settings.SECOND_FACTOR = "required"
    make_staff("superuser", email=ADDRESS)
    provider.claims = {"amr": amr}
    assert is_in(sign_in(provider)) == opens


def test_a_provider_that_is_out_of_order_leads_back_to_the_door_with_a_word(provider):
    provider.is_up = False
    answer = Client().get(reverse("oidc_begin"), follow=True)
    assert "The sign-in did not succeed" in answer.text
    provider.is_up = True
    client = Client()
    back = urlsplit(provider.authorize(client.get(reverse("oidc_begin"))["Location"]))
    provider.is_up = False
    assert "The sign-in did not succeed" in client.get(f"{back.path}?{back.query}", follow=True).text


@pytest.mark.parametrize(
    "query", ["", "?code=x", "?code=x&state=y", "?error=access_denied", "?state=%00&code=%00"]
)
def test_a_made_up_answer_leads_back_to_the_door(provider, query):
    answer = Client().get(reverse("oidc_callback") + query)
    assert answer["Location"] == reverse("account_login")


def test_without_a_provider_there_is_no_such_door(settings):
    assert settings.OIDC_ISSUER == ""
    for name in ("oidc_begin", "oidc_callback"):
        assert Client().get(reverse(name)).status_code == 404


# --- roles that follow its groups


@pytest.fixture
def mapped(settings, provider) -> IdentityProvider:
    settings.OIDC_ROLES = [
        ("press", "Newsletter editors"),
        ("press", "Newsletter senders"),
        ("CN=chiefs,OU=desk", "Administrators"),
    ]
    return provider


def roles_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_roles_of_the_mapping_are_given_and_taken_and_others_stay(mapped):
    user = make_staff("Campaigners", "Administrators", email=ADDRESS)
    mapped.claims = {"groups": ["press", "choir"]}
    client = sign_in(mapped)
    assert is_in(client), "the session that begins is not ended by its own change"
    assert roles_of(user) == {"Campaigners", "Newsletter editors", "Newsletter senders"}
    assert client.get(reverse("admin:mailer_mailing_changelist")).status_code == 200
    mapped.claims = {"groups": []}
    sign_in(mapped)
    assert roles_of(user) == {"Campaigners"}
    assert not is_in(client), "the rights it was opened with are gone"
    user.refresh_from_db()
    assert not user.is_superuser


def test_a_change_by_groups_is_written_once_and_a_repeat_ends_no_session(mapped):
    make_staff("Campaigners", email=ADDRESS)
    mapped.person |= {"groups": "CN=chiefs,OU=desk"}
    first = sign_in(mapped)
    sign_in(mapped)
    assert is_in(first)
    [entry] = LogEntry.objects.filter(action_flag=Act.RIGHTS)
    said = audit.told(entry)
    assert said.startswith("By the groups of the identity provider. From: active; staff; roles Campaigners")
    assert "Administrators" in said.partition("To:")[2]


@pytest.mark.parametrize("groups", [None, {"press": True}, [["press"]], 7])
def test_a_claim_that_is_missing_or_cannot_be_read_changes_nothing_and_is_said(mapped, groups, caplog):
    user = make_staff("Newsletter editors", email=ADDRESS)
    mapped.claims = {} if groups is None else {"groups": groups}
    assert is_in(sign_in(mapped))
    assert roles_of(user) == {"Newsletter editors"}
    assert "told no groups" in caplog.text


def test_the_signed_token_counts_before_the_answer_about_the_person(mapped):
    user = make_staff(email=ADDRESS)
    mapped.claims, mapped.person["groups"] = {"groups": []}, ["press"]
    sign_in(mapped)
    assert roles_of(user) == set()


def test_a_role_that_is_not_there_is_said_and_the_others_are_given(mapped, settings, caplog):
    settings.OIDC_ROLES = [("press", "Newsletter editors"), ("press", "Newspaper editors")]
    user = make_staff(email=ADDRESS)
    mapped.claims = {"groups": ["press"]}
    sign_in(mapped)
    assert roles_of(user) == {"Newsletter editors"}
    assert "names roles that are not there" in caplog.text


def test_without_a_mapping_groups_mean_nothing(provider):
    user = make_staff("Campaigners", email=ADDRESS)
    provider.claims = {"groups": ["press"]}
    sign_in(provider)
    assert roles_of(user) == {"Campaigners"}
