"""The whole action pack of a campaign as one archive per language, made by a worker. The row is the queue.

`want` compares what is published with what was last packed and asks for a new archive where they differ; the desk calls
it after each change, and a sweeper for changes that came by another way. A worker claims a row (SKIP LOCKED) for as long
as it gives signs of life in database time; after one that was killed, another begins anew. What is wanted again meanwhile
takes the claim away, so an archive of yesterday never ends as today's.
"""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from advocacy import links, texts
from advocacy.models import Campaign, Resource, ResourceFile, ResourcePack
from advocacy.resources import shelf
from contacts import doorbell
from contacts.naming import language_name

logger = logging.getLogger(__name__)
State = ResourcePack.State

MOST_BYTES = 500_000_000  # of all files together
ATTEMPTS = 3  # workers in a row that may die over one pack
_PIECE = 1 << 20
_BEAT_EVERY = 3.0  # seconds
_MADE_BY = 2  # raise it when archives are put together in another way: all are made anew
_TEXTS = {"svg", "txt", "csv", "ics"}  # worth compressing; the others are compressed already
_A_DAY = (2020, 1, 1, 0, 0, 0)  # a date of its own in each archive would make the same files two archives

# What went wrong, as the row keeps it: a word, and after a colon which file.
PROBLEMS: dict[str, Any] = {
    "missing": _("The file %(name)s is gone from the storage. Bring it again."),
    "too_large": _("All files together are larger than 500 MB. Take some out of the pack."),
    "attempts": _("It was begun three times and never finished."),
}


class Lost(Exception):  # noqa: N818 - what happened to the claim
    """The pack was wanted anew, or another worker has taken it over."""


class Broken(Exception):  # noqa: N818 - said to a person
    """The pack cannot be made. `problem` begins with a word of `PROBLEMS`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive. path: below the archive's one folder."""

    path: str
    file: ResourceFile

    @property
    def words(self) -> str:
        return shelf.in_words(self.file)

    @property
    def form(self) -> str:
        """Which resource it is, and in which format and size: "12/png-small". The same for each of its versions."""
        return f"{self.file.resource_id}/{self.file.form}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What lies in an archive; the same contents are the same bytes."""

    folder: str
    readme: str
    members: list[Member]
    resources: list[int]

    @property
    def forms(self) -> list[str]:
        return sorted(one.form for one in self.members)

    @property
    def fingerprint(self) -> str:
        about = [_MADE_BY, self.folder, self.readme]
        about += [[one.path, one.file.content_hash] for one in self.members]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()


# --- what belongs into it -----------------------------------------------------------------------------------


def languages_of(campaign: Campaign) -> list[str]:
    """The languages a campaign has packs in: those of its texts that readers see, and of its resources; none while no
    file is for it."""
    rows = [row for row in shelf.published(campaign) if row.in_pack]
    if not any(shelf.files_of(row) for row in rows):
        return []
    written = (text.language for text in texts.shown(campaign))
    return sorted({*written, *(row.language for row in rows if row.language)})


def contents(campaign: Campaign, language: str) -> Contents:
    """The pack of a language: what is for it, and what is for every language."""
    rows = shelf.published(campaign).filter(in_pack=True, language__in=["", language])
    found = [row for row in rows if row.url or shelf.files_of(row)]
    folder = f"{campaign.slug}-{language.lower()}"
    members = {row.pk: list[Member]() for row in found}
    taken: set[str] = set()
    for row in found:
        for file in shelf.files_of(row):
            members[row.pk].append(Member(_free(f"{row.kind}/{file.name}", taken), file))
    with translation.override(links.page_language(language)):
        readme = _readme(campaign, language, found, members)
    return Contents(folder, readme, [one for each in members.values() for one in each], sorted(members))


def _free(path: str, taken: set[str]) -> str:
    """`path`, with a number where another file has it; names that differ in case alone are one on many machines."""
    stem, _dot, ending = path.rpartition(".")
    number, found = 1, path
    while found.casefold() in taken:
        number += 1
        found = f"{stem}-{number}.{ending}"
    taken.add(found.casefold())
    return found


def _readme(
    campaign: Campaign, language: str, found: list[Resource], members: dict[int, list[Member]]
) -> str:
    text = texts.text_for(campaign, language)
    labels = dict(Resource.Kind.choices)
    title = text.title if text else campaign.name
    parts = [
        {
            "label": str(labels[kind]).capitalize(),
            "entries": [
                {
                    "title": row.title,
                    "description": row.description,
                    "language": language_name(row.language) if row.language else "",
                    "members": members[row.pk],
                    "url": row.url,
                }
                for row in found
                if row.kind == kind
            ],
        }
        for kind in Resource.Kind.values
    ]
    context = {
        "title": title,
        "line": "=" * len(title),
        "summary": text.summary if text else "",
        "parts": [part for part in parts if part["entries"]],
        "page": links.resources(campaign, language),
        "contact": campaign.contact_address,
    }
    return render_to_string("advocacy/resources/readme.txt", context).strip() + "\n"


