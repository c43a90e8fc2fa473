"""Files of the action pack as they are kept: by their content, in versions, a logo also in more formats and sizes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone
from PIL import Image

from accounts.models import User
from advocacy.models import Resource, ResourceFile, ResourcePack
from advocacy.resources.judging import Judged, clean_name
from mailer import pictures

_PIECE = 1 << 20
# Whoever keeps a file holds this lock shared, whoever sweeps files nobody needs holds it alone: a file that is brought
# again at that very moment stays.
_FILES_LOCK = 0x65_70_72_66  # a space of our own among the locks of the database
_MADE_EDGES = {ResourceFile.Variant.MEDIUM: 1_200, ResourceFile.Variant.SMALL: 400}  # pixels, the longer side
_LARGEST_MADE = 2_400
_SHOWN = ("png", "jpg", "webp", "gif")  # formats a small picture is drawn of, the first that is there
_THUMBNAIL = (320, 240)  # pixels: twice what a page shows, for fine screens
FORGOTTEN_AFTER = timedelta(days=1)


@transaction.atomic
def add(
    resource: Resource, file: Any, *, name: str, judged: Judged, by: User | None = None, is_made: bool = False,
    variant: str = "",
) -> ResourceFile:  # fmt: skip
    """Keep a file of a resource; the one in force of the same format and size becomes an older version.

    `file` is an open file that `judged` is about. The same bytes once more change nothing. Memory: one piece.
    """
    Resource.objects.select_for_update(no_key=True).get(pk=resource.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [_FILES_LOCK])
    content_hash, size = _measured(file)
    same = resource.files.filter(format=judged.format, variant=variant)
    current = same.filter(replaced_at=None).first()
    if current is not None and current.content_hash == content_hash:
        return current
    same.filter(replaced_at=None).update(replaced_at=Now())
    newest = same.aggregate(found=Max("version"))["found"] or 0
    kept = ResourceFile(
        resource=resource,
        format=judged.format,
        variant=variant,
        is_made=is_made,
        version=newest + 1,
        name=clean_name(name, judged.format),
        content_hash=content_hash,
        bytes=size,
        width=judged.width,
        height=judged.height,
        uploaded_by=by,
    )
    kept.file.name = _stored(kept, file)
    kept.save()
    return kept


def _measured(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size in bytes; the file is left at its beginning."""
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    for piece in iter(lambda: file.read(_PIECE), b""):
        digest.update(piece)
        size += len(piece)
    file.seek(0)
    return digest.hexdigest(), size


def _stored(kept: ResourceFile, file: Any) -> str:
    """The name under which the bytes lie in the storage, by their content: the same ones lie there once."""
    storage: Storage = kept.file.storage
    path = f"resources/{kept.content_hash}.{kept.format}"
    if storage.exists(path) and storage.size(path) == kept.bytes:
        return path
    storage.delete(path)  # half of it, from a process that was killed
    return storage.save(path, file if isinstance(file, File) else File(file))


@transaction.atomic
def take_out(file: ResourceFile) -> bool:
    """Offer a format no longer, nor what was made of it; staff keep all versions. False for a repeat."""
    Resource.objects.select_for_update(no_key=True).get(pk=file.resource_id)
    in_force = ResourceFile.objects.filter(resource=file.resource_id, replaced_at=None)
    gone = in_force.filter(pk=file.pk).update(replaced_at=Now())
    if gone and file.format == "png" and not file.is_made:
        in_force.filter(is_made=True).update(replaced_at=Now())
    return bool(gone)


# --- the order in which they are offered --------------------------------------------------------------------


def put_last(resource: Resource) -> None:
    """Give a new resource, not saved yet, the place after the others of its campaign."""
    last = Resource.objects.filter(campaign=resource.campaign_id).aggregate(found=Max("position"))["found"]
    resource.position = 0 if last is None else last + 1


@transaction.atomic
def move(resource: Resource, *, up: bool) -> bool:
    """Change places with the one before or after it of the same kind. False where there is none."""
    campaign = Resource.objects.select_for_update(no_key=True).filter(campaign=resource.campaign_id)
    rows = list(campaign.order_by("position", "pk"))
    same = [row for row in rows if row.kind == resource.kind]
    here = next(number for number, row in enumerate(same) if row.pk == resource.pk)
    there = here - 1 if up else here + 1
    if not 0 <= there < len(same):
        return False
    first, second = rows.index(same[here]), rows.index(same[there])
    rows[first], rows[second] = rows[second], rows[first]
    for position, row in enumerate(rows):
        row.position = position
    Resource.objects.bulk_update(rows, ["position"])
    return True


# --- more formats and sizes of one picture ------------------------------------------------------------------


def may_make_more(resource: Resource) -> bool:
    """Whether further formats can be made: of a PNG, where there is no drawing to make them of by hand."""
    formats = set(resource.files.filter(replaced_at=None, is_made=False).values_list("format", flat=True))
    return "png" in formats and "svg" not in formats


def make_more(resource: Resource, by: User | None = None) -> list[ResourceFile]:
    """Make JPEG, WebP and smaller PNGs of the PNG in force, and offer them beside it. Safe to repeat.

    A format that somebody brought is left alone. Memory is bounded by `pictures.MOST_PIXELS`; nothing is made of a
    picture that has more.
    """
    brought = resource.files.filter(format="png", variant="", replaced_at=None, is_made=False).first()
    if brought is None or (brought.width or 0) * (brought.height or 0) > pictures.MOST_PIXELS:
        return []
    theirs = set(resource.files.filter(replaced_at=None, is_made=False).values_list("format", "variant"))
    stem = brought.name.rpartition(".")[0]
    made = []
    with brought.file.open("rb") as file, Image.open(file, formats=["PNG"]) as image:
        image.load()
        for format, variant, content, (width, height) in _drawn(image):
            if (format, variant) in theirs:
                continue
            made.append(
                add(
                    resource,
                    ContentFile(content),
                    name=f"{stem}-{width}.{format}",
                    judged=Judged(format, width, height),
                    by=by,
                    is_made=True,
                    variant=variant,
                )
            )
    _drop_made_before(resource, made)
    return made


