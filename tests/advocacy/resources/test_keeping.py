"""Files of the action pack: by their content, in versions, in more formats and sizes."""

from __future__ import annotations

import io
import os
import re
import time
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from advocacy.models import Resource, ResourceFile
from advocacy.resources import keeping
from tests.advocacy.resources.samples import SVG, picture
from tests.factories import make_resource_file

pytestmark = pytest.mark.django_db


def in_force(resource) -> dict[str, str]:
    """Format and size to name of what the public gets."""
    return {file.form: file.name for file in resource.files.filter(replaced_at=None)}


def test_a_new_version_takes_the_place_of_the_old_one_which_stays():
    first = make_resource_file(content=b"one")
    second = make_resource_file(first.resource, content=b"two")
    first.refresh_from_db()
    assert (first.version, second.version) == (1, 2)
    assert first.replaced_at is not None
    assert second.replaced_at is None
    assert first.file.read() == b"one"


def test_the_same_bytes_brought_again_are_no_new_version():
    first = make_resource_file(content=b"one")
    assert make_resource_file(first.resource, content=b"one") == first
    assert first.resource.files.count() == 1


def test_a_version_brought_back_is_a_newer_one_with_the_old_bytes():
    first = make_resource_file(content=b"one")
    make_resource_file(first.resource, content=b"two")
    third = make_resource_file(first.resource, content=b"one")
    assert (third.version, third.file.name) == (3, first.file.name)


def test_the_same_file_of_two_resources_lies_in_the_storage_once_under_the_name_of_its_content():
    one, other = make_resource_file(content=b"shared"), make_resource_file(content=b"shared")
    assert one.file.name == other.file.name == f"resources/{one.content_hash}.txt"


def test_a_file_half_written_by_a_process_that_died_is_written_anew():
    kept = make_resource_file(content=b"all of it, to the end")
    path = Path(default_storage.path(kept.file.name))
    path.write_bytes(b"all of it")
    again = make_resource_file(content=b"all of it, to the end")
    assert again.file.read() == b"all of it, to the end"


def test_a_logo_is_also_made_as_jpeg_webp_and_in_smaller_sizes():
    logo = make_resource_file(content=picture(size=(1_500, 500)), name="Our Logo.png")
    keeping.make_more(logo.resource)
    assert in_force(logo.resource) == {
        "png": "our-logo.png",
        "jpg": "our-logo-1500.jpg",
        "webp": "our-logo-1500.webp",
        "png-medium": "our-logo-1200.png",
        "png-small": "our-logo-400.png",
    }
    small = logo.resource.files.get(variant="small")
    with Image.open(small.file) as image:
        assert (image.size, image.mode) == ((400, 133), "RGBA")
    with Image.open(logo.resource.files.get(format="jpg").file) as image:
        corner = image.getpixel((0, 0))
    assert all(abs(found - told) < 4 for found, told in zip(corner, (227, 142, 142), strict=True)), "on white"


def test_what_was_made_of_a_logo_says_nothing_of_where_it_was_made():
    out = io.BytesIO()
    Image.new("RGB", (50, 50)).save(out, "PNG", exif=Image.Exif().tobytes() or b"", dpi=(72, 72))
    logo = make_resource_file(content=out.getvalue(), name="logo.png")
    for made in keeping.make_more(logo.resource):
        with Image.open(made.file) as image:
            assert not image.getexif()


def test_making_more_twice_makes_nothing_twice_and_a_new_logo_replaces_what_was_made_of_the_old():
    logo = make_resource_file(content=picture(size=(500, 500)), name="logo.png")
    keeping.make_more(logo.resource)
    keeping.make_more(logo.resource)
    assert set(logo.resource.files.values_list("version", flat=True)) == {1}
    make_resource_file(logo.resource, content=picture(size=(300, 300)), name="logo.png")
    keeping.make_more(logo.resource)
    assert set(in_force(logo.resource)) == {"png", "jpg", "webp"}, "it does not reach the smaller sizes"
    assert logo.resource.files.filter(replaced_at=None, is_made=True, width=300).count() == 2


def test_a_format_that_somebody_brought_is_not_made_over():
    logo = make_resource_file(content=picture(size=(500, 500)), name="logo.png")
    theirs = make_resource_file(logo.resource, content=picture("JPEG", mode="RGB"), name="on-blue.jpg")
    keeping.make_more(logo.resource)
    theirs.refresh_from_db()
    assert theirs.replaced_at is None


