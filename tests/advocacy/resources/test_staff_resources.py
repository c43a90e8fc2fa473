"""The action pack at the desk."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from advocacy.models import Resource, ResourceFile, ResourcePack
from advocacy.resources import packs
from tests.advocacy.resources.samples import SVG, picture
from tests.factories import make_campaign, make_resource, make_resource_file
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Campaigners"))
    return client


def upload(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/octet-stream")


def posted(campaign: Any, *files: SimpleUploadedFile, **fields: Any) -> dict[str, Any]:
    form = {
        "campaign": campaign.pk,
        "kind": "logo",
        "title": "Logo",
        "is_published": "on",
        "in_pack": "on",
        "brought": list(files),
    }
    return {name: value for name, value in {**form, **fields}.items() if value != ""}


def add(desk: Client, campaign: Any, *files: SimpleUploadedFile, **fields: Any) -> Any:
    return desk.post(reverse("admin:advocacy_resource_add"), posted(campaign, *files, **fields))


def change(desk: Client, resource: Resource, *files: SimpleUploadedFile, **fields: Any) -> Any:
    url = reverse("admin:advocacy_resource_change", args=[resource.pk])
    return desk.post(url, posted(resource.campaign, *files, **fields))


def tab(campaign: Any) -> str:
    return reverse("admin:advocacy_campaign_resources", args=[campaign.pk])


def in_force(resource: Resource) -> list[str]:
    return sorted(file.form for file in resource.files.filter(replaced_at=None))


def test_a_logo_in_several_formats_is_one_resource_and_its_pack_is_asked_for(desk):
    campaign = make_campaign()
    answer = add(
        desk,
        campaign,
        upload("logo.svg", SVG),
        upload("logo.png", picture()),
        upload("logo.jpeg", picture("JPEG", mode="RGB")),
        upload("print.pdf", b"%PDF-1.7"),
    )
    assert answer["Location"] == tab(campaign)
    resource = Resource.objects.get()
    assert in_force(resource) == ["jpg", "pdf", "png", "svg"]
    assert set(resource.files.values_list("uploaded_by__username", flat=True)) == {
        answer.wsgi_request.user.username
    }
    assert campaign.packs.get().state == ResourcePack.State.WANTED


def test_of_a_png_without_a_drawing_more_is_made_where_it_is_wished(desk):
    campaign = make_campaign()
    add(desk, campaign, upload("logo.png", picture(size=(500, 500))), make_more="on")
    resource = Resource.objects.get()
    assert in_force(resource) == ["jpg", "png", "png-small", "webp"]
    change(desk, resource)
    assert in_force(resource) == ["png"]


def test_a_file_of_a_format_that_is_there_is_its_new_version_and_staff_reach_the_old_one(desk):
    file = make_resource_file(make_resource(kind="text"), content=b"one")
    resource = file.resource
    change(desk, resource, upload("newer.txt", b"two"), kind="text")
    assert [(one.version, one.replaced_at is None) for one in resource.files.all()] == [(2, True), (1, False)]
    page = desk.get(reverse("admin:advocacy_resource_change", args=[resource.pk])).content.decode()
    old = reverse("admin:advocacy_resource_file", args=[resource.pk, file.pk])
    assert old in page
    assert "1 earlier version" in page
    answer = desk.get(old)
    assert b"".join(answer.streaming_content) == b"one"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_format_can_be_offered_no_longer(desk):
    png = make_resource_file(content=picture(), name="logo.png")
    make_resource_file(png.resource, content=SVG, name="logo.svg")
    change(desk, png.resource, take_out=[png.pk])
    assert in_force(png.resource) == ["svg"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([("tool.png", b"MZ\x90\x00" + bytes(90))], "none of"),
        ([("a.png", picture()), ("b.png", picture(size=(9, 9)))], "Two of these files are PNG"),
        ([], "Bring a file, or write the address of a page."),
        ([(f"{n}.txt", b"x") for n in range(11)], "At most 10 files"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_kept(desk, files, said):
    answer = add(desk, make_campaign(), *(upload(*file) for file in files))
    assert said in answer.content.decode()
    assert Resource.objects.count() == ResourceFile.objects.count() == 0


def test_a_file_over_the_bound_is_refused_before_it_is_looked_at(desk):
    large = upload("film.mp4", b"")
    large.file.seek(50_000_001)
    large.file.write(b"x")
    large.file.seek(0)
    answer = add(desk, make_campaign(), large)
    assert "is larger than 50 MB" in answer.content.decode()


def test_a_page_elsewhere_is_http_or_nothing(desk):
    campaign = make_campaign()
    answer = add(desk, campaign, url="javascript:alert(1)")
    assert Resource.objects.count() == 0, answer
    add(desk, campaign, url="https://example.org/film", kind="video", language="fr")
    resource = Resource.objects.get()
    assert (resource.url, resource.language, resource.files.count()) == ("https://example.org/film", "fr", 0)


def test_the_tab_shows_resources_downloads_and_packs_with_what_is_wrong(desk):
    file = make_resource_file(make_resource(title="Our leaflet"), name="leaflet.txt")
    ResourceFile.objects.update(downloads=41)
    campaign = file.resource.campaign
    file.file.storage.delete(file.file.name)
    packs.want(campaign)
    packs.work()
    html = desk.get(tab(campaign)).content.decode()
    for words in (
        "Our leaflet",
        "41 downloads",
        "leaflet.txt is gone from the storage",
        'aria-current="page"',
    ):
        assert words in html
    need = desk.get(reverse("admin:index")).content.decode()
    assert "1 action pack cannot be made" in need


def test_packs_that_failed_are_tried_again_when_a_person_asks(desk):
    campaign = make_resource_file(content=b"of a pack tried again").resource.campaign
    packs.want(campaign)
    ResourcePack.objects.update(state=ResourcePack.State.FAILED, error="attempts")
    answer = desk.post(reverse("admin:advocacy_campaign_packs", args=[campaign.pk]))
    assert answer["Location"] == tab(campaign)
    assert campaign.packs.get().state == ResourcePack.State.WANTED


def test_resources_of_a_kind_change_places_and_the_ends_stay(desk):
    campaign = make_campaign()
    first, other, second = (
        make_resource(campaign, title=title, kind=kind, position=position)
        for position, (title, kind) in enumerate([("first", "text"), ("other", "logo"), ("second", "text")])
    )
    move = reverse("admin:advocacy_resource_move", args=[second.pk])

    def titles() -> list[str]:
        return list(Resource.objects.filter(kind="text").values_list("title", flat=True))

    desk.post(move, {"to": "up"})
    assert titles() == ["second", "first"]
    desk.post(move, {"to": "up"})
    assert titles() == ["second", "first"]
    desk.post(move, {"to": "down"})
    assert titles() == ["first", "second"]
    assert (first.kind, other.kind) == ("text", "logo")


def test_deleting_the_last_resource_takes_its_pack_away(desk):
    file = make_resource_file()
    campaign = file.resource.campaign
    packs.want(campaign)
    desk.post(reverse("admin:advocacy_resource_delete", args=[file.resource_id]), {"post": "yes"})
    assert (Resource.objects.count(), campaign.packs.count()) == (0, 0)


def test_the_files_of_another_organisation_and_of_another_resource_are_not_there(client):
    file = make_resource_file(make_resource(make_campaign(organisation=make_organisation())))
    client.force_login(make_staff("Campaigners", organisation=make_organisation()))
    url = reverse("admin:advocacy_resource_file", args=[file.resource_id, file.pk])
    assert client.get(url).status_code == 404
    assert client.get(tab(file.resource.campaign)).status_code == 404
    answer = client.post(
        reverse("admin:advocacy_resource_add"), posted(file.resource.campaign, upload("a.txt", b"x"))
    )
    assert "Select a valid choice" in answer.content.decode()
    client.force_login(make_staff("Campaigners"))
    mine = make_resource_file()
    assert (
        client.get(reverse("admin:advocacy_resource_file", args=[mine.resource_id, file.pk])).status_code
        == 404
    )
    assert client.get(url).status_code == 200


def test_the_file_of_a_resource_opens_for_nobody_without_the_right(client):
    file = make_resource_file()
    url = reverse("admin:advocacy_resource_file", args=[file.resource_id, file.pk])
    assert client.get(url).status_code == 302
    client.force_login(make_staff("Contacts exporters"))
    assert client.get(url).status_code == 403
