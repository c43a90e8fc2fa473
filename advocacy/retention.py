"""What ends by time: reminders, unconfirmed and forgotten letters, and what we no longer need to know.

Counts stay for ever; words, names, places and addresses do not (GDPR 5(1)(e), RELIABILITY "Law as data").
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import audit
from advocacy import asking, dispatching, mails
from advocacy.expressions import retention as expressions
from advocacy.models import Campaign, Letter, Report, Submission, Supporter
from advocacy.sharing.links import let_go
from contacts import suppressions
from contacts.clock import database_now
from mailer import allowance, personal
from mailer.models import Delivery, DeliveryEvent, Message

Status = Letter.Status

HELD_DAYS = timedelta(days=30)
TEXT_DAYS = timedelta(days=90)
# A name that nobody confirmed belongs to somebody we do not know: it goes sooner.
UNCONFIRMED_DAYS = timedelta(days=30)
NETWORK_DAYS = timedelta(days=30)
BATCH = 500

_OUR_WORDS = ["withdrawn by the campaign", "withdrawn by the supporter", "its writer was erased"]
_OPEN_LETTERS = [Status.PENDING, Status.CONFIRMED, Status.WITHHELD]
_OWN_MAILS = [Delivery.Kind.CONFIRMATION, Delivery.Kind.SYSTEM]
_OPEN_DELIVERIES = [Delivery.Status.QUEUED, Delivery.Status.SENDING, Delivery.Status.UNKNOWN]


def expire() -> int:
    """Remind once, end what was not confirmed in 7 days or looked at in 30. Returns how many letters ended.
    Expressions of support that were not confirmed end with them.

    Safe to repeat and to run twice at once.
    """
    remind()
    expressions.remind()
    now = timezone.now()
    take_back()
    expressions.expire()
    # The status stands on the letter itself, so that PostgreSQL asks it again where a confirmation was just ahead.
    over = Submission.objects.filter(confirmed_at=None, expires_at__lte=now)
    unconfirmed = Letter.objects.filter(status=Status.PENDING, submission__in=over)
    held = Letter.objects.filter(status=Status.WITHHELD, held_at__lte=now - HELD_DAYS)
    return sum(rows.update(status=Status.EXPIRED, slot=None, ended_at=now) for rows in (unconfirmed, held))


def remind() -> int:
    """Send the one reminder to mailboxes that did not answer within a day. Returns how many were queued.

    It counts against the budget of the address (A3); where that is spent it is tried again at the next run. Who has
    confirmed other letters of the campaign meanwhile is not reminded.
    """
    now = timezone.now()
    waiting = (
        Submission.objects.filter(
            confirmed_at=None,
            reminded_at=None,
            created_at__lte=now - asking.REMIND_AFTER,
            expires_at__gt=now + asking.REMIND_AFTER,
            campaign__status=Campaign.Status.OPEN,
        )
        .exclude(supporter__address="")
        .order_by("pk")
    )
    return sum(_remind(submission.pk) for submission in waiting.only("pk").iterator(chunk_size=BATCH))


@transaction.atomic
def _remind(pk: int) -> bool:
    now = timezone.now()
    waiting = Submission.objects.filter(pk=pk, confirmed_at=None, reminded_at=None)
    seen = waiting.values_list("supporter__address_hash", flat=True).first()
    if seen is None:
        return False
    # First the address, then the row, as everybody who holds both does.
    address_hash = bytes(seen)
    suppressions.hold(address_hash)
    submission = (
        waiting.select_for_update(of=("self",), skip_locked=True)
        .select_related("supporter", "campaign")
        .filter(supporter__address_hash=address_hash)
        .first()
    )
    if submission is None:
        return False
    done = submission.supporter.submissions.filter(campaign=submission.campaign, confirmed_at__isnull=False)
    sends = not done.exists()
    due = database_now()
    if sends and allowance.next_mail(address_hash, due) > due:
        return False
    Submission.objects.filter(pk=pk).update(reminded_at=now)
    if sends:
        mails.reminder(submission)
    return sends


def take_back() -> int:
    """Hold letters again that the door refused before the provider was asked: nothing has left, a person decides.

    Returns how many. The receiver of `delivery_settled` does it at once; this finds what a crash left over.
    """
    refused = Letter.objects.filter(
        status=Status.DISPATCHED, delivery__status=Delivery.Status.SUPPRESSED
    ).select_related("delivery")
    return sum(take_back_one(letter) for letter in refused[:BATCH])


def take_back_one(letter: Letter) -> bool:
    """Hold a letter whose delivery was refused at our own door. False if that is not so."""
    delivery = letter.delivery
    if (
        delivery is None
        or delivery.status != Delivery.Status.SUPPRESSED
        or letter.status != Status.DISPATCHED
    ):
        return False
    if not letter.body:
        # Its writer was erased while it was on its way: there is nothing to look at, and nothing to send.
        taken = Letter.objects.filter(pk=letter.pk, status=Status.DISPATCHED, delivery=delivery)
        return bool(taken.update(status=Status.WITHDRAWN, slot=None))
    return letter.move_to(
        Status.WITHHELD, held_because=delivery.reason[:300], held_at=timezone.now(), slot=None
    )


# --- forgetting -----------------------------------------------------------------------------------------------------


def forget() -> int:
    """Empty names, places and texts of submissions that are over, and old network hashes. Returns how many.

    Confirmed ones 90 days after the click, once every letter is settled; unconfirmed ones 30 days after they
    expired. The address of a supporter goes with the last of them; its keyed hash stays. Safe to repeat.
    """
    expressions.forget()
    now = timezone.now()
    Submission.objects.filter(created_at__lt=now - NETWORK_DAYS).exclude(network="").update(network="")
    over = Submission.objects.filter(forgotten_at=None).filter(
        Q(confirmed_at__lt=now - TEXT_DAYS) | Q(confirmed_at=None, expires_at__lt=now - UNCONFIRMED_DAYS)
    )
    settled = over.filter(~Exists(_unsettled()))
    total = 0
    while pks := list(settled.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        total += _empty(pks)["advocacy.submission"]
    while pks := list(_no_longer_needed().order_by("pk").values_list("pk", flat=True)[:BATCH]):
        _forget_addresses(pks)
    return total


@transaction.atomic
def erase(supporter: Supporter) -> dict[str, int]:
    """Erase a person: withdraw what has not left, empty every text and the address. The keyed hash stays, so that
    a suppression and "one letter each" go on to hold. Returns the rows touched by table. Safe to repeat; there is no
    way back."""
    supporter = Supporter.objects.select_for_update().get(pk=supporter.pk)
    now = timezone.now()
    waiting = Letter.objects.filter(supporter=supporter, status__in=_OPEN_LETTERS)
    waiting.update(status=Status.WITHDRAWN, slot=None)
    # Those in the mailer's queue, too: their text is emptied below, and an empty letter must not leave.
    for letter in Letter.objects.filter(
        supporter=supporter, status=Status.DISPATCHED, delivery__status=Delivery.Status.QUEUED
    ).select_related("delivery"):
        dispatching.recall(letter, "its writer was erased")
    supporter.submissions.filter(confirmed_at=None, expires_at__gt=now).update(expires_at=now)
    counts = _empty(list(supporter.submissions.values_list("pk", flat=True)))
    supporter.submissions.exclude(network="").update(network="")
    let_go(supporter)
    mails = _empty_address(supporter)
    return {**counts, "mailer.delivery": mails, "advocacy.supporter": int(supporter.address != "")}


def _no_longer_needed() -> QuerySet[Supporter]:
    """Supporters of whom every submission is forgotten, or went to a corrected address, with no mail on its way."""
    theirs = Submission.objects.filter(supporter=OuterRef("pk"), forgotten_at=None)
    # A mail that waits may be of something else they wrote: it would stop at the door without its address.
    waiting = Delivery.objects.filter(
        address_hash=OuterRef("address_hash"),
        kind__in=_OWN_MAILS,
        status__in=[Delivery.Status.QUEUED, Delivery.Status.SENDING],
        created_at__gt=timezone.now() - asking.CONFIRM_DAYS,
    )
    return Supporter.objects.exclude(address="").filter(~Exists(theirs), ~Exists(waiting))


@transaction.atomic
def _forget_addresses(pks: list[int]) -> None:
    """Empty the addresses of those who are still no longer needed once nobody can write in their name."""
    list(Supporter.objects.select_for_update().filter(pk__in=pks).order_by("pk").values_list("pk"))
    for supporter in _no_longer_needed().filter(pk__in=pks):
        _empty_address(supporter)


def _empty_address(supporter: Supporter) -> int:
    """Empty the address of a locked supporter, and that of our own mails to them; what still waits stops at the door.
    Returns how many mails."""
    own = Delivery.objects.filter(address_hash=supporter.address_hash, kind__in=_OWN_MAILS)
    emptied = own.exclude(address="").exclude(status=Delivery.Status.SENDING).update(address="")
    Supporter.objects.filter(pk=supporter.pk).update(address="", address_key=None)
    return emptied


def _unsettled() -> QuerySet[Letter]:
    return Letter.objects.filter(submission=OuterRef("pk")).filter(
        Q(status__in=_OPEN_LETTERS) | Q(delivery__status__in=_OPEN_DELIVERIES)
    )


@transaction.atomic
def _empty(pks: list[int]) -> dict[str, int]:
    """Empty the texts of submissions, of their letters, and of the mails that carried them. Returns rows by table."""
    now = timezone.now()
    letters = Letter.objects.filter(submission__in=pks)
    sent = Delivery.objects.filter(letter__in=letters)
    copies = Delivery.objects.filter(
        kind=Delivery.Kind.SYSTEM,
        address_hash__in=Submission.objects.filter(pk__in=pks).values("supporter__address_hash"),
        context__submission__in=pks,
    )
    mails = Message.objects.filter(Q(pk__in=sent.values("message")) | Q(pk__in=copies.values("message")))
    counts = {
        "mailer.message": personal.empty_messages(mails),
        # The provider repeats the name of the sender and the subject in what it reports.
        "mailer.deliveryevent": personal.empty_reports(DeliveryEvent.objects.filter(delivery__in=sent)),
        "accounts.reason": audit.forget_reasons_of(Letter, letters.values_list("pk", flat=True)),
        "advocacy.letter": letters.exclude(subject="", body="").update(subject="", body=""),
        "advocacy.report": Report.objects.filter(letter__in=letters).exclude(words="").update(words=""),
    }
    # Staff may have typed it; how a letter was withdrawn is in our own words, and read on the supporter's page.
    letters.exclude(held_because="").exclude(held_because__in=_OUR_WORDS).update(held_because="")
    # A letter written as a test went to whoever tested.
    sent.filter(letter__is_test=True).exclude(status=Delivery.Status.SENDING).update(address="")
    counts["advocacy.submission"] = Submission.objects.filter(pk__in=pks, forgotten_at=None).update(
        name="", place="", postcode="", forgotten_at=now
    )
    return counts
