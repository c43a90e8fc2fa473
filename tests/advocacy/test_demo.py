"""The demo is complete in every language, harmless, and never overwrites what people made of it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from accounts.models import User
from advocacy import colours, pace, progress, targets, writing
from advocacy.demo import seeding
from advocacy.models import (
    Area,
    Campaign,
    CampaignText,
    ContactRoute,
    Letter,
    LetterTemplate,
    Mandate,
    Person,
    Postcode,
    TargetRule,
)
from contacts.models import Contact, MailingList
from mailer import composing, invariants
from mailer.models import Delivery, Mailing
from mailer.writing import blocks, rendering
from tests.shared_data import shared

pytestmark = pytest.mark.django_db

MODELS = [
    Area,
    Campaign,
    CampaignText,
    Contact,
    ContactRoute,
    LetterTemplate,
    Mailing,
    MailingList,
    Mandate,
    Person,
    Postcode,
    TargetRule,
    User,
]


def strings(value: Any) -> list[str]:
    """Every string in a file of the demo, however deep."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def test_a_second_run_creates_nothing():
    first = seeding.seed()
    before = [model.objects.count() for model in MODELS]
    assert first.campaigns == 2
    assert first.people > 90
    assert seeding.seed() == seeding.Seeded(campaigns=0, people=0, newsletters=0, staff=0)
    assert [model.objects.count() for model in MODELS] == before


def test_what_staff_edited_and_took_away_stays_so():
    seeding.seed()
    text = CampaignText.objects.get(campaign__slug="common-bonds", language="fr")
    CampaignText.objects.filter(pk=text.pk).update(title="Notre titre")
    person = Person.objects.get(source_id="ke-1")
    person.routes.all().delete()
    LetterTemplate.objects.filter(campaign__slug="common-bonds", country="PH").delete()
    seeding.seed()
    text.refresh_from_db()
    assert text.title == "Notre titre"
    assert not person.routes.exists()
    assert not LetterTemplate.objects.filter(country="PH").exists()


def test_the_demo_refuses_to_enter_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("seed_demo")
    assert not Campaign.objects.exists()
    assert not User.objects.exists()


def test_the_login_works_and_its_password_is_hashed(client):
    seeding.seed()
    assert client.login(username="demo", password="demo")
    assert User.objects.get(username="demo").password.startswith("argon2")
    assert Group.objects.count() >= 4


def test_a_changed_password_of_the_demo_login_is_not_set_back(client):
    seeding.seed()
    user = User.objects.get(username="demo")
    user.set_password("a better one")
    user.save(update_fields=["password"])
    seeding.seed()
    assert not client.login(username="demo", password="demo")


def test_every_address_and_link_ends_at_a_name_nobody_serves():
    seeding.seed()
    addresses = [
        *ContactRoute.objects.filter(kind="email").values_list("value", flat=True),
        *Campaign.objects.values_list("contact_address", flat=True),
        *filter(None, Campaign.objects.values_list("test_address", flat=True)),
        *User.objects.values_list("email", flat=True),
    ]
    assert addresses
    assert [address for address in addresses if not address.endswith(".example")] == []
    forms = ContactRoute.objects.filter(kind="web_form").values_list("value", flat=True)
    assert [form for form in forms if ".example/" not in form] == []


def test_the_live_demo_has_every_language_of_the_house():
    told = seeding.languages(seeding.FOLDER / "common-bonds")
    assert set(told) == {code for code, _name in settings.LANGUAGES}


@pytest.mark.parametrize("campaign", seeding.CAMPAIGNS)
def test_every_language_of_a_campaign_says_everything(campaign: str):
    seeding.seed()
    texts = CampaignText.objects.filter(campaign__slug=campaign)
    names = ["title", "summary", "story", "asks", "closed_text", "thank_you", "share_text"]
    for text in texts:
        text.full_clean()
        assert [name for name in names if not getattr(text, name).strip()] == [], text.language
        assert 3 <= len(text.story.strip().split("\n\n")) <= 5
    assert len({len(text.asks.splitlines()) for text in texts}) == 1
    for language in texts.values_list("language", flat=True):
        defaults = LetterTemplate.objects.filter(
            campaign__slug=campaign, language=language, country="", chamber="", legislature=None, role=""
        )
        assert defaults.count() == 1, language
    listed = MailingList.objects.get(campaign__slug=campaign)
    assert set(listed.texts) == set(texts.values_list("language", flat=True))


def test_every_letter_to_everybody_is_whole_in_every_language():
    seeding.seed()
    written = 0
    for campaign in Campaign.objects.prefetch_related("templates"):
        for country in targets.countries(campaign, "en"):
            for candidate in targets.offer(campaign, country.code).candidates:
                for language in campaign.texts.values_list("language", flat=True):
                    assert_whole(campaign, candidate, language)
                    written += 1
    assert written > 300


def assert_whole(campaign: Campaign, candidate: targets.Candidate, language: str) -> None:
    """Nothing left in braces, nobody without a name, and never a sentence that lost its word."""
    template = writing.template_for(campaign, candidate, language)
    assert template is not None
    for subject in template.subjects.splitlines():
        letter = writing.compose(
            template,
            candidate,
            subject=subject,
            body=template.body,
            name="Noor Example",
            place="Example Town",
        )
        text = f"{letter.subject}\n{letter.body}"
        assert "{" not in text
        assert "  " not in text
        assert not re.search(r" [,.،]", text), text
        assert "Noor Example" in letter.body
        assert letter.own_words == 0


