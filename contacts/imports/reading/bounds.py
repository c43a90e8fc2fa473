"""How much of a spreadsheet we take, and the words with which one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Why a whole file is refused: `Import.problem`. Nothing of it is imported.
FILE_ERRORS = (
    "empty_file",
    "no_rows",
    "no_header",
    "no_email_column",
    "unsupported_format",
    "too_large",
    "too_many_rows",
    "too_many_columns",
    "too_slow",
    "too_much_memory",
    "damaged",
)


class FileRefused(Exception):  # noqa: N818 — it is what happened to the file, as in "connection refused"
    """The file cannot be imported. `word` is one of FILE_ERRORS; `detail` holds no text of the file."""

    def __init__(self, word: str, detail: str = "") -> None:
        super().__init__(word, detail)
        self.word = word
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most we take. Workbooks have bounds of their own: they are read whole, text files as a stream.

    file, unpacked: bytes. record: characters; a longer one is a rejected row, not a refused file. cell: characters
    of one text in a workbook; Excel itself holds 32,767.
    seconds: of computing for the whole file; patience: of waiting for the next sign of life; memory: MiB of address
    space of the reader process.
    """

    file: int = 200_000_000
    unpacked: int = 500_000_000
    members: int = 5_000
    rows: int = 2_000_000
    workbook_rows: int = 500_000
    workbook_cells: int = 10_000_000
    columns: int = 200
    cell: int = 100_000
    record: int = 1_000_000
    seconds: int = 300
    patience: int = 60
    memory: int = 1_024

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Bounds:
        return cls(**stored)
