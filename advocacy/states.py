"""The truth about one letter, in words: what we did (the letter and its delivery) and what the world reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from advocacy.models import Campaign, Letter
from advocacy.retention import HELD_DAYS
from mailer.bounces import in_words
from mailer.models import Delivery

Status, Sent = Letter.Status, Delivery.Status

# The codes of all states, each with its word, in the order of a letter's life.
WORDS: dict[str, Any] = {
    "unconfirmed": gettext_lazy("not confirmed yet"),
    "waiting": gettext_lazy("waiting"),
    "held": gettext_lazy("held for a look"),
    "by_hand": gettext_lazy("for you to send"),
    "leaving": gettext_lazy("leaving"),
    "sent": gettext_lazy("sent"),
    "delivered": gettext_lazy("delivered"),
    "answered": gettext_lazy("answered"),
    "sent_by_hand": gettext_lazy("sent by you"),
    "bounced": gettext_lazy("came back"),
    "unknown": gettext_lazy("unknown"),
    "failed": gettext_lazy("not sent"),
    "refused": gettext_lazy("not sent"),
    "closed": gettext_lazy("not sent"),
    "withdrawn": gettext_lazy("withdrawn"),
    "duplicate": gettext_lazy("already written"),
    "expired": gettext_lazy("expired"),
}


@dataclass(frozen=True, slots=True)
class LetterState:
    """Where a letter stands.

    code: a key of `WORDS`, for tests, styles and filters. sentence: for people, translated. icon: a name of
    `_icon.html`. tone: good, waiting, bad or plain. when: the moment the state is about, None if there is none.
    """

    code: str
    sentence: str
    icon: str
    tone: str
    when: datetime | None = None
    can_withdraw: bool = False
    can_answer: bool = False

    @property
    def word(self) -> str:
        """The state in a word or three, translated: “came back”."""
        return str(WORDS[self.code])


def having(code: str) -> Q:
    """The letters whose `state_of` has this code: every letter has exactly one. Raises KeyError for no such code."""
    left = Q(status=Status.DISPATCHED, answered_at=None)
    no_news = left & Q(delivery__bounced_at=None, delivery__delivered_at=None)
    by_hand = Q(status=Status.BY_HAND, answered_at=None)
    is_closed = Q(campaign__status=Campaign.Status.CLOSED)
    return {
        "unconfirmed": Q(status=Status.PENDING) & ~is_closed,
        "closed": Q(status=Status.PENDING) & is_closed,
        "waiting": Q(status=Status.CONFIRMED),
        "held": Q(status=Status.WITHHELD) | no_news & Q(delivery__status=Sent.SUPPRESSED),
        "by_hand": by_hand & Q(dispatched_at=None),
        "sent_by_hand": by_hand & Q(dispatched_at__isnull=False),
        "leaving": no_news & Q(delivery__status__in=[Sent.QUEUED, Sent.SENDING]),
        "sent": no_news & Q(delivery__status=Sent.SENT),
        "unknown": no_news & Q(delivery__status=Sent.UNKNOWN),
        "failed": no_news & Q(delivery__status=Sent.FAILED),
        "bounced": left & Q(delivery__bounced_at__isnull=False),
        "delivered": left & Q(delivery__bounced_at=None, delivery__delivered_at__isnull=False),
        "answered": Q(status__in=[Status.DISPATCHED, Status.BY_HAND], answered_at__isnull=False),
        "withdrawn": Q(status=Status.WITHDRAWN) | no_news & Q(delivery__status=Sent.CANCELLED),
        "refused": Q(status=Status.REFUSED),
        "duplicate": Q(status=Status.DUPLICATE),
        "expired": Q(status=Status.EXPIRED),
    }[code]


def state_of(letter: Letter) -> LetterState:
    """The state of a letter. Asks the database for nothing if delivery, campaign and submission are loaded."""
    match letter.status:
        case Status.PENDING:
            return _pending(letter)
        case Status.CONFIRMED:
            return _waiting(letter)
        case Status.DISPATCHED:
            return _dispatched(letter)
    return _ended(letter)


def _pending(letter: Letter) -> LetterState:
    if letter.campaign.status == Campaign.Status.CLOSED:
        return LetterState(
            "closed",
            _("The campaign was closed before this letter was confirmed."),
            "cross",
            "bad",
            letter.campaign.closed_at,
        )
    return LetterState(
        "unconfirmed",
        _("Nothing leaves before the link in our mail has been used."),
        "mail",
        "waiting",
        letter.submission.expires_at,
        can_withdraw=True,
    )


def _waiting(letter: Letter) -> LetterState:
    campaign = letter.campaign
    if campaign.stopped:
        sentence, when = (
            _("The campaign has stopped all letters for now. It will leave when that ends."),
            None,
        )
    elif campaign.test_mode and not letter.is_test:
        sentence, when = _("The campaign is being tested. It will leave when that ends."), None
    elif campaign.office_hours:
        sentence, when = (
            _("Letters leave one by one, while the office is open, so that they are read."),
            letter.slot,
        )
    else:
        sentence, when = _("Letters leave one by one, so that they are read."), letter.slot
    return LetterState("waiting", sentence, "clock", "waiting", when, can_withdraw=True)


def _dispatched(letter: Letter) -> LetterState:
    delivery = letter.delivery
    assert delivery is not None  # noqa: S101 - a constraint of the database holds it
    if letter.answered_at is not None:
        return _answered(letter)
    if delivery.bounced_at is not None:
        return _bounced(delivery)
    if delivery.delivered_at is not None:
        return _delivered(letter, delivery)
    match delivery.status:
        case Sent.SENT:
            return _sent(delivery)
        case Sent.QUEUED | Sent.SENDING:
            return LetterState(
                "leaving",
                _("It is on its way to the mail provider.")
                if delivery.attempts < 2
                else _("The mail provider did not take it yet. We try again."),
                "clock",
                "waiting",
                letter.dispatched_at,
                can_withdraw=delivery.status == Sent.QUEUED,
            )
        case Sent.UNKNOWN:
            return LetterState(
                "unknown",
                _(
                    "We asked the mail provider and got no clear answer. It may have left; we do not send it twice."
                ),
                "question",
                "waiting",
                delivery.asked_at,
            )
        case Sent.CANCELLED:
            return _withdrawn(letter)
        case Sent.SUPPRESSED:
            # Refused at our own door; in a moment it is withheld (`retention.take_back`).
            return _held(letter, can_withdraw=False)
    # Why is kept on the delivery in words for staff; they are in one language and may name what is not public.
    return LetterState(
        "failed",
        _("It could not be handed to our mail provider, so it was not sent. The campaign sees why."),
        "alert",
        "bad",
        letter.dispatched_at,
    )


def _answered(letter: Letter) -> LetterState:
    return LetterState(
        "answered",
        _("You told us that they answered."),
        "check",
        "good",
        letter.answered_at,
        can_answer=True,
    )


def _by_hand(letter: Letter) -> LetterState:
    if letter.answered_at is not None:
        return _answered(letter)
    if letter.dispatched_at is not None:
        return LetterState(
            "sent_by_hand",
            _("You told us that you sent it by their form. Did they answer? Tell us."),
            "check",
            "good",
            letter.dispatched_at,
            can_answer=True,
        )
    return LetterState(
        "by_hand",
        _("This office takes letters by its own form only. Copy the text and send it there."),
        "form",
        "waiting",
        letter.confirmed_at,
        can_answer=True,
    )


def _bounced(delivery: Delivery) -> LetterState:
    why = in_words(delivery.bounce_class, delivery.bounce_code)
    sentence = (
        _("The office's mail server refused it: %(reason)s. We are looking for a better address.")
        % {"reason": why}
        if why
        else _("The office's mail server refused it. We are looking for a better address.")
    )
    return LetterState("bounced", sentence, "alert", "bad", delivery.bounced_at)


def _delivered(letter: Letter, delivery: Delivery) -> LetterState:
    if letter.is_test:
        sentence = _("This test is in the tester's mailbox. Nothing went to the representative.")
    else:
        sentence = _("The office's mail server has taken it. Did they answer? Tell us.")
    return LetterState(
        "delivered",
        sentence,
        "check",
        "good",
        delivery.delivered_at,
        can_answer=not letter.is_test,
    )


def _sent(delivery: Delivery) -> LetterState:
    if delivery.deferred_at is not None:
        sentence = _("The office's mail server asked us to wait. Our provider tries again by itself.")
    else:
        sentence = _("Our mail provider has taken it. We have no news from the office's mail server yet.")
    return LetterState("sent", sentence, "mail", "waiting", delivery.sent_at, can_answer=True)


def _held(letter: Letter, *, can_withdraw: bool) -> LetterState:
    return LetterState(
        "held",
        _("A person of the campaign looks at it before it leaves."),
        "clock",
        "waiting",
        letter.held_at,
        can_withdraw=can_withdraw,
    )


def _withdrawn(letter: Letter) -> LetterState:
    sentence = (
        _("The campaign took this letter back.")
        if letter.held_because == "withdrawn by the campaign"
        else _("You took this letter back.")
    )
    return LetterState("withdrawn", sentence, "cross", "plain", letter.ended_at)


def _ended(letter: Letter) -> LetterState:
    match letter.status:
        case Status.WITHHELD:
            return _held(letter, can_withdraw=True)
        case Status.BY_HAND:
            return _by_hand(letter)
        case Status.WITHDRAWN:
            return _withdrawn(letter)
        case Status.REFUSED:
            sentence = (
                _("The campaign decided not to send it: %(reason)s.")
                % {"reason": letter.held_because.rstrip(".")}
                if letter.held_because
                else _("The campaign decided not to send it.")
            )
            return LetterState("refused", sentence, "cross", "bad", letter.ended_at)
        case Status.DUPLICATE:
            return LetterState(
                "duplicate",
                _(
                    "You have written to this person in this campaign before. One letter each is what offices read."
                ),
                "check",
                "plain",
                letter.confirmed_at,
            )
    when: datetime | None
    if letter.confirmed_at is None:
        sentence, when = _("It was never confirmed, so it was not sent."), letter.submission.expires_at
    else:
        sentence = _("Nobody could look at it in time, so it was not sent.")
        when = letter.held_at + HELD_DAYS if letter.held_at else None
    return LetterState("expired", sentence, "cross", "bad", when)
