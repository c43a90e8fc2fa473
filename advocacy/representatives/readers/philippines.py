"""Senate and House of the Philippines, JSON (https://github.com/bettergovph/bettergov, src/data/directory).

`legislative.json` has both chambers; `house_members.json` and `party_list_representatives.json` a part of the
House each. Only members are read: not officers, committees or the secretariat, whose addresses are not theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from advocacy.representatives import places, routes
from advocacy.representatives.files import DataFile
from advocacy.representatives.records import (
    AreaRecord,
    ImportFileError,
    MandateRecord,
    PersonRecord,
    Reading,
    Rejection,
    identity,
    line,
)

SOURCE = "bettergov-philippines"
ROUTE_KINDS = frozenset({"phone"})
DISTRICTS, PARTY_LIST = "district", "party-list"
_SUFFIX = r"JR\.?|SR\.?|II|III|IV|V"
_DEGREES = r"MD\.?|RN|DPA|FPSO-HNS|PHD\.?|CPA"
_PARTICLES = {"de", "del", "dela", "la", "las", "los", "delos", "y"}


def own_date(file: DataFile) -> None:
    return None


def read(file: DataFile, reading: Reading) -> Iterator[PersonRecord]:
    entries = file.json()
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ImportFileError(
            _("%(name)s is not a directory of the Philippine Congress.") % {"name": file.name}
        )
    for entry in entries:
        if "chamber" not in entry:
            yield _house_member(entry, reading)
            continue
        for official in entry.get("officials", []):
            yield _senator(official, line(entry["chamber"]), reading)
        for member in entry.get("house_members", []) + entry.get("party_list_representatives", []):
            yield _house_member(member, reading)


def _senator(entry: dict[str, Any], chamber: str, reading: Reading) -> PersonRecord:
    body = places.legislature("Senate of the Philippines", country="PH", chamber="upper")
    family, given = _natural_order(line(entry.get("name")))
    person = _named(family, given, "", identity("senate", entry.get("name")))
    person.mandates = [MandateRecord(legislature=body, role=line(entry.get("role"), 100))]
    reading.covers.add((body.source_id, ""))
    _phone(person, entry)
    return person


def _house_member(entry: dict[str, Any], reading: Reading) -> PersonRecord:
    body = places.legislature("House of Representatives of the Philippines", country="PH", chamber="lower")
    original = line(entry.get("name"))
    family, given, nickname = parts(original)
    place, party = line(entry.get("province_city")), line(entry.get("party_list"))
    district = line(entry.get("district"))
    person = _named(family, given, nickname, identity("house", original, place or party))
    area = None
    if place:
        province = AreaRecord(identity("PH", place), "PH", place)
        area = AreaRecord(identity("PH", place, district), "PH", f"{place}, {district}", "", province)
    term = PARTY_LIST if party else DISTRICTS
    person.mandates = [
        MandateRecord(
            legislature=body,
            area=area,
            term=term,
            role="Party-list Representative" if party else "Representative",
            party=party,
        )
    ]
    reading.covers.add((body.source_id, term))
    _phone(person, entry)
    return person


def _named(family: str, given: str, nickname: str, source_id: str) -> PersonRecord:
    name = f"{given} {family}".strip()
    return PersonRecord(
        source_id=source_id,
        name=name,
        sort_name=f"{family}, {given}" if family and given else name,
        given_name=given[:100],
        family_name=family[:100],
        other_names={"nickname": nickname} if nickname else {},
    )


def _phone(person: PersonRecord, entry: dict[str, Any]) -> None:
    # "-; local 7773" has no number of the house before it; the local alone is what there is.
    text = re.sub(r"(^|\s)[-_]+\s*;\s*", " ", line(entry.get("contact")))
    if not re.search(r"\d{3}", text) and text.strip("-_ "):
        text = "__"
    found = routes.phone(text)
    person.routes = found.routes
    person.rejected = [Rejection(person.name, "contact", piece, reason) for piece, reason in found.rejected]


def parts(name: str) -> tuple[str, str, str]:
    """Family name, given names and nickname of `DY, FAUSTINO "BOJIE" G. III`, in ordinary letters.

    The suffix (Jr., III) follows the family name, as it is written in a letter; degrees are left out.
    """
    nicknames = re.findall(r'"([^"]+)"', name)
    family, _comma, rest = re.sub(r'\s*"[^"]*"', "", name).partition(",")
    words = [word for word in re.split(r"[\s,]+", rest) if word]
    words = [word for word in words if not re.fullmatch(rf"{_DEGREES}|ATTY\.", word, re.IGNORECASE)]
    suffixes = [word for word in words if re.fullmatch(_SUFFIX, word)]
    given = [word for word in words if word not in suffixes]
    suffix = " ".join(_suffix(word) for word in suffixes)
    return (
        " ".join(filter(None, (_ordinary(family), suffix))),
        " ".join(_ordinary(word) for word in given),
        _ordinary(nicknames[0]) if nicknames else "",
    )


def _natural_order(name: str) -> tuple[str, str]:
    """Family and given name of "VICENTE C. SOTTO III": the last word is the family name, with its particles."""
    words = name.split()
    suffix: list[str] = []
    while len(words) > 2 and re.fullmatch(_SUFFIX, words[-1]):
        suffix.insert(0, _suffix(words.pop()))
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return (
        " ".join([_ordinary(" ".join(words[start:])), *suffix]),
        " ".join(_ordinary(word) for word in words[:start]),
    )


def _suffix(word: str) -> str:
    return f"{word.rstrip('.').title()}." if word.rstrip(".").upper() in {"JR", "SR"} else word


def _ordinary(text: str) -> str:
    """Capitals as a name is written: "DELA CRUZ-ÑEZ" is "Dela Cruz-Ñez"; initials ("JC", "D.L.") stay."""

    def word(match: re.Match[str]) -> str:
        found = match[0]
        return (
            found
            if len(found) == 2 and found.isupper() and not re.search("[AEIOUY]", found)
            else found.title()
        )

    return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", word, text.strip())
