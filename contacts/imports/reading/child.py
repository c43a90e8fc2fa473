"""The reader process: `python -m contacts.imports.reading.child`, with one line of JSON on stdin (protocol.py).

It starts without Django, holds itself to its memory and computing time before it opens the file, and is the only
code that touches the bytes of a file that came from outside.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from contacts.imports.plan import Plan, ReadOptions
from contacts.imports.reading import protocol
from contacts.imports.reading.bounds import Bounds, FileRefused
from contacts.imports.reading.table import Table, open_table, second_addresses

BLOCK_BYTES = 8 << 20  # a block is closed early where rows are long


def main() -> int:
    request = json.loads(sys.stdin.buffer.readline())
    bounds = Bounds.from_json(request["bounds"])
    limit(bounds)
    output = sys.stdout.buffer
    try:
        if request["task"] == "preview":
            preview(request, bounds, output)
        else:
            clean(request, bounds, output)
    except FileRefused as refused:
        protocol.write_frame(output, protocol.REFUSED, {"word": refused.word, "detail": refused.detail})
    except MemoryError:
        protocol.write_frame(output, protocol.REFUSED, {"word": "too_much_memory", "detail": ""})
    except BrokenPipeError:  # the parent has gone, or has seen enough
        os._exit(0)
    except Exception as error:
        print(f"reader: {type(error).__name__}", file=sys.stderr)
        protocol.write_frame(output, protocol.REFUSED, {"word": "damaged", "detail": type(error).__name__})
    return 0


def limit(bounds: Bounds) -> None:
    """Have the kernel hold this process to the bounds. At the end of its time it is killed (SIGXCPU)."""
    memory = bounds.memory << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.seconds, bounds.seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold addresses
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)


def preview(request: Mapping[str, Any], bounds: Bounds, output: IO[bytes]) -> None:
    from contacts.imports.reading.preview import of_table

    table = open_table(Path(request["path"]), ReadOptions.from_json(request["options"]), bounds)
    found = of_table(table, request["attributes"])
    protocol.write_frame(output, protocol.PREVIEW, found.to_json())


def clean(request: Mapping[str, Any], bounds: Bounds, output: IO[bytes]) -> None:
    from contacts.imports.cleaning.rows import Cleaner

    plan = Plan.from_json(request["plan"])
    if "address" not in plan.columns:
        raise FileRefused("no_email_column")
    table = open_table(Path(request["path"]), plan.options, bounds)
    # What stands in the columns was said by a person, so that a name we do not know is no problem now.
    if table.problem and table.problem != "no_email_column":
        raise FileRefused(table.problem)
    cleaner = Cleaner(plan, request["secret"], request["import_id"])
    total = _send_blocks(table, cleaner, request["after_line"], request["block_rows"], output)
    protocol.write_frame(
        output,
        protocol.DONE,
        {
            "rows": total,
            "rejected": cleaner.rejected,
            "warned": cleaner.warned,
            "notes": notes(table, plan),
        },
    )


def _send_blocks(table: Table, cleaner: Any, after_line: int, block_rows: int, output: IO[bytes]) -> int:
    lines: list[str] = []
    size = total = line = 0
    before: Counter[str] = Counter()

    def send() -> None:
        nonlocal before
        said = {
            "rows": len(lines),
            "rejected": cleaner.rejected - before,
            "last_line": line,
            "bytes_read": table.bytes_read,
        }
        before = Counter(cleaner.rejected)
        protocol.write_frame(output, protocol.BLOCK, said, "".join(lines).encode())
        lines.clear()

    for number, cells, fault in table.rows():
        if number <= after_line:
            continue
        line = number
        text = cleaner.line(number, cells, fault)
        lines.append(text)
        total += 1
        size += len(text)
        if len(lines) >= block_rows or size > BLOCK_BYTES:
            send()
            size = 0
    if lines:
        send()
    return total


def notes(table: Table, plan: Plan) -> list[dict[str, Any]]:
    """About the file as a whole.

    lines_not_read: lines "first" to "last" were swallowed by a quote that is not closed.
    encoding_guessed: "encoding" was a guess. second_address_column, column_left_out: the "header" of a column, or its
    number from 1 where it has no name; one with neither name nor content is not worth a word.
    """
    found: list[dict[str, Any]] = [
        {"word": "lines_not_read", "first": first, "last": last} for first, last in table.unread
    ]
    if not table.encoding.certain:
        found.append({"word": "encoding_guessed", "encoding": table.encoding.encoding})
    second = second_addresses(table)
    filled = {index for cells in table.sample for index, cell in enumerate(cells) if cell.strip()}
    for index, header in enumerate(table.headers):
        if (index >= len(plan.columns) or not plan.columns[index]) and (header or index in filled):
            word = "second_address_column" if index in second else "column_left_out"
            found.append({"word": word, "header": header[:100] or str(index + 1)})
    return found


if __name__ == "__main__":
    sys.exit(main())
