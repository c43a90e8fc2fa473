"""DMARC as RFC 9989 has it: found by walking up the tree, without a list of suffixes and without the old tags."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailer.preflight.dns_lookup import Lookup

_MOST_LABELS = 8  # RFC 9989 §4.10: a longer name is cut to seven labels at once


@dataclass(frozen=True, slots=True)
class Record:
    """A DMARC record and the domain it stands at."""

    domain: str
    tags: dict[str, str]

    @property
    def policy(self) -> str:
        """none, quarantine or reject; "" for a record that asks for nothing (no `p`, and nobody to report to)."""
        asked = self.tags.get("p", "").lower()
        if asked in {"none", "quarantine", "reject"}:
            return asked
        return "none" if "mailto:" in self.tags.get("rua", "").lower() else ""

    @property
    def is_test(self) -> bool:
        return self.tags.get("t", "").lower() == "y"


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for mails from a domain. `record` is None where there is none."""

    record: Record | None
    organisation: str  # the organisational domain: names below it belong to one house
    twice: str = ""  # where several records stand; a receiver then takes none of them
    asked: list[str] = field(default_factory=list)

    @property
    def policy(self) -> str:
        if self.record is None:
            return ""
        below = self.record.domain == self.organisation and self.asked[0] != self.organisation
        subdomains = self.record.tags.get("sp", "").lower()
        return subdomains if below and subdomains in {"none", "quarantine", "reject"} else self.record.policy


def find(domain: str, lookup: Lookup) -> Policy:
    """The policy for mails from `domain`. Raises NoAnswer if the DNS does not answer."""
    found: list[Record] = []
    twice = ""
    asked = _walk(domain)
    for name in asked:
        records = [tags for text in lookup(f"_dmarc.{name}", "TXT") if (tags := _tags(text))]
        if len(records) > 1:
            twice = twice or name
        elif records:
            found.append(Record(name, records[0]))
            if records[0].get("psd", "").lower() in {"y", "n"}:
                break
    organisation = _organisation(domain, found)
    own = next((record for record in found if record.domain == domain), None)
    of_house = next((record for record in found if record.domain == organisation), None)
    return Policy(own or of_house or (found[-1] if found else None), organisation, twice, asked)


def are_aligned(one: str, other: str, lookup: Lookup, *, strict: bool = False) -> bool:
    """Whether two domains belong to one house, or with `strict` are the same."""
    if one == other or strict:
        return one == other
    return find(one, lookup).organisation == find(other, lookup).organisation


def _walk(domain: str) -> list[str]:
    """The names to ask, from the domain up (RFC 9989 §4.10)."""
    labels = domain.split(".")
    upward = labels[-(_MOST_LABELS - 1) :] if len(labels) >= _MOST_LABELS else labels[1:]
    return [domain, *(".".join(upward[at:]) for at in range(len(upward)))]


def _organisation(domain: str, found: list[Record]) -> str:
    """RFC 9989 §4.10.2; a domain without any record is its own house."""
    for record in found:
        psd = record.tags.get("psd", "").lower()
        if psd == "n":
            return record.domain
        if psd == "y" and record.domain != domain:
            labels = domain.split(".")
            return ".".join(labels[-(record.domain.count(".") + 2) :])
    return min((record.domain for record in found), key=lambda name: name.count("."), default=domain)


def _tags(text: str) -> dict[str, str]:
    """The tags of a record; {} for a text that is none (RFC 9989 §4.8: `v` stands first)."""
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    tags = {name.strip().lower(): value.strip() for name, _sign, value in parts}
    first = parts[0][0].strip().lower() if parts else ""
    return tags if first == "v" and tags["v"] == "DMARC1" else {}
