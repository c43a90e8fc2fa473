"""Asking the mail provider once, and reading its answer without wishful thinking.

Only what was provably not accepted may be tried again by a machine; everything without a definite answer is
unknown. Which answer proves what: docs/decisions/0004-a-500-is-not-a-no.md.
"""

from __future__ import annotations

import contextlib
import ssl
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
from requests.exceptions import ConnectTimeout, ProxyError, RequestException, TooManyRedirects
from urllib3.exceptions import NameResolutionError, NewConnectionError


class Answer(Enum):
    """What a request to the provider came to."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good; trying again can never help
    LATER = "later"  # provably not accepted; costs an attempt
    SLOW_DOWN = "slow down"  # provably not accepted, and everybody must wait; costs no attempt
    HELD = "held"  # not asked: the receiving domain is at its pace; costs no attempt, nobody else waits (mailings)
    LOCKED_OUT = "locked out"  # our key or domain is refused; costs no attempt
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer, the provider's id of the message if it gave one, the reason in words, seconds to wait.

    `code` is what a server said of a refused address (RFC 3463, for example 5.1.1); `bounces.classify` reads it.
    """

    answer: Answer
    message_id: str = ""
    reason: str = ""
    wait: float | None = None
    code: str = ""


class NotAccepted(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """Raised by a mail backend of ours in place of an answer other than yes."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


def mail_backend(instead: str = "") -> BaseEmailBackend:
    """The connection all mail leaves by; `instead` names a class of ours for the same provider. Outside production it
    can only reach the sandbox.

    Raises ImproperlyConfigured if the settings would let a development machine mail a real person.
    """
    # Anymail's test backend keeps mail in memory and reaches nobody; our SMTP looks after itself (roads.smtp.relay).
    harmless = settings.MAIL_BACKEND in {"anymail.backends.test.EmailBackend", SMTP_BACKEND}
    if not settings.PRODUCTION and settings.MAIL_BACKEND.startswith("anymail.") and not harmless:
        target = str(settings.ANYMAIL.get("MAILGUN_API_URL", ""))
        # The sandbox speaks plain HTTP and no provider does: even a SANDBOX_URL that names one reaches nobody.
        is_sandbox = target.startswith(f"{settings.SANDBOX_URL}/") and target.startswith("http://")
        if settings.MAIL_BACKEND != "anymail.backends.mailgun.EmailBackend" or not is_sandbox:
            raise ImproperlyConfigured("Outside production every mail goes to the sandbox: see SANDBOX_URL.")
    return get_connection(instead or settings.MAIL_BACKEND)


SMTP_BACKEND = "mailer.roads.smtp.EmailBackend"


def provider_name() -> str:
    """The provider's short name, kept on every delivery, for example `mailgun`; `smtp` for our relay."""
    if settings.MAIL_BACKEND == SMTP_BACKEND:
        return "smtp"
    return settings.MAIL_BACKEND.removeprefix("anymail.backends.").split(".")[0][:30]


def ask(mail: EmailMultiAlternatives) -> Outcome:
    """Ask the provider once to take `mail`. Never raises, whatever the provider, the network or a setting does."""
    try:
        with opened(mail_backend()) as connection:
            connection.send_messages([mail])
    except Exception as error:
        return outcome_of(error)
    message_id = getattr(getattr(mail, "anymail_status", None), "message_id", None)
    if message_id in (None, ""):
        return Outcome(Answer.UNKNOWN, reason="the provider's answer names no message")
    return Outcome(Answer.ACCEPTED, message_id=str(message_id))


def outcome_of(error: Exception) -> Outcome:
    """What an error of a mail backend proves about the mails of that request."""
    match error:
        case ImproperlyConfigured():
            return INCOMPLETE
        case NotAccepted():
            return error.outcome
        case AnymailRecipientsRefused():
            return Outcome(Answer.REFUSED, reason="the provider refused the address")
        case AnymailAPIError():
            return _read(error)
        case AnymailError():
            # Raised while the request was built: the provider was never asked.
            return Outcome(Answer.REFUSED, reason=f"the mail could not be built: {type(error).__name__}")
        case _:
            return Outcome(Answer.UNKNOWN, reason=f"asking the provider broke off: {type(error).__name__}")


INCOMPLETE = Outcome(Answer.LOCKED_OUT, reason="the settings of the provider are not complete", wait=60.0)


@contextlib.contextmanager
def opened(connection: BaseEmailBackend) -> Iterator[BaseEmailBackend]:
    """A backend opened, and closed at the end."""
    try:
        open_backend(connection)
        yield connection
    finally:
        connection.close()


def open_backend(connection: BaseEmailBackend) -> None:
    """Open a backend that its caller closes, with the care that every request of ours takes."""
    connection.open()
    if session := getattr(connection, "session", None):
        # A letter and its address go to the provider we know, not to wherever it points.
        session.max_redirects = 0
        # The sandbox is on this machine; a laptop's proxy could not reach it and should not see its mail.
        session.trust_env = settings.PRODUCTION


def _read(error: AnymailAPIError) -> Outcome:
    if isinstance(error, RequestException) and error.response is None:
        if isinstance(error, TooManyRedirects):
            return _of_status(getattr(getattr(error.__cause__, "response", None), "status_code", 0))
        if _never_connected(error):
            return Outcome(Answer.LATER, reason="the provider could not be reached")
        return Outcome(Answer.UNKNOWN, reason="the connection to the provider broke before its answer")
    return _of_status(error.status_code or 0, retry_after(error))


def _of_status(status: int, wait: float | None = None) -> Outcome:
    reason = f"the provider answered {status}"
    match status:
        case 429:
            return Outcome(Answer.SLOW_DOWN, reason=reason, wait=wait or 60.0)
        case 503 | 408 | 425:
            return Outcome(Answer.LATER, reason=reason, wait=wait)
        case 401 | 402 | 403 | 404 | 405 | 407 | 301 | 307 | 308:
            # No fault of this mail: Mailgun answers 404 to a domain it does not know, or in its other region.
            return Outcome(
                Answer.LOCKED_OUT,
                reason=f"{reason}: check its address, the key and the sending domain",
                wait=60.0,
            )
        case _ if 400 <= status < 500:
            return Outcome(Answer.REFUSED, reason=reason)
        case _:
            # A 500 after the body was read, or a 200 with an answer nobody can read, proves nothing.
            return Outcome(Answer.UNKNOWN, reason=reason)


# Raised only while a connection is being made. Other TLS errors may come in the middle of a request as well.
_BEFORE_THE_REQUEST = (
    ConnectTimeout,
    NewConnectionError,
    NameResolutionError,
    ProxyError,
    ssl.SSLCertVerificationError,
)


def _never_connected(error: BaseException) -> bool:
    """Whether the chain of causes shows that no connection came about, so that nothing was sent."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        current = queue.pop()
        if id(current) in seen or not isinstance(current, BaseException):
            continue
        seen.add(id(current))
        if isinstance(current, _BEFORE_THE_REQUEST):
            return True
        # Not `__context__`: what was being handled meanwhile proves nothing about this request.
        queue += [current.__cause__, getattr(current, "reason", None), *current.args]
    return False


def retry_after(error: AnymailAPIError) -> float | None:
    """Seconds the provider asked us to wait (RFC 9110 §10.2.3: a number or a date), at most an hour."""
    value = "" if error.response is None else str(error.response.headers.get("Retry-After", ""))
    if not value:
        return None
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 1.0), 3600.0)
