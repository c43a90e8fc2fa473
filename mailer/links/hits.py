"""Keeping who followed a link, as it came: one short INSERT, and the reader goes on to their page whatever becomes of it."""

from __future__ import annotations

import logging

from django.db import DatabaseError, connection
from django.http import HttpRequest

from accounts.networks import plain_network_of
from mailer.models import Hit, Link

logger = logging.getLogger(__name__)

# More requests than this for one mail say nothing new; whoever sends a million of them fills no disk.
MOST = 200
_AGENT = 300

_KEEP = """
INSERT INTO mailer_hit (delivery_id, link_id, kind, at, verdict, reason, agent, network)
SELECT %(delivery)s, %(link)s, %(kind)s, clock_timestamp(), 'probable', '', %(agent)s, %(network)s
WHERE (SELECT count(*) FROM (SELECT FROM mailer_hit WHERE delivery_id = %(delivery)s LIMIT %(most)s) AS so_far) < %(most)s
"""


def target(delivery_id: int, number: int) -> Link | None:
    """Where a counted link leads: the link of this number in the mailing that the delivery belongs to."""
    return Link.objects.filter(number=number, mailing__deliveries=delivery_id).first()


def keep(request: HttpRequest, delivery_id: int, kind: Hit.Kind, link: Link | None = None) -> None:
    """Keep one request, not judged yet (`verdicts`). Never fails: a statistic is not worth a reader's page."""
    values = {
        "delivery": delivery_id,
        "link": link.pk if link else None,
        "kind": kind.value,
        "agent": _clean(request.headers.get("User-Agent", ""))[:_AGENT],
        "network": plain_network_of(request),
        "most": MOST,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, values)
    except DatabaseError:
        logger.warning("a hit could not be kept", extra={"delivery": delivery_id})


def _clean(text: str) -> str:
    """What a stranger's program says of itself, without signs that a database, a log or a page would trip over."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text[: _AGENT * 2])
