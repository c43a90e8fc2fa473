"""Pages of the house as a whole: health, robots, colours, and what is shown when something is wrong."""

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from config.pages import Unavailable


def test_a_colour_in_the_address_becomes_its_style_sheet_for_both_papers(client):
    answer = client.get("/accent/1f6f54.css")
    assert answer["Content-Type"].startswith("text/css")
    assert "--accent:#1f6f54" in answer.content.decode()
    assert "prefers-color-scheme:dark" in answer.content.decode()
    assert "immutable" in answer["Cache-Control"]


@pytest.mark.parametrize("colour", ["1F6F54", "zzzzzz", "fff", "1f6f54}body{"])
def test_what_is_no_colour_has_no_style_sheet(client, colour, db):
    assert client.get(f"/accent/{colour}.css").status_code == 404


def test_robots_are_kept_from_every_page_behind_a_token(client):
    text = client.get("/robots.txt").content.decode()
    for page in ("confirm", "letters", "pending", "not-me", "report"):
        assert f"Disallow: /ar/{page}/" in text
    assert "Disallow: /en/c/" not in text


@pytest.mark.django_db
def test_health_says_yes_while_the_database_and_the_broker_answer(client):
    assert client.get("/health/live").json() == {"ok": True, "database": True}
    assert client.get("/health/ready").json() == {"ok": True, "database": True, "broker": True}


@pytest.mark.django_db
def test_a_process_without_its_broker_is_not_ready_but_lives(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200


@pytest.mark.django_db
def test_an_unknown_address_is_a_designed_page_in_the_language_of_its_path(client):
    answer = client.get("/fr/nothing/")
    assert answer.status_code == 404
    assert 'lang="fr"' in answer.content.decode()
    assert "/fr/" in answer.content.decode()


def test_a_database_that_is_away_is_a_page_that_says_when_to_come_back():
    answer = Unavailable(lambda request: None).process_exception(
        RequestFactory().get("/en/"), OperationalError("server closed the connection")
    )
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"


def test_other_errors_are_not_taken_for_a_database_that_is_away():
    assert (
        Unavailable(lambda request: None).process_exception(RequestFactory().get("/en/"), KeyError()) is None
    )
