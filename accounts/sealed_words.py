"""Words that staff search for, in an address only they and this service can read: they may be somebody's own address.

A search form posts; its answer leads to the page with the words sealed under `NAME`. Nothing is stored, so nothing has
to be forgotten, and what stands in the logs of servers and browsers says nothing (RELIABILITY A8, I10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.signin.secrets import box

NAME = "words"
_GOOD_FOR = 24 * 3600  # seconds
_PURPOSE = "accounts.sealed_words"
# No form takes it: a file that was asked for is refused as misread, and a page says that the search has ended.
_UNREADABLE = "\0"


def answer(request: HttpRequest) -> HttpResponseRedirect:
    """The answer to a search form: the same page, with what was filled in. Changes nothing."""
    asked = QueryDict(mutable=True)
    for name, value in request.POST.items():
        if isinstance(value, str) and value and name not in {"csrfmiddlewaretoken", "q", NAME}:
            asked[name] = value
    if words := request.POST.get("q", "").strip():
        asked[NAME] = box(_PURPOSE).encrypt(f"{request.user.pk}:{words[:300]}".encode()).decode()
    return HttpResponseRedirect(f"{request.path}?{asked.urlencode()}")


def query(request: HttpRequest) -> QueryDict:
    """What the address asks for, with the words opened under "q"; for somebody else, and after a day, unreadable."""
    found = request.GET.copy()
    if NAME in found:
        found["q"] = _opened(str(found[NAME]), str(request.user.pk))
    return found


def tell_if_ended(request: HttpRequest, asked: QueryDict) -> None:
    """Say on the page that its address holds words that could not be opened: the list below shows everybody."""
    if asked.get("q") == _UNREADABLE:
        messages.warning(request, _("The search in this address has ended; search again."))


def closed(data: Mapping[str, Any], name: str) -> tuple[str, Any]:
    """What stands in an address for a field of a search form: for the words, if they came sealed, the sealed ones."""
    return (NAME, data[NAME]) if name == "q" and NAME in data else (name, data[name])


def _opened(sealed: str, reader: str) -> str:
    try:
        whose, _colon, words = box(_PURPOSE).decrypt(sealed.encode(), _GOOD_FOR).decode().partition(":")
    except (InvalidToken, UnicodeError):
        return _UNREADABLE
    return words if whose == reader else _UNREADABLE
