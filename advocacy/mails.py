"""The mails we write ourselves, and the letter as it goes out. Texts come from `templates/email/<mail>/`.

A confirmation goes to somebody who has not proven to be the writer: it holds nothing the writer typed, no name and
no letter, only a fixed greeting, the campaign's title and links (RELIABILITY A2). Links are secrets: they are filled
in at the door from ids and stored nowhere.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from advocacy import asking, links, texts
from advocacy.expressions import mails as expressions
from advocacy.models import Letter, Submission
from contacts.addresses import Address, parse
from mailer import composing, sending
from mailer.composing import Rendered
from mailer.models import Delivery, Message
from mailer.preferences import link_mails

# --- to the supporter -------------------------------------------------------------------------------------------


def confirmation(submission: Submission, at: datetime | None = None) -> Delivery:
    """Queue the mail that asks the owner of the mailbox to confirm."""
    return _without_free_text("confirmation", submission, at)


def reminder(submission: Submission) -> Delivery:
    """Queue the one reminder of a confirmation that has not come."""
    return _without_free_text("reminder", submission, None)


def letters_copy(submission: Submission) -> Delivery:
    """Queue the mail that follows the confirmation: the link to the status page and a copy of the letters."""
    found = submission.letters.exclude(status=Letter.Status.DUPLICATE).select_related("person").order_by("pk")
    letters = list(found)
    context = _context(submission) | {
        "letters": letters,
        "number": len(letters),
        "duplicates": _duplicates(submission),
    }
    rendered = composing.render_mail("letters_copy", context, links.page_language(submission.language))
    message = _write(rendered, submission)
    return sending.queue(
        message,
        to=parse(submission.supporter.address),
        kind=Delivery.Kind.SYSTEM,
        context={"submission": submission.pk},
    )


def _without_free_text(mail: str, submission: Submission, at: datetime | None) -> Delivery:
    language = links.page_language(submission.language)
    context = _context(submission) | {"number": submission.letters.count()}
    rendered = _rendered(mail, tuple(sorted(context.items())), language)
    return sending.queue(
        _shared_message(rendered, submission),
        to=parse(submission.supporter.address),
        kind=Delivery.Kind.CONFIRMATION,
        due_at=at,
        context={"submission": submission.pk},
    )


def _context(submission: Submission) -> dict[str, Any]:
    campaign = submission.campaign
    return {
        "campaign_title": texts.title_of(campaign, submission.language),
        "sender_name": campaign.sender_name,
        "contact_address": campaign.contact_address,
        "postal_address": settings.POSTAL_ADDRESS,
        "accent": campaign.accent,
    }


def _duplicates(submission: Submission) -> list[Letter]:
    return list(submission.letters.filter(status=Letter.Status.DUPLICATE).select_related("person"))


@functools.lru_cache(maxsize=256)
def _rendered(mail: str, context: tuple[tuple[str, Any], ...], language: str) -> Rendered:
    return composing.render_mail(mail, dict(context), language)


# Confirmations of one campaign in one language for as many letters are the same text: one message serves them all.
_messages: dict[tuple[Rendered, str], int] = {}


def _shared_message(rendered: Rendered, submission: Submission) -> Message:
    key = (rendered, submission.campaign.sender_name)
    kept = Message.objects.filter(pk=_messages.get(key, 0), erased_at=None, subject=rendered.subject)
    found = kept.only("pk").first()
    if found is None:
        found = _write(rendered, submission)
        _messages[key] = found.pk
    return found


def _write(rendered: Rendered, submission: Submission) -> Message:
    return sending.write(
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        from_name=submission.campaign.sender_name,
        language=links.page_language(submission.language),
    )


# --- to the representative ------------------------------------------------------------------------------------------


def letter(letter: Letter, to: Address) -> Delivery:
    """Queue a letter for its representative, or marked as a test for whoever tests.

    From "Ann Example via Campaign" at our own domain, since a letter From: the supporter would fail their provider's
    DMARC; Reply-To the supporter. Raises ValidationError if a header could be read as anything but itself.
    """
    submission = letter.submission
    supporter = parse(submission.supporter.address)
    subject, text = letter.subject, f"{letter.body.rstrip()}\n{_report_line(letter)}"
    if letter.is_test:
        subject, text = f"[TEST] {subject}", f"{_test_line(letter)}\n\n{text}"
    message = sending.write(
        subject=subject,
        text=text,
        html=composing.html_twin(text, letter.language),
        from_name=_via(letter),
        reply_to=supporter.mailable,
        reply_to_name=submission.name,
        language=letter.language,
    )
    return sending.queue(message, to=to, kind=Delivery.Kind.LETTER, context={"letter": letter.pk})


def _via(letter: Letter) -> str:
    with translation.override(letter.language):
        return _("%(name)s via %(campaign)s") % {
            "name": letter.submission.name,
            "campaign": letter.campaign.sender_name,
        }


def _report_line(letter: Letter) -> str:
    with translation.override(letter.language):
        return _("Is something wrong with this letter? Tell us: %(link)s") % {"link": "{{ report_link }}"}


def _test_line(letter: Letter) -> str:
    with translation.override(links.page_language(letter.submission.language)):
        return _("This is a test. In earnest this letter would have gone to %(name)s.") % {
            "name": letter.person.name
        }


# --- what mailer asks us at its door ------------------------------------------------------------------------------


def check_confirmation(delivery: Delivery) -> str:
    """Why a confirmation may no longer go: it was confirmed, denied, expired, or the address was corrected."""
    if expressions.is_ours(delivery):
        return expressions.check(delivery)
    submission = _submission_of(delivery)
    if submission is None:
        return "" if "submission" not in delivery.context else "the submission is gone"
    if submission.confirmed_at is not None:
        return "it was confirmed already"
    if submission.expires_at <= timezone.now():
        return "its time to be confirmed is over"
    if bytes(submission.supporter.address_hash) != bytes(delivery.address_hash):
        return asking.CORRECTED
    return ""


def confirmation_fields(delivery: Delivery) -> Mapping[str, str]:
    if expressions.is_ours(delivery):
        return expressions.fields(delivery)
    submission = _submission_of(delivery)
    if submission is None:
        return {}
    return {"link": links.confirm(submission), "not_me_link": links.not_me(submission, delivery)}


def check_notice(delivery: Delivery) -> str:
    """Why a link somebody asked for may not go; of all but expressions the mailer knows."""
    return expressions.check(delivery) if expressions.is_ours(delivery) else link_mails.check(delivery)


def notice_fields(delivery: Delivery) -> Mapping[str, str]:
    return expressions.fields(delivery) if expressions.is_ours(delivery) else link_mails.fields(delivery)


def system_fields(delivery: Delivery) -> Mapping[str, str]:
    if expressions.is_ours(delivery):
        return expressions.fields(delivery)
    submission = _submission_of(delivery)
    return {"link": links.status(submission)} if submission else {}


def letter_fields(delivery: Delivery) -> Mapping[str, str]:
    found = Letter.objects.select_related("submission").filter(delivery=delivery).first()
    return {"report_link": links.report(found)} if found else {}


def _submission_of(delivery: Delivery) -> Submission | None:
    pk = delivery.context.get("submission")
    return Submission.objects.select_related("supporter").filter(pk=pk).first() if pk else None
