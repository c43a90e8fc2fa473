"""What public pages share: who may read the answer again, and how much a form may bring."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt

from advocacy import tokens

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

MAX_BODY = 64 * 1024  # octets; RELIABILITY A10
MAX_FIELDS = 100  # fifty people, two dozen editors' fields, the supporter's own


def private(view: View[P]) -> View[P]:
    """A page behind a token, or holding what somebody typed: kept by nobody, told to nobody, found by nobody."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)  # "no-store" among them
        response["Referrer-Policy"] = "no-referrer"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapped


def public_form(view: View[P]) -> View[P]:
    """A form that works without cookies, and of bounded size.

    Exempt from Django's CSRF check, which needs a cookie: these pages are embedded in other sites, where browsers
    give us none. Nothing here acts on the strength of a cookie, so there is no standing for another site to
    borrow; what counts is a signed token in the form (advocacy/abuse.py) or in the path (advocacy/tokens.py).
    """

    @csrf_exempt
    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not _small_enough(request):
            return render(request, "advocacy/too_large.html", status=413)
        return view(request, *args, **kwargs)

    return wrapped


def gone_is_one_page(view: View[P]) -> View[P]:
    """A link that is unknown, used up or expired: one page, one status, one thing to do next (A8)."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except tokens.Gone:
            return render(request, "advocacy/gone.html", status=404)

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
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return False
    if length > MAX_BODY:
        return False
    multipart = request.content_type == "multipart/form-data"
    return request.body.count(b"Content-Disposition" if multipart else b"&") < MAX_FIELDS
