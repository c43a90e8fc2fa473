"""How a campaign looks, at the desk: pictures chosen or brought, video, colour, partners; and its news."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from advocacy.models import Campaign, Partner, Update
from mailer.models import Picture
from tests.advocacy.test_staff_campaigns import form_of
from tests.factories import make_picture, make_update
from tests.staff import make_campaign, make_organisation, make_staff, make_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Campaigners"))
    return client


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(status="open")


def look(campaign: Campaign) -> str:
    return reverse("admin:advocacy_campaign_look", args=[campaign.pk])


def posted(desk: Client, campaign: Campaign, **changed: Any) -> dict[str, Any]:
    """What a browser would post of the page of looks, with some fields changed."""
    context = desk.get(look(campaign)).context
    found: dict[str, Any] = {}
    for form in [context["form"], context["partners"].management_form, *context["partners"]]:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                found[bound.html_name] = value
    return found | changed


def a_file(colour: str = "teal") -> SimpleUploadedFile:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(file, "PNG")
    return SimpleUploadedFile("court.png", file.getvalue(), content_type="image/png")


# --- pictures, video, colour


def test_a_look_saved_unchanged_stays_as_it_was(desk, campaign):
    Campaign.objects.update(
        hero=make_picture(), logo=make_picture(), share_image_url="https://p.example/x.png"
    )
    Partner.objects.create(campaign=campaign, name="Aid", logo=make_picture(), position=4)
    before = Campaign.objects.values().get(), Partner.objects.values().get()
    assert desk.post(look(campaign), posted(desk, campaign)).status_code == 302
    assert (Campaign.objects.values().get(), Partner.objects.values().get()) == before


def test_a_picture_of_another_library_stays_when_staff_who_do_not_see_it_save_the_look(client):
    organisation = make_organisation()
    campaign = make_campaign(organisation=organisation, hero=make_picture())
    client.force_login(make_staff("Campaigners", organisation=organisation))
    assert client.post(look(campaign), posted(client, campaign, hashtags="#One")).status_code == 302
    campaign.refresh_from_db()
    assert (campaign.hero_id, campaign.hashtags) == (Picture.objects.get().pk, "#One")


def test_a_picture_is_chosen_from_the_library_and_taken_off_again(desk, campaign):
    picture = make_picture()
    desk.post(look(campaign), posted(desk, campaign, hero=picture.pk))
    assert Campaign.objects.get().hero == picture
    desk.post(look(campaign), posted(desk, campaign, hero=""))
    assert Campaign.objects.get().hero is None
    assert LogEntry.objects.count() == 2


def test_a_picture_brought_right_there_is_put_into_the_library_with_what_it_shows(desk, campaign):
    data = posted(desk, campaign) | {"hero-brought": a_file(), "hero-alt": "The court  at dawn"}
    assert desk.post(look(campaign), data).status_code == 302
    picture = Picture.objects.get()
    assert (Campaign.objects.get().hero, picture.alt) == (picture, "The court at dawn")


def test_a_picture_without_words_for_those_who_do_not_see_it_is_refused_at_its_field(desk, campaign):
    answer = desk.post(look(campaign), posted(desk, campaign) | {"hero-brought": a_file()})
    assert "Please say what the picture shows." in answer.content.decode()
    assert not Picture.objects.exists()
    assert Campaign.objects.get().hero is None


def test_what_is_no_picture_is_refused_at_its_field(desk, campaign):
    file = SimpleUploadedFile("court.png", b"<svg onload=alert(1)>", content_type="image/png")
    answer = desk.post(look(campaign), posted(desk, campaign) | {"logo-brought": file, "logo-alt": "Logo"})
    assert "This is no picture we can read" in str(answer.context["form"].errors["logo"])


def test_a_picture_that_was_brought_is_not_lost_where_another_field_is_wrong(desk, campaign):
    data = posted(desk, campaign, accent="#ffe000") | {"hero-brought": a_file(), "hero-alt": "A court"}
    answer = desk.post(look(campaign), data)
    assert answer.status_code == 200
    assert f'<option value="{Picture.objects.get().pk}" selected>' in answer.content.decode()


def test_a_picture_of_another_organisation_cannot_be_chosen(client):
    ours = make_organisation()
    client.force_login(make_staff("Campaigners", organisation=ours))
    campaign = make_campaign(organisation=ours)
    theirs = make_picture(organisation_id=make_organisation().pk)
    answer = client.post(look(campaign), posted(client, campaign, hero=theirs.pk))
    assert answer.context["form"].errors["hero"]
    assert Campaign.objects.get().hero is None


def test_an_old_picture_that_is_not_in_the_list_of_the_newest_stays_chosen(desk, campaign, monkeypatch):
    monkeypatch.setattr("advocacy.admin.choosing._NEWEST", 1)
    old, _new = make_picture(), make_picture()
    Campaign.objects.update(hero=old)
    assert desk.post(look(campaign), posted(desk, campaign)).status_code == 302
    assert Campaign.objects.get().hero == old
    assert f'<option value="{old.pk}" selected>' in desk.get(look(campaign)).content.decode()


def test_a_colour_nobody_can_read_is_refused_with_the_nearest_that_can(desk, campaign):
    answer = desk.post(look(campaign), posted(desk, campaign, accent="#ffe000"))
    [error] = answer.context["form"].errors["accent"]
    assert "4.5" in error
    offered = error.rpartition("#")[2][:6]
    assert desk.post(look(campaign), posted(desk, campaign, accent=f"#{offered}")).status_code == 302
    assert Campaign.objects.get().accent == f"#{offered}"


def test_staff_are_told_whether_a_video_plays_on_the_page_or_is_a_link(desk, campaign):
    for url, words in (
        ("https://youtu.be/FSLAe3jrCSg", "Readers play it on the page"),
        ("https://www.facebook.com/x/videos/1", "Readers get a link to facebook.com"),
    ):
        desk.post(look(campaign), posted(desk, campaign, video_url=url))
        assert words in desk.get(look(campaign)).content.decode()


@pytest.mark.parametrize("url", ["javascript:alert(1)", "ftp://video.example/x", "nothing at all"])
def test_an_address_that_is_none_of_the_web_is_refused(desk, campaign, url):
    answer = desk.post(look(campaign), posted(desk, campaign, video_url=url))
    assert answer.context["form"].errors["video_url"]


# --- partners


def test_partners_are_added_in_order_with_their_logos_and_taken_away(desk, campaign):
    logo = make_picture()
    data = posted(desk, campaign)
    data |= {"partners-0-name": "Aid", "partners-0-url": "aid.example", "partners-0-logo": logo.pk}
    data |= {
        "partners-1-name": "Help",
        "partners-1-logo-brought": a_file(),
        "partners-1-logo-alt": "Help's logo",
    }
    assert desk.post(look(campaign), data).status_code == 302
    aid, help_ = campaign.partners.all()
    assert (aid.name, aid.url, aid.logo) == ("Aid", "https://aid.example", logo)
    assert (help_.name, help_.logo.alt) == ("Help", "Help's logo")
    desk.post(look(campaign), posted(desk, campaign) | {"partners-0-DELETE": "on"})
    assert campaign.partners.get() == help_


def test_a_new_partner_without_a_name_is_nobody(desk, campaign):
    assert desk.post(look(campaign), posted(desk, campaign)).status_code == 302
    assert not campaign.partners.exists()


def test_who_may_only_look_changes_no_look(client):
    client.force_login(make_staff("Moderators"))
    assert client.get(look(make_campaign())).status_code == 403


# --- news


def test_news_is_a_draft_until_the_button_that_publishes_it_is_pressed(desk, campaign):
    url = f"{reverse('admin:advocacy_update_add')}?campaign={campaign.pk}"
    data = form_of(desk, url) | {"title": "Ten offices", "body": "They **answered**."}
    assert desk.post(url, data)["Location"] == reverse("admin:advocacy_campaign_news", args=[campaign.pk])
    update = Update.objects.get()
    assert (update.campaign, update.language, update.published_at) == (campaign, "en", None)
    page = reverse("admin:advocacy_update_change", args=[update.pk])
    desk.post(page, form_of(desk, page) | {"_publish": "1"})
    update.refresh_from_db()
    first = update.published_at
    assert first is not None
    desk.post(page, form_of(desk, page) | {"_publish": "1", "title": "Eleven"})
    update.refresh_from_db()
    assert (update.title, update.published_at.date()) == ("Eleven", first.date())
    desk.post(page, form_of(desk, page) | {"_draft": "1"})
    update.refresh_from_db()
    assert update.published_at is None


def test_the_page_of_news_tells_drafts_what_comes_and_what_is_out(desk, campaign):
    make_text(campaign)
    make_update(campaign, title="Out")
    make_update(campaign, title="Comes", published_at=timezone.now() + dt.timedelta(days=2))
    make_update(campaign, title="Draft", published_at=None)
    page = desk.get(reverse("admin:advocacy_campaign_news", args=[campaign.pk])).content.decode()
    assert page.index("Draft") < page.index("Comes") < page.index("Out")
    for words in ("a draft", "comes on", "published on"):
        assert words in page


def test_news_of_another_organisations_campaign_is_neither_read_nor_written(client):
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    theirs = make_campaign(organisation=make_organisation())
    update = make_update(theirs)
    assert client.get(reverse("admin:advocacy_campaign_news", args=[theirs.pk])).status_code == 404
    page = reverse("admin:advocacy_update_change", args=[update.pk])
    assert client.post(page, {"title": "Mine", "language": "en", "body": "x"}).status_code in {302, 404}
    update.refresh_from_db()
    assert update.title == "Ten offices answered"
