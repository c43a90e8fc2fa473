"""What the writer of an expression does: write, confirm, change, bring a picture, take down, deny.

Every write is one function named by its verb; each is safe to repeat. Who holds both an address and a row takes the
address first, as everybody does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from advocacy import asking, suspicion
from advocacy.asking import Resent
from advocacy.expressions import links, mails, pictures
from advocacy.expressions.mails import OPEN
from advocacy.expressions.words import Words
from advocacy.models import Campaign, Expression, Membership
from advocacy.models.letters import new_nonce
from contacts import suppressions
from contacts.addresses import Address
from contacts.clock import database_now
from contacts.models import Consent
from mailer import allowance
from mailer.models import Delivery

Status = Expression.Status

MAX_REVISIONS = 30
LIVE = (Status.CONFIRMED, Status.PUBLISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A filled form, every text cleaned. `suspicious` is a reason for moderators to look twice; `delay` puts the
    confirmation mail off (`abuse.Verdict`); `mail_language` is the one its writer reads our pages in."""

    campaign: Campaign
    words: Words
    address: Address
    form_key: str
    consent_text: str
    mail_language: str
    network: str = ""
    suspicious: str = ""
    delay: timedelta = timedelta(0)
    membership: Membership | None = None


# --- written ------------------------------------------------------------------------------------------------------


def submit(draft: Draft) -> Expression:
    """Keep what was written and ask the mailbox for its word. Nobody reads it before that.

    One form is taken once: a second click, also at the same moment, gets the same row. The answer and the work are the
    same whether the address is known, new, or may not be written to (A8).
    """
    known = Expression.objects.filter(form_key=draft.form_key).first()
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _submit(draft)
    except IntegrityError:
        # The same form at the same moment: the other one was first, and by now it is stored.
        return Expression.objects.get(form_key=draft.form_key)


def _submit(draft: Draft) -> Expression:
    suppressions.hold(draft.address.hash)
    now = timezone.now()
    expression = Expression.objects.create(
        campaign=draft.campaign,
        membership=draft.membership,
        form_key=draft.form_key,
        address=draft.address.given,
        address_key=draft.address.key,
        address_hash=draft.address.hash,
        mail_language=draft.mail_language,
        consent_text=draft.consent_text,
        suspicious=(draft.suspicious or _odd(draft.words))[:300],
        network=draft.network,
        created_at=now,
        expires_at=now + asking.CONFIRM_DAYS,
        **asdict(draft.words),
    )
    asking.first(draft.address.hash, partial(mails.confirmation, expression), draft.delay)
    return expression


def _odd(words: Words) -> str:
    """Why a moderator should look twice, or ""."""
    return suspicion.in_words("\n".join([words.name, words.role, words.organisation_name, words.statement]))


@transaction.atomic
def resend(expression: Expression) -> Resent:
    """Send the confirmation mail once more, if the address has room for it now; else say when it has.

    Tells nothing about the address: whether it may be written to at all is asked at the door.
    """
    if expression.status != Status.PENDING or expression.expires_at <= timezone.now():
        return Resent(sent=False, next_at=None)
    return asking.again(_hash_of(expression), partial(mails.confirmation, expression))


def next_mail(expression: Expression) -> datetime:
    """When the mail may be asked for again; now, if at once. Reserves nothing."""
    return asking.next_mail(_hash_of(expression))


def _hash_of(expression: Expression) -> bytes:
    return bytes(expression.address_hash or b"")


@transaction.atomic
def correct_address(expression: Expression, address: Address) -> Expression:
    """Move an unconfirmed expression to the right address. Links to the wrong one die, but for "it was not
    me" in a mail that has left (`denying`); a mail that has not is called off.

    The same address again changes nothing. Raises ValidationError after three corrections (a form must not be a way
    to mail strangers) and for what is confirmed or over.
    """
    suppressions.hold(_hash_of(expression), address.hash)
    row = _locked(expression)
    if row.status != Status.PENDING or row.expires_at <= timezone.now() or row.nonce != expression.nonce:
        raise ValidationError(_("This can no longer be changed."), code="gone")
    if row.address_key == address.key:
        return row
    if row.corrections >= asking.MAX_CORRECTIONS:
        raise ValidationError(_("This was changed too often. Please write to us."), code="too_often")
    asking.call_off(_hash_of(row), asking.CORRECTED, expression=row.pk)
    row.address, row.address_key, row.address_hash = address.given, address.key, address.hash
    row.nonce, row.corrections = new_nonce(), row.corrections + 1
    row.save(update_fields=["address", "address_key", "address_hash", "nonce", "corrections"])
    asking.first(address.hash, partial(mails.confirmation, row))
    return row


@transaction.atomic
def mail_own_link(campaign: Campaign, address: Address, language: str) -> None:
    """Queue the mail with the link to what somebody said in this campaign, once the address has room for it (A3).

    The work is the same whoever it is, and nothing is returned: the page must not tell who is known (A8). Whether there
    is anything to link to is asked at the door.
    """
    asking.first(address.hash, partial(mails.own_link, campaign, address, language))


# --- proven -------------------------------------------------------------------------------------------------------


@transaction.atomic
def confirm(expression: Expression) -> bool:
    """Take the word of whoever holds the mailbox that they said this and want it published; now a person looks at it.

    False for a repeat, and for one that expired, was denied, erased, went to a corrected address or whose campaign
    closed meanwhile, which change nothing. What the same mailbox said before in this campaign gives way to it.
    """
    suppressions.hold(_hash_of(expression))
    now = database_now()
    row = _locked(expression)
    if row.nonce != expression.nonce:
        # The link died while it was used: whoever holds the old mailbox has no word for the new one.
        return False
    if row.status != Status.PENDING or row.expires_at <= now or row.campaign.status == Campaign.Status.CLOSED:
        return False
    for other in _live_of(row):
        other.move_to(Status.WITHDRAWN, ended_at=now, is_featured=False)
    if not row.move_to(Status.CONFIRMED, confirmed_at=now):
        return False
    allowance.answered(_hash_of(row), Delivery.Kind.CONFIRMATION, expression=row.pk)
    _record_consent(row, granted=True)
    return True


