"""The language a member of staff reads: at the desk, and in the mails the service writes to them."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.i18n import set_language

from accounts.models import User

DESK = "/staff/"


def language_of(user: User) -> str:
    """The code of the language `user` chose; the service's own if they chose none, or one it no longer speaks."""
    return user.language if user.language in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)


class DeskLanguage:
    """Middleware: the desk speaks the language of who is signed in, on every machine they sign in from.

    Without a choice of theirs it is the one of the browser, by Django's own middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Only there: a public page that looked for a session would ask the database, and could not be kept by a cache.
        if request.path_info.startswith(DESK):
            user = request.user
            if isinstance(user, User) and user.language in dict(settings.LANGUAGES):
                translation.activate(user.language)
                request.LANGUAGE_CODE = translation.get_language()
        return self.get_response(request)


def choose(request: HttpRequest) -> HttpResponse:
    """Keep the language chosen at the desk: in a cookie, for the sign-in page, and with the person."""
    answer = set_language(request)
    chosen = request.POST.get("language", "")
    if isinstance(request.user, User) and chosen in dict(settings.LANGUAGES) and request.method == "POST":
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return answer
