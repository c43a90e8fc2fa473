"""Compress pages, but only those from which nothing can be learnt by the size of the answer (BREACH).

Who measures answers to requests they cause in somebody's browser learns a secret that stands beside words of theirs. So
nothing is compressed that depends on who asks (`Vary: Cookie`: the desk, a draft), that stands behind a link of a
person (`no-store`) or that shows what somebody typed (`private`). What is left holds no secret: it is the same for everybody. Django's middleware adds a random
length on top of that ("Heal the BREACH"). Static files never come here: whitenoise serves them, compressed beforehand.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.middleware.http import ConditionalGetMiddleware
from django.utils.cache import has_vary_header

_TEXT = ("text/", "application/json", "application/atom+xml", "application/xml", "image/svg+xml")


class CompressPublic(GZipMiddleware):
    """gzip for the public pages' text; it stands outside of what marks an answer as somebody's own."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or not is_for_everybody(response):
            return response
        return super().process_response(request, response)


class AskedAgain(ConditionalGetMiddleware):
    """A public page that has not changed is not sent again (304).

    It may be kept, but is asked about each time (`no-cache`): what staff change or take down is seen at once. Pages that
    stand behind a link of a person, or that depend on who asks, are left alone.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method != "GET" or response.status_code != 200 or not isinstance(response, HttpResponse):
            return response
        if not is_for_everybody(response):
            return response
        response.setdefault("Cache-Control", "no-cache")
        answer = super().process_response(request, response)
        if answer is not response:
            # A browser takes the headers of a 304 for the page it has kept: its policy must be the page's own, with the
            # host of its video and the sites that may frame it.
            for name, value in vars(response).items():
                if name.startswith("_csp"):
                    setattr(answer, name, value)
        return answer


def is_for_everybody(response: HttpResponse) -> bool:
    """Whether the answer is text that is the same whoever asks."""
    return (
        response.get("Content-Type", "").startswith(_TEXT)
        and not {"no-store", "private"} & set(response.get("Cache-Control", "").replace(",", " ").split())
        and not response.cookies
        and not has_vary_header(response, "Cookie")
    )
