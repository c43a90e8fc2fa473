"""Pages of the house as a whole: a campaign's colour, robots.txt, and what is shown when something is wrong."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views import defaults
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe

from advocacy import colours

logger = logging.getLogger(__name__)


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def accent(request: HttpRequest, colour: str) -> HttpResponse:
    """The style sheet that sets one accent for light and dark; a pure function of its address.

    A file of its own because the Content-Security-Policy allows no style inside a page.
    """
    light, dark = colours.accents(f"#{colour}")
    css = (
        f":root{{--accent:{light.colour};--on-accent:{light.on}}}"
        f"@media(prefers-color-scheme:dark){{:root{{--accent:{dark.colour};--on-accent:{dark.on}}}}}"
    )
    return HttpResponse(css, content_type="text/css; charset=utf-8")


@functools.cache
def _embed_script() -> tuple[bytes, str]:
    script = (settings.BASE_DIR / "static" / "js" / "embed.js").read_bytes()
    return script, f'"{hashlib.sha256(script).hexdigest()[:20]}"'


@require_safe
@cache_control(public=True, max_age=3_600)
@condition(etag_func=lambda request: _embed_script()[1])
def embed_script(request: HttpRequest) -> HttpResponse:
    """The script that other sites load, under an address that never changes. The same bytes for everybody."""
    answer = HttpResponse(_embed_script()[0], content_type="text/javascript; charset=utf-8")
    # Also for a site that isolates itself (Cross-Origin-Embedder-Policy: require-corp).
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


@require_safe
@cache_control(public=True, max_age=86_400)
def robots(request: HttpRequest) -> HttpResponse:
    """Campaign pages may be found; whatever stands behind a token or a login may not."""
    kept_out = ["/staff/", "/webhooks/", "/c/", "/o/", "/j/"] + [
        f"/{language}/{page}/"
        for language, _name in settings.LANGUAGES
        for page in (
            "confirm",
            "letters",
            "pending",
            "not-me",
            "report",
            "subscribe",
            "preferences",
            "u",
            "view",
        )
    ]
    text = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in kept_out)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=86_400)
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here whatever the page says."""
    return HttpResponse(status=302, headers={"Location": static("icons/favicon.svg")})


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: at the desk with the head of the desk and a way back, elsewhere as a public page."""
    return _of_the_desk(request, "staff/403.html", 403) or defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404, as `forbidden`."""
    return _of_the_desk(request, "staff/404.html", 404) or defaults.page_not_found(request, exception)


def _of_the_desk(request: HttpRequest, template: str, status: int) -> HttpResponse | None:
    """The page for staff who are signed in and at an address of the desk; None for everybody else."""
    user = getattr(request, "user", None)
    if not request.path.startswith("/staff/") or user is None or not (user.is_active and user.is_staff):
        return None
    return render(request, template, admin.site.each_context(request), status=status)


class Unavailable:
    """Middleware: a page that says "in a moment" (503) when the database is away, instead of "broken" (500)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.error("database unavailable", exc_info=exception)
        answer = render(request, "503.html", status=503)
        answer["Retry-After"] = "30"
        return answer
