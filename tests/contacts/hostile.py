"""Values that are made to do harm where they come out, from the shared data."""

from __future__ import annotations

import csv
import json

from tests.shared_data import shared


def hostile_values() -> list[str]:
    """Every such value that a name may hold, each once; none where the shared data are absent."""
    cells, cases = shared("data/contacts/17_injection.csv"), shared("data/hostile/sample.jsonl")
    if cells is None or cases is None:
        return []
    with cells.open(encoding="utf-8", newline="") as file:
        found = {cell for row in csv.DictReader(file) for cell in row.values() if cell}
    with cases.open(encoding="utf-8") as file:
        found |= {text for line in file if isinstance(text := json.loads(line).get("value"), str)}
    return sorted(text for text in found if "\0" not in text and len(text) <= 200)
