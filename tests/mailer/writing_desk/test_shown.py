"""Showing a block to a part of the audience: the page as it is rendered, posted back as a browser would."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailer.models import Mailing
from tests.factories import make_mailing
from tests.mailer.writing_desk.test_write_page import form_of
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_staff("Newsletter editors"))
    return client


def page(mailing: Mailing) -> str:
    return reverse("admin:mailer_mailing_shown", args=[mailing.pk])


def opened(desk: Client, mailing: Mailing, block: str) -> dict[str, Any]:
    answer = desk.get(page(mailing), {"language": "en", "block": block})
    assert answer.status_code == 200
    return form_of(answer.content.decode(), 'id="segment"')


def shown_to(mailing: Mailing, block: str) -> Any:
    return next(one for one in mailing.texts.get().blocks if one["id"] == block).get("shown_to")


def test_a_block_is_shown_to_one_country_and_then_to_everybody_again(desk):
    mailing = make_mailing()
    form = opened(desk, mailing, "a3")
    rule = {"part": ["1"], "in-1": "0", "field-1": "country", "asked-1": "is", "value-1-value": ["KE"]}
    assert desk.post(page(mailing), {**form, **rule, "act": "save"}).status_code == 302
    assert "KE" in str(shown_to(mailing, "a3"))
    assert shown_to(mailing, "a2") is None
    form = opened(desk, mailing, "a3")
    assert desk.post(page(mailing), {**form, "act": "everybody"}).status_code == 302
    assert shown_to(mailing, "a3") is None