# --- who asks for one ---------------------------------------------------------------------------------------


def want(campaign: Campaign, *, anew: bool = False) -> int:
    """Ask for every pack that is not what is published now. Returns how many were asked for. Safe to repeat.

    What failed is tried again when its contents have changed, or `anew`. The pack of a language that has none any more
    goes, and its file with the next sweep of files.
    """
    languages = languages_of(campaign)
    ResourcePack.objects.filter(campaign=campaign).exclude(language__in=languages).delete()
    asked = sum(_want(campaign, language, anew=anew) for language in languages)
    if asked:
        doorbell.wake(_task())
    return asked


@transaction.atomic
def _want(campaign: Campaign, language: str, *, anew: bool) -> bool:
    fingerprint = contents(campaign, language).fingerprint
    ResourcePack.objects.bulk_create(
        [ResourcePack(campaign=campaign, language=language)], ignore_conflicts=True
    )
    pack = ResourcePack.objects.select_for_update(no_key=True).get(campaign=campaign, language=language)
    settled = pack.fingerprint if pack.state == State.READY else pack.tried
    if pack.state == State.WANTED:
        return pack.begun_at is None  # nobody has looked at it yet: ring
    if settled == fingerprint and not (anew and pack.state == State.FAILED):
        return False
    return bool(
        ResourcePack.objects.filter(pk=pack.pk).update(
            state=State.WANTED,
            tried=fingerprint,
            wanted_at=Now(),
            claim=None,
            lease_until=None,
            attempts=0,
            error="",
        )
    )


def look_over() -> int:
    """Ask for the packs of every campaign that are not what is published: texts, too, stand in them. Returns how many."""
    concerned = Q(resources__in_pack=True, resources__is_published=True) | Q(packs__isnull=False)
    rows = Campaign.objects.filter(concerned).distinct()
    return sum(want(campaign) for campaign in rows)


def sweep() -> int:
    """Ring if a pack waits or its worker died. Returns how many there are."""
    waiting = ResourcePack.objects.filter(_due()).count()
    if waiting:
        doorbell.ring(_task())
    return waiting


def _task() -> Any:
    from advocacy import tasks  # the tasks call this module

    return tasks.build_pack


# --- what the public gets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A pack as a reader finds it. is_there: it can be taken now; is_coming: a newer one, or the first, is being made."""

    language: str
    name: str
    bytes: int
    is_there: bool
    is_coming: bool


def shown(campaign: Campaign, language: str) -> list[Shown]:
    """The packs of a campaign, the reader's language first; three queries. Reads only: a stale one is found by the
    sweeper, and until it is made anew an archive that may not be taken any more is one that is being made."""
    rows = list(ResourcePack.objects.filter(campaign=campaign))
    offered = _Offered(campaign) if any(pack.file for pack in rows) else None
    found = []
    for pack in rows:
        is_there = bool(pack.file) and offered is not None and offered.holds_all_of(pack)
        is_withdrawn = pack.state == State.READY and not is_there
        found.append(
            Shown(
                pack.language,
                language_name(pack.language),
                pack.bytes,
                is_there=is_there,
                is_coming=pack.state in {State.WANTED, State.BUILDING} or is_withdrawn,
            )
        )
    mine = links.page_language(language)
    return sorted(
        (one for one in found if one.is_there or one.is_coming),
        key=lambda one: (one.language != mine, one.name),
    )


def may_be_taken(pack: ResourcePack) -> bool:
    """Whether there is an archive, and nothing in it was withdrawn since: no resource, and of none a format or size.

    An older version of a file that is still offered is no harm.
    """
    return bool(pack.file) and _Offered(pack.campaign).holds_all_of(pack)


class _Offered:
    """What may lie in an archive of a campaign at this moment."""

    def __init__(self, campaign: Campaign) -> None:
        rows = Resource.objects.filter(campaign=campaign, is_published=True, in_pack=True)
        self._resources = set(rows.values_list("pk", flat=True))
        files = ResourceFile.objects.filter(resource__in=self._resources, replaced_at=None)
        self._forms = {f"{file.resource_id}/{file.form}" for file in files}

    def holds_all_of(self, pack: ResourcePack) -> bool:
        return self._resources.issuperset(pack.holds) and self._forms.issuperset(pack.holds_forms)


def problem_in_words(pack: ResourcePack) -> str:
    """Why a pack could not be made, and what to do; "" for one that was not tried or is there."""
    word, _colon, name = pack.error.partition(":")
    words = PROBLEMS.get(word)
    return str(words) % {"name": name} if words else ""


# --- the worker's side --------------------------------------------------------------------------------------


