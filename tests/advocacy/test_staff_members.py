"""The desk's Members and Embed tabs, and a member's own figures."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from openpyxl import load_workbook
from PIL import Image

from accounts.models import Organisation
from advocacy import letters
from advocacy.models import Membership
from tests.factories import (
    make_campaign,
    make_mailing_list,
    make_membership,
    make_organisation,
    make_submission,
)
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


def client_of(
    *roles: str, organisation: Organisation | None = None, permissions: tuple[str, ...] = ()
) -> Client:
    user = make_staff(*roles, organisation=organisation)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def page(name: str, pk: int) -> str:
    return reverse(f"admin:{name}", args=[pk])


def change(member: Membership, **fields: Any) -> dict[str, Any]:
    """The member's form, filled in well but for what is named."""
    management = {"texts-TOTAL_FORMS": "0", "texts-INITIAL_FORMS": "0"}
    return {"is_active": "on", "is_listed": "on", "language": "", "accent": "", **management, **fields}


# --- joining --------------------------------------------------------------------------------------------------------


def test_an_organisation_there_is_joins_by_its_name_whatever_the_case():
    campaign, organisation = make_campaign(), make_organisation(name="Bus Riders' Union")
    client = client_of("Campaigners")
    answer = client.post(page("advocacy_campaign_add_member", campaign.pk), {"name": " bus  riders' UNION "})
    member = Membership.objects.get()
    assert (member.campaign, member.organisation) == (campaign, organisation)
    assert answer["Location"] == page("advocacy_membership_change", member.pk)
    client.post(page("advocacy_campaign_add_member", campaign.pk), {"name": organisation.slug})
    assert Membership.objects.count() == 1


def test_an_unknown_organisation_is_made_only_by_who_may_add_one():
    campaign = make_campaign()
    make_organisation(name="Riders of Kisumu")
    asked = {"name": "Riders of Nairobi", "make": "1", "slug": "riders-nairobi"}
    answer = client_of("Campaigners").post(page("advocacy_campaign_add_member", campaign.pk), asked)
    assert answer.status_code == 422
    assert "Riders of Kisumu" in answer.content.decode()
    assert not Organisation.objects.filter(slug="riders-nairobi").exists()
    may = client_of("Campaigners", permissions=("add_organisation",))
    asked_on = may.post(page("advocacy_campaign_add_member", campaign.pk), {"name": "Riders of Nairobi"})
    assert asked_on.status_code == 200
    assert not Organisation.objects.filter(slug="riders-nairobi").exists(), "it is asked first"
    may.post(page("advocacy_campaign_add_member", campaign.pk), asked)
    assert Membership.objects.get().organisation.slug == "riders-nairobi"


def test_an_organisations_own_staff_are_not_shown_the_names_of_others():
    ours = make_organisation()
    make_organisation(name="Riders of Kisumu")
    client = client_of("Campaigners", organisation=ours)
    campaign = make_campaign(organisation=ours)
    answer = client.post(page("advocacy_campaign_add_member", campaign.pk), {"name": "Riders of Nairobi"})
    assert "Riders of Kisumu" not in answer.content.decode()


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300, "Rid\u202eers"])
def test_a_name_nobody_can_read_makes_no_organisation(name):
    campaign, before = make_campaign(), Organisation.objects.count()
    client = client_of("superuser")
    answer = client.post(page("advocacy_campaign_add_member", campaign.pk), {"name": name, "make": "1"})
    assert answer.status_code == 422
    assert Organisation.objects.count() == before


# --- the member's page at the desk ----------------------------------------------------------------------------------


def test_a_member_gets_a_logo_a_colour_and_its_own_list(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    member = make_membership()
    own = make_mailing_list(organisation=member.organisation)
    picture = io.BytesIO()
    Image.new("RGB", (40, 20), "green").save(picture, "PNG")
    logo = SimpleUploadedFile("logo.png", picture.getvalue(), "image/png")
    answer = client_of("Campaigners").post(
        page("advocacy_membership_change", member.pk),
        change(member, accent="#245f6b", mailing_list=own.pk, new_logo=logo),
    )
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    member.refresh_from_db()
    assert (member.accent, member.mailing_list) == ("#245f6b", own)
    assert member.logo is not None
    assert member.logo.width == 40


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("accent", "#ffff00", "cannot be read"),
        ("website", "javascript:alert(1)", "URL"),
        ("new_logo", SimpleUploadedFile("logo.png", b"<svg onload=alert(1)>", "image/png"), "picture"),
    ],
)
def test_what_a_member_must_not_have_is_refused_with_words(field, value, words):
    member = make_membership()
    answer = client_of("Campaigners").post(
        page("advocacy_membership_change", member.pk), change(member, **{field: value})
    )
    assert answer.status_code == 200
    assert words in str(answer.context["adminform"].form.errors)


