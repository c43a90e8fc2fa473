"""What advocacy knows of one person: the letters they wrote, for the timeline, their export and their erasure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from advocacy import retention
from advocacy.models import Letter, Submission, Supporter
from advocacy.states import state_of
from contacts import registry
from contacts.registry import Entry, Person

_NEWEST = 200


def register() -> None:
    since = Submission.objects.filter(
        supporter__address_hash=OuterRef("address_hash"), created_at__gte=OuterRef("created_at")
    )
    registry.register("advocacy.supporter", timeline=timeline, eraser=erase, use=Exists(since))
    registry.register("Letters", exporter=export)


def timeline(person: Person) -> Iterator[Entry]:
    """The newest letters of this person, each where it stands now."""
    rows = _letters(person).order_by("-pk")
    for letter in rows[:_NEWEST]:
        yield Entry(
            at=letter.confirmed_at or letter.submission.created_at,
            kind="letter",
            words=_("Letter to %(name)s: %(state)s")
            % {"name": letter.person.name, "state": state_of(letter).word},
            detail=letter.campaign.name + (f" · {_('test')}" if letter.is_test else ""),
            url=reverse("admin:advocacy_letter_change", args=[letter.pk]),
            permission="advocacy.view_letter",
            about=letter,
        )


def export(person: Person) -> list[dict[str, Any]]:
    return [_exported(letter) for letter in _letters(person).order_by("pk")]


def _exported(letter: Letter) -> dict[str, Any]:
    submission, state = letter.submission, state_of(letter)
    known = {
        "Campaign": letter.campaign.name,
        "To": letter.person.name,
        "Your name": submission.name,
        "Your place": submission.place,
        "Your postcode": submission.postcode,
        "Your country": submission.country,
        "Language": letter.language,
        "Written": submission.created_at.isoformat(),
        "Confirmed": letter.confirmed_at.isoformat() if letter.confirmed_at else "",
        "Left": letter.dispatched_at.isoformat() if letter.dispatched_at else "",
        "Standing": str(state.word),
        "Subject": letter.subject,
        "Text": letter.body,
        "You agreed to": submission.letter_consent_text,
        "You came by": submission.membership.organisation.name if submission.membership else "",
        "And to news from them": submission.member_consent_text if submission.wants_member_news else "",
    }
    return {title: value for title, value in known.items() if value}


def _letters(person: Person) -> Any:
    return Letter.objects.filter(supporter__address_hash=person.hash).select_related(
        "campaign", "person", "submission__membership__organisation", "delivery"
    )


def erase(person: Person) -> Counter[str]:
    """Withdraw what has not left and empty the rest (`retention.erase`). Sent letters stay counted, without the person."""
    counts: Counter[str] = Counter()
    for supporter in Supporter.objects.filter(address_hash=person.hash).order_by("pk"):
        counts.update(retention.erase(supporter))
    return counts