def make_no_more(resource: Resource) -> int:
    """Offer no longer what was made of a picture. Returns how many files that were."""
    return resource.files.filter(is_made=True, replaced_at=None).update(replaced_at=Now())


def _drawn(image: Image.Image) -> Iterator[tuple[str, str, bytes, tuple[int, int]]]:
    """Format, variant, bytes and size of each picture made; without the metadata of the first."""
    full = image.convert("RGBA")
    full.thumbnail((_LARGEST_MADE, _LARGEST_MADE), Image.Resampling.LANCZOS)
    paper = Image.new("RGB", full.size, "white")  # a JPEG has no transparency
    paper.paste(full, mask=full.getchannel("A"))
    yield "jpg", "", _encoded(paper, "JPEG", quality=90, optimize=True, progressive=True), full.size
    yield "webp", "", _encoded(full, "WEBP", lossless=True, method=4), full.size
    for variant, edge in _MADE_EDGES.items():
        if max(image.size) > edge:
            small = full.copy()
            small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
            yield "png", variant, _encoded(small, "PNG", optimize=True), small.size


def _encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def _drop_made_before(resource: Resource, made: list[ResourceFile]) -> None:
    """What was made of an earlier picture and is not made of this one, such as a size that it does not reach."""
    before = resource.files.filter(is_made=True, replaced_at=None)
    before.exclude(pk__in=[one.pk for one in made]).update(replaced_at=Now())


# --- what its picture looks like ---------------------------------------------------------------------------


def draw_thumbnail(resource: Resource) -> bool:
    """Draw the picture in force of a resource small, or take the drawing away with it. False if nothing changed.

    The brought file is never shown itself: whatever else is in it stays behind. What cannot be drawn has none.
    """
    brought = _to_draw(resource)
    mark = brought.content_hash if brought else ""
    if resource.thumbnail_of == mark:
        return False
    drawn = _drawn_small(brought) if brought else None
    resource.thumbnail_of = mark
    resource.thumbnail = _stored_thumbnail(drawn) if drawn else ""
    resource.thumbnail_width, resource.thumbnail_height = (
        (drawn.width, drawn.height) if drawn else (None, None)
    )
    resource.save(update_fields=["thumbnail_of", "thumbnail", "thumbnail_width", "thumbnail_height"])
    return True


def draw_missing(most: int = 20) -> int:
    """Draw what was brought before there were such drawings, or by a process that was killed. Returns how many."""
    files = ResourceFile.objects.filter(replaced_at=None, is_made=False, variant="", format__in=_SHOWN)
    rows = Resource.objects.filter(thumbnail_of="", pk__in=files.values("resource"))
    return sum(draw_thumbnail(resource) for resource in rows[:most])


def _to_draw(resource: Resource) -> ResourceFile | None:
    files = resource.files.filter(replaced_at=None, is_made=False, variant="", format__in=_SHOWN)
    return min(files, key=lambda file: _SHOWN.index(file.format), default=None)


def _drawn_small(brought: ResourceFile) -> pictures.Drawn | None:
    try:
        with brought.file.open("rb") as file:
            return pictures.draw(file, within=_THUMBNAIL)
    except (ValidationError, FileNotFoundError):
        return None


def _stored_thumbnail(drawn: pictures.Drawn) -> str:
    storage: Storage = Resource._meta.get_field("thumbnail").storage
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [_FILES_LOCK])
        path = f"thumbnails/{drawn.content_hash}.{drawn.ending}"
        return path if storage.exists(path) else storage.save(path, ContentFile(drawn.content))


# --- what nobody needs --------------------------------------------------------------------------------------


def sweep_files() -> int:
    """Remove stored files that no row names any more, a day after they were written. Returns how many.

    Left by resources that were deleted, and by processes that were killed between a file and its row. Safe to repeat.
    """
    removed = 0
    for model, name_of, folder in _KEPT_IN:
        storage: Storage = model._meta.get_field(name_of).storage  # type: ignore[union-attr]
        try:
            _folders, names = storage.listdir(folder)
        except FileNotFoundError:
            continue
        before = timezone.now() - FORGOTTEN_AFTER
        old = [path for name in names if storage.get_modified_time(path := f"{folder}/{name}") < before]
        # Asked for all at once: mostly there is nothing to remove, and then nobody who brings a file waits.
        named = model._default_manager.filter(**{f"{name_of}__in": old})
        needed = set(named.values_list(name_of, flat=True))
        removed += sum(_swept(model, name_of, storage, path) for path in old if path not in needed)
    return removed


_Keeper = type[ResourceFile] | type[ResourcePack] | type[Resource]
_KEPT_IN: tuple[tuple[_Keeper, str, str], ...] = (
    (ResourceFile, "file", "resources"),
    (ResourcePack, "file", "packs"),
    (Resource, "thumbnail", "thumbnails"),
)


@transaction.atomic
def _swept(model: _Keeper, name_of: str, storage: Storage, path: str) -> bool:
    """Remove a file unless a row names it by now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_FILES_LOCK])
    if model._default_manager.filter(**{name_of: path}).exists():
        return False
    storage.delete(path)
    return True
