"""A file on its way into PostgreSQL and out again for the reader: nothing personal stays in a folder."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection, transaction

from contacts.imports.plan import ReadOptions
from contacts.imports.reading import parent
from contacts.imports.reading.bounds import Bounds
from contacts.imports.reading.preview import Preview
from contacts.models import Attribute, Import, ImportChunk

if TYPE_CHECKING:
    from accounts.models import Organisation, User


class File(Protocol):
    """What is read from: an open file, or one that was uploaded."""

    def read(self, size: int, /) -> bytes: ...


@transaction.atomic
def receive(
    file: File,
    *,
    name: str,
    user: User | None = None,
    organisation: Organisation | None = None,
    **fields: Any,
) -> Import:
    """Keep a file for an import. `fields` are further fields of the row, such as `mailing_list`.

    A file that is larger than we take is not kept: its import has failed, with the problem "too_large". Each call
    makes another import; `brought_before` tells a file that comes twice. Memory: one chunk.
    """
    found = Import.objects.create(
        created_by=user,
        organisation=organisation,
        file_name=PurePosixPath(name.replace("\\", "/")).name[:200],
        file_size=0,
        file_hash=b"",
        **fields,
    )
    size, digest = _keep(found, file)
    found.file_size, found.file_hash = size, digest
    if size > Bounds().file:
        found.chunks.all().delete()
        found.status, found.problem = Import.Status.FAILED, "too_large"
    found.save(update_fields=["file_size", "file_hash", "status", "problem"])
    return found


def _keep(found: Import, file: File) -> tuple[int, bytes]:
    """Write the chunks; returns size and SHA-256 of what was read. Stops at the first byte too many."""
    size, digest, number = 0, hashlib.sha256(), 0
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(["int8", "int4", "bytea"])
        while size <= Bounds().file and (data := _whole_chunk(file)):
            size += len(data)
            digest.update(data)
            copy.write_row((found.pk, number, data))
            number += 1
    return size, digest.digest()


_COPY = "COPY contacts_importchunk (from_import_id, number, data) FROM STDIN (FORMAT binary)"


def _whole_chunk(file: File) -> bytes:
    """The next `CHUNK` bytes, fewer only at the end: a socket gives what it has."""
    data = bytearray()
    while len(data) < ImportChunk.CHUNK and (part := file.read(ImportChunk.CHUNK - len(data))):
        data += part
    return bytes(data)


@contextmanager
def spooled(found: Import) -> Iterator[Path]:
    """The file of an import on disk for as long as the block runs.

    It has no name in any folder, so the kernel removes it with the last process that holds it, a killed one too.
    """
    with tempfile.TemporaryFile() as target:
        chunks = ImportChunk.objects.filter(from_import=found).order_by("number")
        for data in chunks.values_list("data", flat=True).iterator(chunk_size=4):
            target.write(data)
        target.flush()
        yield Path(f"/proc/self/fd/{target.fileno()}")


def brought_before(found: Import) -> Import | None:
    """The newest earlier import of the very same bytes that ran to its end, for a warning; None if there is none."""
    return (
        Import.objects.filter(
            file_hash=found.file_hash, organisation=found.organisation, status=Import.Status.DONE
        )
        .exclude(pk=found.pk)
        .order_by("-pk")
        .first()
    )


def preview(found: Import) -> Preview:
    """How the file is understood with the options of its import, and its first rows. Reads only.

    Raises FileRefused if the bytes cannot be read at all; what staff can correct is in `Preview.problem`.
    """
    keys = list(Attribute.objects.values_list("key", flat=True))
    with spooled(found) as path:
        return parent.preview(path, ReadOptions.from_json(found.options), keys)


def understand(found: Import, seen: Preview, columns: Sequence[str] | None = None) -> None:
    """Settle how the file is read: as it was shown, with these fields for its columns (default: those guessed)."""
    found.options = seen.options.to_json()
    found.headers = [str(header) for header in seen.headers]
    found.columns = list(seen.fields if columns is None else columns)
    found.save(update_fields=["options", "headers", "columns"])
