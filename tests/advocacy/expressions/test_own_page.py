"""The page that only the writer of an expression has: a picture, other words, taking it down; and what others may not."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import ExifTags, Image

from advocacy.expressions import links, moderating, pictures, writing
from advocacy.models import Campaign, Expression
from contacts.models import Consent
from tests.advocacy.pages import Page, Visitor
from tests.expressions import make_expression
from tests.factories import make_campaign, make_user

pytestmark = pytest.mark.django_db

Status = Expression.Status


def own(expression: Expression, part: str = "") -> str:
    return f"/en/support/mine/{links.token(links.OWN, expression)}/{part}"


def photograph(size: tuple[int, int] = (640, 480), **options: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(out, "JPEG", **options)
    return out.getvalue()


def bring(expression: Expression, content: bytes, name: str = "me.jpg", alt: str = "Amina in class") -> Page:
    address = own(expression, "picture/")
    answer = Client().post(address, {"file": SimpleUploadedFile(name, content), "alt": alt})
    if answer.status_code == 303:
        return Visitor().get(answer["Location"])
    return Page(answer, address)


def test_a_picture_is_seen_by_its_writer_at_once_and_by_everybody_only_once_published():
    expression = make_expression(status=Status.CONFIRMED)
    assert "Your picture is there" in bring(expression, photograph()).text
    expression.refresh_from_db()
    public = f"/en/c/{expression.campaign.slug}/support/{expression.pk}/picture/"
    assert Client().get(own(expression, "picture/"))["Content-Type"] == "image/jpeg"
    assert Client().get(public).status_code == 404
    moderating.publish(expression, make_user(), expression.revision)
    seen = Client().get(public)
    assert seen.status_code == 200
    assert seen["X-Content-Type-Options"] == "nosniff"
    assert seen["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert Client().get(public, headers={"If-None-Match": seen["ETag"]}).status_code == 304
    writing.take_down(expression)
    assert Client().get(public, headers={"If-None-Match": seen["ETag"]}).status_code == 404


def test_the_page_says_that_its_link_can_change_it_only_while_it_can():
    expression = make_expression()
    assert "whoever has it can change what you say" in Visitor().get(own(expression)).text
    writing.take_down(expression)
    page = Visitor().get(own(expression))
    assert page.response.status_code == 200
    assert "whoever has it can change what you say" not in page.text


def test_where_and_with_what_it_was_taken_is_gone_from_the_picture():
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Camera of Amina"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (1.0, 17.0, 11.0)
    expression = make_expression(status=Status.CONFIRMED)
    bring(expression, photograph(exif=exif, comment=b"Amina was here"))
    expression.refresh_from_db()
    kept = expression.picture.open("rb").read()
    assert b"Amina" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not image.getexif()
        assert (image.width, image.height) == (expression.picture_width, expression.picture_height)


def png_that_declares(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1_000)) + chunk(b"IEND", b"")


HOSTILE = {
    "bomb": png_that_declares(60_000, 60_000),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "cut": photograph()[:900],
    "empty": b"",
    "bmp": (lambda out: (Image.new("RGB", (4, 4)).save(out, "BMP"), out.getvalue())[1])(io.BytesIO()),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_picture_or_a_bomb_is_refused_with_a_word_at_the_field(kind):
    expression = make_expression(status=Status.CONFIRMED)
    page = bring(expression, HOSTILE[kind], name="me.png")
    assert page.response.status_code == 422
    assert "Please look at this again" in page.text
    expression.refresh_from_db()
    assert not expression.picture
    assert expression.revision == 1


def test_what_hides_behind_a_picture_is_not_kept():
    expression = make_expression(status=Status.CONFIRMED)
    bring(expression, photograph() + b"<script>alert(1)</script>PK\x03\x04", name="me.html")
    expression.refresh_from_db()
    assert b"<script>" not in expression.picture.open("rb").read()
    assert str(expression.picture.name).endswith(".jpg")
    assert "me" not in str(expression.picture.name).removeprefix("expressions/")[:2]


def test_a_picture_without_words_and_one_too_large_are_refused():
    expression = make_expression(status=Status.CONFIRMED)
    assert "Please say what the picture shows." in bring(expression, photograph(), alt=" ").text
    too_large = bring(expression, b"\xff" * 10_200_000)
    assert too_large.response.status_code == 413


def test_another_picture_takes_the_place_of_the_first_and_leaves_no_file(django_capture_on_commit_callbacks):
    expression = make_expression(status=Status.CONFIRMED)
    bring(expression, photograph())
    expression.refresh_from_db()
    first = str(expression.picture.name)
    with django_capture_on_commit_callbacks(execute=True):
        bring(expression, photograph((300, 200)))
    expression.refresh_from_db()
    assert not default_storage.exists(first)
    with django_capture_on_commit_callbacks(execute=True):
        Visitor().send(Visitor().get(own(expression)).form("/remove/"))
    assert not default_storage.exists(str(expression.picture.name))
    expression.refresh_from_db()
    assert not expression.picture


def test_a_file_that_no_row_names_is_swept_after_a_day_and_not_before(time_machine_of_files):
    lost = pictures.store(pictures.drawn(io.BytesIO(photograph())))
    assert pictures.sweep() == 0
    time_machine_of_files(lost, days=2)
    assert pictures.sweep() == 1
    assert not default_storage.exists(lost)


@pytest.fixture
def time_machine_of_files():
    import os
    import time

    def age(name: str, days: int) -> None:
        then = time.time() - days * 86_400
        os.utime(default_storage.path(name), (then, then))

    return age


def test_before_the_mailbox_is_proven_nothing_can_be_brought():
    expression = make_expression(status=Status.PENDING)
    assert bring(expression, photograph()).response.status_code == 404
    assert Client().get(own(expression)).status_code == 404


@pytest.mark.parametrize("status", [Status.PUBLISHED, Status.REFUSED])
def test_other_words_are_looked_at_again_before_anybody_reads_them(status):
    expression = make_expression(status=status)
    visitor = Visitor()
    page = visitor.send(visitor.get(own(expression)).form("/change/"), statement="Otherwise.")
    assert "A person looks at it before everybody reads it." in page.text
    expression.refresh_from_db()
    assert expression.status == Status.CONFIRMED
    assert expression.statement == "Otherwise."
    assert Client().get(f"/en/c/{expression.campaign.slug}/support/{expression.pk}/").status_code == 404


def test_saving_the_same_words_takes_nothing_off_the_wall():
    expression = make_expression()
    visitor = Visitor()
    assert "Nothing was different" in visitor.send(visitor.get(own(expression)).form("/change/")).text
    expression.refresh_from_db()
    assert expression.status == Status.PUBLISHED


def test_wrong_words_are_shown_again_with_what_is_wrong():
    expression = make_expression()
    visitor = Visitor()
    page = visitor.send(visitor.get(own(expression)).form("/change/"), statement="Bad\u202e", name="")
    assert page.response.status_code == 422
    assert page.form("/change/").values("statement")[0].strip() == "Bad\u202e"


def test_taking_it_down_is_at_once_for_good_and_on_record():
    expression = make_expression()
    visitor = Visitor()
    form = visitor.get(own(expression)).form("/take-down/")
    for _click in range(2):
        page = visitor.send(form)
        assert "<h1>Taken down</h1>" in page.html
        assert f'href="/en/c/{expression.campaign.slug}/"' in page.html
    expression.refresh_from_db()
    assert expression.status == Status.WITHDRAWN
    consents = Consent.objects.filter(purpose=Consent.Purpose.EXPRESSION).order_by("pk")
    assert [consent.granted for consent in consents] == [True, False]
    assert "/change/" not in visitor.get(own(expression)).html


def test_opening_the_link_to_take_it_down_takes_nothing_down():
    expression = make_expression()
    assert Client().get(own(expression, "take-down/")).status_code == 405
    expression.refresh_from_db()
    assert expression.status == Status.PUBLISHED


@pytest.mark.parametrize("purpose", [links.CONFIRM, links.PENDING, links.NOT_ME])
def test_a_link_of_another_purpose_opens_nothing(purpose):
    expression = make_expression()
    token = links.token(purpose, expression)
    for part in ("", "change/", "picture/", "take-down/"):
        answer = (
            Client().post(f"/en/support/mine/{token}/{part}")
            if part
            else Client().get(own(expression).replace(links.token(links.OWN, expression), token))
        )
        assert answer.status_code == 404


def test_a_link_of_somebody_else_and_a_forged_one_open_nothing():
    mine, theirs = make_expression(), make_expression()
    seal = links.token(links.OWN, mine).partition("-")[2]
    for token in (f"{theirs.pk}-{seal}", f"{theirs.pk}-{'A' * 24}", f"{10**17}-{seal}", "x", "1-"):
        assert Client().post(f"/en/support/mine/{token}/take-down/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.status == Status.PUBLISHED


def test_pages_behind_a_link_are_kept_by_nobody_and_found_by_nobody():
    expression = make_expression()
    answer = Client().get(own(expression))
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer["X-Robots-Tag"]


def test_a_closed_campaign_lets_its_writers_only_take_down():
    expression = make_expression(campaign=make_campaign())
    Campaign.objects.filter(pk=expression.campaign_id).update(status=Campaign.Status.CLOSED)
    visitor = Visitor()
    page = visitor.get(own(expression))
    assert "/change/" not in page.html
    assert bring(expression, photograph()).response.status_code == 422
    assert "Taken down" in visitor.send(page.form("/take-down/")).text
