"""A form half filled: shown in another language, and found again by the browser's way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from advocacy.models import Campaign
from tests.advocacy.pages import Page, Visitor
from tests.browser import enter, follow
from tests.factories import (
    make_campaign,
    make_legislature,
    make_mandate,
    make_person,
    make_route,
    make_template,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


@pytest.fixture
def member():
    return make_mandate(make_legislature(country="KE", language=""))


def _in_language(visitor: Visitor, page: Page, campaign: Campaign, language: str, **typed: str) -> Page:
    """Press the button of a language, which stands outside the form."""
    address = f"/{language}/c/{campaign.slug}/write/letter/"
    assert f'formaction="{address}"' in page.html
    return visitor.fill(page, "edit", action=address, **typed)


def _typed(page: Page, ending: str) -> list[str]:
    return [value for name, value in page.form("/write/letter/").fields if name.endswith(ending)]


def test_another_language_keeps_all_that_was_typed(campaign, member):
    visitor = Visitor()
    page = visitor.to_letter(campaign, member.person_id)
    key = page.form("/write/letter/").fields
    body = next(name for name, _value in key if name.endswith("-body"))
    french = _in_language(visitor, page, campaign, "fr", **{body: "Line 42 takes me to my work every day."})
    assert french.response.status_code == 200
    assert '<html lang="fr"' in french.html
    assert _typed(french, "-body") == ["Line 42 takes me to my work every day."]
    assert french.form("/write/letter/").values("name") == ["Ann Example"]
    assert french.form("/write/letter/").values("letter_consent") == ["on"]
    assert 'role="alert"' not in french.html


def test_a_campaigns_other_letter_takes_the_own_words_along_and_the_way_back_has_the_rest(campaign, member):
    template = make_template(
        campaign, language="fr", body="Gardez la ligne 42, qui mène nos enfants à l’école."
    )
    visitor = Visitor()
    page = visitor.to_letter(campaign, member.person_id)
    first = next(name for name, _value in page.form("/write/letter/").fields if name.endswith("-body"))
    own = first.replace("-body", "-own_words")
    changed = {first: "Line 42 takes me to my work every day.", own: "My mother needs it."}
    french = _in_language(visitor, page, campaign, "fr", **changed)
    fields = dict(french.form("/write/letter/").fields)
    assert fields[f"t{template.pk}-body"].startswith("Gardez la ligne 42")
    assert fields[f"t{template.pk}-own_words"] == "My mother needs it."
    back = dict(_in_language(visitor, french, campaign, "en").form("/write/letter/").fields)
    assert back[first] == "Line 42 takes me to my work every day."
    assert back[own] == "My mother needs it."


def test_the_button_counts_the_letters_we_send_and_not_those_for_a_web_form(campaign, member):
    by_form = make_mandate(member.legislature, make_person(), None)
    make_route(by_form.person, "https://office.example/write", kind="web_form")
    visitor = Visitor()
    mixed = visitor.fill(visitor.to_letter(campaign, member.person_id, by_form.person_id))
    assert "Send the letter" in mixed.text
    only = visitor.fill(visitor.to_letter(campaign, by_form.person_id))
    assert "Get my letter ready" in only.text


def test_the_preview_calls_people_by_their_form_of_address(campaign, member):
    other = make_mandate(member.legislature, make_person(name="Baraka Example", honorific="Sen."))
    page = Visitor().fill(Visitor().to_letter(campaign, member.person_id, other.person_id))
    assert "The letter to Sen. Baraka Example" in page.text


def test_a_sign_nobody_can_see_is_refused_in_words_of_ours(campaign, member):
    visitor = Visitor()
    page = visitor.fill(visitor.to_letter(campaign, member.person_id), name="Ann\0 Example", place="Kis\0umu")
    assert page.response.status_code == 422
    assert page.text.count("There is an invisible control character or line break in here.") == 4
    assert "Null characters" not in page.text


def test_a_page_with_typed_words_is_for_its_readers_browser_only(campaign, member):
    page = Visitor().fill(Visitor().to_letter(campaign, member.person_id))
    assert page.response["Cache-Control"] == "private, no-cache"
    assert page.response["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.response["X-Robots-Tag"]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_browsers_way_back_leads_from_one_step_left_to_the_words_that_were_typed(
    live_server, browser: Browser, campaign, member
):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{live_server.url}/en/c/{campaign.slug}/write/letter/?country=KE&to={member.person_id}")
    page.get_by_label("Your name").fill("Ann Example")
    page.get_by_label("Your e-mail address").fill("ann@example.org")
    page.get_by_label("The place where you live").fill("Kisumu")
    page.locator("#id_letter_consent").check()
    page.wait_for_timeout(3_000)
    page.get_by_label("Your name").focus()
    enter(page)
    follow(page.get_by_role("button", name="Send the letter"))
    expect(page.get_by_role("heading", name="One step left")).to_be_visible()
    follow(page.get_by_role("button", name="Send the mail again"))
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", name="Read it once more")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Your name")).to_have_value("Ann Example")
    page.locator("details.languages summary").click()
    follow(page.get_by_role("button", name="Français"))
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("input[name=name]")).to_have_value("Ann Example")
    context.close()
