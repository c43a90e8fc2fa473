"""Who gets a mailing, and who of those it was meant for does not, and why: one query, so it is one moment's truth.

The query joins sets with each other (who is meant, who is suppressed, who has a subscription, …): whatever the size of
the address book, PostgreSQL reads each set once. `freezing` writes its result down, `count` only counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, MailingList, Segment
from contacts.segments import compiling
from contacts.segments.counting import planned
from mailer.models import Mailing

# Why somebody who was meant gets nothing, in the order in which it is asked: each person counts once, by the first.
SUPPRESSED, UNSUBSCRIBED, ON_LEAVE, EXCLUDED, ACTED, GONE = (
    "suppressed",
    "unsubscribed",
    "paused",
    "excluded",
    "acted",
    "gone",
)
REASONS: dict[str, Any] = {
    SUPPRESSED: _("We may not write to the address."),
    UNSUBSCRIBED: _("They have no confirmed subscription to a list of this mailing."),
    ON_LEAVE: _("They want no newsletter for a while."),
    EXCLUDED: _("They are on a list, or in a segment, that is left out."),
    ACTED: _("A rule leaves them out."),
    GONE: _("They were removed while the audience was being fixed."),
}

# Seconds that a page may wait for a count.
COUNT_MS = 4_000
_NOBODY = "SELECT NULL::bigint AS id WHERE false"


@dataclass(frozen=True, slots=True)
class AudienceCount:
    """total: people who would get it. exclusions: reason to people who would not. candidates: both together.
    by_language: the total by the language people read, "" where we do not know it."""

    total: int
    candidates: int
    exclusions: dict[str, int] = field(default_factory=dict)
    by_language: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Selection:
    """SELECT contact, language, reason (null for who gets it), part: one row for each person who was meant."""

    sql: str
    parameters: tuple[Any, ...]


def candidates(mailing: Mailing, conditions: Sequence[dict[str, Any]] = ()) -> Selection:
    """The query for everybody the mailing is meant for. `part` has bit n set for whom `conditions[n]` applies to.

    Raises RuleError for a segment or a rule that cannot be compiled (a list in it is gone, say).
    """
    query = _Query()
    meant = query.union(_meant(mailing))
    # Of an included list everybody has a confirmed subscription: nothing to ask.
    must_ask = mailing.relation in _OF_ANOTHER or mailing.include_segments.exists()
    joins, reasons = _who_may(query, lists_of(mailing) if must_ask else None)
    if left_out := _left_out(mailing):
        joins.append(query.joined("x", left_out))
        reasons.append(("x.id IS NOT NULL", EXCLUDED))
    if mailing.leave_out:
        joins.append(query.joined("a", [compiling.as_sql(mailing.leave_out)]))
        reasons.append(("a.id IS NOT NULL", ACTED))
    bits = []
    for number, condition in enumerate(conditions):
        joins.append(query.joined(f"p{number}", [compiling.as_sql(condition)]))
        bits.append(f"CASE WHEN p{number}.id IS NULL THEN 0 ELSE {1 << number} END")
    cases = " ".join(f"WHEN {condition} THEN '{reason}'" for condition, reason in reasons)
    sql = f"""
SELECT c.id AS contact, c.language, CASE {cases} END AS reason, {" + ".join(bits) or "0"} AS part
FROM ({meant}) meant JOIN contacts_contact c ON c.id = meant.id
{" ".join(joins)}"""  # noqa: S608 - every name is ours, every value a parameter
    return Selection(sql, tuple(query.parameters))


def count(mailing: Mailing, *, bound_ms: int = COUNT_MS) -> AudienceCount:
    """How many would get the mailing if it started now, and who would not by reason; exact. Changes nothing.

    Raises RuleError as `candidates` does, and OperationalError where counting takes longer than `bound_ms`.
    """
    chosen = candidates(mailing)
    sql = f"SELECT reason, language, count(*) FROM ({chosen.sql}) chosen GROUP BY 1, 2"  # noqa: S608
    with planned(bound_ms), connection.cursor() as cursor:
        cursor.execute(sql, chosen.parameters)
        rows = cursor.fetchall()
    exclusions = dict.fromkeys(REASONS, 0)
    languages: dict[str, int] = {}
    for reason, language, people in rows:
        if reason is None:
            languages[language] = languages.get(language, 0) + people
        else:
            exclusions[reason] += people
    return AudienceCount(
        total=sum(languages.values()),
        candidates=sum(people for _reason, _language, people in rows),
        exclusions={reason: people for reason, people in exclusions.items() if people},
        by_language=languages,
    )


def unreached(mailing: Mailing, *, bound_ms: int = COUNT_MS) -> int:
    """How many would get a mailing that follows this one, to those it could not reach, if it started now; exact.

    Whose mailbox does not exist may not be written to again, so it is fewer than failed and bounced. Raises
    OperationalError where counting takes longer than `bound_ms`.
    """
    query = _Query()
    meant = query.union(_not_reached(mailing))
    joins, reasons = _who_may(query, lists_of(mailing))
    forbidden = " OR ".join(condition for condition, _reason in reasons)
    sql = f"""
