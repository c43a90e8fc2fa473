"""A file as an answer: always to be saved, never shown, whatever is in it; only what we drew ourselves is shown."""

from __future__ import annotations

from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotModified

from advocacy.models import Resource
from advocacy.resources.judging import TYPES


def attachment(request: HttpRequest, file: FieldFile, *, name: str, mark: str) -> HttpResponseBase:
    """The file in pieces, under `name`. `mark` changes with its bytes. Raises Http404 where the storage has it not.

    A browser neither guesses what it is nor runs anything of it, even where somebody makes it show the file.
    """
    tag = f'"{mark}"'
    if tag in request.headers.get("If-None-Match", ""):
        return _bound(HttpResponseNotModified(), tag)
    kind = TYPES.get(name.rpartition(".")[2], "application/octet-stream")
    try:
        answer = FileResponse(file.open("rb"), as_attachment=True, filename=name, content_type=kind)
    except FileNotFoundError as error:
        raise Http404 from error
    return _bound(answer, tag)


def thumbnail(request: HttpRequest, resource: Resource) -> HttpResponseBase:
    """The small picture of a resource, to be shown: we drew it. Raises Http404 where there is none."""
    name = str(resource.thumbnail.name or "")
    tag = f'"{name.rpartition("/")[2].partition(".")[0]}"'
    if name and tag in request.headers.get("If-None-Match", ""):
        return _bound(HttpResponseNotModified(), tag)
    try:
        file = resource.thumbnail.open("rb") if name else None
    except FileNotFoundError as error:
        raise Http404 from error
    if file is None:
        raise Http404
    return _bound(FileResponse(file, content_type=TYPES[name.rpartition(".")[2]]), tag)


def _bound(answer: HttpResponseBase, tag: str) -> HttpResponseBase:
    answer["ETag"] = tag
    answer["Cache-Control"] = "no-cache"  # kept, but asked about each time: it may have been taken back
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    answer["X-Robots-Tag"] = "noindex"
    return answer
