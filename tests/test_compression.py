"""Public pages travel compressed; what depends on who asks never does, so that its size tells nothing (BREACH)."""

from __future__ import annotations

import gzip

import pytest
from django.urls import reverse

from advocacy import tokens
from advocacy.models import Campaign
from tests.factories import make_campaign, make_legislature, make_mandate, make_submission
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


def ask(client, path: str):
    return client.get(path, headers={"accept-encoding": "gzip, br"})


def test_a_campaign_page_travels_compressed_and_is_whole(client):
    campaign = make_campaign()
    make_mandate(make_legislature())
    path = f"/en/c/{campaign.slug}/"
    answer, plain = ask(client, path), client.get(path)
    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer["Vary"]
    assert gzip.decompress(answer.content) == plain.content
    assert len(answer.content) < len(plain.content) / 2
    assert "Content-Encoding" not in plain


def test_two_answers_of_one_page_differ_in_length_by_chance(client):
    campaign = make_campaign()
    lengths = {len(ask(client, f"/en/c/{campaign.slug}/").content) for _ in range(30)}
    assert len(lengths) > 5


def test_nothing_that_depends_on_who_asks_is_compressed(client):
    campaign = make_campaign(status=Campaign.Status.DRAFT)
    submission = make_submission(make_campaign())
    client.force_login(make_staff("superuser"))
    for path in (
        f"/en/c/{campaign.slug}/",
        f"/en/pending/{tokens.make(tokens.PENDING, submission)}/",
        f"/en/confirm/{tokens.make(tokens.CONFIRM, submission)}/",
        "/en/confirm/x/",
        "/en/preferences/",
        reverse("admin:index"),
        reverse("admin:advocacy_campaign_changelist") + "?q=words+of+a+stranger",
    ):
        answer = ask(client, path)
        assert answer.status_code in {200, 404}, path
        assert "Content-Encoding" not in answer, path


def test_a_small_answer_and_a_picture_are_left_as_they_are(client):
    assert "Content-Encoding" not in ask(client, "/accent/8a3324.css")
    assert "Content-Encoding" not in ask(client, "/health/live")
