"""The picture of an expression: a stranger's, so it is drawn anew, kept apart from the media library, and served only
while the expression is published, or to its writer and its moderators.

Each drawing has a file of its own under a random name; it goes with the row. A file that no row names, left by a crash
between the two, is swept away a day later.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import BinaryIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.utils import timezone

from advocacy.models import Expression
from mailer import pictures

logger = logging.getLogger(__name__)

_FOLDER = "expressions"
_TYPES = {"png": "image/png", "jpg": "image/jpeg"}
SWEPT_AFTER = timedelta(days=1)


def drawn(file: BinaryIO) -> pictures.Drawn:
    """The picture in a file, as it would be served. Raises ValidationError for what is none or too large."""
    return pictures.draw(file)


def store(picture: pictures.Drawn) -> str:
    """Write a drawn picture; returns the name for the row. Until a row has it, it is nobody's, and swept in a day."""
    name = f"{_FOLDER}/{secrets.token_hex(16)}.{picture.ending}"
    return default_storage.save(name, ContentFile(picture.content))


def remove(name: str) -> None:
    """Remove a file once the transaction at hand is done. Safe to repeat."""
    if name:
        transaction.on_commit(lambda: _remove(name), robust=True)


def _remove(name: str) -> None:
    default_storage.delete(name)


def sweep() -> int:
    """Remove files that no row names and that are older than a day. Returns how many. Safe to repeat."""
    old = [
        name for name in _names() if default_storage.get_modified_time(name) < timezone.now() - SWEPT_AFTER
    ]
    kept = set(Expression.objects.filter(picture__in=old).values_list("picture", flat=True))
    lost = [name for name in old if name not in kept]
    for name in lost:
        default_storage.delete(name)
    if lost:
        logger.info("pictures that no expression names were removed", extra={"files": len(lost)})
    return len(lost)


def _names() -> Iterator[str]:
    try:
        _folders, files = default_storage.listdir(_FOLDER)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{_FOLDER}/{name}"


def answer(request: HttpRequest, expression: Expression, *, is_public: bool) -> HttpResponseBase:
    """The file. Asked for anew each time, so that taking it down works at once. Raises Http404 where there is none."""
    name = str(expression.picture.name or "")
    ending = name.rpartition(".")[2]
    if ending not in _TYPES:
        raise Http404
    mark = f'"{name.rpartition("/")[2].partition(".")[0]}"'
    if mark in request.headers.get("If-None-Match", ""):
        return _guarded(HttpResponseNotModified(), mark, is_public=is_public)
    try:
        found = FileResponse(expression.picture.open("rb"), content_type=_TYPES[ending])
    except FileNotFoundError as error:
        raise Http404 from error
    return _guarded(found, mark, is_public=is_public)


def _guarded(answer: HttpResponseBase, mark: str, *, is_public: bool) -> HttpResponseBase:
    answer["Cache-Control"] = "public, no-cache" if is_public else "private, no-store"
    answer["ETag"] = mark
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
