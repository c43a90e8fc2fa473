"""Opening what people give us: bounded in size and depth, compressed or not, never unpacked to disk."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

from advocacy.representatives.records import ImportFileError

MAX_BYTES = 100_000_000  # of one file, after decompression; the largest open set known is a fifth of it
MAX_MEMBER = 1_000_000  # of one file inside an archive or a folder of one file a person
MAX_MEMBERS = 200_000
MAX_ARCHIVE = 1_000_000_000  # of all files of an archive together, after decompression
MAX_DEPTH = 40  # of nested lists and objects
MAX_ROWS = 500_000

# libyaml where PyYAML was built with it. The base loader keeps every value as text, so that a date or a
# postcode arrives as it was written, and takes a third of the time.
_YAML: type[Any] = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file to read; `name` is what its sender called it, which may tell the term or the country."""

    path: Path
    name: str

    def data(self) -> bytes:
        """The bytes, decompressed. Raises ImportFileError if unreadable or too large."""
        return _bounded(self.path, MAX_BYTES)

    def head(self, size: int = 65_536) -> bytes:
        """The first bytes, decompressed."""
        try:
            with self.path.open("rb") as raw:
                zipped = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                return gzip.GzipFile(fileobj=raw).read(size) if zipped else raw.read(size)
        except (OSError, EOFError, ValueError) as error:
            raise ImportFileError(
                _("%(name)s cannot be read: it is damaged or not a file.") % self._named
            ) from error

    def text(self, encoding: str = "utf-8-sig") -> str:
        try:
            return self.data().decode(encoding)
        except UnicodeDecodeError as error:
            raise ImportFileError(
                _("%(name)s is not %(encoding)s text.") % {**self._named, "encoding": encoding.upper()}
            ) from error

    def json(self) -> Any:
        try:
            found = json.loads(self.data())
        except (ValueError, RecursionError) as error:
            raise ImportFileError(_("%(name)s is not valid JSON.") % self._named) from error
        check_depth(found, self.name)
        return found

    def yaml(self) -> Any:
        return load_yaml(self.data(), self.name)

    def rows(self, encoding: str = "utf-8-sig") -> Iterator[dict[str, str]]:
        """The rows of a CSV file by column name. Raises ImportFileError for a ragged or endless one."""
        reader = csv.DictReader(io.StringIO(self.text(encoding), newline=""), restkey="", strict=True)
        try:
            for number, row in enumerate(reader, start=2):
                if row.get("") or None in row.values():
                    raise ImportFileError(
                        _("Row %(row)s of %(name)s does not have as many fields as the header.")
                        % {**self._named, "row": number}
                    )
                if number > MAX_ROWS:
                    raise ImportFileError(_("%(name)s has too many rows.") % self._named)
                yield row
        except csv.Error as error:
            raise ImportFileError(_("%(name)s is not a valid CSV file.") % self._named) from error

    @property
    def _named(self) -> dict[str, str]:
        return {"name": self.name}


def load_yaml(data: bytes, name: str) -> Any:
    """One YAML document, every value as text.

    Depth is looked at event by event first: libyaml, asked for an object nested 200,000 deep, ends the process.
    An alias is the same object twice, so a small file stays small in memory; nobody here writes a whole
    document out again, which is where such a file would grow.
    """
    try:
        _check_yaml_depth(data, name)
        return yaml.load(data, _YAML)  # noqa: S506 - the base loader makes text, lists and dicts only
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ImportFileError(_("%(name)s is not valid YAML.") % {"name": name}) from error


def _check_yaml_depth(data: bytes, name: str) -> None:
    depth = 0
    for event in yaml.parse(data, _YAML):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise ImportFileError(_("%(name)s is nested too deeply.") % {"name": name})
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def check_depth(value: Any, name: str) -> None:
    level = [value]
    for _depth in range(MAX_DEPTH):
        children = (
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        )
        level = list({id(child): child for child in children}.values())
        if not level:
            return
    raise ImportFileError(_("%(name)s is nested too deeply.") % {"name": name})


def members(path: Path, name: str) -> Iterator[tuple[str, int, bytes]]:
    """Name, time (seconds since 1970) and bytes of each plain file of a tar archive, read as a stream.

    A member's name is only text to us: nothing is ever written to disk.
    """
    total = 0
    try:
        with tarfile.open(path, "r|*") as archive:
            for number, member in enumerate(archive):
                if number >= MAX_MEMBERS:
                    raise ImportFileError(_("%(name)s holds too many files.") % {"name": name})
                if not member.isreg():
                    continue
                total += member.size
                if member.size > MAX_MEMBER or total > MAX_ARCHIVE:
                    raise ImportFileError(_("%(name)s holds a file that is too large.") % {"name": name})
                if handle := archive.extractfile(member):
                    yield member.name, int(member.mtime), handle.read()
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise ImportFileError(
            _("%(name)s is damaged: the archive cannot be read.") % {"name": name}
        ) from error


def _bounded(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            data = gzip.GzipFile(fileobj=raw).read(limit + 1) if zipped else raw.read(limit + 1)
    except (OSError, EOFError, ValueError) as error:
        raise ImportFileError(
            _("%(name)s cannot be read: it is damaged or not a file.") % {"name": path.name}
        ) from error
    except Exception as error:  # zlib.error has no common parent with the others
        raise ImportFileError(_("%(name)s cannot be read: it is damaged.") % {"name": path.name}) from error
    if len(data) > limit:
        raise ImportFileError(_("%(name)s is too large.") % {"name": path.name})
    return data
