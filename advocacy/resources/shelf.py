"""What the public finds of a campaign's resources: by kind, in the reader's language first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from advocacy.models import Campaign, Resource, ResourceFile
from contacts.naming import language_name

_FORMATS = {
    "jpg": "JPEG",
    "webp": "WebP",
    "docx": "Word",
    "xlsx": "Excel",
    "pptx": "PowerPoint",
    "odt": "OpenDocument",
}
# Of a picture's formats, the one that most people can use stands first.
_ORDER = ("pdf", "png", "jpg", "webp", "svg", "gif")


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource as it is offered. language: its name where it is not the reader's, else ""."""

    resource: Resource
    files: list[ResourceFile]
    language: str


@dataclass(frozen=True, slots=True)
class Group:
    """The resources of one kind."""

    kind: str
    label: str
    entries: list[Entry]


def published(campaign: Campaign) -> QuerySet[Resource]:
    """What the public may have, with the files in force in `in_force`."""
    in_force = ResourceFile.objects.filter(replaced_at=None)
    return campaign.resources.filter(is_published=True).prefetch_related(
        Prefetch("files", queryset=in_force, to_attr="in_force")
    )


def groups(campaign: Campaign, language: str) -> list[Group]:
    """All that is published, by kind in the order of the kinds. Two queries. What has neither file nor page is not shown."""
    found: dict[str, list[Entry]] = {kind: [] for kind in Resource.Kind.values}
    for entry in _entries(campaign, language):
        found[entry.resource.kind].append(entry)
    labels = dict(Resource.Kind.choices)
    return [Group(kind, str(labels[kind]), entries) for kind, entries in found.items() if entries]


def _entries(campaign: Campaign, language: str) -> Iterator[Entry]:
    plain = language.partition("-")[0]
    rows = [row for row in published(campaign) if row.url or files_of(row)]
    for row in sorted(rows, key=lambda row: _nearness(row.language, language)):
        is_theirs = row.language.partition("-")[0] in {"", plain}
        yield Entry(row, files_of(row), "" if is_theirs else language_name(row.language))


def _nearness(language: str, reader: str) -> int:
    """0 for the reader's own language, then its plain form, then no language at all, then the others."""
    if language == reader:
        return 0
    if language and language.partition("-")[0] == reader.partition("-")[0]:
        return 1
    return 3 if language else 2


def files_of(resource: Resource) -> list[ResourceFile]:
    """The files in force in the order in which they are offered; without a query after `published`."""
    found: list[ResourceFile] | None = getattr(resource, "in_force", None)
    rows = list(resource.files.filter(replaced_at=None)) if found is None else found
    return sorted(rows, key=lambda row: (_rank(row.format), row.format, -(row.width or 0)))


def _rank(format: str) -> int:
    return _ORDER.index(format) if format in _ORDER else len(_ORDER)


def format_name(format: str) -> str:
    """A format as people call it."""
    words = {"ics": _("calendar"), "txt": _("text")}
    return words.get(format) or _FORMATS.get(format, format.upper())


def in_words(file: ResourceFile) -> str:
    """What a file is: "PNG, small, 400 × 267, 12 KB"."""
    return ", ".join(parts_of(file))


def parts_of(file: ResourceFile) -> list[str]:
    """Format, variant, pixels and size of a file, each in words where there is one."""
    parts = [format_name(file.format)]
    if file.variant:
        parts.append(file.get_variant_display())
    if file.width and file.height and file.format != "svg":
        parts.append(f"{file.width} × {file.height}")
    return [*parts, filesizeformat(file.bytes)]
