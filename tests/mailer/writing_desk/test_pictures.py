"""Pictures: drawn anew without their metadata, bounded, served for ever under a name made of their content."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from mailer import pictures
from mailer.models import Picture
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

# Where a photograph was taken, as a camera writes it: GPSLatitude 52° 5' (The Hague).
GPS = {1: "N", 2: (52.0, 5.0, 0.0), 3: "E", 4: (4.0, 18.0, 0.0)}


def file_of(image: Image.Image, format: str, **options: Any) -> io.BytesIO:
    out = io.BytesIO()
    image.save(out, format, **options)
    out.seek(0)
    return out


def photograph(size: tuple[int, int] = (400, 300), **options: Any) -> io.BytesIO:
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif[0x0112] = 6  # held upright: a viewer turns it by a quarter
    exif.get_ifd(0x8825).update(GPS)
    return file_of(
        Image.effect_noise(size, 60).convert("RGB"), "JPEG", exif=exif, comment=b"Secret", **options
    )


def keep(file: io.BytesIO, alt: str = "A court", **options: Any) -> Picture:
    return pictures.keep(file, name="court.png", alt=alt, user=None, **{"organisation_id": None, **options})[
        0
    ]


def served(picture: Picture) -> bytes:
    answer = Client().get(pictures.url(picture))
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


def test_nothing_of_a_photograph_but_what_one_sees_is_kept():
    content = served(keep(photograph()))
    assert b"Secret" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert image.size == (300, 400), "turned as the camera was held"
        assert not image.getexif()
        assert not {"exif", "comment", "icc_profile", "xmp"} & image.info.keys()


@pytest.mark.parametrize(
    ("format", "mode", "ending"),
    [("PNG", "RGBA", "png"), ("PNG", "P", "png"), ("GIF", "P", "png"), ("WEBP", "RGBA", "png"),
     ("JPEG", "CMYK", "jpg"), ("JPEG", "L", "jpg"), ("PNG", "I;16", "png"), ("WEBP", "RGB", "png")],
)  # fmt: skip
def test_every_format_becomes_png_or_jpeg(format, mode, ending):
    image = Image.new(mode, (40, 30), 90 if len(mode) == 1 or mode == "I;16" else (90,) * len(mode))
    if mode == "RGBA":
        image.putpixel((0, 0), (1, 2, 3, 0))
    picture = keep(file_of(image, format))
    assert (picture.file_name.rpartition(".")[2], picture.width, picture.height) == (ending, 40, 30)
    with Image.open(io.BytesIO(served(picture))) as image:
        assert image.format == {"png": "PNG", "jpg": "JPEG"}[ending]
        assert (image.mode == "RGBA") == (mode == "RGBA")


def test_text_and_what_follows_the_end_of_a_file_are_gone():
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "Secret")
    file = file_of(Image.new("RGB", (10, 10), (9, 9, 9)), "PNG", pnginfo=info)
    polyglot = io.BytesIO(file.getvalue() + b"<script>alert('Secret')</script>")
    assert b"Secret" not in served(keep(polyglot))


def png_that_declares(width: int, height: int) -> io.BytesIO:
    """A small file whose head promises so many pixels: one compressed line of nothing, again and again."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return io.BytesIO(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(10**6)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(5_001, 5_000), (30_000, 30_000), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1)])
def test_a_file_that_declares_too_many_pixels_is_refused_undecoded(size):
    with pytest.raises(ValidationError):
        pictures.draw(png_that_declares(*size))
    assert not Picture.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"%PDF-1.7 ...",
        b"<html><script>alert(1)</script>",
        file_of(Image.new("RGB", (50, 50)), "PNG").getvalue()[:60],
        file_of(Image.new("RGB", (50, 50)), "BMP").getvalue(),
        file_of(Image.new("RGB", (50, 50)), "TIFF").getvalue(),
        bytes(pictures.MOST_BYTES + 1),
    ],
    ids=["empty", "head only", "svg", "pdf", "html", "broken", "bmp", "tiff", "too large"],
)  # fmt: skip
def test_what_is_no_picture_we_serve_is_refused_in_words(content):
    with pytest.raises(ValidationError) as told:
        pictures.draw(io.BytesIO(content))
    assert "file" in told.value.message_dict


def test_a_picture_needs_words_for_those_who_do_not_see_it():
    with pytest.raises(ValidationError) as told:
        keep(photograph(), alt="  \n ")
    assert "alt" in told.value.message_dict


def test_the_same_picture_once_more_is_the_one_there_is_and_each_organisation_has_its_own():
    theirs = make_organisation()
    first, again = keep(photograph(quality=80)), None
    file = photograph(quality=80)
    content = served(first)
    again = keep(io.BytesIO(content))  # what was taken down from us and brought back
    other = keep(io.BytesIO(content), organisation_id=theirs.pk)
    assert again.content_hash == other.content_hash
    assert other.pk != again.pk
    assert keep(io.BytesIO(content), organisation_id=theirs.pk) == other
    assert pictures.draw(file).width == first.width


def test_a_large_picture_is_made_small_enough_for_a_mail():
    picture = keep(file_of(Image.new("RGB", (3_000, 1_500), (200, 10, 10)), "PNG"))
    assert (picture.width, picture.height) == (pictures.MOST_WIDTH, 620)


def test_a_picture_is_served_for_ever_without_a_cookie_and_as_nothing_else():
    picture = keep(photograph())
    answer = Client().get(pictures.url(picture))
    assert answer["Content-Type"] == "image/jpeg"
    assert "immutable" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    again = Client().get(pictures.url(picture), headers={"if-none-match": answer["ETag"]})
    assert again.status_code == 304
    assert Client().get(pictures.url(picture).replace(".jpg", ".png")).status_code == 404
    assert Client().get(f"/pictures/{'0' * 64}.png").status_code == 404
    assert Client().post(pictures.url(picture)).status_code == 405


def upload(client: Client, file: io.BytesIO, alt: str = "A court", **extra: Any) -> Any:
    posted = {"file": SimpleUploadedFile("../../court.jpg", file.read()), "alt": alt}
    return client.post(reverse("admin:mailer_picture_add"), posted, **extra)


def test_editors_bring_pictures_and_choose_among_those_of_their_own_organisation():
    mine, theirs = make_organisation(), make_organisation()
    keep(file_of(Image.new("RGB", (5, 5)), "PNG"), alt="Theirs", organisation_id=theirs.pk)
    client = Client()
    client.force_login(make_staff("Newsletter editors", organisation=mine))
    as_json = {"headers": {"accept": "application/json"}}
    answer = upload(client, photograph(), **as_json).json()
    picture = Picture.objects.get(pk=answer["choose"])
    assert (picture.organisation, picture.name, picture.alt) == (mine, "court.jpg", "A court")
    assert answer["src"] == pictures.url(picture)
    picker = client.get(reverse("admin:mailer_picture_picker")).content.decode()
    assert "A court" in picker
    assert "Theirs" not in picker
    refused = upload(client, io.BytesIO(b"<svg/>"), **as_json)
    assert "This is no picture we can read" in refused.content.decode()
    assert upload(client, photograph(), alt="").status_code == 200
    assert Picture.objects.count() == 2
    looker = Client()
    looker.force_login(make_staff("Newsletter approvers"))
    assert upload(looker, photograph()).status_code == 403
    assert looker.get(reverse("admin:mailer_picture_picker")).status_code == 403