def test_a_list_of_another_organisation_is_not_given_to_a_member():
    member = make_membership()
    theirs = make_mailing_list(organisation=make_organisation())
    answer = client_of("Campaigners").post(
        page("advocacy_membership_change", member.pk), change(member, mailing_list=theirs.pk)
    )
    assert answer.status_code == 200
    member.refresh_from_db()
    assert member.mailing_list is None


# --- figures --------------------------------------------------------------------------------------------------------


def test_a_members_own_staff_see_its_figures_in_anothers_campaign_and_no_person():
    host, ours = make_organisation(), make_organisation()
    member = make_membership(make_campaign(organisation=host), organisation=ours)
    letters.confirm(make_submission(member.campaign, membership=member, name="Ann Secret"))
    client = client_of("Campaigners", organisation=ours)
    listed = client.get(reverse("admin:advocacy_membership_ours"))
    assert [row[0] for row in listed.context["rows"]] == [member]
    answer = client.get(page("advocacy_membership_figures", member.pk))
    assert answer.context["figures"].letters == 1
    assert "Ann Secret" not in answer.content.decode()
    for closed in ("advocacy_campaign_members", "advocacy_campaign_embed", "advocacy_campaign_change"):
        assert client.get(page(closed, member.campaign.pk)).status_code in {302, 404}
    assert client.get(page("advocacy_membership_change", member.pk)).status_code in {302, 404}


def test_the_letters_of_30_days_are_drawn_and_say_their_day_and_number():
    member = make_membership(make_campaign())
    letters.confirm(make_submission(member.campaign, membership=member))
    client = client_of("Campaigners")
    for shown, box in (
        ("advocacy_campaign_members", "44 12 308 116"),
        ("advocacy_membership_figures", "0 0 360 150"),
    ):
        row = member.campaign if shown == "advocacy_campaign_members" else member
        text = client.get(page(shown, row.pk)).content.decode()
        drawn = text.partition(f'viewBox="{box}"')[2].partition("</svg>")[0]
        [bar] = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', drawn)
        x, y, width, height = map(float, bar)
        left, top, across, down = map(float, box.split())
        assert left < x < x + width < left + across
        assert top <= y < y + height <= top + down
        assert f"<title>{date_format(timezone.localdate(), 'DATE_FORMAT')}: 1</title>" in drawn


def test_a_members_page_is_titled_by_its_name_once_and_its_figures_lead_back_to_the_campaigns():
    member = make_membership(organisation=make_organisation(name="Elm Road School"))
    client = client_of("Campaigners")
    changed = client.get(page("advocacy_membership_change", member.pk)).content.decode()
    title = changed.partition("<title>")[2].partition("</title>")[0]
    assert title.split() == ["Elm", "Road", "School", "·", "Members", "·", "Epistle"]
    figures = client.get(page("advocacy_membership_figures", member.pk)).content.decode()
    trail = figures.partition('<div class="breadcrumbs">')[2].partition("</div>")[0]
    assert reverse("admin:advocacy_campaign_changelist") in trail


def test_a_member_of_anothers_campaign_is_in_its_own_place_of_the_desk():
    ours = make_organisation()
    member = make_membership(make_campaign(organisation=make_organisation()), organisation=ours)
    answer = client_of("Campaigners", organisation=ours).get(page("advocacy_membership_figures", member.pk))
    pages = answer.context["desk_places"]["pages"]
    assert [str(entry["label"]) for entry in pages if entry["here"]] == ["As a member"]


def test_staff_of_a_third_organisation_see_nothing_of_a_member():
    member = make_membership(make_campaign(organisation=make_organisation()))
    client = client_of("Campaigners", organisation=make_organisation())
    assert client.get(page("advocacy_membership_figures", member.pk)).status_code == 404
    assert client.get(page("advocacy_campaign_members", member.campaign.pk)).status_code == 404
    assert client.get(reverse("admin:advocacy_membership_ours")).context["rows"] == []


