"""Blocks are added, moved, copied and removed: what the buttons of the editor do to a text's blocks.

A place is said in words: "first", "end", "after a1" (below that block, in the same column), "in c1 left" (last in that
column), "top c1 left" (first in it).
Every function changes the list it is given; who names a block or a place that is not there changes nothing.
"""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator
from typing import Any

from mailer.writing.blocks import KINDS

Block = dict[str, Any]
Blocks = list[Block]


def columns(block: Block) -> Iterator[Blocks]:
    """The lists of blocks that stand in a block."""
    kind = KINDS.get(block["kind"])
    for field in kind.fields if kind else ():
        if field.input == "blocks":
            yield block.setdefault(field.name, [])


def find(blocks: Blocks, block_id: str) -> tuple[Blocks, int] | None:
    """The list in which a block stands, and where in it."""
    for number, block in enumerate(blocks):
        if block["id"] == block_id:
            return blocks, number
        for column in columns(block):
            if found := find(column, block_id):
                return found
    return None


def add(blocks: Blocks, block: Block, place: str) -> bool:
    """Put a block at a place; False for a place that is not there, or one where its kind does not stand."""
    target, number = _place(blocks, place) or (None, 0)
    if target is None or (target is not blocks and not KINDS[block["kind"]].nests):
        return False
    target.insert(number, block)
    return True


def _place(blocks: Blocks, place: str) -> tuple[Blocks, int] | None:
    match place.split():
        case ["end"]:
            footer = bool(blocks) and blocks[-1]["kind"] == "footer"
            return blocks, len(blocks) - footer
        case ["first"]:
            return blocks, 0
        case ["after", block_id]:
            found = find(blocks, block_id)
            return (found[0], found[1] + 1) if found else None
        case ["in" | "top" as where, block_id, column]:
            found = find(blocks, block_id)
            inside = found[0][found[1]].get(column) if found else None
            if not isinstance(inside, list):
                return None
            return inside, len(inside) if where == "in" else 0
    return None


def move(blocks: Blocks, block_id: str, by: int) -> bool:
    """Move a block up (-1) or down (1) in its list."""
    found = find(blocks, block_id)
    if found is None or not 0 <= found[1] + by < len(found[0]):
        return False
    siblings, number = found
    siblings.insert(number + by, siblings.pop(number))
    return True


def duplicate(blocks: Blocks, block_id: str) -> str:
    """Put a copy of a block below it; gives the copy's id, "" if there is no such block."""
    found = find(blocks, block_id)
    if found is None:
        return ""
    twin = renewed(found[0][found[1]])
    found[0].insert(found[1] + 1, twin)
    return str(twin["id"])


def renewed(block: Block) -> Block:
    """A copy of a block with ids of its own."""
    twin = copy.deepcopy(block)
    twin["id"] = secrets.token_hex(4)
    for column in columns(twin):
        column[:] = [renewed(one) for one in column]
    return twin


def remove(blocks: Blocks, block_id: str) -> tuple[Block, str] | None:
    """Take a block away; gives it with the place to which `add` would bring it back."""
    found = find(blocks, block_id)
    if found is None:
        return None
    siblings, number = found
    place = f"after {siblings[number - 1]['id']}" if number else _beginning(blocks, siblings)
    return siblings.pop(number), place


def _beginning(blocks: Blocks, siblings: Blocks) -> str:
    for block in blocks:
        for name, value in block.items():
            if value is siblings:
                return f"top {block['id']} {name}"
    return "first"
