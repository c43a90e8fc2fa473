"""A letter's life: written, asked for, held or released, withdrawn, answered.

Every write is one function named by its verb; each is safe to repeat. The owner of the mailbox confirms by `confirm`
(`confirming.py`); letters leave by `dispatch_due` (`dispatching.py`), never from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from advocacy import asking, dispatching, mails, members, pace, routes, suspicion, writing
from advocacy.asking import Resent
from advocacy.confirming import confirm
from advocacy.dispatching import dispatch_due
from advocacy.models import Campaign, Letter, LetterTemplate, Membership, Submission, Supporter
from advocacy.models.letters import new_nonce
from advocacy.progress import Progress, progress
from advocacy.retention import expire, forget
from advocacy.states import LetterState, state_of
from advocacy.targets import Candidate
from contacts import suppressions
from contacts.addresses import Address
from contacts.clock import database_now
from mailer.reasons import in_words

__all__ = [
    "Draft",
    "LetterState",
    "Progress",
    "Resent",
    "answered",
    "confirm",
    "correct_address",
    "deny",
    "dispatch_due",
    "expire",
    "forget",
    "hold",
    "next_mail",
    "progress",
    "refuse",
    "release",
    "resend",
    "sent_by_hand",
    "state_of",
    "submit",
    "withdraw",
]

Status = Letter.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A filled form, every text cleaned by `rules` and every candidate checked by `targets.chosen`.

    `letters` holds for each person the template and the supporter's subject and part of the body. `suspicious` is a
    reason to let a person look first; `delay` puts the confirmation mail off (`abuse.Verdict`).
    """

    campaign: Campaign
    country: str
    language: str
    form_key: str
    name: str
    address: Address
    place: str
    postcode: str = ""
    wants_newsletter: bool = False
    letter_consent_text: str
    newsletter_consent_text: str = ""
    wants_member_news: bool = False
    member_consent_text: str = ""
    letters: Sequence[tuple[Candidate, LetterTemplate, str, str]]
    network: str = ""
    referrer: Submission | None = None
    membership: Membership | None = None
    source: str = ""
    suspicious: str = ""
    delay: timedelta = timedelta(0)


# --- written ------------------------------------------------------------------------------------------------------


def submit(draft: Draft) -> Submission:
    """Keep what a supporter wrote and ask the mailbox for its word. Nothing leaves before that.

    One form is taken once: a second click, also at the same moment, gets the same submission. The answer and the work
    are the same whether the address is known, new, or may not be written to (A8).
    """
    known = Submission.objects.filter(form_key=draft.form_key).first()
    if known is not None:
        return known
    if not draft.letters:
        raise ValidationError(_("Please choose at least one person to write to."), code="missing")
    try:
        with transaction.atomic():
            return _submit(draft)
    except IntegrityError:
        # The same form at the same moment: the other one was first, and by now it is stored.
        return Submission.objects.get(form_key=draft.form_key)


def _submit(draft: Draft) -> Submission:
    # First the address, then the row, as everybody who holds both does: an erasure may be under way.
    suppressions.hold(draft.address.hash)
    now = timezone.now()
    supporter = _supporter(draft.address)
    # Kept now, when the consent names them: what the campaign or the member offers later is another list.
    newsletter = draft.campaign.mailing_list if draft.wants_newsletter else None
    member_news = members.list_of(draft.membership) if draft.wants_member_news else None
    submission = Submission.objects.create(
        campaign=draft.campaign,
        supporter=supporter,
        form_key=draft.form_key,
        language=draft.language,
        name=draft.name,
        place=draft.place,
        postcode=draft.postcode,
        country=draft.country,
        wants_newsletter=newsletter is not None,
        newsletter_list=newsletter,
        letter_consent_text=draft.letter_consent_text,
        newsletter_consent_text=draft.newsletter_consent_text,
        wants_member_news=member_news is not None,
        member_list=member_news,
        member_consent_text=draft.member_consent_text,
        referrer=draft.referrer,
        membership=draft.membership,
        source=draft.source,
        network=draft.network,
        created_at=now,
        expires_at=now + asking.CONFIRM_DAYS,
    )
    Letter.objects.bulk_create([_letter(draft, submission, supporter, *row) for row in draft.letters])
    _ask_for_confirmation(submission, draft.delay)
    return submission


