"""The links of an expression: made from its row, never stored, one purpose each (mailer/seals.py).

Unknown, forged, used up and expired are one and the same `Gone`.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation

from advocacy import denying
from advocacy.links import page_language
from advocacy.models import Expression
from mailer import seals
from mailer.models import Delivery
from mailer.seals import Gone

CONFIRM, OWN, PENDING, NOT_ME = "confirm", "own", "pending", "not-me"
PURPOSES = frozenset({CONFIRM, OWN, PENDING, NOT_ME})

NOT_ME_DAYS = timedelta(days=365)


def token(purpose: str, expression: Expression) -> str:
    """The token of `expression` for one purpose. Always the same until the nonce changes."""
    return seals.make(_named(purpose), expression.pk, expression.nonce)


def read(purpose: str, given: str) -> Expression:
    """The expression a token stands for, with its campaign. Raises Gone. Changes nothing."""
    found = _row(seals.row_of(given))
    seals.check(_named(purpose), given, found.nonce if found else None)
    if found is None or not _is_alive(purpose, found):
        raise Gone
    return found


def read_not_me(given: str) -> tuple[Expression, bytes]:
    """What a link "it was not me" is about, and the keyed hash of the mailbox it speaks for: as for letters
    (`advocacy.tokens.read_not_me`). Raises Gone. Changes nothing."""
    try:
        pk, address_hash = denying.read(denying.EXPRESSION, given)
    except Gone:
        expression = read(NOT_ME, given)
        return expression, bytes(expression.address_hash or b"")
    found = _row(pk)
    if found is None or not _is_alive(NOT_ME, found):
        raise Gone
    return found, address_hash


def _row(pk: int) -> Expression | None:
    return Expression.objects.select_related("campaign").filter(pk=pk).first()


def _named(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise ValueError(f"unknown purpose of a token: {purpose!r}")
    return f"advocacy.expressions.links.{purpose}"


def _is_alive(purpose: str, expression: Expression) -> bool:
    now = timezone.now()
    is_pending = expression.status == Expression.Status.PENDING and expression.expires_at > now
    is_proven = expression.confirmed_at is not None and expression.forgotten_at is None
    if purpose == CONFIRM:
        # Later the same mail leads its reader to their page: they need no second one to keep.
        return is_pending or is_proven
    if purpose == PENDING:
        # Whoever filled the form has not proven the mailbox: after the click it is the owner's page only.
        return is_pending
    if purpose == OWN:
        return is_proven
    return now < expression.created_at + NOT_ME_DAYS


# --- whole addresses, for mails and other sites: from one setting, never from a request ---------------------------


def confirm(expression: Expression) -> str:
    return _mailed("expression_confirm", CONFIRM, expression)


def not_me(expression: Expression, mail: Delivery | None = None) -> str:
    """For whoever has this mail, also when the address is corrected later; without one, until then."""
    given = denying.token(denying.EXPRESSION, mail) if mail else token(NOT_ME, expression)
    return absolute("expression_not_me", expression.mail_language, given)


def own(expression: Expression) -> str:
    return _mailed("expression_own", OWN, expression)


def page(expression: Expression, language: str) -> str:
    """Where everybody reads it once it is published."""
    return absolute("expression", language, expression.campaign.slug, expression.pk)


def absolute(name: str, language: str, *args: object) -> str:
    with translation.override(page_language(language)):
        return f"{settings.SITE_URL}{reverse(f'advocacy:{name}', args=args)}"


def _mailed(name: str, purpose: str, expression: Expression) -> str:
    return absolute(name, expression.mail_language, token(purpose, expression))
