"""The word of whoever holds the mailbox: their letters go on, and what they ticked is kept with its proof.

One function, `confirm`; safe to repeat, and of two at once one wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import transaction

from advocacy import links, mails, pace, reports, routes
from advocacy.models import Campaign, Letter, Submission, Supporter
from advocacy.sharing import personal_link
from contacts import subscriptions, suppressions
from contacts.addresses import parse
from contacts.clock import database_now
from contacts.models import Consent, MailingList
from mailer import allowance
from mailer.models import Delivery

Status = Letter.Status


@transaction.atomic
def confirm(submission: Submission) -> int:
    """Take the word of whoever holds the mailbox that they wrote these letters; from now on they wait their turn.

    Returns how many letters this call confirmed: 0 for a repeat, for an expired one, for one whose address was
    corrected meanwhile and for a closed campaign, which change nothing. A person already written to gets no second
    letter: that one becomes a duplicate, said so on the status page. The newsletter, if ticked, rides on the same
    click with a consent of its own.
    """
    now = database_now()
    suppressions.hold(bytes(submission.supporter.address_hash))
    # One confirmation of a supporter at a time, whatever the submission: who was first is then a fact.
    supporter = Supporter.objects.select_for_update().get(pk=submission.supporter_id)
    nonce = submission.nonce
    submission = (
        Submission.objects.select_for_update(of=("self",)).select_related("campaign").get(pk=submission.pk)
    )
    if submission.nonce != nonce:
        # The link died while it was used: whoever holds the old mailbox has no word for the new one.
        return 0
    if submission.confirmed_at is not None or submission.expires_at <= now:
        return 0
    if submission.forgotten_at is not None:
        # Its writer was erased while we waited for the address.
        return 0
    if submission.campaign.status == Campaign.Status.CLOSED:
        return 0
    submission.confirmed_at = now
    submission.save(update_fields=["confirmed_at"])
    submission.supporter = supporter
    Supporter.objects.filter(pk=supporter.pk).update(proven_at=now)
    allowance.answered(bytes(supporter.address_hash), Delivery.Kind.CONFIRMATION, submission=submission.pk)
    pending = list(
        submission.letters.select_for_update(of=("self",))
        .filter(status=Status.PENDING)
        .select_related("campaign", "person", "route", "mandate__legislature", "supporter")
        .order_by("pk")
    )
    confirmed = _confirm_letters(pending, now)
    _record_consents(submission, now)
    personal_link(submission)
    mails.letters_copy(submission)
    # Last, since it holds the lanes of the addresses until the transaction ends.
    pace.allot([letter for letter in confirmed if letter.status == Status.CONFIRMED], now)
    return len(confirmed)


def _confirm_letters(letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """Decide for each letter how it goes on, and store it. Returns those that go on."""
    written, reported = _already_written(letters), reports.reasons_to_hold(letters)
    for letter in letters:
        letter.confirmed_at = now
        if letter.person_id in written and not letter.is_test:
            letter.status = Status.DUPLICATE
            continue
        if not letter.is_test:
            letter.held_because = letter.held_because or reported.get(letter.person_id, "")
        letter.status = _next_status(letter)
        if letter.status == Status.WITHHELD:
            letter.held_at = now
    Letter.objects.bulk_update(
        letters,
        ["status", "confirmed_at", "held_at", "held_because", "route", "address_hash", "domain"],
    )
    return [letter for letter in letters if letter.status != Status.DUPLICATE]


def _already_written(letters: Sequence[Letter]) -> set[int]:
    if not letters:
        return set()
    live = Letter.objects.filter(
        campaign=letters[0].campaign,
        # By the hash, so that it holds for who was erased meanwhile as well.
        supporter__address_hash=letters[0].supporter.address_hash,
        person__in=[letter.person_id for letter in letters],
        status__in=Letter.LIVE,
        is_test=False,
    )
    return set(live.values_list("person_id", flat=True))


def _next_status(letter: Letter) -> Status:
    """How a letter goes on once its writer is known; sets its route, lane and reason."""
    found = routes.resolve(letter)
    if found.address is None:
        if found.by_hand:
            return Status.BY_HAND
        letter.held_because = letter.held_because or found.reason
        return Status.WITHHELD
    letter.route = found.route
    letter.address_hash, letter.domain = found.address.hash, found.address.domain
    if letter.campaign.held_until_looked_at and not letter.held_because:
        letter.held_because = "the campaign holds every letter for a look"
    return Status.WITHHELD if letter.held_because else Status.CONFIRMED


def _record_consents(submission: Submission, now: datetime) -> None:
    campaign, address = submission.campaign, parse(submission.supporter.address)
    page = links.campaign(campaign, submission.language)
    source = f"campaign {campaign.slug}"[:100]
    proof = {
        "submission": submission.pk,
        "confirmed_at": now.isoformat(),
        "by": "link in the confirmation mail",
    }
    Consent.objects.create(
        address_hash=address.hash,
        purpose=Consent.Purpose.LETTER,
        granted=True,
        text=submission.letter_consent_text,
        page=page,
        source=source,
        proof=proof,
    )
    for mailing_list, text, came_from in _wished_for(submission):
        subscriptions.subscribe_proven(
            address,
            mailing_list,
            text=text,
            page=page,
            source=f"{source}{came_from}"[:100],
            proof=proof,
            mailed_at=allowance.mailed_at(address.hash, Delivery.Kind.CONFIRMATION, submission=submission.pk),
            name=submission.name,
            language=submission.language,
            country=submission.country,
        )


def _wished_for(submission: Submission) -> Iterator[tuple[MailingList, str, str]]:
    """The lists a supporter ticked, each with the words they agreed to: the campaign's, and that of a member.

    Those the words named when the form was posted, whatever is offered now. One that is gone meanwhile, has become a
    list for tests, or belongs to another organisation than the member the words name, is replaced by none. Neither do
    submissions have one that were written before lists were kept with them and whose words do not name the list that
    was offered then (migration 0010).
    """
    news, member_news, member = submission.newsletter_list, submission.member_list, submission.membership
    if news is not None and not news.is_seed:
        yield news, submission.newsletter_consent_text, ""
    if member_news is None or member_news.is_seed or member is None:
        return
    if member_news.organisation_id == member.organisation_id:
        yield member_news, submission.member_consent_text, f" with {member.organisation.slug}"
