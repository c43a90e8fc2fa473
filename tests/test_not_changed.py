"""A public page that has not changed is not sent again; one that has is, at once; and nobody's own page is kept."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from advocacy import links
from advocacy.expressions import writing
from advocacy.models import Campaign, CampaignText
from tests.expressions import make_expression
from tests.factories import make_campaign, make_submission
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(status="open")


def again(answer, path: str, **headers: str):
    return Client().get(path, headers={"If-None-Match": answer["ETag"], **headers})


@pytest.mark.parametrize("page", ["", "share/", "support/", "resources/", "news/"])
def test_a_page_that_has_not_changed_is_not_sent_again(campaign, page):
    path = f"/en/c/{campaign.slug}/{page}"
    first = Client().get(path)
    assert first["Cache-Control"] == "no-cache"
    second = again(first, path)
    assert (second.status_code, second.content) == (304, b"")
    compressed = Client().get(path, headers={"Accept-Encoding": "gzip"})
    assert again(compressed, path, **{"Accept-Encoding": "gzip"}).status_code == 304


def test_what_staff_change_is_seen_at_once(campaign):
    path = f"/en/c/{campaign.slug}/"
    first = Client().get(path)
    text = campaign.texts.get()
    text.story = "Another story."
    text.save()
    second = again(first, path)
    assert second.status_code == 200
    assert "Another story." in second.content.decode()
    Campaign.objects.update(accent="#123456")
    assert again(second, path).status_code == 200


def test_what_is_taken_down_is_gone_at_once(campaign):
    expression = make_expression(campaign)
    path = f"/en/c/{campaign.slug}/support/"
    first = Client().get(path)
    writing.take_down(expression)
    assert again(first, path).status_code == 200


def test_an_answer_without_the_page_keeps_the_page_s_own_policy(campaign):
    Campaign.objects.update(video_url="https://www.youtube.com/watch?v=abcdefghijk")
    path = f"/en/c/{campaign.slug}/"
    first = Client().get(path)
    policy = first["Content-Security-Policy"]
    assert "frame-src https://" in policy
    assert set(again(first, path)["Content-Security-Policy"].split("; ")) == set(policy.split("; "))


def test_the_page_of_one_language_is_not_taken_for_that_of_another(campaign):
    words = {"title": "Sauvez la ligne 42", "summary": "Une phrase.", "story": "Une histoire."}
    CampaignText.objects.create(campaign=campaign, language="fr", **words)
    first = Client().get(f"/en/c/{campaign.slug}/")
    assert again(first, f"/fr/c/{campaign.slug}/").status_code == 200


def test_what_is_somebody_s_own_has_no_mark_and_is_kept_by_nobody(campaign):
    submission = make_submission(campaign)
    own = Client().get(urlsplit(links.confirm(submission)).path)
    assert "ETag" not in own
    assert "no-store" in own["Cache-Control"]
    Campaign.objects.update(status="draft")
    staff = Client()
    staff.force_login(make_staff("superuser"))
    draft = staff.get(f"/en/c/{campaign.slug}/")
    assert draft.status_code == 200
    assert "ETag" not in draft
    assert "ETag" not in staff.get("/staff/")
