"""Where providers post their events. A view proves who posts, stores the raw event and answers; a worker does the rest."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent
from anymail.webhooks.mailgun import MailgunTrackingWebhookView
from anymail.webhooks.postmark import PostmarkTrackingWebhookView
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from mailer import signatures, tracking

logger = logging.getLogger(__name__)

# Mailgun signs the time of posting; an older signature may be a replay, or a clock that is wrong (F10).
SIGNATURE_AGE_SECONDS = 300
# It posts again for eight hours at most; what is older than a day is no late post.
SIGNATURE_LIFE_SECONDS = 86_400


_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError, RecursionError)


class _Readable:
    """What cannot be read is the poster's mistake (400), never an error of ours (500).

    Anymail would send its signal for each event; all of one post are stored by one statement instead.
    """

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.run_validators(request)
        events = self.parse_events(request)
        tracking.keep(events, self.esp_name.lower())  # type: ignore[attr-defined]
        return HttpResponse()

    def run_validators(self, request: HttpRequest) -> None:
        with _as_refusal():
            super().run_validators(request)  # type: ignore[misc]

    def parse_events(self, request: HttpRequest) -> list[AnymailTrackingEvent]:
        with _as_refusal():
            events: list[AnymailTrackingEvent] = super().parse_events(request)  # type: ignore[misc]
        return events


@contextlib.contextmanager
def _as_refusal() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise AnymailWebhookValidationFailure("The event cannot be read.") from error


class MailgunEvents(_Readable, MailgunTrackingWebhookView):
    """Mailgun's events: proved by the signature of each, so that no second secret is asked for.

    The signature covers a time and a token, not the event (RELIABILITY §1). So a token is bound to the first
    event it came with: who saw one post cannot sign another event with it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.basic_auth: list[str] = []

    def run_validators(self, request: HttpRequest) -> None:
        super().run_validators(request)
        if request.content_type == "application/json":
            with _as_refusal():
                _check_signature_use(json.loads(request.body))


def _check_signature_use(post: dict[str, Any]) -> None:
    """Refuse a signature that is over a day old or was used for another event; warn of one that is minutes old."""
    age = timezone.now().timestamp() - float(post["signature"]["timestamp"])
    if abs(age) > SIGNATURE_LIFE_SECONDS:
        raise AnymailWebhookValidationFailure("The signature is too old.")
    if abs(age) > SIGNATURE_AGE_SECONDS:
        # Kept all the same: a repeat changes nothing, and a provider may post late.
        logger.warning("an event carries an old signature", extra={"age_seconds": int(age)})
    event = json.dumps(post["event-data"], sort_keys=True).encode()
    if not signatures.bind(str(post["signature"]["token"]), event, SIGNATURE_LIFE_SECONDS):
        raise AnymailWebhookValidationFailure("The signature belongs to another event.")


class PostmarkEvents(_Readable, PostmarkTrackingWebhookView):
    """Postmark's events: it signs nothing, so the shared secret of WEBHOOK_SECRET stands in the address."""