def test_a_member_chooses_its_own_list_and_none_of_anothers():
    ours = make_organisation()
    member = make_membership(make_campaign(organisation=make_organisation()), organisation=ours)
    own, theirs = make_mailing_list(organisation=ours), make_mailing_list(organisation=make_organisation())
    client = client_of("Campaigners", organisation=ours)
    address = page("advocacy_membership_figures", member.pk)
    client.post(address, {"mailing_list": theirs.pk})
    member.refresh_from_db()
    assert member.mailing_list is None
    client.post(address, {"mailing_list": own.pk})
    member.refresh_from_db()
    assert member.mailing_list == own


def test_the_campaigns_staff_do_not_choose_for_the_member_on_its_own_page():
    member = make_membership(with_list=True)
    answer = client_of("Campaigners").post(
        page("advocacy_membership_figures", member.pk), {"mailing_list": ""}
    )
    assert answer.status_code == 404
    member.refresh_from_db()
    assert member.mailing_list is not None


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_figures_are_taken_as_a_file_that_no_program_takes_for_a_formula(form):
    member = make_membership(organisation=make_organisation(name="=cmd|' /C calc'!A0"))
    letters.confirm(make_submission(member.campaign, membership=member))
    client = client_of("Campaigners")
    answer = client.post(page("advocacy_campaign_members", member.campaign.pk), {"format": form})
    assert answer["Content-Disposition"].endswith(f'.{form}"')
    if form == "csv":
        header, line = answer.content.decode("utf-8-sig").splitlines()
        cells = line.split(",")
        named = dict(zip(header.split(","), cells, strict=True))
    else:
        rows = [[str(cell.value) for cell in row] for row in load_workbook(io.BytesIO(answer.content)).active]
        named = dict(zip(*rows, strict=True))
    assert named["letters"] == "1"
    assert not named["member"].startswith("=")
    assert "Ann" not in str(named)


# --- embedding ------------------------------------------------------------------------------------------------------


def test_the_code_to_copy_names_campaign_language_and_member():
    member = make_membership()
    answer = client_of("Campaigners").get(
        page("advocacy_campaign_embed", member.campaign.pk),
        {"language": "fr", "member": member.organisation.slug},
    )
    line = answer.context["script_line"]
    assert line.startswith("<script async src=")
    assert f'data-campaign="{member.campaign.slug}"' in line
    assert 'data-language="fr"' in line
    assert f'data-member="{member.organisation.slug}"' in line
    assert "&lt;script async src=" in answer.content.decode(), "shown as text, to be copied"
    assert f"/fr/embed/c/{member.campaign.slug}/?with=" in answer.context["frame_line"]


def test_the_sites_are_kept_as_browsers_write_them_each_once():
    campaign = make_campaign()
    client = client_of("Campaigners")
    typed = "www.Example.org/take-part\n\nhttps://www.example.org\nhttp://localhost:8025\n"
    client.post(page("advocacy_campaign_embed", campaign.pk), {"embedded_on": typed})
    campaign.refresh_from_db()
    assert campaign.embedded_on == "https://www.example.org\nhttp://localhost:8025"


def test_a_wrong_line_is_named_by_its_number_and_nothing_is_kept():
    campaign = make_campaign(embedded_on="https://kept.example")
    answer = client_of("Campaigners").post(
        page("advocacy_campaign_embed", campaign.pk),
        {"embedded_on": "https://www.example.org\nhttps://*.example.org; script-src *"},
    )
    assert answer.status_code == 422
    assert "Line 2:" in str(answer.context["form"].errors)
    campaign.refresh_from_db()
    assert campaign.embedded_on == "https://kept.example"


def test_who_may_only_look_does_not_change_the_sites():
    campaign = make_campaign()
    client = client_of("Moderators")
    assert client.get(page("advocacy_campaign_embed", campaign.pk)).status_code == 200
    answer = client.post(page("advocacy_campaign_embed", campaign.pk), {"embedded_on": "https://a.example"})
    assert answer.status_code == 403


def test_saving_a_member_takes_nothing_away_that_it_chose_from_its_own_lists():
    host = make_organisation()
    member = make_membership(make_campaign(organisation=host), with_list=True)
    client = client_of("Campaigners", organisation=host)
    address = page("advocacy_membership_change", member.pk)
    assert client.get(address).status_code == 200
    answer = client.post(address, change(member, accent="#245f6b", mailing_list=""))
    assert answer.status_code == 302
    chosen, member = member.mailing_list, Membership.objects.get(pk=member.pk)
    assert (member.accent, member.mailing_list) == ("#245f6b", chosen)
