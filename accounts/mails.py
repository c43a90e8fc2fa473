"""Mails to staff about their accounts. This ground sends none itself: the mailer, the one door out, brings the postman.

A mail's context holds one id, such as {"invitation": 7}. Its link is made at the door from that id, once the mail
leaves, and stored nowhere; so is the question whether it may still go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from django.conf import settings


class Postman(Protocol):
    def __call__(self, mail: str, to: str, language: str, context: Mapping[str, int]) -> None:
        """Queue the mail of `templates/email/<mail>/`. An address no mail can go to gets none."""


class Promise(NamedTuple):
    """What is asked about a mail at the door, by the id in its context."""

    link: Callable[[int], str]  # the path of its page; "" if there is none any more
    refusal: Callable[[int], str]  # why it may no longer go; "" if it may


_postman: list[Postman] = []
_promises: dict[str, Promise] = {}


def bring(postman: Postman) -> None:
    """From now on mails leave by `postman`; called by the mailer when it starts."""
    _postman[:] = [postman]


def promise(word: str, link: Callable[[int], str], refusal: Callable[[int], str]) -> None:
    """Answer for the mails whose context names `word`. Safe to repeat."""
    _promises[word] = Promise(link, refusal)


def send(mail: str, to: str, language: str, **context: int) -> None:
    """Queue a mail, inside the caller's transaction."""
    for postman in _postman:
        postman(mail, to, language, context)


def link_of(context: Mapping[str, int]) -> str:
    """The whole address of the page a mail leads to; "" for a mail that is none of ours."""
    for word, asked in _promises.items():
        if word in context:
            path = asked.link(int(context[word]))
            return f"{settings.SITE_URL}{path}" if path else ""
    return ""


def refusal_of(context: Mapping[str, int]) -> str:
    """Why a mail may no longer go; "" if it may, or is none of ours."""
    for word, asked in _promises.items():
        if word in context:
            return asked.refusal(int(context[word]))
    return ""
