"""Campaigns, target rules and templates at the staff desk."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from advocacy.admin.overview import ends_in_words, matches_in_words, matches_of
from advocacy.admin.texts import TextForm
from advocacy.models import Campaign, Letter, LetterTemplate, TargetRule
from tests.expressions import make_expression
from tests.factories import make_mailing_list, make_membership, make_resource, make_update
from tests.staff import (
    make_campaign,
    make_legislature,
    make_letter,
    make_organisation,
    make_person,
    make_staff,
    make_template,
    make_text,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Campaigners"))
    return client


def change(campaign: Campaign) -> str:
    return reverse("admin:advocacy_campaign_change", args=[campaign.pk])


def form_of(desk: Client, url: str) -> dict[str, Any]:
    """What a browser would post if nothing were changed on the page."""
    context = desk.get(url).context
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    posted: dict[str, Any] = {}
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is True:
                posted[bound.html_name] = "on"
            elif value is not None and value is not False:
                posted[bound.html_name] = value
    return posted


def test_a_campaign_saved_unchanged_stays_as_it_was(desk):
    campaign = make_campaign()
    make_text(campaign)
    TargetRule.objects.create(campaign=campaign, country="KE")
    before = Campaign.objects.values().get()
    assert desk.post(change(campaign), form_of(desk, change(campaign))).status_code == 302
    assert Campaign.objects.values().get() == before
    assert campaign.texts.count() == campaign.rules.count() == 1


@pytest.mark.parametrize("name", ["Bus https://win.example", "win-now.com", "help@bus.example", "Bus\u202e"])
def test_a_sender_name_that_is_an_advert_is_refused_at_its_field(desk, name):
    campaign = make_campaign()
    answer = desk.post(change(campaign), form_of(desk, change(campaign)) | {"sender_name": name})
    assert answer.context["adminform"].form.errors["sender_name"]
    assert Campaign.objects.get().sender_name == campaign.sender_name


def test_the_page_of_a_campaign_says_which_languages_lack_what(desk):
    campaign = make_campaign()
    make_text(campaign, language="fr")
    page = desk.get(change(campaign)).content.decode()
    assert "3 of 7; missing: what we ask for" in page
    assert "not written yet" in page


def test_closing_a_campaign_writes_down_when(desk):
    campaign = make_campaign(status="open")
    desk.post(change(campaign), form_of(desk, change(campaign)) | {"status": "closed"})
    assert Campaign.objects.get().closed_at is not None


def test_staff_of_an_organisation_found_campaigns_of_their_own_only(client):
    ours = make_organisation()
    client.force_login(make_staff("Campaigners", organisation=ours))
    url = reverse("admin:advocacy_campaign_add")
    posted = form_of(client, url) | {
        "name": "Ours",
        "slug": "ours",
        "sender_name": "Us",
        "organisation": make_organisation().pk,
    }
    assert client.post(url, posted).status_code == 302
    assert Campaign.objects.get().organisation == ours


def test_a_newsletter_that_staff_do_not_see_stays_with_their_campaign(client):
    ours = make_organisation()
    theirs = make_mailing_list(organisation=make_organisation())
    campaign = make_campaign(mailing_list=theirs, organisation=ours)
    client.force_login(make_staff("Campaigners", organisation=ours))
    posted = form_of(client, change(campaign)) | {"name": "New", "mailing_list": ""}
    assert client.post(change(campaign), posted).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.name, campaign.mailing_list) == ("New", theirs)


# --- test mode and the stop button


def test_looking_at_the_way_out_of_test_mode_leaves_it_on_and_says_what_would_happen(desk):
    make_person(), make_person("Ben Example"), make_person("No Address", email=None)
    campaign = make_campaign()
    make_letter(campaign, is_test=True)
    answer = desk.get(reverse("admin:advocacy_campaign_test_mode", args=[campaign.pk]))
    page = " ".join(answer.content.decode().split())
    assert "3 people can be written to" in page  # the two above and the one the letter was written to
    assert "1 letter written in test mode still waits" in page
    assert Campaign.objects.get().test_mode


def test_leaving_test_mode_is_written_into_the_log_of_staff_acts(desk):
    campaign = make_campaign()
    url = reverse("admin:advocacy_campaign_test_mode", args=[campaign.pk])
    desk.post(url)
    assert not Campaign.objects.get().test_mode
    assert audit.told(LogEntry.objects.get()) == "Left test mode."


def test_a_campaign_to_more_than_a_thousand_people_leaves_test_mode_by_its_name_only(desk, monkeypatch):
    campaign = make_campaign(slug="keep-42")
    make_person()
    monkeypatch.setattr("advocacy.admin.campaigns.TYPE_THE_NAME_ABOVE", 0)
    url = reverse("admin:advocacy_campaign_test_mode", args=[campaign.pk])
    desk.post(url, {"name": "keep"})
    assert Campaign.objects.get().test_mode
    desk.post(url, {"name": "keep-42"})
    assert not Campaign.objects.get().test_mode


def test_the_form_of_a_campaign_cannot_switch_test_mode_or_the_stop_button(desk):
    campaign = make_campaign(test_mode=True, stopped=True)
    posted = form_of(desk, change(campaign)) | {"name": "New name"}
    assert "test_mode" not in posted
    desk.post(change(campaign), posted)
    found = Campaign.objects.get()
    assert (found.name, found.test_mode, found.stopped) == ("New name", True, True)


def test_the_stop_button_stops_and_starts_and_a_repeat_changes_nothing(desk):
    campaign = make_campaign()
    url = reverse("admin:advocacy_campaign_stop", args=[campaign.pk])
    for _repeat in range(2):
        desk.post(url, {"stop": "1"})
        assert Campaign.objects.get().stopped
    desk.post(url, {"stop": "0"})
    assert not Campaign.objects.get().stopped
    assert LogEntry.objects.count() == 2
    assert desk.get(url).status_code == 405


@pytest.mark.parametrize("page", ["test_mode", "stop", "matches"])
def test_pages_of_a_campaign_of_another_organisation_are_not_found(client, page):
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    campaign = make_campaign(organisation=make_organisation())
    url = reverse(f"admin:advocacy_campaign_{page}", args=[campaign.pk])
    assert (client.post if page == "stop" else client.get)(url).status_code == 404
    assert not Campaign.objects.get().stopped


@pytest.mark.parametrize("page", ["test_mode", "stop"])
def test_who_may_only_look_can_neither_leave_test_mode_nor_stop(client, page):
    client.force_login(make_staff("Moderators"))
    campaign = make_campaign()
    assert client.post(reverse(f"admin:advocacy_campaign_{page}", args=[campaign.pk])).status_code == 403


# --- who matches


def test_a_rule_being_written_says_how_many_it_names_and_the_first_of_them(desk):
    kenya = make_legislature()
    make_person("Achieng Example", legislature=kenya)
    make_person("Baraka Test", legislature=kenya)
    url = reverse("admin:advocacy_campaign_matches", args=[make_campaign().pk])
    assert desk.get(url, {"country": "KE"}).content.decode() == "2 people: Achieng Example, Baraka Test"
    assert desk.get(url, {"country": "FR"}).content.decode() == "nobody"
    assert desk.get(url, {"person": "1e9", "legislature": "x"}).content.decode().startswith("2 people")


def test_a_person_with_two_seats_counts_once(desk):
    person = make_person()
    from tests.staff import sourced

    person.mandates.create(**sourced(legislature=make_legislature()))
    url = reverse("admin:advocacy_campaign_matches", args=[make_campaign().pk])
    assert desk.get(url).content.decode() == "1 person: Achieng Example"


# --- the list and the forecast


def test_the_list_of_campaigns_costs_the_same_for_one_and_for_many(desk, django_assert_max_num_queries):
    def fill(count):
        for _number in range(count):
            make_letter(make_campaign(organisation=make_organisation()))

    url = reverse("admin:advocacy_campaign_changelist")
    fill(1)
    with django_assert_max_num_queries(12):
        desk.get(url)
    fill(8)
    with django_assert_max_num_queries(12):
        desk.get(url)


def test_the_page_of_a_campaign_costs_the_same_for_one_rule_and_for_many(desk, django_assert_max_num_queries):
    campaign = make_campaign()
    for language in ("en", "fr", "es"):
        make_text(campaign, language=language)
        make_template(campaign)
    TargetRule.objects.create(campaign=campaign, country="KE")
    with django_assert_max_num_queries(24):
        desk.get(change(campaign))
    for _number in range(9):
        TargetRule.objects.create(campaign=campaign, country="KE")
    with django_assert_max_num_queries(24):
        desk.get(change(campaign))


def test_each_rule_on_the_page_says_whom_it_names_as_it_would_alone():
    campaign = make_campaign()
    kenya = make_legislature()
    for name in ("Achieng Example", "Baraka Test", "Cheptoo Sample", "Dali Person"):
        make_person(name, legislature=kenya)
    rules = [
        TargetRule.objects.create(campaign=campaign, country="KE"),
        TargetRule.objects.create(campaign=campaign, country="FR"),
        TargetRule.objects.create(campaign=campaign, person=kenya.mandates.first().person),
    ]
    for some in (rules, rules[:1]):
        assert matches_of(some) == {rule.pk: matches_in_words(rule) for rule in some}
    assert matches_of(rules)[rules[0].pk] == "4 people: Achieng Example, Dali Person, Cheptoo Sample…"
    assert matches_of([]) == {}


@pytest.mark.parametrize(
    ("waiting", "in_hours", "words"),
    [
        (0, 5, ""),
        (3, None, ""),
        (3, -2, "the queue ends now"),
        (3, 1, "the queue ends today at"),
        (3, 73, "the queue ends Saturday at"),
    ],
)
def test_the_forecast_is_said_as_people_say_it(time_machine, waiting, in_hours, words):
    time_machine.move_to(dt.datetime(2026, 11, 4, 9, 0, tzinfo=dt.UTC))  # a Wednesday
    last = None if in_hours is None else timezone.now() + dt.timedelta(hours=in_hours)
    found = ends_in_words(waiting, last)
    assert found.startswith(words)
    assert found.endswith(" UTC") is ("at" in words.split())
    assert bool(found) == bool(words)


def test_the_form_of_a_campaign_leads_to_its_public_page(client):
    client.force_login(make_staff("superuser"))
    campaign = make_campaign()
    page = client.get(reverse("admin:advocacy_campaign_change", args=[campaign.pk])).content.decode()
    assert f'href="http://localhost:8000/en/c/{campaign.slug}/"' in page


def test_the_one_sentence_of_a_campaign_is_one_line_however_it_was_typed():
    text = make_text(make_campaign())
    form = TextForm(
        instance=text, data={"language": "en", "title": "T", "summary": "One\r\n line.", "story": "S"}
    )
    assert form.is_valid()
    assert form.cleaned_data["summary"] == "One line."


# --- templates


def template_url(template: LetterTemplate) -> str:
    return reverse("admin:advocacy_lettertemplate_change", args=[template.pk])


def test_an_unknown_merge_field_is_refused_at_its_text_and_named(desk):
    template = make_template(make_campaign())
    posted = form_of(desk, template_url(template)) | {"body": "Dear {{ shoe_size }}"}
    errors = desk.post(template_url(template), posted).context["adminform"].form.errors
    assert list(errors) == ["body"]
    assert "shoe_size" in errors["body"][0]
    template.refresh_from_db()
    assert "shoe_size" not in template.body


def test_a_template_with_known_fields_is_saved(desk):
    template = make_template(make_campaign())
    posted = form_of(desk, template_url(template)) | {"opening": "In {{ area | your area }}"}
    assert desk.post(template_url(template), posted).status_code == 302
    template.refresh_from_db()
    assert template.opening == "In {{ area | your area }}"


def test_the_preview_shows_the_letter_as_it_would_be_sent(desk):
    template = make_template(make_campaign(), subjects="Keep {{ area | the }} bus\nOther")
    person = make_person("Achieng Example", honorific="Hon.")
    url = reverse("admin:advocacy_lettertemplate_preview", args=[template.pk])
    listed = desk.get(url, {"q": "achieng"})
    assert [seat.person for seat in listed.context["found"]] == [person]
    shown = desk.get(url, {"q": "achieng", "seat": person.mandates.get().pk})
    assert shown.context["composed"].subject == "Keep the bus"
    page = shown.content.decode()
    assert "Dear Hon. Example," in page
    assert "Ann Example" in page
    other = desk.get(url, {"seat": person.mandates.get().pk, "subject": "Other"})
    assert other.context["composed"].subject == "Other"
    assert not Letter.objects.exists()


def test_the_preview_says_when_the_person_would_get_another_template(desk):
    campaign = make_campaign()
    template = make_template(campaign)
    make_template(campaign, name="For Kenya", country="KE", priority=1)
    seat = make_person().mandates.get()
    url = reverse("admin:advocacy_lettertemplate_preview", args=[template.pk])
    assert "For Kenya" in desk.get(url, {"seat": seat.pk}).content.decode()


def test_the_preview_of_a_template_of_another_organisation_is_not_found(client):
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    template = make_template(make_campaign(organisation=make_organisation()))
    url = reverse("admin:advocacy_lettertemplate_preview", args=[template.pk])
    assert client.get(url).status_code == 404


@pytest.mark.parametrize("query", ["%", "\0", "a" * 500, "'; drop table", "é"])
def test_strange_searches_in_the_preview_find_nobody_and_break_nothing(desk, query):
    template = make_template(make_campaign())
    make_person()
    url = reverse("admin:advocacy_lettertemplate_preview", args=[template.pk])
    answer = desk.get(url, {"q": query, "seat": "999999999999999999999"})
    assert answer.status_code == 200
    assert answer.context["found"] == []


# --- the tabs


def test_the_tabs_of_a_campaign_stand_on_its_pages_for_who_may_open_them(desk, client):
    campaign = make_campaign()
    page = desk.get(change(campaign))
    labels = [(str(tab.label), tab.here) for tab in page.context["tabs"]]
    assert labels[0] == ("Overview", True)
    assert labels[-1] == ("Letters", False)
    assert 'aria-current="page"' in page.content.decode()
    test_mode = desk.get(reverse("admin:advocacy_campaign_test_mode", args=[campaign.pk]))
    assert [tab.label for tab in test_mode.context["tabs"]] == [tab.label for tab in page.context["tabs"]]


def test_the_head_line_is_on_the_campaigns_from_every_page_of_a_campaign(desk):
    campaign = make_campaign()
    below = [
        reverse(f"admin:advocacy_{kind}_change", args=[row.pk])
        for kind, row in (
            ("membership", make_membership(campaign)),
            ("update", make_update(campaign)),
            ("resource", make_resource(campaign)),
            ("expression", make_expression(campaign)),
        )
    ]
    page = desk.get(change(campaign))
    tabs = [tab.url for tab in page.context["tabs"] if not tab.url.endswith("/letters/")]
    assert len(tabs) > 7
    for address in [*tabs, *below]:
        shown = desk.get(address, follow=True).context["desk_places"]
        lit = [str(part["label"]) for part in shown["parts"] if part["here"]]
        assert (address, lit) == (address, ["Campaigns"])
        assert shown["pages"] == page.context["desk_places"]["pages"], "the second row stays as it is"


def test_the_trail_of_a_campaigns_own_page_names_it_once(desk):
    page = desk.get(change(make_campaign(name="Save the marsh"))).content.decode()
    trail = page.partition('<div class="breadcrumbs">')[2].partition("</div>")[0]
    assert trail.count("Save the marsh") == 1


def test_a_tab_is_not_shown_to_who_may_not_open_it(client):
    client.force_login(make_staff("Moderators"))
    tabs = client.get(change(make_campaign())).context["tabs"]
    assert "Texts" not in [str(tab.label) for tab in tabs]
    assert "Letters" in [str(tab.label) for tab in tabs]


def test_the_letters_of_a_campaign_are_the_list_of_letters_with_its_filter(desk):
    mine, other = make_letter(), make_letter()
    answer = desk.get(reverse("admin:advocacy_campaign_letters", args=[mine.campaign_id]), follow=True)
    assert list(answer.context["cl"].result_list) == [mine]
    assert other.pk != mine.pk


def test_a_row_of_the_list_leads_to_the_page_of_its_campaign_and_says_so_without_the_row(client):
    made = make_campaign(name="Save <the> bus")
    client.force_login(make_staff("Campaigners"))
    html = client.get(reverse("admin:advocacy_campaign_changelist")).content.decode()
    address = reverse("advocacy:campaign", args=[made.slug])
    assert f'href="{address}" aria-label="Open: Save &lt;the&gt; bus"' in html
