"""The page "Languages" of the desk: what is written in which language, and where one mends it."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from advocacy.models import Campaign, Step
from contacts.models import MailingList
from tests.factories import make_mailing, make_resource
from tests.staff import make_campaign, make_organisation, make_staff, make_template, make_text

pytestmark = pytest.mark.django_db

COMPLETE = dict.fromkeys(["asks", "share_text", "thank_you", "closed_text"], "Written.")


def tables(client: Client) -> dict[str, dict[str, dict[str, str]]]:
    """Title → row → language → what the cell says, as somebody reads it."""
    found = {}
    for table in client.get(reverse("admin:languages")).context["tables"]:
        rows = {
            label: {name: f"{one.words} {one.missing}".strip() for name, one in cells if one}
            for label, cells in table["rows"]
        }
        found[table["section"].title] = rows
    return found


@pytest.fixture
def everything(client: Client) -> Client:
    client.force_login(make_staff("superuser"))
    return client


def test_a_campaign_says_what_each_language_lacks_of_what_the_main_one_has(everything):
    campaign = make_campaign(name="Line 42")
    english = make_text(campaign, **COMPLETE)
    french = make_text(campaign, language="fr", title="Ligne 42")
    for text, count in ((english, 3), (french, 1)):
        for number in range(count):
            Step.objects.create(text=text, title=f"Step {number}")
    make_template(campaign)
    make_template(campaign, language="sw")
    make_resource(campaign, language="en")
    make_resource(campaign, language="")
    rows = tables(everything)["Line 42"]
    assert rows["page"]["English"] == "complete"
    assert rows["page"]["French"].startswith("3 of 7 what we ask for, text to share")
    assert rows["page"]["Arabic"] == "missing"
    assert rows["what you can do"] == {
        "English": "complete", "French": "1 of 3", "Spanish": "missing", "Arabic": "missing"
    }  # fmt: skip
    assert rows["letter templates"]["Swahili"] == "complete"
    assert rows["resources"]["French"] == "missing"
    assert "questions and answers" not in rows, "what the main language has not, nobody translates"


def test_every_gap_leads_to_where_one_mends_it(everything):
    campaign = make_campaign(name="Line 42")
    text = make_text(campaign)
    Step.objects.create(text=text, title="Share")
    make_template(campaign)
    make_resource(campaign, language="en")
    html = everything.get(reverse("admin:languages")).content.decode()
    links = set(re.findall(r'<td data-label="French">.*?href="([^"]+)"', html))
    assert len(links) >= 3
    for link in links:
        assert everything.get(link.replace("&amp;", "&")).status_code == 200, link


def test_public_names_of_lists_and_newsletters_in_preparation_are_there(everything):
    MailingList.objects.create(
        slug="news", name="News", is_public=True, texts={"en": {"name": "News", "description": "Monthly"}, "fr": {"name": "Nouvelles"}},
    )  # fmt: skip
    MailingList.objects.create(slug="inner", name="Inner")
    make_mailing(name="May call")
    found = tables(everything)
    lists = found["Mailing lists that are open to everybody"]
    assert lists == {
        "News": {"English": "complete", "French": "1 of 2", "Spanish": "missing", "Arabic": "missing"}
    }
    mailings = found["Newsletters in preparation"]["May call"]
    assert mailings["English"] == "complete"
    assert mailings["French"] == "missing"


def test_the_interface_is_counted_in_its_catalogues(everything):
    (row,) = tables(everything)["Interface"].values()
    assert row["English"] == "complete"
    assert set(row) == {"English", "French", "Spanish", "Arabic"}
    assert all(re.fullmatch(r"complete|\d+ of \d+", words) for words in row.values())


def test_staff_see_what_is_theirs_and_what_they_have_a_right_to(client):
    ours, theirs = make_organisation(), make_organisation()
    for owner, name in ((ours, "Ours"), (theirs, "Theirs")):
        make_text(make_campaign(organisation=owner, name=name))
    make_text(make_campaign(organisation=ours, name="Closed", status=Campaign.Status.CLOSED))
    client.force_login(make_staff("Campaigners", organisation=ours))
    assert set(tables(client)) == {"Interface", "Ours"}
    client.force_login(make_staff("Contacts editors", organisation=ours))
    assert set(tables(client)) == {"Interface"}


def test_nobody_without_an_account_sees_it(client):
    assert client.get(reverse("admin:languages")).status_code == 302


def test_many_campaigns_cost_no_more_questions_than_one(everything, django_assert_max_num_queries):
    def ask() -> None:
        everything.get(reverse("admin:languages"))

    make_text(make_campaign())
    ask()
    for _each in range(5):
        campaign = make_campaign()
        make_text(campaign)
        make_template(campaign)
    with django_assert_max_num_queries(20):
        ask()


def test_a_name_with_markup_is_text(everything):
    make_text(make_campaign(name="<b>Line</b> 42"))
    html = everything.get(reverse("admin:languages")).content.decode()
    assert "<b>Line</b>" not in html
    assert "&lt;b&gt;Line&lt;/b&gt; 42" in html
