"""Every window is called “Page · Section · Site”, and the base templates alone put that together."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from advocacy.models import Campaign
from tests.factories import make_campaign, make_legislature, make_mandate

TEMPLATES = Path(settings.BASE_DIR) / "templates"
BASES = {"base.html", "base_embedded.html", "admin/base_site.html"}


@pytest.fixture
def campaign() -> Campaign:
    make_mandate(make_legislature(country="KE"))
    made = make_campaign(sender_name="Bus 42")
    made.texts.update(title="Keep line 42")
    return made


def title_of(path: str) -> str:
    html = Client().get(path).content.decode()
    return unescape(html.partition("<title>")[2].partition("</title>")[0])


@pytest.mark.django_db
def test_a_public_page_is_called_by_itself_its_campaign_and_who_leads_it(campaign):
    home = f"/en/c/{campaign.slug}/"
    pages = {
        home: "Keep line 42 · Bus 42",
        f"{home}share/": "Share this campaign · Keep line 42 · Bus 42",
        f"{home}resources/": "Resources · Keep line 42 · Bus 42",
        f"{home}news/": "News · Keep line 42 · Bus 42",
        f"{home}support/": "Who supports it · Keep line 42 · Bus 42",
        f"{home}support/new/": "Say that you support it · Keep line 42 · Bus 42",
        f"{home}write/?country=KE": "Who should read your letter? · Keep line 42 · Bus 42",
        "/en/privacy/": "Privacy, in plain words · Epistle",
        "/en/": "Write to the people who represent you · Epistle",
        "/en/no-such-page/": "Not found · Epistle",
    }
    assert {path: title_of(path) for path in pages} == pages


def test_no_page_puts_its_section_or_the_site_into_its_own_name():
    joined = [
        name
        for path in TEMPLATES.rglob("*.html")
        if (name := str(path.relative_to(TEMPLATES))) not in BASES
        for title in re.findall(r"{% block title %}(.*?){% endblock", path.read_text(), re.DOTALL)
        if re.search(r" [·–—|] ", title)
    ]
    assert joined == []
