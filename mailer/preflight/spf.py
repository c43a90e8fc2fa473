"""SPF as a receiver reads it (RFC 7208): one record, at most ten look-ups, no circle, and the provider in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailer.preflight.dns_lookup import Lookup

MOST_LOOKUPS = 10  # RFC 7208 §4.6.4
MOST_VOID = 2
_STOP_AT = 30  # nobody needs to know by how many a record is too long

_QUERIES = {"include", "a", "mx", "ptr", "exists", "redirect"}


@dataclass(slots=True)
class Spf:
    """What a domain's record comes to. `records`: how many there are; a receiver takes more than one for none."""

    records: list[str] = field(default_factory=list)
    lookups: int = 0
    void: int = 0
    includes: list[str] = field(default_factory=list)
    broken: str = ""  # the part that cannot be read
    allows_all: bool = False


def read(domain: str, lookup: Lookup) -> Spf:
    """Walk through the record of `domain` and all it includes. Raises NoAnswer if the DNS does not answer."""
    found = Spf(records=_records(domain, lookup))
    if len(found.records) == 1:
        _walk(found, found.records[0], domain, lookup, {domain})
    return found


def with_mechanism(record: str, mechanism: str) -> str:
    """The record as it should stand, with `mechanism` in it; either may be empty."""
    terms = record.split() or ["v=spf1", "~all"]
    if mechanism:
        place = next((at for at, term in enumerate(terms) if _name(term) in {"all", "redirect"}), len(terms))
        terms.insert(place, mechanism)
    return " ".join(terms)


def _records(domain: str, lookup: Lookup) -> list[str]:
    return [
        text for text in lookup(domain, "TXT") if text.lower() == "v=spf1" or text.lower()[:7] == "v=spf1 "
    ]


def _walk(found: Spf, record: str, domain: str, lookup: Lookup, inside: set[str]) -> None:
    terms = record.split()[1:]
    names = [_name(term) for term in terms]
    for term, name in zip(terms, names, strict=True):
        if name == "all":
            found.allows_all = found.allows_all or (term[0] not in "-~?" and len(inside) == 1)
        if name not in _QUERIES or (name == "redirect" and "all" in names):
            continue
        found.lookups += 1
        target = _target(term) or domain
        if name in {"include", "redirect"}:
            _enter(found, target, lookup, inside)
        elif name in {"a", "mx"} and "%" not in target and found.lookups <= _STOP_AT:
            kinds = ("A", "AAAA") if name == "a" else ("MX",)
            found.void += not any(lookup(target, kind) for kind in kinds)
        if found.lookups > _STOP_AT:
            return


def _enter(found: Spf, target: str, lookup: Lookup, inside: set[str]) -> None:
    """Go through the record that another one names."""
    found.includes.append(target)
    if "%" in target or found.lookups > _STOP_AT:  # a macro: known only when a mail comes
        return
    records = _records(target, lookup)
    if len(records) != 1 or target in inside:
        found.broken = found.broken or target
        return
    _walk(found, records[0], target, lookup, {*inside, target})


def _name(term: str) -> str:
    bare = term.lstrip("+-~?").lower()
    for sign in ":=/":
        bare = bare.partition(sign)[0]
    return bare


def _target(term: str) -> str:
    """The domain a term names, "" for the record's own."""
    for sign in ":=":
        _word, found, rest = term.partition(sign)
        if found:
            return rest.partition("/")[0].rstrip(".").lower()
    return ""
