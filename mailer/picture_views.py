"""Pictures of mailings, served to everybody under a name made of their content: what is under it never changes."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase, HttpResponseNotModified
from django.views.decorators.http import require_safe

from mailer.models import Picture

_TYPES = {"png": "image/png", "jpg": "image/jpeg"}
_A_YEAR = 31_536_000


@require_safe
def picture(request: HttpRequest, name: str) -> HttpResponseBase:
    """The file of a picture in the library; no cookie is read or set."""
    content_hash, _dot, ending = name.partition(".")
    mark = f'"{content_hash}"'
    if mark in request.headers.get("If-None-Match", ""):
        return _kept_for_ever(HttpResponseNotModified(), mark)
    found = Picture.objects.filter(content_hash=content_hash).only("file").first()
    if found is None or not str(found.file.name).endswith(f".{ending}"):
        raise Http404
    try:
        answer = FileResponse(found.file.open("rb"), content_type=_TYPES[ending])
    except FileNotFoundError as error:
        raise Http404 from error
    return _kept_for_ever(answer, mark)


def _kept_for_ever(answer: HttpResponseBase, mark: str) -> HttpResponseBase:
    answer["Cache-Control"] = f"public, max-age={_A_YEAR}, immutable"
    answer["ETag"] = mark
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"  # mail programs on the web show it
    return answer