SELECT count(*) FROM ({meant}) meant JOIN contacts_contact c ON c.id = meant.id
{" ".join(joins)} WHERE ({forbidden}) IS NOT TRUE"""  # noqa: S608 - as in `candidates`
    with planned(bound_ms), connection.cursor() as cursor:
        cursor.execute(sql, query.parameters)
        return int(cursor.fetchone()[0])


def recipients(mailing: Mailing) -> QuerySet[Contact]:
    """The contacts who would get the mailing if it started now, in no order."""
    chosen = candidates(mailing)
    sql = f"SELECT contact FROM ({chosen.sql}) chosen WHERE reason IS NULL"  # noqa: S608
    return Contact.objects.filter(pk__in=RawSQL(sql, chosen.parameters))  # noqa: S611 - as above


def lists_of(mailing: Mailing) -> list[int]:
    """The lists of which one subscription is enough; "unsubscribe" leaves them all."""
    lists = set(mailing.include_lists.values_list("pk", flat=True))
    if mailing.mailing_list_id is not None:
        lists.add(mailing.mailing_list_id)
    return sorted(lists)


# --- sets of people ------------------------------------------------------------------------------------------

Part = tuple[str, tuple[Any, ...]]

_OF_ANOTHER = (Mailing.Relation.CORRECTION, Mailing.Relation.FOLLOW_UP)
# Of one address several suppressions may stand, so each is taken once.
_SUPPRESSIONS = """
LEFT JOIN (
    SELECT DISTINCT address_hash FROM contacts_suppression
    WHERE scope IN ('all', 'mailings') AND (ends_at IS NULL OR ends_at > now())
) s ON s.address_hash = c.address_hash"""


def _meant(mailing: Mailing) -> list[Part]:
    match mailing.relation:
        case Mailing.Relation.CORRECTION:
            return [_deliveries(mailing.based_on_id, "status = 'sent'")]
        case Mailing.Relation.FOLLOW_UP:
            return _not_reached(mailing.based_on) if mailing.based_on else []
    return _parts(mailing.include_lists.all(), mailing.include_segments.all())


def _not_reached(mailing: Mailing) -> list[Part]:
    """Failed, bounced, and of a mailing that was called off those whose turn never came."""
    # Two indexes hold just the first two kinds; who was called off is looked for only where there can be any.
    found = [_deliveries(mailing.pk, "trouble = 'failed'"), _deliveries(mailing.pk, "bounced_at IS NOT NULL")]
    if mailing.status == Mailing.Status.CANCELLED:
        found.append(_deliveries(mailing.pk, "status = 'cancelled'"))
    return found


def _who_may(query: _Query, lists: Sequence[int] | None) -> tuple[list[str], list[tuple[str, str]]]:
    """Joins and the reasons they give, in order; `lists` are those of which a subscription is asked for, None for none."""
    joins, reasons = [_SUPPRESSIONS], [("s.address_hash IS NOT NULL", SUPPRESSED)]
    if lists is not None:
        joins.append(query.joined("w", [_members(lists)]))
        reasons.append(("w.id IS NULL", UNSUBSCRIBED))
    reasons.append(("c.paused_until > current_date", ON_LEAVE))
    return joins, reasons


def _left_out(mailing: Mailing) -> list[Part]:
    return _parts(mailing.exclude_lists.all(), mailing.exclude_segments.all())


def _parts(lists: Iterable[MailingList], segments: Iterable[Segment]) -> list[Part]:
    on_lists = sorted(one.pk for one in lists)
    return ([_members(on_lists)] if on_lists else []) + [compiling.as_sql(one) for one in segments]


def _members(lists: Sequence[int]) -> Part:
    # (contact, list) is unique: of one list nobody comes twice.
    once = "" if len(lists) == 1 else "DISTINCT "
    return (
        f"SELECT {once}contact_id AS id FROM contacts_subscription "  # noqa: S608
        "WHERE status = 'confirmed' AND mailing_list_id = ANY(%s)",
        (list(lists),),
    )


def _deliveries(mailing_id: int | None, where: str) -> Part:
    return (
        f"SELECT contact_id AS id FROM mailer_delivery WHERE mailing_id = %s AND {where}",  # noqa: S608
        (mailing_id,),
    )


class _Query:
    """Collects the parameters in the order in which their places stand in the text."""

    def __init__(self) -> None:
        self.parameters: list[Any] = []

    def union(self, parts: Sequence[Part]) -> str:
        """The people of all parts, each once."""
        for _sql, parameters in parts:
            self.parameters += parameters
        return " UNION ".join(f"({sql})" for sql, _parameters in parts) or _NOBODY

    def joined(self, name: str, parts: Sequence[Part]) -> str:
        return f"LEFT JOIN ({self.union(parts)}) {name} ON {name}.id = c.id"
