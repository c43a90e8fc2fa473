"""A passkey in a real browser: made, named, used as the second step and by itself; and the keyboard alone is enough."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from playwright.sync_api import expect

from accounts.audit import Act
from accounts.models import User
from tests.browser import follow
from tests.staff import make_staff

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a long password"


def sign_in_by_keyboard(page, name: str) -> None:
    page.locator("#id_username").focus()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")


def log_out(page) -> None:
    page.locator(".desk-me summary").press("Enter")
    page.get_by_role("button", name="Log out").press("Enter")
    page.wait_for_url("**/logout/")


def test_a_passkey_is_set_up_and_then_signs_in_without_a_password(browser, live_service):
    user = make_staff("superuser", email="ann@example.org")
    user.set_password(PASSWORD)
    user.save()
    live_service.environment["SECOND_FACTOR"] = "required"
    live_service.start_web()
    site = live_service.site_url.replace("127.0.0.1", "localhost")  # no passkey belongs to a number
    with browser.new_context(viewport={"width": 375, "height": 800}) as context:
        page = context.new_page()
        violations: list[str] = []
        page.on(
            "console", lambda said: violations.append(said.text) if "Content Security" in said.text else None
        )
        device = context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

        page.goto(f"{site}/staff/")
        sign_in_by_keyboard(page, user.username)
        page.wait_for_url(f"{site}/staff/account/")
        page.goto(f"{site}/staff/advocacy/campaign/")
        assert page.url.endswith("/staff/account/"), "nothing else before a second step is set up"
        assert page.evaluate("document.documentElement.scrollWidth") <= 375

        page.get_by_role("link", name="Add a passkey").press("Enter")
        page.locator("input[type=password]").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_label("Name").fill("Ann's phone")
        page.get_by_role("button", name="Add the passkey").press("Enter")
        page.wait_for_url("**/staff/account/codes/")
        expect(page.locator(".signin-codes li")).to_have_count(10)
        follow(page.get_by_role("link", name="Done"))
        expect(page.get_by_text("Ann's phone").first).to_be_visible()
        page.goto(f"{site}/staff/")
        log_out(page)

        page.goto(f"{site}/staff/contacts/contact/")
        page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        page.wait_for_url(f"{site}/staff/contacts/contact/")  # whole: the page before names it behind "next"
        log_out(page)

        page.goto(f"{site}/staff/")
        sign_in_by_keyboard(page, "ann@example.org")
        page.wait_for_url("**/staff/login/code/")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        page.get_by_role("button", name="Use a passkey").press("Enter")
        page.wait_for_url(f"{site}/staff/")
        assert violations == []
    assert Authenticator.objects.filter(user=user, type="webauthn").count() == 1
    assert LogEntry.objects.filter(user=user, action_flag=Act.SIGNED_IN).count() == 3
    assert User.objects.get().last_login is not None
