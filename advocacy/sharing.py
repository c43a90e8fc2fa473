"""What a supporter passes on: plain links that open a network's own page. No script, no picture, no counter of theirs."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.crypto import constant_time_compare, salted_hmac

from advocacy.models import Campaign, Submission
from mailer import networks


@dataclass(frozen=True, slots=True)
class Share:
    """One way to pass a text on."""

    name: str
    href: str


def ways(title: str, text: str, link: str) -> list[Share]:
    """The links for `text` and `link`, the ones that work on any phone first."""
    return [
        Share(networks.label(name), networks.share(name, title=title, text=text, link=link))
        for name in networks.USUAL
    ]


def code(submission: Submission) -> str:
    """What stands in a supporter's personal link; it counts who came by it and opens nothing."""
    return f"{_base36(submission.pk)}-{_seal(submission.pk)}"


def referrer(campaign: Campaign, given: str) -> Submission | None:
    """The confirmed submission behind a personal link of this campaign, or None."""
    number, _dash, seal = given.partition("-")
    if not (number.isascii() and number.isalnum() and len(number) < 12):
        return None
    pk = int(number, 36)
    if not constant_time_compare(seal, _seal(pk)):
        return None
    return Submission.objects.filter(pk=pk, campaign=campaign, confirmed_at__isnull=False).first()


def _seal(pk: int) -> str:
    # Short, because people read it: forging one wins nothing but a wrong count.
    return salted_hmac("advocacy.sharing.code", str(pk), algorithm="sha256").hexdigest()[:10]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