def _supporter(address: Address) -> Supporter:
    """Who writes from this address, locked so that `forget` does not empty the address under their hands."""
    supporter, _created = Supporter.objects.select_for_update(no_key=True).get_or_create(
        address_key=address.key, defaults={"address": address.given, "address_hash": address.hash}
    )
    return supporter


def _letter(
    draft: Draft,
    submission: Submission,
    supporter: Supporter,
    candidate: Candidate,
    template: LetterTemplate,
    subject: str,
    body: str,
) -> Letter:
    composed = writing.compose(
        template, candidate, subject=subject, body=body, name=draft.name, place=draft.place
    )
    reason = (
        draft.suspicious
        or suspicion.in_words(f"{subject}\n{body}", f"{template.subjects}\n{template.body}")
        or suspicion.in_sender(draft.address, candidate.route)
        or suspicion.in_network(draft.campaign, supporter, draft.network, composed.own_words)
    )
    return Letter(
        submission=submission,
        campaign=draft.campaign,
        supporter=supporter,
        person=candidate.person,
        mandate=candidate.mandate,
        route=candidate.route,
        template=template,
        language=template.language,
        subject=composed.subject,
        body=composed.body,
        own_words=composed.own_words,
        is_test=draft.campaign.test_mode,
        held_because=reason[:300],
    )


def _ask_for_confirmation(submission: Submission, delay: timedelta = timedelta(0)) -> Resent:
    return asking.first(_hash_of(submission), partial(mails.confirmation, submission), delay)


def _hash_of(submission: Submission) -> bytes:
    return bytes(submission.supporter.address_hash)


@transaction.atomic
def resend(submission: Submission) -> Resent:
    """Send the confirmation mail once more, if the address has room for it now; else say when it has.

    Tells nothing about the address: whether it may be written to at all is asked at the door.
    """
    if submission.confirmed_at is not None or submission.expires_at <= timezone.now():
        return Resent(sent=False, next_at=None)
    return asking.again(_hash_of(submission), partial(mails.confirmation, submission))


def next_mail(submission: Submission) -> datetime:
    """When the confirmation mail may be asked for again; now, if at once. Reserves nothing."""
    return asking.next_mail(_hash_of(submission))


@transaction.atomic
def correct_address(submission: Submission, address: Address) -> Submission:
    """Move an unconfirmed submission to the right address. Links to the wrong one die, but for "it was not
    me" in a mail that has left (`denying`); a mail that has not is called off.

    The same address again changes nothing. Raises ValidationError after three corrections (a form must not be a way
    to mail strangers) and for what is confirmed or expired.
    """
    suppressions.hold(_hash_of(submission), address.hash)
    submission = (
        Submission.objects.select_for_update(of=("self",)).select_related("supporter").get(pk=submission.pk)
    )
    if submission.supporter.address_key == address.key:
        return submission
    if submission.confirmed_at is not None or submission.expires_at <= timezone.now():
        raise ValidationError(_("This letter can no longer be changed. Please write it again."), code="gone")
    if submission.corrections >= asking.MAX_CORRECTIONS:
        raise ValidationError(
            _("The address was corrected too often. Please write your letter again."), code="too_often"
        )
    asking.call_off(_hash_of(submission), asking.CORRECTED, submission=submission.pk)
    submission.supporter = supporter = _supporter(address)
    submission.nonce = new_nonce()
    submission.corrections = F("corrections") + 1
    submission.save(update_fields=["supporter", "nonce", "corrections"])
    submission.refresh_from_db()
    submission.letters.update(supporter=supporter)
    _ask_for_confirmation(submission)
    return submission


