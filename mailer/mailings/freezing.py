"""Fixing the audience of a mailing that has started: its deliveries, numbered into chunks.

Who gets it is found by one query into a temporary table, so audience and exclusions are of one moment. The deliveries
are then inserted in slices, each a short transaction of its own, in the order of the chunks: the ids of a chunk lie
together. Nothing is sent before `frozen_at` stands, so a worker that dies here costs nothing but time: the next one
removes what was numbered and begins anew.
"""

from __future__ import annotations

import contextlib
import logging
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from contacts import suppressions
from contacts.segments.trees import RuleError
from mailer import reasons
from mailer.mailings import audience, messages, running
from mailer.models import Delivery, Mailing, MailingAct, MailingChunk
from mailer.preflight import gate
from mailer.writing import conditions, languages
from mailer.writing.messages import freeze_messages

logger = logging.getLogger(__name__)
Status = Mailing.Status

# People whose deliveries are inserted in one transaction: about a second.
SLICE = 100_000

reasons.know(
    gettext_noop("its audience cannot be found: %(why)s"),
    gettext_noop("its text cannot be sent: %(why)s"),
)


class Lost(Exception):  # noqa: N818 - what happened to the claim
    """The mailing was paused or called off, or another worker has taken it over."""


@dataclass(frozen=True, slots=True)
class Group:
    """The people who read one message: how many, in which chunks."""

    languages: tuple[str, ...]
    part: int
    mailing_message: int
    message: int
    people: int
    first_chunk: int

    @property
    def chunks(self) -> range:
        size = settings.MAILING_CHUNK
        return range(self.first_chunk, self.first_chunk + -(-self.people // size))


def freeze(mailing_id: int) -> bool:
    """Fix the audience of a started mailing and wake workers to send it.

    False if there is nothing to fix, or another worker is at it: safe to call twice and at once. A mailing whose
    audience or text cannot be made is paused, with the reason in words.
    """
    mailing = claim(mailing_id, Status.SENDING)
    if mailing is None:
        return False
    began = time.monotonic()
    try:
        if objection := gate.objection_at_start(mailing):
            return _give_up(mailing, objection)
        _freeze(mailing)
    except Lost:
        release(mailing)
        running.wake(mailing_id)  # called off, perhaps: then somebody has to clear up
        return False
    except RuleError as error:
        return _give_up(mailing, f"its audience cannot be found: {error}")
    except ValidationError as error:
        return _give_up(mailing, f"its text cannot be sent: {' '.join(error.messages)}")
    logger.info(
        "an audience was fixed", extra={"mailing": mailing_id, "seconds": round(time.monotonic() - began, 1)}
    )
    running.finish(mailing_id)  # nobody at all
    return True


def clear(mailing_id: int) -> bool:
    """Remove what an unfinished freeze left of a mailing that was called off. False if a worker is still at it."""
    mailing = claim(mailing_id, Status.CANCELLED)
    if mailing is None:
        return False
    try:
        _forget(mailing)
    finally:
        release(mailing)
    return True


# --- the claim -----------------------------------------------------------------------------------------------


def claim(mailing_id: int, status: str) -> Mailing | None:
    """Take a mailing without an audience for this worker; None if another has it, or it stands elsewhere."""
    mark = uuid.uuid4()
    taken = (
        Mailing.objects.filter(pk=mailing_id, status=status, frozen_at=None)
        .filter(Q(lease_until=None) | Q(lease_until__lt=Now()))
        .update(claim=mark, lease_until=_lease())
    )
    if not taken:
        return None
    return Mailing.objects.select_related("sender", "mailing_list", "based_on").get(pk=mailing_id)


def release(mailing: Mailing) -> None:
    Mailing.objects.filter(pk=mailing.pk, claim=mailing.claim).update(claim=None, lease_until=None)


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.MAILING_LEASE_SECONDS)


def _beat(mailing: Mailing, **changes: Any) -> None:
    """Renew the claim and write `changes`. Raises Lost if the mailing is ours no longer, or stands elsewhere."""
    mine = Mailing.objects.filter(pk=mailing.pk, claim=mailing.claim, status=mailing.status)
    if not mine.update(lease_until=_lease(), **changes):
        raise Lost


def _give_up(mailing: Mailing, why: str) -> bool:
    release(mailing)
    logger.error("a mailing could not be frozen", extra={"mailing": mailing.pk})
    with contextlib.suppress(running.StandsElsewhere):
        running.pause(mailing, None, why)
    return False


# --- the work ------------------------------------------------------------------------------------------------


def _freeze(mailing: Mailing) -> None:
    _forget(mailing)
    mailing.conditions = conditions.of(mailing)
    _beat(mailing, conditions=mailing.conditions)
    exclusions, groups = _choose(mailing)
    _beat(mailing)
    _number(groups)
    for chunks in _slices(groups):
        _beat(mailing)
        _insert(mailing, chunks, groups)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailer_delivery")  # whoever asks for this mailing just now must not be misled
    _end(mailing, exclusions, sum(group.people for group in groups))


def _choose(mailing: Mailing) -> tuple[dict[str, int], list[Group]]:
    """Write down who gets the mailing, in a table of this connection; what was excluded, and who reads what."""
    chosen = audience.candidates(mailing, mailing.conditions)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLANNING)
        cursor.execute(f"CREATE TEMPORARY TABLE freezing AS {chosen.sql}", chosen.parameters)
        cursor.execute("SELECT reason, language, part, count(*) FROM freezing GROUP BY 1, 2, 3")
        rows = cursor.fetchall()
    exclusions: dict[str, int] = {}
    spoken: dict[tuple[str, int], int] = {}
    for reason, language, part, people in rows:
        if reason is None:
            spoken[language, part] = people
        else:
            exclusions[reason] = exclusions.get(reason, 0) + people
    return exclusions, _groups(mailing, spoken)