def test_more_is_offered_for_a_png_without_a_drawing():
    logo = make_resource_file(content=picture(), name="logo.png")
    assert keeping.may_make_more(logo.resource)
    make_resource_file(logo.resource, content=SVG, name="logo.svg")
    assert not keeping.may_make_more(logo.resource)


def test_a_format_taken_out_goes_with_what_was_made_of_it_and_only_once():
    logo = make_resource_file(content=picture(size=(500, 500)), name="logo.png")
    keeping.make_more(logo.resource)
    assert keeping.take_out(logo)
    assert in_force(logo.resource) == {}
    assert not keeping.take_out(logo)
    assert ResourceFile.objects.filter(resource=logo.resource).count() == 4


def test_files_that_no_row_names_are_removed_after_a_day_and_no_others():
    kept, gone = make_resource_file(content=b"kept"), make_resource_file(content=b"gone")
    fresh = make_resource_file(content=b"fresh")
    for file in (gone, fresh):
        file.resource.delete()
    two_days_ago = time.time() - 172_800
    for file in (kept, gone):
        os.utime(default_storage.path(file.file.name), (two_days_ago, two_days_ago))
    keeping.sweep_files()
    there = [default_storage.exists(file.file.name) for file in (kept, gone, fresh)]
    assert there == [True, False, True]


# --- what its picture looks like ------------------------------------------------------------------------------------


def test_a_picture_is_shown_small_and_drawn_anew(client):
    told = PngInfo()
    told.add_text("Comment", "taken at home")
    file = make_resource_file(content=picture("PNG", (1_000, 500), pnginfo=told), name="poster.png")
    resource = file.resource
    assert keeping.draw_thumbnail(resource)
    assert not keeping.draw_thumbnail(resource), "once for the same picture"
    assert (resource.thumbnail_width, resource.thumbnail_height) == (320, 160)
    address = f"/en/c/{resource.campaign.slug}/resources/{resource.pk}/"
    page = client.get(f"/en/c/{resource.campaign.slug}/resources/").content.decode()
    (shown,) = re.findall(r"<img[^>]*>", page)
    for part in (f'src="{address}"', 'alt=""', 'width="160"', 'height="80"', 'loading="lazy"'):
        assert part in shown
    answer = client.get(address)
    served = b"".join(answer.streaming_content)
    assert b"taken at home" not in served
    assert len(served) < 20_000
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_what_is_withdrawn_taken_out_or_no_picture_is_shown_nowhere(client):
    file = make_resource_file(content=picture(), name="poster.png")
    resource = file.resource
    address = f"/en/c/{resource.campaign.slug}/resources/{resource.pk}/"
    assert client.get(address).status_code == 404, "nothing is drawn yet"
    assert keeping.draw_missing() == 1
    assert keeping.draw_missing() == 0
    assert client.get(address).status_code == 200
    Resource.objects.update(is_published=False)
    assert client.get(address).status_code == 404
    Resource.objects.update(is_published=True)
    keeping.take_out(file)
    resource.refresh_from_db()
    assert keeping.draw_thumbnail(resource)
    assert client.get(address).status_code == 404
    leaflet = make_resource_file().resource
    assert not keeping.draw_thumbnail(leaflet)
    assert client.get(f"/en/c/{leaflet.campaign.slug}/resources/{leaflet.pk}/").status_code == 404


def test_a_resource_with_nothing_to_draw_holds_up_no_other():
    smaller = make_resource_file(content=picture(), name="poster.png", variant="small")
    assert keeping.draw_missing() == 0
    make_resource_file(content=picture(), name="poster.png")
    assert keeping.draw_missing(most=1) == 1
    assert not Resource.objects.get(pk=smaller.resource_id).thumbnail


def test_the_release_before_still_makes_resources_while_this_one_starts():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'advocacy_resource'"
            " AND column_name LIKE 'thumbnail%' AND is_nullable = 'NO' AND column_default IS NULL"
        )
        assert cursor.fetchall() == []


def test_a_picture_that_cannot_be_drawn_is_tried_once():
    file = make_resource_file(content=picture(), name="poster.png")
    default_storage.delete(file.file.name)
    assert keeping.draw_missing() == 1
    assert keeping.draw_missing() == 0
    assert not Resource.objects.get().thumbnail
