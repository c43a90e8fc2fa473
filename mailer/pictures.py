"""The media library: a picture somebody brought is drawn anew, so that nothing of its file but what one sees is kept.

What is refused, is refused before it is decoded: by its bytes, its format and the pixels its head declares. Metadata (where
and with what it was taken) does not survive, nor does anything hidden behind the picture.
"""

from __future__ import annotations

import hashlib
import io
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageCms, ImageOps

from accounts.models import User
from mailer.models import Picture

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
MOST_BYTES = 10_000_000
MOST_PIXELS = 25_000_000
# Twice the width of a mail's paper, for fine screens; more only costs the reader's data.
MOST_WIDTH, MOST_HEIGHT = 1_240, 4_000
_QUALITY = 85
_LARGE_PNG = 300_000  # bytes from which on a picture without transparency is tried as a photograph


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as it is served."""

    content: bytes
    ending: str
    width: int
    height: int

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def keep(
    file: BinaryIO | File[bytes], *, name: str, alt: str, user: User | None, organisation_id: int | None
) -> tuple[Picture, bool]:
    """Put a picture into an organisation's library; and whether it is new there.

    The same picture once more is the one there is, with the words it has. Raises ValidationError for what is no
    picture, too large, or without words for those who do not see it.
    """
    alt = " ".join(alt.replace("\0", "").split())[:300]
    if not alt:
        raise ValidationError({"alt": _("Please say what the picture shows.")})
    drawn = draw(file)
    found = Picture.objects.filter(organisation=organisation_id, content_hash=drawn.content_hash).first()
    if found is not None:
        return found, False
    picture = Picture(
        organisation_id=organisation_id,
        name=_name(name),
        alt=alt,
        content_hash=drawn.content_hash,
        width=drawn.width,
        height=drawn.height,
        bytes=len(drawn.content),
        uploaded_by=user,
    )
    storage = picture.file.storage
    path = f"pictures/{drawn.content_hash}.{drawn.ending}"
    if not storage.exists(
        path
    ):  # another organisation may have the same one: the file is named by its content
        path = storage.save(path, ContentFile(drawn.content))
    picture.file.name = path
    try:
        with transaction.atomic():
            picture.save()
    except IntegrityError:  # somebody brought it at the same moment
        return Picture.objects.get(organisation=organisation_id, content_hash=drawn.content_hash), False
    return picture, True


def _name(typed: str) -> str:
    """A file's name as people may read it: one line without its folder."""
    shown = "".join(sign for sign in PurePath(typed).name if unicodedata.category(sign)[0] != "C").strip()
    return shown[:200] or str(_("picture"))


def draw(file: BinaryIO | File[bytes], *, within: tuple[int, int] = (MOST_WIDTH, MOST_HEIGHT)) -> Drawn:
    """Decode the first picture of a file and draw it anew as PNG or JPEG, at most so wide and high. Raises ValidationError.

    Memory is bounded by MOST_PIXELS; a file that declares more is not decoded.
    """
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValidationError(
            {"file": _("The file is larger than %(most)d MB.") % {"most": MOST_BYTES // 10**6}}
        )
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            is_too_large = image.width * image.height > MOST_PIXELS
            is_photograph = image.format == "JPEG"
            if not is_too_large:
                # A JPEG can be decoded at a half or a quarter of its size at once.
                image.draft("RGB", (2 * within[0], 2 * within[1]))
                shown = _small(_upright(image), within)
    except Exception as error:  # a decoder may raise anything for a file made to break it
        raise ValidationError(
            {"file": _("This is no picture we can read: PNG, JPEG, GIF or WebP.")}
        ) from error
    if is_too_large:
        raise ValidationError({"file": _("The picture has too many pixels.")})
    return _encoded(shown, is_photograph=is_photograph)


def _upright(image: Image.Image) -> Image.Image:
    """The first frame, turned as its camera was held, in the colours of the web."""
    profile = image.info.get("icc_profile")
    turned = ImageOps.exif_transpose(image)
    if turned.mode in {"P", "PA", "LA", "La", "RGBa"} or "transparency" in turned.info:
        turned = turned.convert("RGBA")
    elif turned.mode not in {"RGB", "RGBA", "L", "CMYK"}:
        turned = turned.convert("RGB")
    if profile:
        turned = _in_srgb(turned, profile)
    return turned if turned.mode in {"RGB", "RGBA", "L"} else turned.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made: Any = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile nobody can read, or one for another kind of picture
    return made if isinstance(made, Image.Image) else image


def _small(image: Image.Image, within: tuple[int, int]) -> Image.Image:
    small = image.copy()
    small.thumbnail(within, Image.Resampling.LANCZOS)
    clean = Image.new(small.mode, small.size)  # without `info`, which the encoders would write into the file
    clean.paste(small)
    return clean


def _encoded(image: Image.Image, *, is_photograph: bool) -> Drawn:
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")
    is_see_through = image.mode == "RGBA"
    content, ending = b"", ""
    if not is_photograph or is_see_through:
        content, ending = _written(image, "PNG", optimize=True), "png"
    if not is_see_through and (is_photograph or len(content) > _LARGE_PNG):
        photograph = _written(image, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
        if not content or len(photograph) < len(content) // 2:
            content, ending = photograph, "jpg"
    return Drawn(content, ending, image.width, image.height)


def _written(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def url(picture: Picture) -> str:
    """Where a picture is served, without the site's name; `rendering.picture_url` is the same with it."""
    return reverse("picture", args=[picture.file_name])
