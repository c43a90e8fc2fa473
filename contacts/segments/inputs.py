"""The values a rule takes: each kind reads what JSON or a form brings, bounds it, and says it in words."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils import formats
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import bound_to, visible

MOST_TEXT = 200
MOST_CHOSEN = 300
MOST_WORDS = 30
MOST_DAYS = 36_500
_MAX_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One value of a rule. `clean` gives what JSON can hold, or raises ValidationError in the reader's language."""

    name: str = "value"
    label: Any = ""
    says: Any = ""  # what one that need not be there adds to the rule's sentence, e.g. "since %(value)s"
    required: bool = True

    kind = "text"

    def clean(self, raw: Any, user: User | None = None) -> Any:
        """The value, None for a missing one that need not be there. With `user`, only rows they may see are known."""
        if raw is None or (isinstance(raw, str) and not raw.strip()) or raw == []:
            if self.is_required(user):
                raise ValidationError(_("A value is missing here."), code="missing")
            return None
        return self._clean(raw, user)

    def is_required(self, user: User | None) -> bool:
        """Whether `user` has to give it."""
        return self.required

    def _clean(self, raw: Any, user: User | None) -> Any:
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """The value as a reader sees it in a sentence."""
        return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Input):
    most: int = MOST_TEXT

    def _clean(self, raw: Any, user: User | None) -> str:
        if not isinstance(raw, str):
            raise ValidationError(_("A text is needed here."), code="kind")
        text = raw.strip()
        if len(text) > self.most:
            raise ValidationError(
                _("This is too long: at most %(most)d characters."), code="long", params={"most": self.most}
            )
        if "\0" in text:
            raise ValidationError(_("This text holds a character that cannot be stored."), code="kind")
        return text

    def show(self, value: Any) -> str:
        return gettext("“%(text)s”") % {"text": value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words(Text):
    """Several short texts; in a form with commas between."""

    kind = "words"

    def _clean(self, raw: Any, user: User | None) -> list[str]:  # type: ignore[override]
        parts = raw.replace("\n", ",").split(",") if isinstance(raw, str) else raw
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValidationError(_("Words with commas between are needed here."), code="kind")
        if len(parts) > MOST_WORDS:
            raise ValidationError(
                _("At most %(most)d words can stand here."), code="long", params={"most": MOST_WORDS}
            )
        found = [super(Words, self)._clean(part, user) for part in parts if part.strip()]
        if not found:
            raise ValidationError(_("A value is missing here."), code="missing")
        return list(dict.fromkeys(found))

    def show(self, value: Any) -> str:
        return one_of([super(Words, self).show(one) for one in value])


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Input):
    """A number, whole or not; `whole`, `least` and `most` bound it."""

    whole: bool = False
    least: float = -1e15
    most: float = 1e15

    kind = "number"

    def _clean(self, raw: Any, user: User | None) -> int | float:
        value = self._number(raw)
        if self.whole and value != int(value):
            raise ValidationError(_("A whole number is needed here."), code="kind")
        if not self.least <= value <= self.most:
            raise ValidationError(
                _("A number from %(least)s to %(most)s is needed here."),
                code="bounds",
                params={
                    "least": formats.number_format(self.least, 0),
                    "most": formats.number_format(self.most, 0),
                },
            )
        return int(value) if value == int(value) else value

    def _number(self, raw: Any) -> float:
        if isinstance(raw, str) and len(raw) <= 40:
            try:
                raw = float(raw.strip().replace(",", "."))
            except ValueError:
                raw = None
        if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
            raise ValidationError(_("A number is needed here, for example 12."), code="kind")
        return raw

    def show(self, value: Any) -> str:
        return formats.localize(value, use_l10n=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Input):
    """A calendar day, kept as YYYY-MM-DD."""

    kind = "date"

    def _clean(self, raw: Any, user: User | None) -> str:
        try:
            day = dt.date.fromisoformat(raw.strip()) if isinstance(raw, str) and len(raw) <= 12 else None
        except ValueError:
            day = None
        if day is None or day.year < 1000:
            raise ValidationError(
                _("A date is needed here, written as year-month-day, for example 2026-03-31."), code="kind"
            )
        return day.isoformat()

    def show(self, value: Any) -> str:
        return formats.date_format(dt.date.fromisoformat(value), "DATE_FORMAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Input):
    """One of a closed list, or with `many` several of it. `options` are value and label in the reader's language."""

    options: Callable[[], Sequence[tuple[str, Any]]]
    many: bool = False

    @property
    def kind(self) -> str:  # type: ignore[override]
        return "choices" if self.many else "choice"

    def _clean(self, raw: Any, user: User | None) -> Any:
        chosen = raw if self.many and isinstance(raw, list) else [raw]
        if len(chosen) > MOST_CHOSEN:
            raise ValidationError(
                _("At most %(most)d can be chosen here."), code="long", params={"most": MOST_CHOSEN}
            )
        known = {value for value, _label in self.options()}
        for value in chosen:
            if not isinstance(value, str) or value not in known:
                raise ValidationError(
                    _("“%(value)s” is not one of the choices."),
                    code="choice",
                    params={"value": str(value)[:40]},
                )
        return list(dict.fromkeys(chosen)) if self.many else raw

    def show(self, value: Any) -> str:
        names = dict(self.options())
        chosen = value if self.many else [value]
        return one_of([str(names.get(one, one)) for one in chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Input):
    """One row of a table, kept as its key: a list, an import, a campaign, another segment.

    Where none need be chosen the rule asks about every row. Whoever is bound to some lists has to choose: it would
    tell them of rows they do not see.
    """

    rows: Callable[[], QuerySet[Any]]
    name_of: Callable[[Any], str] = str

    kind = "row"

    def _clean(self, raw: Any, user: User | None) -> int:
        key = int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdecimal() else raw
        if isinstance(key, bool) or not isinstance(key, int) or not 0 < key <= _MAX_KEY:
            raise ValidationError(_("Please choose one."), code="kind")
        if not self.offered(user).filter(pk=key).exists():
            raise ValidationError(_("What was chosen here is no longer there."), code="choice")
        return key

    def is_required(self, user: User | None) -> bool:
        return self.required or (user is not None and bound_to(user) is not None)

    def offered(self, user: User | None) -> QuerySet[Any]:
        rows = self.rows()
        return visible(user, rows) if user is not None else rows

    def show(self, value: Any) -> str:
        row: Model | None = self.rows().filter(pk=value).first()
        return self.name_of(row) if row is not None else gettext("(no longer there)")


def one_of(names: Sequence[str]) -> str:
    """Several values, any of which will do: “Kenya / Mali”. An "or" would read as if it joined the rules."""
    return " / ".join(names)
