"""The preview: what is typed as its reader sees it, saved nowhere, and nothing in it may run."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from mailer.mailings import texts
from mailer.models import Mailing, MailingText
from tests.factories import make_contact, make_mailing
from tests.mailer.writing_desk.test_write_page import opened
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    user = make_staff("Newsletter editors")
    user.user_permissions.add(Permission.objects.get(codename="view_contact"))
    client.force_login(user)
    return client


def preview(desk: Client, mailing: Mailing, **typed: Any) -> Any:
    return desk.post(
        reverse("admin:mailer_mailing_preview", args=[mailing.pk]), {**opened(desk, mailing), **typed}
    )


def test_what_is_typed_is_shown_and_saved_nowhere(desk):
    mailing = make_mailing()
    before = MailingText.objects.values().get()
    html = preview(desk, mailing, subject="Typed", **{"a1-text": "Typed heading"}).content.decode()
    assert "Typed heading" in html
    assert MailingText.objects.values().get() == before
    assert not mailing.acts.exists()


def test_nothing_in_a_preview_may_run_or_be_framed_elsewhere(desk):
    answer = preview(desk, make_mailing(), **{"a2-html": "<p onclick=x()>Hi<script>alert(1)</script></p>"})
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "script" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "sandbox allow-same-origin" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in answer["Cache-Control"]
    html = answer.content.decode()
    assert "<script" not in html
    assert "onclick" not in html
    page = desk.get(reverse("admin:mailer_mailing_write", args=[Mailing.objects.get().pk]))
    assert "unsafe-inline" not in page["Content-Security-Policy"], "the desk's own pages stay strict"
    assert "allow-scripts" not in page.content.decode().replace("(no allow-scripts", "")


def test_a_contact_sees_their_own_values_as_words_and_the_blocks_for_them(desk):
    make_contact("ann@example.org", first_name="<img src=x onerror=alert(1)>", country="KE")
    mailing = make_mailing()
    text = mailing.texts.get()
    text.blocks[2]["shown_to"] = {"field": "country", "is": "is", "value": ["FR"]}
    text.save()
    html = preview(desk, mailing, show_as="ann@example.org").content.decode()
    assert "Dear &lt;img src=x onerror=alert(1)&gt;" in html
    assert "Write to them" not in html
    everybody = preview(desk, mailing).content.decode()
    assert "Dear friend" in everybody
    assert "Write to them" in everybody
    assert (
        "No contact has this address." in preview(desk, mailing, show_as="ben@example.org").content.decode()
    )


def test_who_may_not_see_contacts_sees_the_mail_as_nobody(desk):
    make_contact("ann@example.org", first_name="Ann")
    mailing, blind = make_mailing(), Client()
    blind.force_login(make_staff("Newsletter editors"))
    assert "Dear friend" in preview(blind, mailing, show_as="ann@example.org").content.decode()
    mine = make_organisation()
    bound = make_staff("Newsletter editors", organisation=mine)
    bound.user_permissions.add(Permission.objects.get(codename="view_contact"))
    blind.force_login(bound)
    own = make_mailing(organisation=mine)
    assert "Dear friend" in preview(blind, own, show_as="ann@example.org").content.decode()


def test_the_text_part_another_language_and_the_dark_look_are_shown_when_asked_for(desk):
    mailing = make_mailing()
    arabic = texts.add_language(mailing, "ar", make_staff())
    MailingText.objects.filter(pk=arabic.pk).update(subject="قفوا مع الضحايا")
    text = preview(desk, mailing, show_what="text").content.decode()
    assert "<pre>" in text
    assert "Dear friend" in text
    shown = preview(desk, mailing, show_language="ar").content.decode()
    assert "قفوا مع الضحايا" in shown
    assert 'dir="rtl"' in shown
    light, dark = (
        preview(desk, mailing).content.decode(),
        preview(desk, mailing, show_dark="on").content.decode(),
    )
    assert "@media not all" in light
    assert "@media all" in dark
    assert "prefers-color-scheme: dark)" not in light + dark


@pytest.mark.parametrize(
    "typed",
    [
        {"block": ["x"] * 300, "kind-x": "heading"},
        {"show_language": "xx"},
        {"revision": "9" * 30},
        {"show_as": "\x00"},
        {"a2-html": "<p>{{ nothing | x }} {{ 6*7 }} {% load x %}</p>"},
    ],
    ids=["many", "language", "revision", "nul", "fields"],
)
def test_what_cannot_be_shown_is_answered_in_words_or_as_not_found(desk, typed):
    assert preview(desk, make_mailing(), **typed).status_code in {200, 404}
