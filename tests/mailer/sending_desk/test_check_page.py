"""The page Check: asked for once, watched while it goes, and told with the way to what is to be mended."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailer.fetching import Answer
from mailer.models import Mailing
from mailer.preflight import running
from mailer.writing import layouts
from tests.factories import make_mailing
from tests.mailer.sending_desk.test_send_page import ready, url
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    user = make_staff("Newsletter editors")
    client.force_login(user)
    return client


def shown(client, mailing: Mailing) -> str:
    return client.get(url(mailing, "check")).content.decode()


def test_a_check_is_asked_for_watched_and_answered(editor):
    mailing = make_mailing()
    assert "It has not been checked yet." in shown(editor, mailing)
    page = editor.post(url(mailing, "check"), {"act": "check"}, follow=True).content.decode()
    assert "Waiting for a worker" in page
    assert reverse("admin:mailer_mailing_check_progress", args=[mailing.pk]) in page
    part = editor.get(url(mailing, "check_progress"))
    assert b"Waiting for a worker" in part.content
    mailing.refresh_from_db()
    running.check(mailing, by=None, run=mailing.preflight["run"], fetch=lambda link: Answer(200, link))
    assert editor.get(url(mailing, "check_progress"))["HX-Refresh"] == "true"
    page = shown(editor, mailing)
    assert "1 thing has to be mended before it can be sent." in page
    assert "Nobody would get it: the audience is empty." in page


def test_a_worker_that_died_is_told_and_can_be_asked_again(editor):
    mailing = make_mailing()
    editor.post(url(mailing, "check"), {"act": "check"})
    mailing.refresh_from_db()
    dead = {**mailing.preflight, "state": "running", "step": "links", "beat": "2020-01-01T00:00:00+00:00"}
    Mailing.objects.update(preflight=dead)
    assert "The last check did not come to its end." in shown(editor, mailing)
    editor.post(url(mailing, "check"), {"act": "check"})
    assert "Waiting for a worker" in shown(editor, mailing)


def test_a_check_that_breaks_off_says_so_instead_of_hanging(editor):
    mailing = make_mailing()
    assert running.begin(mailing, make_staff("superuser"))
    mailing.texts.update(blocks=[{"kind": "no such kind"}])
    running.work(mailing.pk, mailing.preflight["run"])
    page = shown(editor, mailing)
    assert "The check broke off" in page
    assert "Check again" in page


def test_a_finding_leads_to_its_block_and_a_dead_link_can_be_opened(editor):
    mailing = ready()
    running.check(mailing, by=None, fetch=lambda link: Answer(404, link))
    page = shown(editor, mailing)
    assert f"{url(mailing, 'write')}?language=en#block-a3" in page
    assert 'href="https://epistle.example/write/" target="_blank" rel="noopener noreferrer"' in page
    assert "Send it in spite of this" not in page


def test_words_of_the_layout_that_nobody_changed_hold_the_mailing(editor):
    mailing = ready()
    mailing.texts.update(blocks=layouts.begun("announcement", "en"))
    found = running.check(mailing, by=None, fetch=lambda link: Answer(200, link))
    assert [one for one in found if one.level == "error" and one.code == "gap" and one.block]


def test_a_change_after_the_check_is_told(editor):
    mailing = ready()
    assert "It can be sent. Nothing was found." in shown(editor, mailing)
    mailing.texts.update(subject="Another")
    page = shown(editor, mailing)
    assert "It has been changed since this check." in page
    assert "Go on: send" not in page


@pytest.mark.parametrize("status", ["scheduled", "sending", "sent"])
def test_what_has_left_is_not_checked_again(editor, status):
    mailing = ready()
    Mailing.objects.update(status=status, starts_at="2026-01-01T00:00Z")
    before = Mailing.objects.get().preflight
    editor.post(url(mailing, "check"), {"act": "check"})
    assert Mailing.objects.get().preflight == before


def test_whoever_only_approves_neither_checks_nor_overrules(client):
    mailing = ready()
    running.check(mailing, by=None, fetch=lambda link: Answer(404, link))
    before = Mailing.objects.get().preflight
    client.force_login(make_staff("Newsletter approvers"))
    page = shown(client, mailing)
    assert "Check again" not in page
    client.post(url(mailing, "check"), {"act": "check"})
    key = before["findings"][0].get("about", "x")
    client.post(url(mailing, "check"), {"act": "overrule", "key": key, "why": "I may not"})
    assert Mailing.objects.get().preflight == before
    assert not mailing.acts.filter(what="overridden").exists()


def test_a_hostile_link_is_shown_as_text(editor):
    mailing = ready()
    text = mailing.texts.get()
    text.blocks[2]["url"] = 'https://bus42.org/"><script>alert(1)</script>'
    text.save()
    running.check(mailing, by=None, fetch=lambda link: Answer(404, link))
    assert "<script>alert(1)" not in shown(editor, mailing)