def test_a_letter_in_their_own_language_calls_people_as_that_language_writes_them():
    seeding.seed()
    campaign = Campaign.objects.get(slug="common-bonds")
    cairo = next(c for c in targets.offer(campaign, "EG").candidates if c.person.source_id == "eg-1")
    template = writing.template_for(campaign, cairo, "en")
    letter = writing.compose(template, cairo, subject="x", body=template.body, name="Noor", place="Aswan")
    assert template.language == "ar"
    assert "نور الجزاوي" in letter.body
    assert writing.fields_of(cairo, "ar")["legislature"] == "مجلس النواب"
    assert writing.fields_of(cairo, "fr")["legislature"] == "House of Representatives"


def test_every_template_says_what_it_may():
    seeding.seed()
    templates = LetterTemplate.objects.all()
    assert templates.count() >= 13
    for template in templates:
        template.full_clean()
        assert len(template.subjects.splitlines()) == 3, template
        for text in [
            template.subjects,
            template.salutation,
            template.opening,
            template.body,
            template.closing,
        ]:
            composing.check_fields(text, writing.FIELDS)


def test_a_vacant_seat_leads_to_the_european_parliament():
    seeding.seed()
    campaign = Campaign.objects.get(slug="common-bonds")
    offer = targets.offer(campaign, "KE", postcode="30100")
    assert offer.is_fallback
    assert {candidate.legislature.country for candidate in offer.candidates} == {"EU"}
    here = targets.offer(campaign, "KE", postcode="00100")
    assert not here.is_fallback
    assert {area.name for area in here.postcode_areas} == {"Westlands", "Starehe"}


def test_the_accents_can_be_read_on_paper():
    for accent in (
        seeding.read(seeding.FOLDER / name / "campaign.yaml")["accent"] for name in seeding.CAMPAIGNS
    ):
        assert colours.accents(accent)[0].colour == accent


def test_the_demo_shows_every_way_a_letter_can_go():
    seeding.seed()
    current = Mandate.objects.current()
    mails = list(ContactRoute.objects.filter(kind="email").values_list("value", flat=True))
    for start in ("bounce-", "bounce-full-", "bounce-soft-", "block-", "slow-", "nonews-"):
        assert any(mail.startswith(start) for mail in mails), start
    assert len(mails) > len(set(mails)), "a shared mailbox"
    assert current.filter(person__routes=None).exists(), "no known route"
    assert current.filter(person__routes__kind="web_form").exists()
    assert current.filter(person__refuses_letters=True).exists()
    assert current.count() < Mandate.objects.count(), "an ended mandate"
    assert Mandate.objects.values("legislature__country").distinct().count() >= 12
    assert set(
        Mandate.objects.filter(legislature__country="EG").values_list("legislature__office_days", flat=True)
    ) == {"71234"}


def test_twelve_letters_wait_for_their_turn_and_none_goes_to_a_representative():
    with time_machine.travel("2026-11-20 22:00", tick=False):  # a Friday evening
        seeding.seed()
        campaign = Campaign.objects.get(slug="keep-line-42")
        waiting = Letter.objects.filter(campaign=campaign)
        assert {letter.status for letter in waiting} == {Letter.Status.CONFIRMED}
        assert waiting.count() == 12
        assert all(letter.is_test for letter in waiting)
        forecast = pace.forecast(campaign)
    assert forecast.waiting == 12
    assert forecast.first.astimezone(ZoneInfo("America/Moncton")).isoweekday() == 1, (
        "the office opens on Monday"
    )
    assert forecast.last - forecast.first > dt.timedelta(hours=20), "more than a day's share"


def test_the_ledger_of_the_demo_holds_no_mail_that_was_refused_at_the_door(outbox):
    seeding.seed()
    sent = outbox.deliver()
    supporters = {letter.supporter_id for letter in Letter.objects.all()}
    assert len(sent) == len(supporters)
    assert all(mail.subject.startswith("Confirm") for mail in sent)
    asked = Delivery.objects.filter(kind=Delivery.Kind.CONFIRMATION)
    assert {delivery.status for delivery in asked} == {Delivery.Status.CANCELLED}
    assert not Delivery.objects.filter(status=Delivery.Status.SUPPRESSED).exists()


def test_the_demo_borrows_no_sentence():
    papers = shared("campaign")
    if papers is None:
        pytest.skip("the papers of the campaign are not beside this folder")
    theirs = " ".join(" ".join(path.read_text().split()) for path in papers.glob("*.txt")).casefold()
    ours = strings(seeding.languages(seeding.FOLDER / "common-bonds")["en"])
    words = " ".join(" ".join(ours).split()).casefold().split()
    runs = (" ".join(words[start : start + 9]) for start in range(len(words) - 8))
    assert [run for run in runs if run in theirs] == []


def test_the_demo_s_newsletter_could_be_sent_as_it_stands():
    seeding.seed()
    mailing = Mailing.objects.get()
    assert {text.language for text in mailing.texts.all()} == {"en", "fr", "es", "ar"}
    for text in mailing.texts.all():
        assert [str(problem) for problem in blocks.problems(text.blocks)] == []
        assert blocks.clean(text.blocks) == text.blocks  # what an editor would have saved
        assert "/c/common-bonds/" in rendering.render(text).html


def test_the_past_of_the_demo_is_in_the_ledger_as_if_it_had_been():
    seeding.seed(with_a_past=True)
    campaign = Campaign.objects.get(slug="common-bonds")
    assert [found.name for found in invariants.check_all() if found.ids] == []
    told = progress.progress(campaign)
    assert (told.letters, told.countries) == (360, 13)
    seeding.seed(with_a_past=True)
    assert campaign.letters.count() == 368
