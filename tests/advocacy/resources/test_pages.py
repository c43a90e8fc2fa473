"""The action pack in public: what is shown to whom, and how a file is handed out."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags

from advocacy.models import Campaign, Resource, ResourceFile
from advocacy.resources import keeping, packs
from tests.advocacy.resources.samples import EVERY, SVG, picture
from tests.factories import make_campaign, make_resource, make_resource_file
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def page(campaign: Campaign, language: str = "en") -> str:
    with translation.override(language):
        return reverse("advocacy:resources", args=[campaign.slug])


def address(file: ResourceFile) -> str:
    return reverse("advocacy:resource_file", args=[file.resource.campaign.slug, file.resource_id, file.form])


def pack_address(campaign: Campaign, language: str = "en") -> str:
    return reverse("advocacy:resource_pack", args=[campaign.slug, language])


def titles(client: Client, campaign: Campaign, language: str = "en") -> list[str]:
    groups = client.get(page(campaign, language)).context["groups"]
    return [entry.resource.title for group in groups for entry in group.entries]


def test_the_readers_language_comes_first_then_what_is_for_every_language_then_the_others(client):
    campaign = make_campaign()
    for language in ("es", "", "fr", "en"):
        make_resource_file(make_resource(campaign, language=language, title=f"Poster {language}"))
    assert titles(client, campaign, "fr") == ["Poster fr", "Poster ", "Poster es", "Poster en"]
    assert titles(client, campaign, "ar") == ["Poster ", "Poster es", "Poster fr", "Poster en"]


def test_kinds_stand_in_their_order_and_what_is_of_another_language_says_so(client):
    campaign = make_campaign()
    for kind, language in ((Resource.Kind.TEXT, ""), (Resource.Kind.LOGO, "fr")):
        make_resource_file(make_resource(campaign, kind=kind, language=language))
    groups = client.get(page(campaign)).context["groups"]
    assert [group.kind for group in groups] == ["logo", "text"]
    assert groups[0].entries[0].language == "French"
    assert groups[1].entries[0].language == ""


def test_formats_and_sizes_are_told_in_words(client):
    logo = make_resource_file(
        make_resource(kind="logo", title="Logo"), content=picture(size=(500, 250)), name="logo.png"
    )
    make_resource_file(logo.resource, content=SVG, name="logo.svg")
    keeping.make_more(logo.resource)
    html = client.get(page(logo.resource.campaign)).content.decode()
    shown = [strip_tags(part.split("</a>")[0]) for part in html.split("Logo: </span>")[1:]]
    assert [words.rpartition(" · ")[0] for words in shown] == [
        "PNG · 500 × 250",
        "PNG · small · 400 × 200",
        "JPEG · 500 × 250",
        "WebP · 500 × 250",
        "SVG",
    ]


def test_a_page_elsewhere_is_a_link_that_tells_nothing_of_where_one_came_from(client):
    resource = make_resource(url="https://example.org/film")
    html = client.get(page(resource.campaign)).content.decode()
    assert '<a href="https://example.org/film" rel="noopener noreferrer">' in html
    assert "on example.org" in html


def test_what_is_not_published_or_has_nothing_to_take_is_not_shown(client):
    campaign = make_campaign()
    hidden = make_resource_file(make_resource(campaign, is_published=False))
    make_resource(campaign, title="Empty")
    assert titles(client, campaign) == []
    assert client.get(address(hidden)).status_code == 404


@pytest.mark.parametrize("format", EVERY)
def test_every_file_is_saved_and_never_shown_whatever_it_is(client, format):
    file = make_resource_file(content=EVERY[format], name=f"file.{format}")
    answer = client.get(address(file))
    assert b"".join(answer.streaming_content) == EVERY[format]
    assert answer["Content-Disposition"] == f'attachment; filename="file.{format}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_name_in_another_script_reaches_the_reader(client):
    file = make_resource_file(name="شعار.txt")
    assert client.get(address(file))["Content-Disposition"].startswith("attachment; filename*=utf-8''%D8")


def test_the_address_of_a_file_goes_on_to_the_newest_version(client):
    first = make_resource_file(content=b"one")
    make_resource_file(first.resource, content=b"two")
    assert b"".join(client.get(address(first)).streaming_content) == b"two"


def test_who_has_the_file_already_is_told_so_until_it_changes(client):
    file = make_resource_file(content=b"one")
    mark = client.get(address(file))["ETag"]
    assert client.get(address(file), headers={"if-none-match": mark}).status_code == 304
    make_resource_file(file.resource, content=b"two")
    assert client.get(address(file), headers={"if-none-match": mark}).status_code == 200


@pytest.mark.parametrize(
    ("method", "headers", "counted"),
    [
        ("get", {"user-agent": BROWSER}, 1),
        ("head", {"user-agent": BROWSER}, 0),
        ("get", {"user-agent": "curl/8.5.0"}, 0),
        ("get", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, 0),
        ("get", {}, 0),
        ("get", {"user-agent": BROWSER, "sec-purpose": "prefetch"}, 0),
    ],
)
def test_downloads_of_people_are_counted_and_those_of_machines_are_not(client, method, headers, counted):
    file = make_resource_file()
    campaign = file.resource.campaign
    packs.want(campaign)
    packs.work()
    for url in (address(file), pack_address(campaign)):
        getattr(client, method)(url, headers=headers)
    file.refresh_from_db()
    assert (file.downloads, campaign.packs.get(language="en").downloads) == (counted, counted)


def test_the_files_of_a_draft_are_there_for_its_staff_only_and_are_not_counted(client):
    campaign = make_campaign(status=Campaign.Status.DRAFT)
    file = make_resource_file(make_resource(campaign))
    packs.want(campaign)
    packs.work()
    urls = [page(campaign), address(file), pack_address(campaign)]
    assert [client.get(url).status_code for url in urls] == [404, 404, 404]
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    assert [client.get(url).status_code for url in urls] == [404, 404, 404]
    client.force_login(make_staff("Campaigners"))
    answers = [client.get(url, headers={"user-agent": BROWSER}) for url in urls]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    file.refresh_from_db()
    assert file.downloads == 0


def test_a_file_of_another_campaign_or_format_is_not_found(client):
    file, other = make_resource_file(), make_campaign()
    for args in (
        [other.slug, file.resource_id, "txt"],
        [file.resource.campaign.slug, file.resource_id, "pdf"],
        [file.resource.campaign.slug, file.resource_id, "txt-small"],
        [file.resource.campaign.slug, 10**30, "txt"],
    ):
        assert client.get(reverse("advocacy:resource_file", args=args)).status_code == 404


def test_a_file_gone_from_the_storage_is_not_found(client):
    file = make_resource_file(content=b"a file that is lost")
    default_storage.delete(file.file.name)
    assert client.get(address(file)).status_code == 404


def test_the_page_says_that_a_pack_is_being_made_and_offers_it_once_it_is(client):
    campaign = make_resource_file().resource.campaign
    assert "being made" not in client.get(page(campaign)).content.decode()
    packs.want(campaign)
    html = client.get(page(campaign)).content.decode()
    assert "is being made" in html
    assert pack_address(campaign) not in html
    assert client.get(pack_address(campaign)).status_code == 404
    packs.work()
    html = client.get(page(campaign)).content.decode()
    assert "being made" not in html
    assert f'href="{pack_address(campaign)}"' in html


def test_a_look_at_the_page_asks_for_no_pack(client):
    campaign = make_resource_file().resource.campaign
    client.get(page(campaign))
    assert campaign.packs.count() == 0