def replaced_by(expression: Expression) -> Expression | None:
    """What the same mailbox said before, which a confirmation would take down; None if there is nothing."""
    return _live_of(expression).first()


def _live_of(expression: Expression):  # type: ignore[no-untyped-def]
    same = Expression.objects.filter(campaign_id=expression.campaign_id, address_hash=expression.address_hash)
    return same.filter(status__in=LIVE).exclude(pk=expression.pk)


def _locked(expression: Expression) -> Expression:
    rows = Expression.objects.select_for_update(of=("self",)).select_related("campaign")
    return rows.get(pk=expression.pk)


def _record_consent(expression: Expression, *, granted: bool) -> None:
    Consent.objects.create(
        address_hash=expression.address_hash,
        purpose=Consent.Purpose.EXPRESSION,
        granted=granted,
        text=expression.consent_text if granted else "",
        page=links.absolute("support_new", expression.mail_language, expression.campaign.slug)[:300],
        source=f"campaign {expression.campaign.slug}"[:100],
        proof={
            "expression": expression.pk,
            "confirmed_at": database_now().isoformat(),
            "by": "link in the confirmation mail" if granted else "the writer's own page",
        },
    )


@transaction.atomic
def deny(expression: Expression, address_hash: bytes = b"") -> None:
    """ "It wasn't me": stop confirmation mail to this address for a year, and take this expression down.

    The address is the one a mail went to; without it, the expression's. Where that was corrected meanwhile, the
    expression is somebody else's and stays. Safe to repeat. Others of the address that nobody confirmed end with it.
    """
    address_hash, now = address_hash or _hash_of(expression), timezone.now()
    asking.leave_alone(address_hash, expression=expression.pk)
    pending = Expression.objects.filter(address_hash=address_hash, status=Status.PENDING)
    for other in pending.order_by("pk"):
        asking.call_off(address_hash, asking.DENIED, expression=other.pk)
        other.move_to(Status.WITHDRAWN, ended_at=now)
    # Asked anew, since from here on nobody corrects it: we hold the address.
    expression.refresh_from_db(fields=["address_hash"])
    if _hash_of(expression) == address_hash:
        expression.move_to(Status.WITHDRAWN, ended_at=now, is_featured=False)


# --- afterwards ---------------------------------------------------------------------------------------------------


@transaction.atomic
def change(expression: Expression, words: Words) -> bool:
    """Say it in other words; a person looks at them before they are public. False if nothing is different.

    Raises ValidationError for what is over, what was changed too often, and what gave way to something newer.
    """
    suppressions.hold(_hash_of(expression))
    row = _open(expression)
    fields = asdict(words)
    if all(getattr(row, name) == value for name, value in fields.items()):
        return False
    # A mark that nobody has looked at stays, whatever the words are now.
    _look_again(row, suspicious=row.suspicious or _odd(words)[:300], **fields)
    return True


@transaction.atomic
def put_picture(expression: Expression, file: BinaryIO, alt: str) -> None:
    """Show a picture with it, in place of an earlier one; a person looks at it before it is public.

    Raises ValidationError for what is no picture or too large, and as `change` does.
    """
    picture = pictures.drawn(file)
    suppressions.hold(_hash_of(expression))
    row = _open(expression)
    before = str(row.picture.name or "")
    _look_again(
        row,
        picture=pictures.store(picture),
        picture_alt=alt,
        picture_width=picture.width,
        picture_height=picture.height,
    )
    pictures.remove(before)


@transaction.atomic
def remove_picture(expression: Expression) -> bool:
    """Take the picture away. What is left was looked at already, so it stays where it is. False if there is none."""
    row = _locked(expression)
    before = str(row.picture.name or "")
    if not before or row.status not in OPEN:
        return False
    Expression.objects.filter(pk=row.pk).update(
        picture="", picture_alt="", picture_width=None, picture_height=None, revision=row.revision + 1
    )
    pictures.remove(before)
    return True


def _open(expression: Expression) -> Expression:
    row = _locked(expression)
    if (
        row.status not in OPEN
        or row.forgotten_at is not None
        or row.campaign.status == Campaign.Status.CLOSED
    ):
        raise ValidationError(_("This can no longer be changed."), code="gone")
    if row.revision >= MAX_REVISIONS:
        raise ValidationError(_("This was changed too often. Please write to us."), code="too_often")
    if row.status == Status.REFUSED and _live_of(row).exists():
        raise ValidationError(_("You have said something newer in this campaign."), code="newer")
    return row


def _look_again(row: Expression, **changed: object) -> None:
    """Store what is new and let a person look at it; `published_at` stays, so that nobody climbs by a comma."""
    if row.status != Status.CONFIRMED:
        changed |= {"status": Status.CONFIRMED, "is_featured": False, "ended_at": None, "reason": ""}
    Expression.objects.filter(pk=row.pk).update(**changed, revision=row.revision + 1)


@transaction.atomic
def take_down(expression: Expression) -> bool:
    """Its writer wants it gone: at once, whatever staff are doing with it, and for good. False for a repeat."""
    if not expression.move_to(Status.WITHDRAWN, ended_at=database_now(), is_featured=False):
        return False
    _record_consent(expression, granted=False)
    return True
