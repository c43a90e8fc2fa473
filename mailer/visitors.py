"""What public pages share: where a visitor comes from, who may read the answer again, how much a form may bring."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt

from accounts.networks import network_of as network_of  # one of what public pages share

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

MAX_BODY = 64 * 1024  # octets; RELIABILITY A10
MAX_PICTURE = 10_000_000  # octets; mailer.pictures.MOST_BYTES
MAX_FIELDS = 100  # fifty people, two dozen editors' fields, the supporter's own

# A field that people do not see and browsers do not fill; what stands in it was put there by a machine.
HONEYPOT = "reference_2"
MIN_SECONDS = 3.0  # nobody reads, chooses and types faster


def private(view: View[P]) -> View[P]:
    """A page behind a token: kept by nobody, told to nobody, found by nobody."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)  # "no-store" among them
        return _untold(response)

    return wrapped


def kept_by_the_reader(view: View[P]) -> View[P]:
    """A page of a form half filled: kept by the reader's own browser only, told to nobody, found by nobody.

    With "no-store" the browser's way back to a page that answered a POST would be an error, and what was typed gone.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-cache"
        return _untold(response)

    return wrapped


def _untold(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def public_form(view: View[P]) -> View[P]:
    """A form that works without cookies, and of bounded size.

    Exempt from Django's CSRF check, which needs a cookie: these forms stand in other sites too, where browsers
    give us none. Nothing here acts on the strength of a cookie, so there is no standing for another site to
    borrow; what counts is a signed token in the form (advocacy/abuse.py, mailer/signup/forms.py) or in the path
    (mailer/seals.py).
    """

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not _small_enough(request):
            return render(request, "too_large.html", status=413)
        return view(request, *args, **kwargs)

    return wrapped


def public_upload(view: View[P]) -> View[P]:
    """A form behind a token that brings one picture: as `public_form`, but larger by the largest picture.

    The bytes are written to disk as they come, not held in memory (Django's own handlers).
    """

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method == "POST" and _length(request) > MAX_PICTURE + MAX_BODY:
            return render(request, "too_large.html", status=413)
        return view(request, *args, **kwargs)

    return wrapped


def see_other(name: str, *args: object) -> HttpResponse:
    """After a POST: the page that says what came of it, read with GET (303)."""
    response = redirect(name, *args)
    response.status_code = 303
    return response


def _small_enough(request: HttpRequest) -> bool:
    """Judged before anything is parsed."""
    if request.META.get("QUERY_STRING", "").count("&") >= MAX_FIELDS:
        return False
    if request.method != "POST":
        return True
    if _length(request) > MAX_BODY:
        return False
    multipart = request.content_type == "multipart/form-data"
    return request.body.count(b"Content-Disposition" if multipart else b"&") < MAX_FIELDS


def _length(request: HttpRequest) -> float:
    """How many octets a request announces; endless where that is no number."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return float("inf")
