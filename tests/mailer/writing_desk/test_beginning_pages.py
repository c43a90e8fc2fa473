"""How a mailing begins, its settings, and what editors keep to use again."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailer.models import Mailing, MailingAct, MailingTemplate, Theme
from mailer.writing.layouts import LAYOUTS
from tests.factories import make_mailing, make_mailing_list, make_sender
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

NEW = "admin:mailer_mailing_add"


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_staff("Newsletter editors"))
    return client


def begin(desk: Client, **fields: object) -> Mailing:
    posted = {"begin_from": "blank", "name": "May", "language": "fr", **fields}
    answer = desk.post(reverse(NEW), posted)
    assert answer.status_code == 302, answer.context["form"].errors
    return Mailing.objects.latest("pk")


def test_a_new_mailing_goes_to_its_list_and_can_be_written_at_once(desk):
    mailing_list, sender = make_mailing_list(), make_sender()
    mailing = begin(desk, mailing_list=mailing_list.pk, sender=sender.pk)
    assert list(mailing.include_lists.all()) == [mailing_list]
    text = mailing.texts.get()
    assert (mailing.language, text.language) == ("fr", "fr")
    assert [block["kind"] for block in text.blocks][-1] == "footer"
    assert mailing.acts.get().what == MailingAct.What.CREATED
    assert desk.get(reverse("admin:mailer_mailing_change", args=[mailing.pk])).status_code == 200


def test_each_ready_made_layout_begins_a_mailing_in_its_language(desk):
    lists = {"mailing_list": make_mailing_list().pk, "sender": make_sender().pk}
    page = desk.get(reverse(NEW)).content.decode()
    for name, layout in LAYOUTS.items():
        assert str(layout.help) in page
        mailing = begin(desk, begin_from=f"layout-{name}", **lists)
        assert len(mailing.texts.get().blocks) > 3
        assert desk.get(reverse("admin:mailer_mailing_write", args=[mailing.pk])).status_code == 200


def test_a_template_and_a_past_mailing_begin_the_next_one(desk):
    past = make_mailing(name="April")
    desk.post(reverse("admin:mailer_mailing_as_template", args=[past.pk]))
    template = MailingTemplate.objects.get()
    assert (template.name, template.subject) == ("April", "Stand with victims")
    lists = {"mailing_list": past.mailing_list.pk, "sender": past.sender.pk}
    of_template = begin(desk, begin_from=f"template-{template.pk}", **lists)
    assert of_template.texts.get().subject == "Stand with victims"
    copy = begin(desk, begin_from="past", past=past.pk)
    assert (copy.based_on, copy.texts.get().subject) == (past, "Stand with victims")


def test_a_draft_that_was_never_sent_is_no_past_mailing_but_for_its_own_copy(desk):
    make_mailing(name="April", status=Mailing.Status.SENT, started_at=timezone.now())
    draft = make_mailing(name="Never sent")
    assert "Never sent" not in desk.get(reverse(NEW)).content.decode()
    assert "April" in desk.get(reverse(NEW)).content.decode()
    own = desk.get(reverse(NEW), {"from": "past", "past": draft.pk}).content.decode()
    assert f'<option value="{draft.pk}" selected>Never sent</option>' in own


def test_a_mailing_without_what_it_needs_is_not_begun(desk):
    theirs = make_organisation()
    mine = Client()
    mine.force_login(make_staff("Newsletter editors", organisation=make_organisation()))
    foreign = make_mailing(organisation=theirs)
    for client, posted in (
        (desk, {"begin_from": "blank"}),
        (desk, {"begin_from": "past"}),
        (desk, {"begin_from": "layout-no such"}),
        (mine, {"begin_from": "past", "past": foreign.pk}),
        (mine, {"mailing_list": foreign.mailing_list.pk, "sender": foreign.sender.pk}),
    ):
        before = Mailing.objects.count()
        answer = client.post(reverse(NEW), {"begin_from": "blank", "name": "May", "language": "en", **posted})
        assert (answer.status_code, Mailing.objects.count()) == (200, before), posted


def test_settings_are_changed_in_a_draft_and_stand_afterwards(desk):
    mailing = make_mailing()
    url = reverse("admin:mailer_mailing_settings", args=[mailing.pk])
    posted = {
        "name": "June", "language": "en", "mailing_list": mailing.mailing_list.pk, "sender": mailing.sender.pk,
        "fallbacks": "wo = fr, en; fr-CA = fr", "track_clicks": "on",
    }  # fmt: skip
    assert desk.post(url, {**posted, "fallbacks": "klingon = en"}).status_code == 200
    assert desk.post(url, posted).status_code == 302, "an unknown language was refused, known ones are kept"
    mailing.refresh_from_db()
    assert (mailing.name, mailing.track_clicks, mailing.slug) == ("June", True, None)
    assert mailing.fallbacks == {"wo": ["fr", "en"], "fr-CA": ["fr"]}
    assert "wo = fr, en" in desk.get(url).content.decode()
    Mailing.objects.update(status="sent")
    desk.post(url, {**posted, "name": "July"})
    mailing.refresh_from_db()
    assert mailing.name == "June"


def test_only_a_draft_is_deleted(desk):
    mailing = make_mailing()
    url = reverse("admin:mailer_mailing_delete", args=[mailing.pk])
    Mailing.objects.update(status="sent")
    assert desk.post(url, {"post": "yes"}).status_code == 403
    Mailing.objects.update(status="draft")
    assert desk.post(url, {"post": "yes"}).status_code == 302
    assert not Mailing.objects.exists()


def test_colours_that_cannot_be_read_are_refused_with_the_nearest_that_can(desk):
    url = reverse("admin:mailer_theme_add")
    posted = {
        "accent": "#ffee88", "ink": "#1d2125", "paper": "#ffffff", "ground": "#f4f2ee", "headings": "serif",
        "logo_link": "https://example.org", "footer_en": "Write to us.", "profile_bluesky": "https://bsky.app/x",
    }  # fmt: skip
    refused = desk.post(url, posted)
    assert "has a contrast of" in refused.content.decode()
    assert not Theme.objects.exists()
    assert desk.post(url, {**posted, "accent": "#1f5c99"}).status_code == 302
    theme = Theme.objects.get()
    assert (theme.footer, theme.profiles) == ({"en": "Write to us."}, {"bluesky": "https://bsky.app/x"})
    changed = desk.get(reverse("admin:mailer_theme_change", args=[theme.pk])).content.decode()
    assert "Write to us." in changed
