"""Asking the mail provider once, and reading its answer without wishful thinking.

Only what was provably not accepted may be tried again by a machine; everything without a definite answer is
unknown. Which answer proves what: docs/decisions/0004-a-500-is-not-a-no.md.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import NameResolutionError, NewConnectionError


class Answer(Enum):
    """What a request to the provider came to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good; trying again can never help
    LATER = "later"  # provably not accepted; costs an attempt
    SLOW_DOWN = "slow down"  # provably not accepted, and everybody must wait; costs no attempt
    LOCKED_OUT = "locked out"  # our key or domain is refused; costs no attempt
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, the provider's id of the message if it gave one, the reason in words, seconds to wait."""

    answer: Answer
    message_id: str = ""
    reason: str = ""
    wait: float | None = None


def mail_backend() -> BaseEmailBackend:
    """The connection all mail leaves by. Outside production it can only reach the sandbox.

    Raises ImproperlyConfigured if the settings would let a development machine mail a real person.
    """
    if not settings.PRODUCTION and settings.MAIL_BACKEND.startswith("anymail."):
        target = str(settings.ANYMAIL.get("MAILGUN_API_URL", ""))
        if settings.MAIL_BACKEND != "anymail.backends.mailgun.EmailBackend" or not target.startswith(
            settings.SANDBOX_URL
        ):
            raise ImproperlyConfigured("Outside production every mail goes to the sandbox: see SANDBOX_URL.")
    return get_connection(settings.MAIL_BACKEND)


def provider_name() -> str:
    """The provider's short name, kept on every delivery, for example `mailgun`."""
    return settings.MAIL_BACKEND.removeprefix("anymail.backends.").split(".")[0][:30]


def ask(mail: EmailMultiAlternatives) -> Outcome:
    """Ask the provider once to take `mail`. Never raises for what a provider or a network can do."""
    try:
        with _opened(mail_backend()) as connection:
            connection.send_messages([mail])
    except AnymailRecipientsRefused:
        return Outcome(Answer.REFUSED, reason="the provider refused the address")
    except AnymailAPIError as error:
        return _read(error)
    except AnymailError as error:
        # Raised while the request was built: the provider was never asked.
        return Outcome(Answer.REFUSED, reason=f"the mail could not be built: {type(error).__name__}")
    status = getattr(mail, "anymail_status", None)
    return Outcome(Answer.ACCEPTED, message_id=str(getattr(status, "message_id", "") or ""))


@contextlib.contextmanager
def _opened(connection: BaseEmailBackend) -> Iterator[BaseEmailBackend]:
    try:
        yield connection
    finally:
        connection.close()


def _read(error: AnymailAPIError) -> Outcome:
    if isinstance(error, RequestException) and error.response is None:
        if _never_connected(error):
            return Outcome(Answer.LATER, reason="the provider could not be reached")
        return Outcome(Answer.UNKNOWN, reason="the connection to the provider broke before its answer")
    status = error.status_code or 0
    reason = f"the provider answered {status}"
    match status:
        case 429:
            return Outcome(Answer.SLOW_DOWN, reason=reason, wait=retry_after(error) or 60.0)
        case 503:
            return Outcome(Answer.LATER, reason=reason, wait=retry_after(error))
        case 401 | 402 | 403:
            return Outcome(
                Answer.LOCKED_OUT, reason=f"{reason}: check the key and the sending domain", wait=60.0
            )
        case _ if 400 <= status < 500:
            return Outcome(Answer.REFUSED, reason=reason)
        case _:
            # A 500 after the body was read, or a 200 with an answer nobody can read, proves nothing.
            return Outcome(Answer.UNKNOWN, reason=reason)


def _never_connected(error: BaseException) -> bool:
    """Whether the chain of causes shows that no connection came about, so that nothing was sent."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        current = queue.pop()
        if id(current) in seen or not isinstance(current, BaseException):
            continue
        seen.add(id(current))
        if isinstance(current, ConnectTimeout | NewConnectionError | NameResolutionError):
            return True
        queue += [current.__cause__, current.__context__, getattr(current, "reason", None), *current.args]
    return False


def retry_after(error: AnymailAPIError) -> float | None:
    """Seconds the provider asked us to wait (RFC 9110 §10.2.3: a number or a date), at most an hour."""
    value = "" if error.response is None else str(error.response.headers.get("Retry-After", ""))
    if not value:
        return None
    if value.isdigit():
        seconds = float(value)
    else:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 1.0), 3600.0)
