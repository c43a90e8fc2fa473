"""What a campaign says, at the desk: a page for each language, begun as a copy, shown as it will look."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from advocacy import copying, texts
from advocacy.models import Campaign, CampaignText, Question, Step, Term
from tests.advocacy.pages import Visitor
from tests.advocacy.test_staff_campaigns import form_of
from tests.staff import make_campaign, make_organisation, make_staff, make_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Campaigners"))
    return client


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(status="open")


def page_of(text: CampaignText) -> str:
    return reverse("admin:advocacy_campaigntext_change", args=[text.pk])


def blank(count: int, prefix: str) -> dict[str, Any]:
    """The management form of parts that a browser adds: none there yet, `count` filled in."""
    return {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": 0}


# --- writing


def test_a_text_saved_unchanged_stays_as_it_was(desk, campaign):
    text = make_text(campaign)
    Step.objects.create(text=text, title="Share", leads_to="share", position=3)
    before = CampaignText.objects.values().get(), Step.objects.values().get()
    assert desk.post(page_of(text), form_of(desk, page_of(text))).status_code == 302
    assert (CampaignText.objects.values().get(), Step.objects.values().get()) == before


def test_a_new_text_is_begun_for_the_campaign_and_language_that_were_asked_for(desk, campaign):
    url = f"{reverse('admin:advocacy_campaigntext_add')}?campaign={campaign.pk}&language=es"
    posted = form_of(desk, url)
    assert (int(posted["campaign"]), posted["language"]) == (campaign.pk, "es")
    posted |= {"title": "Título", "summary": "Una frase.", "story": "Un cuento."}
    posted |= blank(2, "steps") | {"steps-0-title": "Uno", "steps-1-title": "Dos"}
    answer = desk.post(url, posted, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("admin:advocacy_campaign_texts", args=[campaign.pk])
    assert ">Spanish: Título</a>" in str(next(iter(answer.context["messages"])))
    text = campaign.texts.get()
    assert (text.language, text.title) == ("es", "Título")
    assert [step.title for step in text.steps.all()] == ["Uno", "Dos"]


def test_a_second_text_in_the_same_language_is_refused(desk, campaign):
    make_text(campaign)
    url = f"{reverse('admin:advocacy_campaigntext_add')}?campaign={campaign.pk}&language=en"
    posted = form_of(desk, url) | {"title": "T", "summary": "S", "story": "S"}
    assert desk.post(url, posted).status_code == 200
    assert campaign.texts.count() == 1


def test_a_text_cannot_be_moved_to_another_campaign_or_language(desk, campaign):
    text = make_text(campaign)
    posted = form_of(desk, page_of(text)) | {"campaign": make_campaign().pk, "language": "fr", "title": "New"}
    desk.post(page_of(text), posted)
    text.refresh_from_db()
    assert (text.campaign, text.language, text.title) == (campaign, "en", "New")


def test_parts_keep_the_order_they_are_given_and_a_new_one_comes_last(desk, campaign):
    text = make_text(campaign)
    first = Question.objects.create(text=text, question="First?", answer="…", position=1)
    second = Question.objects.create(text=text, question="Second?", answer="…", position=2)
    posted = form_of(desk, page_of(text))
    posted |= {"questions-0-position": "2", "questions-1-position": "1", "questions-TOTAL_FORMS": "3"}
    posted |= {"questions-2-question": "Third?", "questions-2-answer": "…", "questions-2-position": ""}
    assert desk.post(page_of(text), posted).status_code == 302
    assert [one.question for one in text.questions.all()] == ["Second?", "First?", "Third?"]
    assert {first.pk, second.pk} < set(text.questions.values_list("pk", flat=True))


def test_a_button_to_another_page_needs_the_page(desk, campaign):
    text = make_text(campaign)
    posted = form_of(desk, page_of(text)) | {"steps-0-title": "Logo", "steps-0-leads_to": "link"}
    answer = desk.post(page_of(text), posted)
    assert "Say where the button leads" in answer.content.decode()
    posted["steps-0-url"] = "javascript:alert(1)"
    assert desk.post(page_of(text), posted).status_code == 200
    assert not text.steps.exists()
    posted["steps-0-url"] = "https://logo.example/"
    assert desk.post(page_of(text), posted).status_code == 302
    assert text.steps.get().url == "https://logo.example/"


def test_without_a_script_there_is_an_empty_part_to_fill_in(desk, campaign):
    page = desk.get(page_of(make_text(campaign))).content.decode()
    for name in ("steps-0-title", "questions-0-question", "terms-0-term"):
        assert f'name="{name}"' in page


# --- copies and drafts


def test_another_language_begins_as_a_copy_that_readers_do_not_see(desk, campaign):
    text = make_text(campaign, title="Keep the bus", asks="One\nTwo")
    Step.objects.create(text=text, title="Share", leads_to="share", position=1)
    Question.objects.create(text=text, question="Why?", answer="Because.")
    Term.objects.create(text=text, term="Bus", meaning="A car for all.")
    url = reverse("admin:advocacy_campaigntext_copy", args=[text.pk])
    answer = desk.post(url, {"language": "fr"})
    made = campaign.texts.get(language="fr")
    assert answer["Location"] == page_of(made)
    assert (made.title, made.asks, made.is_ready) == ("Keep the bus", "One\nTwo", False)
    assert [made.steps.get().title, made.questions.get().question, made.terms.get().term] == [
        "Share",
        "Why?",
        "Bus",
    ]
    assert text.steps.count() == 1
    page = Visitor("fr").get(f"/fr/c/{campaign.slug}/")
    assert (
        '<header lang="en" dir="ltr">' in page.html
    )  # English said to be English, not English said to be French
    assert LogEntry.objects.get().change_message == '{"did": "advocacy.text_copied"}'


def test_a_copy_overwrites_nothing_and_a_repeat_changes_nothing(desk, campaign):
    text, french = make_text(campaign), make_text(campaign, language="fr", title="À nous")
    desk.post(reverse("admin:advocacy_campaigntext_copy", args=[text.pk]), {"language": "fr"})
    french.refresh_from_db()
    assert (french.title, french.is_ready) == ("À nous", True)
    assert copying.copy_text(text, "fr") == (french, False)


def test_a_copy_into_a_language_our_pages_do_not_have_is_not_made(desk, campaign):
    url = reverse("admin:advocacy_campaigntext_copy", args=[make_text(campaign).pk])
    for language in ("xx", "", "\0"):
        assert desk.post(url, {"language": language}).status_code == 404
    assert campaign.texts.count() == 1


def test_a_draft_is_taken_where_there_is_nothing_else(campaign):
    text = make_text(campaign, is_ready=False)
    assert texts.text_for(campaign, "en") == text


def test_a_draft_is_looked_at_as_readers_would_see_it(desk, campaign):
    make_text(campaign)
    draft = make_text(campaign, language="ar", title="عنوان", is_ready=False)
    page = desk.get(reverse("admin:advocacy_campaigntext_preview", args=[draft.pk])).content.decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "<h1>عنوان</h1>" in page
    assert "عنوان" not in Visitor().get(f"/ar/c/{campaign.slug}/").text


def test_the_page_of_texts_says_what_each_language_has_and_offers_copies_of_what_is_written(desk, campaign):
    make_text(campaign)
    answer = desk.get(reverse("admin:advocacy_campaign_texts", args=[campaign.pk]))
    page = " ".join(answer.content.decode().split())
    assert "3 of 7; missing: what we ask for" in page
    assert page.count("Begin with a copy of English") == 3
    assert page.count("not written yet") == 3


# --- Markdown while one writes


def test_markdown_is_shown_as_the_public_page_would_and_nothing_is_kept(desk):
    url = reverse("admin:advocacy_campaigntext_markdown")
    shown = desk.post(url, {"text": "# Why\n\n<script>alert(1)</script> **now** [x](javascript:alert(1))"})
    assert shown.content.decode().startswith("<h2>Why</h2>")
    assert "<script" not in shown.content.decode()
    assert "javascript" not in shown.content.decode().partition("href")[2]
    assert desk.get(url).status_code == 405


# --- rights


@pytest.mark.parametrize("page", ["change", "preview", "copy"])
def test_a_text_of_another_organisation_is_not_found(client, page):
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    text = make_text(make_campaign(organisation=make_organisation()))
    url = reverse(f"admin:advocacy_campaigntext_{page}", args=[text.pk])
    answer = client.post(url, {"language": "fr"}) if page == "copy" else client.get(url)
    assert answer.status_code in {302, 404}
    assert CampaignText.objects.count() == 1


def test_a_text_is_not_added_to_a_campaign_of_another_organisation(client):
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    theirs = make_campaign(organisation=make_organisation())
    url = f"{reverse('admin:advocacy_campaigntext_add')}?campaign={theirs.pk}"
    posted = {"campaign": theirs.pk, "language": "en", "title": "T", "summary": "S", "story": "S"}
    posted |= blank(0, "steps") | blank(0, "questions") | blank(0, "terms")
    assert client.post(url, posted).status_code == 200
    assert not CampaignText.objects.exists()


def test_who_may_not_write_texts_sees_neither_the_tab_nor_the_page(client):
    client.force_login(make_staff("Moderators"))
    url = reverse("admin:advocacy_campaign_texts", args=[make_campaign().pk])
    assert client.get(url).status_code == 403
    assert client.post(reverse("admin:advocacy_campaigntext_markdown"), {"text": "x"}).status_code == 403
