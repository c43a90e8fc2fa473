"""What came of a mailing beyond mail: the apps above say, and the report shows it.

mailer asks, and never imports who answers. Each app registers in its `AppConfig.ready`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.core.cache import cache

from mailer.models import Mailing

_REMEMBERED = 300  # seconds for which an answer is shown again: it may read many rows


@dataclass(frozen=True, slots=True)
class Outcome:
    """One figure in the reader's language: how many of what, for example 12 "letters written within 14 days"."""

    count: int
    words: str
    detail: str = ""


Source = Callable[[Mailing], Iterable[Outcome]]
_sources: dict[str, Source] = {}


def register(name: str, source: Source) -> None:
    """Add what an app counts of a mailing. Its first figure is the one by which mailings are compared. Safe to repeat."""
    _sources[name] = source


def outcomes(mailing: Mailing, language: str) -> Sequence[Outcome]:
    """What came of a mailing, in `language`; counted at most every five minutes."""
    key = f"outcomes:{mailing.pk}:{language}"
    found = cache.get_or_set(
        key, lambda: [one for ask in _sources.values() for one in ask(mailing)], _REMEMBERED
    )
    return found or []


def first_outcome(mailing: Mailing, language: str) -> Outcome | None:
    """The figure by which mailings are compared; None where no app counts anything."""
    return next(iter(outcomes(mailing, language)), None)
