"""Links to our own pages are asked of the service itself, in this process: a service may not reach its own address."""

from __future__ import annotations

import io
from functools import cache
from urllib.parse import unquote, urljoin, urlsplit

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.utils import translation

_MOST_REDIRECTS = 5


def is_ours(url: str) -> bool:
    """Whether a link leads to this service."""
    ours = urlsplit(settings.SITE_URL)
    try:
        one = urlsplit(url)
        port = one.port
    except ValueError:
        return False
    return (one.scheme, one.hostname, port) == (ours.scheme, ours.hostname, ours.port)


def status_of(url: str) -> int:
    """What a stranger who opens `url` is answered. GET changes nothing on any page of ours."""
    for _hop in range(_MOST_REDIRECTS + 1):
        with translation.override(translation.get_language()):  # a page takes its own
            status, location = _asked(url)
        if status not in {301, 302, 303, 307, 308} or not location:
            return status
        url = urljoin(url, location)
        if not is_ours(url):
            return 200
    return 508


def _asked(url: str) -> tuple[int, str]:
    """The status, and where it leads to."""
    parts = urlsplit(url)
    request = WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": unquote(parts.path or "/").encode().decode("latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "",
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "HTTP_HOST": parts.netloc,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": io.BytesIO(),
        }
    )
    # Not through WSGI: its end of a request closes the connections to the database that its caller still needs.
    answer = _handler().get_response(request)
    return answer.status_code, answer.get("Location", "")


@cache
def _handler() -> BaseHandler:
    handler = BaseHandler()
    handler.load_middleware()
    return handler
