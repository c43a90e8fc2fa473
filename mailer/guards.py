"""What pages behind our own links share."""

from __future__ import annotations

from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mailer.seals import Gone
from mailer.visitors import P, View


def gone_is_one_page(view: View[P]) -> View[P]:
    """A link that is unknown, used up or expired: one page, one status, one thing to do next (A8)."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Gone:
            return render(request, "mailer/gone.html", status=404)

    return wrapped