def _groups(mailing: Mailing, spoken: dict[tuple[str, int], int]) -> list[Group]:
    table = languages.table(mailing, sorted({language for language, _part in spoken}))
    readers: dict[tuple[str, int], list[str]] = {}
    for language, part in sorted(spoken):
        readers.setdefault((table[language], part), []).append(language)
    written = freeze_messages(mailing, sorted(readers))
    groups: list[Group] = []
    first = 1
    for (language, part), spoken_by in sorted(readers.items()):
        frozen = written[language, part]
        people = sum(spoken[one, part] for one in spoken_by)
        group = Group(tuple(spoken_by), part, frozen.pk, frozen.message_id, people, first)
        groups.append(group)
        first = group.chunks.stop
    return groups


def _number(groups: Sequence[Group]) -> None:
    """Give each person the number of their chunk, in a second table, sorted as the deliveries shall lie."""
    rows = [(language, group.part, group.first_chunk) for group in groups for language in group.languages]
    languages, parts, firsts = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PLANNING)
        cursor.execute(_NUMBER, [settings.MAILING_CHUNK, languages, parts, firsts])
        cursor.execute("DROP TABLE freezing")


def _slices(groups: Sequence[Group]) -> Iterator[range]:
    """Chunks to be inserted in one transaction, whatever message they are of."""
    last = groups[-1].chunks.stop if groups else 1
    size = max(SLICE // settings.MAILING_CHUNK, 1)
    for first in range(1, last, size):
        yield range(first, min(first + size, last))


def _insert(mailing: Mailing, chunks: range, groups: Sequence[Group]) -> None:
    rows = [
        (number, group.mailing_message, group.message)
        for group in groups
        for number in range(max(chunks.start, group.chunks.start), min(chunks.stop, group.chunks.stop))
    ]
    numbers, mailing_messages, texts = (list(column) for column in zip(*rows, strict=True))
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever is erased meanwhile is either gone before we look or finds these rows to empty.
        suppressions.hold_book(shared=True)
        cursor.execute(_PLANNING)
        cursor.execute(
            _INSERT,
            {
                "mailing": mailing.pk,
                "first": chunks.start,
                "last": chunks.stop - 1,
                "numbers": numbers,
                "mailing_messages": mailing_messages,
                "messages": texts,
            },
        )


@transaction.atomic
def _end(mailing: Mailing, exclusions: dict[str, int], chosen: int) -> None:
    """From now on the chunks may be sent."""
    people = MailingChunk.objects.filter(mailing=mailing).aggregate(people=Sum("size", default=0))["people"]
    if people < chosen:
        exclusions[audience.GONE] = chosen - people
    _beat(
        mailing,
        frozen_at=Now(),
        audience=people,
        candidates=people + sum(exclusions.values()),
        exclusions=exclusions,
    )
    Mailing.objects.filter(pk=mailing.pk).update(claim=None, lease_until=None)
    MailingAct.objects.create(
        mailing=mailing, what=MailingAct.What.FROZEN, detail={"audience": people, "exclusions": exclusions}
    )
    running.wake(mailing.pk, running.RINGS)


def _forget(mailing: Mailing) -> None:
    """Remove what an earlier worker left unfinished, slice by slice, and this connection's own tables."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS freezing; DROP TABLE IF EXISTS freezing_numbered")
    chunks = MailingChunk.objects.filter(mailing=mailing)
    size = max(SLICE // settings.MAILING_CHUNK, 1)
    while rows := list(chunks.order_by("number")[:size]):
        _beat(mailing)
        with transaction.atomic():
            ids = (min(one.first_id for one in rows), max(one.last_id for one in rows))
            Delivery.objects.filter(mailing=mailing, pk__range=ids)._raw_delete(using="default")
            chunks.filter(pk__in=[one.pk for one in rows]).delete()
    messages.forget(mailing)


# --- its SQL -------------------------------------------------------------------------------------------------

# Sets of a million are joined with each other: hash tables that fit, and no machine code for one query.
_PLANNING = "SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL random_page_cost = 1.1"

_NUMBER = """
CREATE TEMPORARY TABLE freezing_numbered AS
SELECT f.contact,
    g.first + (row_number() OVER (PARTITION BY g.first ORDER BY f.contact) - 1) / %s AS chunk
FROM freezing f
JOIN unnest(%s::text[], %s::int[], %s::bigint[]) g(language, part, first) ON g.language = f.language AND g.part = f.part
WHERE f.reason IS NULL
"""

# The sequence is asked in the order of the chunks. Others may take numbers in between, which harms nothing: a chunk's
# deliveries are those of its mailing between its first and its last id.
_INSERT = """
WITH people AS MATERIALIZED (
    SELECT nextval('mailer_delivery_id_seq') AS id, sorted.* FROM (
        SELECT f.chunk, c.id AS contact, c.address, c.address_hash
        FROM freezing_numbered f JOIN contacts_contact c ON c.id = f.contact
        WHERE f.chunk BETWEEN %(first)s AND %(last)s
        ORDER BY f.chunk, c.id
    ) sorted
), texts AS (
    SELECT * FROM unnest(%(numbers)s::int[], %(mailing_messages)s::bigint[], %(messages)s::bigint[])
        AS t(number, mailing_message, message)
), inserted AS (
    INSERT INTO mailer_delivery (id, message_id, mailing_id, contact_id, kind, address, address_hash, context,
        status, reason, attempts, lapses, due_at, provider, provider_message_id, created_at, bounce_class, bounce_code)
    SELECT p.id, t.message, %(mailing)s, p.contact, 'mailing', p.address, p.address_hash, '{}',
        'queued', '', 0, 0, now(), '', '', now(), '', ''
    FROM people p JOIN texts t ON t.number = p.chunk ORDER BY p.id
)
INSERT INTO mailer_mailingchunk (mailing_id, number, mailing_message_id, status, first_id, last_id, size, due_at,
    withheld, passes, lapses, sent, failed, suppressed, unknown, cancelled)
SELECT %(mailing)s, t.number, t.mailing_message, 'ready', min(p.id), max(p.id), count(*), now(),
    '{}', 0, 0, 0, 0, 0, 0, 0
FROM people p JOIN texts t ON t.number = p.chunk GROUP BY t.number, t.mailing_message
"""