def work() -> bool:
    """Make the pack that has waited longest. True if another one waits. Safe to call twice and at once.

    What cannot be made ends with its problem on the row; anything else that goes wrong is raised, and the sweeper
    tries again.
    """
    pack = _claim()
    if pack is None:
        return False
    shift = _Shift(pack)
    try:
        _build(shift)
    except Lost:
        logger.info("a pack was taken over", extra={"pack": pack.pk})
    except Broken as broken:
        logger.warning("a pack cannot be made", extra={"pack": pack.pk})
        shift.end(state=State.FAILED, error=broken.problem[:300])
    return ResourcePack.objects.filter(_due()).exists()


def _due() -> Q:
    return Q(state=State.WANTED) | Q(state=State.BUILDING, lease_until__lt=Now())


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.IMPORT_LEASE_SECONDS)


@transaction.atomic
def _claim() -> ResourcePack | None:
    """Take the next pack for this worker; None if there is none that another is not taking."""
    due = ResourcePack.objects.filter(_due()).order_by("wanted_at", "pk")
    pack = due.select_for_update(skip_locked=True, no_key=True).first()
    if pack is None:
        return None
    mine = ResourcePack.objects.filter(pk=pack.pk)
    if pack.attempts >= ATTEMPTS:
        logger.error("a pack fails again and again and was given up", extra={"pack": pack.pk})
        mine.update(state=State.FAILED, error="attempts", claim=None, lease_until=None)
        return _claim()
    mine.update(
        state=State.BUILDING,
        begun_at=Now(),
        claim=uuid.uuid4(),
        lease_until=_lease(),
        attempts=F("attempts") + 1,
    )
    return mine.select_related("campaign").get()


class _Shift:
    """A worker's time with a pack."""

    def __init__(self, pack: ResourcePack) -> None:
        self.pack = pack
        self._told = time.monotonic()

    def _mine(self) -> Any:
        return ResourcePack.objects.filter(pk=self.pk, claim=self.pack.claim, state=State.BUILDING)

    @property
    def pk(self) -> int:
        return int(self.pack.pk)

    def beat(self, **changes: Any) -> None:
        """Say that the worker is there, not oftener than needed. Raises Lost if the pack is ours no longer."""
        if not changes and time.monotonic() - self._told < _BEAT_EVERY:
            return
        self._told = time.monotonic()
        if not self._mine().update(lease_until=_lease(), **changes):
            raise Lost

    def end(self, **changes: Any) -> bool:
        """Give the pack back with `changes`. False if it was ours no longer: then nothing is changed."""
        return bool(self._mine().update(claim=None, lease_until=None, attempts=0, **changes))


def _build(shift: _Shift) -> None:
    pack = shift.pack
    found = contents(pack.campaign, pack.language)
    shift.beat(tried=found.fingerprint)
    if sum(one.file.bytes for one in found.members) > MOST_BYTES:
        raise Broken("too_large")
    with tempfile.TemporaryFile() as target:
        _write(target, found, shift.beat)
        size = target.tell()
        target.seek(0)
        storage = pack.file.storage
        # A name of its own for each attempt: a worker that was thought dead never writes into another's archive.
        path = storage.save(f"packs/{found.folder}-{uuid.uuid4().hex}.zip", _Paced(target, shift.beat))
    before = pack.file.name
    is_mine = shift.end(
        state=State.READY,
        fingerprint=found.fingerprint,
        file=path,
        bytes=size,
        built_at=Now(),
        holds=found.resources,
        holds_forms=found.forms,
        error="",
    )
    useless = before if is_mine else path
    if useless:
        storage.delete(useless)


def _write(target: BinaryIO, found: Contents, beat: Callable[[], None]) -> None:
    """Write the archive piece by piece; the target is left at its end. Raises Broken for a file that is not there."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        # With a mark of its encoding and the line ends of every program: it is opened by a double click.
        archive.writestr(
            _info(f"{found.folder}/README.txt"), found.readme.replace("\n", "\r\n").encode("utf-8-sig")
        )
        for member in found.members:
            info = _info(f"{found.folder}/{member.path}", is_packed=member.file.format not in _TEXTS)
            info.file_size = member.file.bytes
            try:
                source = member.file.file.open("rb")
            except FileNotFoundError as error:
                raise Broken(f"missing:{member.file.name}") from error
            with source, archive.open(info, "w") as place:
                for piece in iter(lambda: source.read(_PIECE), b""):  # noqa: B023 - read before the next one opens
                    place.write(piece)
                    beat()
    target.seek(0, 2)


def _info(path: str, *, is_packed: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(path, _A_DAY)
    info.compress_type = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


class _Paced(File):
    """A file that gives a sign of life with each piece the storage takes."""

    def __init__(self, file: Any, beat: Callable[[], None]) -> None:
        super().__init__(file, name="pack.zip")
        self._beat = beat

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        for piece in super().chunks(chunk_size or _PIECE):
            self._beat()
            yield piece
