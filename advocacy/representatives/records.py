"""What a reader hands over: plain records, one person at a time, free of any format and any database."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from django.utils.text import slugify

if TYPE_CHECKING:
    from advocacy.models import ColumnMapping

MAX_ID = 200
MAX_NAME = 200
MAX_BODY_ID = 130  # with term and digest it makes a mandate's id
MAX_TERM = 40


class ImportFileError(Exception):
    """A file we cannot take. The text is one clear sentence for the person who gave it, at the desk or not.

    `hint` is what the command line adds to it: an option or another command.
    """

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class LegislatureRecord:
    """One chamber. What is guessed from the country is written once and never over what staff made of it."""

    source_id: str
    country: str
    name: str
    chamber: str = "single"
    level: str = "national"
    region: str = ""
    native_name: str = ""
    language: str = ""
    time_zone: str = "UTC"
    office_days: str = "12345"


@dataclass(frozen=True, slots=True)
class AreaRecord:
    """A place. With `shared` it is one row for all sources that know its code: a postcode finds all of them."""

    source_id: str
    country: str
    name: str
    code: str = ""
    parent: AreaRecord | None = None
    shared: bool = False

    @property
    def key(self) -> str:
        """What tells areas of one run apart."""
        return f"{'shared' if self.shared else 'own'} {self.source_id}"


@dataclass(frozen=True, slots=True)
class RouteRecord:
    kind: str
    value: str
    key: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """One piece of a file that was not taken: whose it was, where it stood, the piece itself, and why.

    `row` is the row of a table, the header being the first; 0 for a format that has none.
    """

    person: str
    field: str
    text: str
    reason: str
    row: int = 0

    def as_dict(self) -> dict[str, str | int]:
        return {
            "row": self.row,
            "person": line(self.person, 80),
            "field": self.field,
            "text": line(self.text),
            "reason": self.reason,
        }


@dataclass(slots=True)
class MandateRecord:
    """A seat. `term` narrows what a partial file covers: a term CSV ends nothing of another term."""

    legislature: LegislatureRecord
    area: AreaRecord | None = None
    term: str = ""
    role: str = ""
    party: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    own_start: bool = (
        True  # False: `start` is only the term's, which another file of the same seat may not know
    )
    dates_known: bool = True  # False: a missing date is not an open one, and keeps what is stored

    def source_id(self, person: str) -> str:
        """Made from what a seat is, without its end: a corrected end date is an update, not another seat.

        A member who becomes the chamber's president keeps the seat; in a government the role is the seat.
        """
        role = self.role if self.legislature.chamber == "executive" else ""
        area = self.area.source_id if self.area else ""
        start = str(self.start) if self.start and self.own_start else ""
        seat = "\x1f".join([area, self.party.casefold(), role, start])
        digest = blake2b(f"{person}\x1f{seat}".encode(), digest_size=10).hexdigest()
        body, term = self.legislature.source_id.replace("|", "-"), self.term.replace("|", "-")
        return f"{body[:MAX_BODY_ID]}|{term[:MAX_TERM]}|{digest}"


@dataclass(slots=True)
class PersonRecord:
    """One person. None means "this format does not tell", and leaves what another file told; "" is an answer."""

    source_id: str
    name: str
    native_name: str | None = None
    sort_name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    honorific: str | None = None
    gender: str | None = None
    language: str | None = None
    image_url: str | None = None
    other_names: dict[str, str] | None = None
    mandates: list[MandateRecord] = field(default_factory=list)
    routes: list[RouteRecord] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    row: int = 0  # where it stands in a table, the header being row 1


@dataclass(slots=True)
class Reading:
    """What a reader is told, and what it tells besides people."""

    country: str = ""
    mapping: ColumnMapping | None = None
    # What the files are complete for: (legislature, term), term None for all terms. Only a mandate inside may
    # be closed because it is missing.
    covers: set[tuple[str, str | None]] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings and len(self.warnings) < 200:
            self.warnings.append(sentence)


def line(value: object, limit: int = MAX_NAME) -> str:
    """`value` as one line: NFC, without control characters, blanks made one; cut at `limit` characters."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = unicodedata.normalize("NFC", str(value))
    kept = "".join(" " if character.isspace() else character for character in text if _printable(character))
    return re.sub(" {2,}", " ", kept).strip()[:limit]


def _printable(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}


def has_foreign_letters(text: str) -> bool:
    """Whether any letter of `text` is of another script than Latin."""
    return any(
        character.isalpha() and not unicodedata.name(character, "LATIN").startswith("LATIN")
        for character in text
    )


def day(value: object, *, end: bool = False) -> dt.date | None:
    """The day in an ISO date, also a shortened one ("2012", "2012-03"); None for anything else.

    A shortened date is the first day of its year or month; for an end, the first day after it.
    """
    match = re.fullmatch(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?(?:T.*)?", str(value or "").strip())
    if not match:
        return None
    year, month, of_month = (int(part or 0) for part in match.groups())
    try:
        if month and of_month:
            return dt.date(year, month, of_month)
        if month:
            return dt.date(year + month // 12, month % 12 + 1, 1) if end else dt.date(year, month, 1)
        return dt.date(year + end, 1, 1)
    except ValueError:
        return None


def identity(*parts: object, limit: int = MAX_ID) -> str:
    """An id of our own for a source that gives none, from what stays the same; at most `limit` characters."""
    slug = "/".join(slugify(str(part), allow_unicode=True) for part in parts)
    if len(slug) <= limit:
        return slug
    return f"{slug[: limit - 21]}-{blake2b(slug.encode(), digest_size=10).hexdigest()}"


def names_by_language(names: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first name of each language, at most 200 languages."""
    found: dict[str, str] = {}
    for language, name in names:
        if language and name and len(found) < 200:
            found.setdefault(line(language, 20), line(name))
    return found
