"""What upper apps add to a person: entries of the timeline, data for the export, erasure, and signs of use.

contacts asks, and never imports who answers. Each app registers in its `AppConfig.ready`. The sources of a segment's
rules have a registry of their own, `contacts/segments/rules.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from contacts.addresses import hash_key
from contacts.clock import is_day
from contacts.models import Contact


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever an address belongs to, known to the address book or not.

    key: empty where only the hash is known, as in a replay of erasures; so look for rows by `hash`.
    """

    key: str
    hash: bytes
    contact: Contact | None

    @classmethod
    def of_key(cls, key: str) -> Person:
        return cls(key=key, hash=hash_key(key), contact=Contact.objects.filter(address_key=key).first())

    @classmethod
    def of_hashes(cls, hashes: Sequence[bytes]) -> list[Person]:
        """Those of whom only the hash is known. One query for all: contacts have no index by hash."""
        known = {bytes(one.address_hash): one for one in Contact.objects.filter(address_hash__in=hashes)}
        return [
            cls(key=known[one].address_key if one in known else "", hash=one, contact=known.get(one))
            for one in hashes
        ]

    @classmethod
    def of_contact(cls, contact: Contact) -> Person:
        return cls(key=contact.address_key, hash=bytes(contact.address_hash), contact=contact)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, as staff read it.

    kind: mail, consent, import, letter, expression, change or suppression. words: a translated sentence. url: the desk's page
    of it, if there is one. permission: what a reader needs to see it ("app.codename"). about: the row it tells of;
    a reader who works for another organisation than that row's does not see it.
    """

    at: datetime
    kind: str
    words: str
    detail: str = ""
    url: str = ""
    permission: str = ""
    about: models.Model | None = None

    @property
    def is_day(self) -> bool:
        """Whether only the day is known: a consent on paper or in a file bears no hour, and is kept as its midnight."""
        return self.kind == "consent" and is_day(self.at)


Timeline = Callable[[Person], Iterable[Entry]]
Exporter = Callable[[Person], Any]
Eraser = Callable[[Person], int | Mapping[str, int]]


@dataclass(slots=True)
class _Registry:
    timelines: dict[str, Timeline] = field(default_factory=dict)
    exporters: dict[str, Exporter] = field(default_factory=dict)
    erasers: dict[str, Eraser] = field(default_factory=dict)
    uses: dict[str, models.Exists] = field(default_factory=dict)


_known = _Registry()


def register(
    name: str,
    *,
    timeline: Timeline | None = None,
    exporter: Exporter | None = None,
    eraser: Eraser | None = None,
    use: models.Exists | None = None,
) -> None:
    """Add what an app knows of a person, under a name. Safe to repeat.

    timeline: entries in any order, bounded (the newest 200). exporter: JSON-able data, empty if there is none; the
    person reads it under `name`, such as "Mails". eraser: removes or blanks the person's data in one transaction with
    the others, safe to repeat; returns how many rows it touched, of the table it is named after ("mailer.delivery") or
    by table. The last one registered is asked first. use: true of a `Contact` (OuterRef) that has been used since it
    was created; the undo of an import then keeps it.
    """
    if timeline is not None:
        _known.timelines[name] = timeline
    if exporter is not None:
        _known.exporters[name] = exporter
    if eraser is not None:
        _known.erasers[name] = eraser
    if use is not None:
        _known.uses[name] = use


def timelines() -> Iterator[Timeline]:
    yield from _known.timelines.values()


def exporters() -> Iterator[tuple[str, Exporter]]:
    yield from _known.exporters.items()


def erasers() -> Iterator[tuple[str, Eraser]]:
    """Those of the upper apps first: they may still ask who the person was."""
    yield from reversed(list(_known.erasers.items()))


def uses() -> Iterator[models.Exists]:
    yield from _known.uses.values()
