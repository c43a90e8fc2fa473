"""What staff decide about expressions, and what the public tells them. Each is one UPDATE that asks and changes.

What its writer has taken down stays down: no move leads out of it. What changed while a moderator looked at it is not
published unseen: each decision names the revision it is about.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Concat, Left, Now
from django.utils.translation import gettext as _

from accounts.models import User
from advocacy.expressions import mails, pictures
from advocacy.expressions.words import Words
from advocacy.models import Campaign, Expression
from contacts.clock import database_now

Status = Expression.Status
_MOST_REPORTED = 2_000


@transaction.atomic
def publish(expression: Expression, by: User, revision: int) -> bool:
    """Show this revision to everybody, and tell its writer. False if it moved on meanwhile or stood so.

    Raises ValidationError if the same mailbox has said something newer that is alive.
    """
    rows = Expression.objects.filter(
        pk=expression.pk, revision=revision, status__in=[Status.CONFIRMED, Status.REFUSED], forgotten_at=None
    )
    try:
        with transaction.atomic():
            moved = rows.update(
                status=Status.PUBLISHED,
                published_at=Coalesce(F("published_at"), Now()),
                ended_at=None,
                reason="",
                **_decided(by),
            )
    except IntegrityError as error:
        raise ValidationError(
            _("Its writer has said something newer in this campaign."), code="newer"
        ) from error
    if moved:
        expression.refresh_from_db()
        mails.published(expression)
    return bool(moved)


@transaction.atomic
def refuse(expression: Expression, by: User, reason: str) -> bool:
    """Keep it from the public, or take it off the wall, and tell its writer why, word for word. False for a repeat.

    Its writer may change it, and then somebody looks again.
    """
    if not expression.move_to(
        Status.REFUSED, reason=reason[:300], ended_at=database_now(), is_featured=False, **_decided(by)
    ):
        return False
    mails.refused(expression)
    return True


def feature(expression: Expression, *, yes: bool) -> bool:
    """Show a published one before the others, or among them again. False if it stood so or is not published."""
    rows = Expression.objects.filter(pk=expression.pk, status=Status.PUBLISHED, is_featured=not yes)
    changed = rows.update(is_featured=yes)
    expression.refresh_from_db(fields=["is_featured", "status"])
    return bool(changed)


def keep(expression: Expression, by: User) -> bool:
    """Leave a reported one where it is. False if nothing is reported."""
    rows = Expression.objects.filter(pk=expression.pk, status=Status.PUBLISHED, reported_at__isnull=False)
    return bool(rows.update(**_decided(by)))


def _decided(by: User) -> dict[str, object]:
    """Who decided, and an end to what was reported or marked before: a person has looked at it."""
    looked_at = {"suspicious": "", "reported_at": None, "report_words": "", "reports": 0}
    return {"decided_by": by, "decided_at": Now(), **looked_at}


def report(expression: Expression, told: str) -> bool:
    """Somebody says that a published expression should not stand there. It stays until a person decides
    (docs/decisions). False for one that is not public."""
    words = Left(Concat("report_words", Value(f"{told}\n" if told else "")), _MOST_REPORTED)
    rows = Expression.objects.filter(pk=expression.pk, status=Status.PUBLISHED)
    return bool(
        rows.update(
            reports=F("reports") + 1, reported_at=Coalesce(F("reported_at"), Now()), report_words=words
        )
    )


@transaction.atomic
def enter(
    campaign: Campaign, words: Words, *, proof: str, by: User, picture: BinaryIO | None = None, alt: str = ""
) -> Expression:
    """Publish what a state or an organisation said elsewhere, in the words of staff, with where it was said.

    Not safe to repeat: each call is one more. Raises ValidationError for what is no picture.
    """
    now = database_now()
    shown: dict[str, object] = {}
    if picture is not None:
        drawn = pictures.drawn(picture)
        shown = {
            "picture": pictures.store(drawn),
            "picture_alt": alt,
            "picture_width": drawn.width,
            "picture_height": drawn.height,
        }
    return Expression.objects.create(
        campaign=campaign,
        form_key=f"desk-{secrets.token_urlsafe(24)}",
        status=Status.PUBLISHED,
        proof=proof,
        entered_by=by,
        confirmed_at=now,
        expires_at=now,
        published_at=now,
        decided_at=now,
        decided_by=by,
        **asdict(words),
        **shown,
    )


@transaction.atomic
def correct(expression: Expression, words: Words, *, proof: str, by: User) -> bool:
    """Correct what staff typed. False for what somebody outside wrote: their words are theirs."""
    rows = Expression.objects.filter(pk=expression.pk, address_hash=None, forgotten_at=None)
    return bool(rows.update(**asdict(words), proof=proof, entered_by=by, revision=F("revision") + 1))
