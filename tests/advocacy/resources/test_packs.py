"""The whole action pack as an archive: what lies in it, when it is made anew, and that no worker's death loses it."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from advocacy.models import Campaign, CampaignText, Resource, ResourcePack
from advocacy.resources import keeping, packs
from tests.advocacy.resources.samples import SVG, picture
from tests.factories import make_campaign, make_resource, make_resource_file

pytestmark = pytest.mark.django_db
State = ResourcePack.State


def made(campaign: Campaign, language: str = "en") -> ResourcePack:
    """The pack after workers had time."""
    packs.want(campaign)
    while packs.work():
        pass
    return campaign.packs.get(language=language)


def files(pack: ResourcePack) -> dict[str, bytes]:
    with pack.file.open("rb") as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def readme(pack: ResourcePack) -> str:
    (found,) = (content for name, content in files(pack).items() if name.endswith("README.txt"))
    return found.decode("utf-8-sig")


def test_a_pack_holds_what_is_for_its_language_and_what_is_for_every_one():
    campaign = make_campaign(slug="line-42")
    make_resource_file(make_resource(campaign, kind="logo"), content=SVG, name="Logo.svg")
    for language in ("en", "fr"):
        make_resource_file(
            make_resource(campaign, kind="poster", language=language), b"%PDF-1.7", f"poster-{language}.pdf"
        )
    make_resource_file(make_resource(campaign, in_pack=False), name="not-in.txt")
    make_resource_file(make_resource(campaign, is_published=False), name="not-yet.txt")
    assert list(files(made(campaign, "fr"))) == [
        "line-42-fr/README.txt",
        "line-42-fr/logo/logo.svg",
        "line-42-fr/poster/poster-fr.pdf",
    ]
    assert list(files(made(campaign, "en")))[2] == "line-42-en/poster/poster-en.pdf"


def test_the_readme_says_in_the_language_what_is_there_and_where_the_rest_is():
    campaign = make_campaign(slug="line-42", contact_address="ann@example.org")
    CampaignText.objects.create(
        campaign=campaign, language="ar", title="الخط 42", summary="جملة.", story="قصة"
    )
    poster = make_resource(campaign, kind="poster", title="ملصق", language="ar", description="للطباعة")
    make_resource_file(poster, b"%PDF-1.7", "poster.pdf")
    make_resource(campaign, kind="video", title="فيلم", url="https://example.org/film")
    text = readme(made(campaign, "ar"))
    assert text.startswith("الخط 42\r\n=======\r\n")
    for part in ("ملصق", "للطباعة", "poster/poster.pdf", "https://example.org/film", "ann@example.org"):
        assert part in text
    assert "/ar/c/line-42/resources/" in text
    assert "&" not in text


def test_a_text_that_is_being_translated_brings_no_pack_before_readers_see_it():
    campaign = make_campaign()
    make_resource_file(make_resource(campaign))
    words = {"campaign": campaign, "title": "T", "summary": "S", "story": "W"}
    draft = CampaignText.objects.create(language="es", is_ready=False, **words)
    assert packs.languages_of(campaign) == ["en"]
    CampaignText.objects.filter(pk=draft.pk).update(is_ready=True)
    assert packs.languages_of(campaign) == ["en", "es"]


def test_files_of_one_name_do_not_write_over_one_another():
    campaign = make_campaign(slug="line-42")
    for content in (b"one", b"two"):
        make_resource_file(make_resource(campaign), content, "Leaflet.txt")
    assert list(files(made(campaign)))[1:] == ["line-42-en/text/leaflet.txt", "line-42-en/text/leaflet-2.txt"]


def test_the_same_files_are_the_same_archive_to_the_byte():
    campaign = make_resource_file().resource.campaign
    first = made(campaign)
    before = first.file.read()
    ResourcePack.objects.update(state=State.WANTED)
    again = made(campaign)
    assert again.file.name != first.file.name
    assert again.file.read() == before
    assert not default_storage.exists(first.file.name), "the archive before is removed"


def test_nothing_is_made_twice_and_every_change_makes_the_pack_anew():
    file = make_resource_file()
    resource, campaign = file.resource, file.resource.campaign
    made(campaign)
    assert packs.want(campaign) == 0
    assert packs.look_over() == 0

    def stale() -> bool:
        asked = packs.look_over()
        made(campaign)
        return bool(asked)

    make_resource_file(resource, b"a newer one")
    assert stale()
    Resource.objects.update(description="In one sentence")
    assert stale()
    CampaignText.objects.filter(campaign=campaign).update(title="Another title")
    assert stale()
    make_resource(campaign, url="https://example.org/film", language="en")
    assert stale()
    assert not stale()


def test_the_old_pack_is_served_until_the_new_one_is_there_unless_something_was_taken_back():
    file = make_resource_file()
    other = make_resource(file.resource.campaign)
    make_resource_file(other)
    campaign = file.resource.campaign
    pack = made(campaign)
    make_resource_file(file.resource, b"a newer one")
    packs.want(campaign)
    pack.refresh_from_db()
    assert pack.state == State.WANTED
    assert packs.may_be_taken(pack)
    (shown,) = packs.shown(campaign, "en")
    assert (shown.is_there, shown.is_coming) == (True, True)
    Resource.objects.filter(pk=other.pk).update(is_published=False)
    assert not packs.may_be_taken(pack)
    assert packs.may_be_taken(made(campaign))


def test_a_format_that_was_taken_out_is_in_no_archive_that_anybody_can_take(client):
    file = make_resource_file(content=SVG, name="logo.svg")
    make_resource_file(file.resource, picture("PNG", (40, 40)), "logo.png")
    campaign = file.resource.campaign
    pack = made(campaign)
    address = f"/en/c/{campaign.slug}/resources/pack/en/"
    assert client.get(address).status_code == 200

    def is_withheld() -> bool:
        (shown,) = packs.shown(campaign, "en")
        page = client.get(f"/en/c/{campaign.slug}/resources/").content.decode()
        said = "is being made" in page and address not in page
        return said and not shown.is_there and client.get(address).status_code == 404

    keeping.take_out(file)
    assert is_withheld(), "before anybody asked for a new one"
    packs.want(campaign)
    assert is_withheld(), "while it waits for a worker"
    packs._claim()
    assert is_withheld(), "while a worker is at it"
    ResourcePack.objects.filter(pk=pack.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    anew = made(campaign)
    assert [name.rpartition(".")[2] for name in files(anew)] == ["txt", "png"]
    assert packs.may_be_taken(anew)
    assert client.get(address).status_code == 200


def test_an_archive_that_cannot_be_made_anew_is_not_promised():
    file = make_resource_file(content=SVG, name="logo.svg")
    other = make_resource_file(file.resource, b"%PDF-1.7", "logo.pdf")
    campaign = file.resource.campaign
    made(campaign)
    keeping.take_out(file)
    default_storage.delete(other.file.name)
    assert made(campaign).state == State.FAILED
    assert packs.shown(campaign, "en") == []


def test_many_packs_are_looked_up_by_as_many_queries_as_one(django_assert_num_queries):
    file = make_resource_file()
    campaign = file.resource.campaign
    for language in ("fr", "es", "ar"):
        make_resource_file(make_resource(campaign, language=language))
    made(campaign)
    with django_assert_num_queries(3):
        assert len(packs.shown(campaign, "en")) == 4


def test_a_campaign_whose_last_file_goes_has_no_pack_any_more():
    file = make_resource_file()
    campaign = file.resource.campaign
    made(campaign)
    file.resource.delete()
    packs.look_over()
    assert campaign.packs.count() == 0


def test_a_file_gone_from_the_storage_fails_the_pack_once_with_its_name_and_a_person_may_ask_anew():
    file = make_resource_file(content=b"soon gone", name="flyer.txt")
    campaign = file.resource.campaign
    default_storage.delete(file.file.name)
    pack = made(campaign)
    assert (pack.state, pack.error) == (State.FAILED, "missing:flyer.txt")
    assert packs.shown(campaign, "en") == []
    assert packs.want(campaign) == 0, "the same contents fail again"
    make_resource_file(make_resource(campaign), content=b"soon gone", name="flyer.txt")
    assert packs.want(campaign, anew=True) == 1
    assert made(campaign).state == State.READY


def test_files_that_are_too_large_together_fail_before_anything_is_written(monkeypatch):
    monkeypatch.setattr(packs, "MOST_BYTES", 5)
    pack = made(make_resource_file(content=b"six by").resource.campaign)
    assert (pack.state, pack.error, pack.file.name) == (State.FAILED, "too_large", "")


def test_a_worker_that_died_leaves_its_pack_to_the_next_and_after_three_to_a_person():
    campaign = make_resource_file().resource.campaign
    packs.want(campaign)
    for _worker in range(packs.ATTEMPTS):
        assert packs._claim() is not None
        assert packs._claim() is None, "another worker leaves it alone"
        assert packs.sweep() == 0
        ResourcePack.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert packs.sweep() == 1
    assert packs.work() is False
    pack = campaign.packs.get()
    assert (pack.state, pack.error) == (State.FAILED, "attempts")


def test_a_pack_wanted_anew_while_it_is_made_ends_as_the_new_one():
    file = make_resource_file(content=b"old")
    campaign = file.resource.campaign
    packs.want(campaign)
    claimed = packs._claim()
    assert claimed is not None
    make_resource_file(file.resource, b"new")
    assert packs.want(campaign) == 1
    shift = packs._Shift(claimed)
    with pytest.raises(packs.Lost):
        packs._build(shift)
    assert not shift.end(state=State.READY)
    assert b"new" in files(made(campaign)).values()


class Sleeper(packs._Shift):
    """A worker that slept through its lease and does not know it yet."""

    def beat(self, **changes: object) -> None:
        pass


def test_the_archive_of_a_worker_that_was_too_late_is_removed():
    campaign = make_resource_file().resource.campaign
    packs.want(campaign)
    late = packs._claim()
    assert late is not None
    ResourcePack.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    pack = made(campaign)
    packs._build(Sleeper(late))
    pack.refresh_from_db()
    assert default_storage.exists(pack.file.name)
    _folders, names = default_storage.listdir("packs")
    assert [name for name in names if name.startswith(campaign.slug)] == [pack.file.name.split("/")[1]]


def test_memory_does_not_grow_with_the_pack():
    import tracemalloc

    campaign = make_campaign()
    noise = io.BytesIO(b"%PDF-1.7\n" + bytes(12_000_000))
    make_resource_file(make_resource(campaign), noise.getvalue(), "large.pdf")
    packs.want(campaign)
    del noise
    tracemalloc.start()
    packs.work()
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert campaign.packs.get().bytes > 12_000_000
    assert most < 8_000_000


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_each_takes_another_pack():
    for _each in range(4):
        packs.want(make_resource_file().resource.campaign)
    taken: list[int | None] = []

    def take() -> None:
        try:
            pack = packs._claim()
            taken.append(pack and pack.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = [pk for pk in taken if pk]
    assert len(got) == len(set(got)) == 4


def test_pictures_are_stored_and_text_is_packed():
    campaign = make_campaign()
    make_resource_file(make_resource(campaign, kind="logo"), picture(), "logo.png")
    make_resource_file(make_resource(campaign), b"line 42 " * 1_000, "leaflet.txt")
    with made(campaign).file.open("rb") as file, zipfile.ZipFile(file) as archive:
        ways = {info.filename.rpartition(".")[2]: info.compress_type for info in archive.infolist()[1:]}
    assert ways == {"png": zipfile.ZIP_STORED, "txt": zipfile.ZIP_DEFLATED}