@transaction.atomic
def deny(submission: Submission, address_hash: bytes = b"") -> None:
    """ "It wasn't me": stop confirmation mail to this address for a year, and everything here that has not left.

    The address is the one a mail went to; without it, the submission's. Where that was corrected meanwhile, the
    submission is somebody else's and goes on. Safe to repeat. Others of the address that nobody confirmed end with it.
    """
    now = timezone.now()
    address_hash = address_hash or _hash_of(submission)
    asking.leave_alone(address_hash, submission=submission.pk)
    of_address = Submission.objects.filter(supporter__address_hash=address_hash)
    unconfirmed = of_address.filter(confirmed_at=None, expires_at__gt=now)
    for other in list(unconfirmed):
        asking.call_off(address_hash, asking.DENIED, submission=other.pk)
    Letter.objects.filter(submission__in=unconfirmed, status=Status.PENDING).update(
        status=Status.WITHDRAWN, ended_at=now
    )
    unconfirmed.update(expires_at=now)
    # Asked of the letters as they stand now: we hold the address, so nobody corrects it from here on.
    for letter in submission.letters.filter(supporter__address_hash=address_hash):
        withdraw(letter)


# --- afterwards ---------------------------------------------------------------------------------------------------


@transaction.atomic
def withdraw(letter: Letter, *, by_staff: bool = False) -> bool:
    """Take back a letter that has not left. False if it has, or had ended otherwise; a repeat changes nothing."""
    because = "withdrawn by the campaign" if by_staff else "withdrawn by the supporter"
    if letter.move_to(Status.WITHDRAWN, slot=None, ended_at=database_now(), held_because=because):
        return True
    letter.refresh_from_db()
    return dispatching.recall(letter, because)


def answered(letter: Letter, *, yes: bool) -> bool:
    """Note that the representative answered, or take the note back. False for a letter that has not left."""
    left = Letter.objects.filter(pk=letter.pk, status__in=[Status.DISPATCHED, Status.BY_HAND])
    changed = left.filter(answered_at__isnull=yes).update(answered_at=timezone.now() if yes else None)
    letter.refresh_from_db(fields=["answered_at", "status"])
    return bool(changed)


def sent_by_hand(letter: Letter, *, yes: bool) -> bool:
    """Note that the supporter sent it by the office's own form, or take the note back. False for any other letter."""
    by_hand = Letter.objects.filter(pk=letter.pk, status=Status.BY_HAND, dispatched_at__isnull=yes)
    changed = by_hand.update(dispatched_at=timezone.now() if yes else None)
    letter.refresh_from_db(fields=["dispatched_at", "status"])
    return bool(changed)


def hold(letter: Letter, reason: str) -> bool:
    """Let a person look at a letter before it leaves. False if it has left or ended; a repeat changes nothing."""
    held = Letter.objects.filter(pk=letter.pk, status=Status.CONFIRMED).update(
        status=Status.WITHHELD, held_because=reason[:300], held_at=database_now(), held_by=None, slot=None
    )
    if not held:
        # Not confirmed yet: remembered for the moment it is.
        held = Letter.objects.filter(pk=letter.pk, status=Status.PENDING, held_because="").update(
            held_because=reason[:300]
        )
    letter.refresh_from_db()
    return bool(held)


@transaction.atomic
def release(letter: Letter, by: User) -> bool:
    """Let a held letter go on, with a slot at the end of its queue. False if it was not held.

    Raises ValidationError if there is still no way to its representative.
    """
    letter = Letter.objects.select_related(
        "campaign", "person", "route", "supporter", "mandate__legislature"
    ).get(pk=letter.pk)
    found = routes.resolve(letter)
    if found.address is None:
        raise ValidationError(
            _("This letter cannot leave yet: %(reason)s."),
            code="no_route",
            params={"reason": in_words(found.reason)},
        )
    letter.route, letter.address_hash, letter.domain = found.route, found.address.hash, found.address.domain
    pace.hold_lanes([letter])
    moved = (
        letter.move_to(
            Status.CONFIRMED,
            held_by=by,
            held_because="",
            held_at=None,
            route=found.route,
            address_hash=found.address.hash,
            domain=found.address.domain,
            delivery=None,
            dispatched_at=None,
        )
        if letter.status == Status.WITHHELD
        else False
    )
    if moved:
        pace.allot([letter])
    return moved


def refuse(letter: Letter, by: User, reason: str) -> bool:
    """Decide that a held letter is not sent. The supporter reads that, and the reason word for word.

    False if it was not held.
    """
    return letter.move_to(
        Status.REFUSED, held_by=by, held_because=reason[:300], slot=None, ended_at=database_now()
    )
