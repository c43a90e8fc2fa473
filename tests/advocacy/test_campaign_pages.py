"""Campaign pages and the privacy notice."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Permission

from accounts.models import User
from advocacy.models import Campaign, CampaignText, MembershipText
from tests.advocacy.pages import Visitor
from tests.factories import make_campaign, make_legislature, make_mandate, make_membership, make_update
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    campaign = make_campaign(video_url="https://video.example/watch/1")
    make_mandate(make_legislature(country="KE"))
    make_mandate(make_legislature(country="FR", language="fr"))
    return campaign


def test_the_country_of_the_browser_is_guessed_and_nothing_else_of_the_visitor(campaign):
    page = Visitor(accept_language="sw-KE,sw;q=0.9,en;q=0.5").get(f"/en/c/{campaign.slug}/")
    assert page.forms[0].values("country") == ["KE"]
    assert Visitor(accept_language="en").get(f"/en/c/{campaign.slug}/").forms[0].values("country") == []
    assert Visitor(accept_language="xx-QQ;q=x,-,").get(f"/en/c/{campaign.slug}/").response.status_code == 200


def test_countries_stand_in_the_language_of_the_page(campaign):
    assert "Frankreich" not in Visitor().get(f"/en/c/{campaign.slug}/").text
    assert "Francia" in Visitor().get(f"/es/c/{campaign.slug}/").text


def test_a_page_asks_no_other_site_for_anything(campaign):
    html = Visitor().get(f"/en/c/{campaign.slug}/").html
    for attribute in ('src="http', "url(http", "<iframe", "<img"):
        assert attribute not in html
    assert 'href="https://video.example/watch/1" rel="noopener noreferrer"' in html


def test_a_page_holds_no_style_and_no_script_of_its_own(campaign):
    html = Visitor().get(f"/en/c/{campaign.slug}/").html
    assert "<style" not in html
    assert "style=" not in html
    assert "<script>" not in html


def test_a_draft_is_not_there_for_the_public_but_for_its_staff(campaign, client):
    Campaign.objects.update(status=Campaign.Status.DRAFT)
    assert Visitor().get(f"/en/c/{campaign.slug}/").response.status_code == 404
    staff = User.objects.create_user("ann", password="a-long-password", is_staff=True)
    client.force_login(staff)
    assert client.get(f"/en/c/{campaign.slug}/").status_code == 404
    staff.user_permissions.add(Permission.objects.get(codename="view_campaign"))
    client.force_login(staff)  # new rights ended the session
    answer = client.get(f"/en/c/{campaign.slug}/")
    assert answer.status_code == 200
    assert "only staff see this page" in answer.content.decode()


def test_staff_who_must_set_up_a_second_factor_see_no_draft_before_they_have(campaign, client, settings):
    settings.SECOND_FACTOR = "required"
    Campaign.objects.update(status=Campaign.Status.DRAFT)
    address, staff = f"/en/c/{campaign.slug}/", make_staff("superuser")
    client.force_login(staff)
    assert client.get(address).status_code == 404
    Authenticator.objects.create(user=staff, type="totp", data={})
    assert client.get(address).status_code == 200
    client.force_login(make_staff("Campaigners"))
    assert client.get(address).status_code == 200, "who need not have one sees it as before"


def test_a_closed_campaign_says_so_and_takes_no_letter(campaign):
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    page = Visitor().get(f"/en/c/{campaign.slug}/")
    assert "This campaign has ended" in page.text
    assert not page.forms
    assert "This campaign has ended" in Visitor().choose(campaign).text


def test_a_campaign_in_test_mode_says_so_on_every_page(campaign):
    Campaign.objects.update(test_mode=True)
    for path in ("", "write/?country=KE"):
        assert "Test mode" in Visitor().get(f"/en/c/{campaign.slug}/{path}").text


def test_a_text_in_another_language_than_the_page_is_marked_as_such(campaign):
    page = Visitor().get(f"/ar/c/{campaign.slug}/")
    assert '<html lang="ar" dir="rtl">' in page.html
    assert ' lang="en" dir="ltr">' in page.html


def untranslated(path: str, language: str) -> list[str]:
    """The sentences for everybody that say in which language the words are shown, with the marks they carry."""
    html = Visitor().get(f"/{language}{path}").html
    return re.findall(r'class="hint untranslated"([^<]*)<', html)


def test_a_text_in_another_language_says_so_to_everybody_in_the_language_of_the_page(campaign):
    (said,) = untranslated(f"/c/{campaign.slug}/", "ar")
    assert said.startswith(' lang="ar" dir="rtl">'), "it stands in a part marked as English"
    assert "العربية" in said
    assert "الإنجليزية" in said
    (embedded,) = untranslated(f"/embed/c/{campaign.slug}/", "ar")
    assert embedded == said
    (shared,) = untranslated(f"/c/{campaign.slug}/share/", "ar")
    assert shared.startswith(">")
    update = make_update(campaign, language="sw")
    (news,) = untranslated(f"/c/{campaign.slug}/news/{update.pk}/", "en")
    assert "not in English yet; it is shown in Swahili" in news


def test_a_text_in_the_language_of_the_page_or_another_form_of_it_says_nothing(campaign):
    for path in ("", "share/"):
        assert untranslated(f"/c/{campaign.slug}/{path}", "en") == []
    CampaignText.objects.create(
        campaign=campaign, language="fr-CA", title="Gardez", summary="Oui", story="Oui."
    )
    Campaign.objects.filter(pk=campaign.pk).update(default_language="fr-CA")
    assert untranslated(f"/c/{campaign.slug}/", "fr") == []


def test_a_members_words_in_a_third_language_say_so_beside_them(campaign):
    member = make_membership(campaign)
    MembershipText.objects.create(membership=member, language="sw", intro="Karibu.")
    path = f"/c/{campaign.slug}/with/{member.organisation.slug}/"
    (said,) = untranslated(path, "en")
    assert said.startswith(' lang="en" dir="ltr">')
    assert "not in English yet; it is shown in Swahili" in said
    MembershipText.objects.update(language="en")
    assert untranslated(path, "en") == []
    assert len(untranslated(path, "ar")) == 1, "once is enough where both are in the same language"


def test_a_story_cannot_bring_script_into_the_page(campaign):
    CampaignText.objects.update(
        title="<script>window.pwned=1</script>",
        story="# Why\n\n<script>window.pwned=2</script> [x](javascript:alert(1)) ![i](https://evil.test/i.png)",
    )
    html = Visitor().get(f"/en/c/{campaign.slug}/").html
    assert "<script>window" not in html
    assert 'href="javascript' not in html
    assert "<img" not in html
    assert "<h2>Why</h2>" in html


def test_links_for_other_sites_come_from_the_setting_and_not_from_the_host_header(campaign, settings):
    settings.SITE_URL = "https://act.example"
    html = Visitor(host="evil.test").get(f"/en/c/{campaign.slug}/").html
    assert f'<meta property="og:url" content="https://act.example/en/c/{campaign.slug}/">' in html
    assert "evil.test" not in html


def test_the_list_shows_open_campaigns_only(campaign):
    closed = make_campaign(status=Campaign.Status.CLOSED)
    draft = make_campaign(status=Campaign.Status.DRAFT)
    html = Visitor().get("/en/").html
    assert f"/c/{campaign.slug}/" in html
    assert closed.slug not in html
    assert draft.slug not in html


def test_the_privacy_notice_names_who_asks(campaign):
    page = Visitor().get(f"/en/privacy/?campaign={campaign.slug}")
    assert campaign.sender_name in page.text
    assert Visitor().get("/en/privacy/?campaign=%00").response.status_code == 200


def test_a_personal_link_is_carried_into_the_form(campaign):
    page = Visitor().get(f"/en/c/{campaign.slug}/?via=2s-abc")
    assert page.forms[0].values("via") == ["2s-abc"]
