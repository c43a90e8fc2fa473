"""The blocks of a text as a form, and back: what the editor's templates show and what they post.

In the form every block is named by a field `block` with its id, in the order of the page; one that stands in a column
says so in `in-<id>`. Its values are `<id>-<field>`. What the person may not write, such as another's MJML or a rule
tree, travels signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.http import QueryDict
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from accounts.desk import key_in
from contacts.segments import trees, wording
from contacts.segments.trees import RuleError
from mailer.mailings import arranging
from mailer.models import Picture
from mailer.writing import blocks as writing
from mailer.writing import rich
from mailer.writing.blocks import KINDS, Field, Kind

_SALT = "mailer.admin.block_forms"
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")

Block = dict[str, Any]


def sealed(data: Any) -> str:
    return signing.dumps(data, salt=_SALT, compress=True)


def unsealed(text: str) -> Any:
    """What `sealed` was given; None for anything else."""
    try:
        return signing.loads(text, salt=_SALT)
    except signing.BadSignature:
        return None


# --- from the form


def read(posted: QueryDict, *, may_write_mjml: bool) -> list[Block]:
    """The blocks as the form has them. What no form of ours could have sent is left out.

    Raises ValidationError for more than a mail can hold (see `blocks.clean`).
    """
    found: list[Block] = []
    known: dict[str, Block] = {}
    for block_id in posted.getlist("block")[: writing.MOST_BLOCKS + 1]:
        block = _block(posted, block_id, may_write_mjml) if block_id not in known else None
        if block is None:
            continue
        known[block_id] = block
        parent, _colon, column = posted.get(f"in-{block_id}", "").partition(":")
        siblings = known[parent].get(column) if parent in known else found
        if isinstance(siblings, list):
            siblings.append(block)
    return writing.clean(found)


def _block(posted: QueryDict, block_id: str, may_write_mjml: bool) -> Block | None:
    kind = KINDS.get(posted.get(f"kind-{block_id}", ""))
    if kind is None or not _ID.fullmatch(block_id):
        return None
    if kind.name == "mjml" and not may_write_mjml:
        kept = unsealed(posted.get(f"sealed-{block_id}", ""))
        return {**kept, "id": block_id} if isinstance(kept, dict) else None
    block: Block = {"id": block_id, "kind": kind.name}
    for one in kind.fields:
        block[one.name] = _value(posted, f"{block_id}-{one.name}", one)
    if tree := unsealed(posted.get(f"shown-{block_id}", "")):
        block["shown_to"] = tree
    return block


def _value(posted: QueryDict, name: str, one: Field) -> Any:
    typed = posted.get(name, "")
    match one.input:
        case "items":
            return [line for line in typed.splitlines() if line.strip()]
        case "picture":
            return key_in(typed)
        case "number":
            return key_in(typed) if typed else one.default
        case "switch":
            return typed == "on"
        case "networks":
            return posted.getlist(name)
        case "blocks":
            return []
    return typed


# --- to the form


@dataclass(frozen=True, slots=True)
class ShownField:
    """A field of a block with what its input needs."""

    id: str
    field: Field
    value: Any
    text: str
    options: Sequence[tuple[str, Any, bool]] = ()
    picture: Picture | None = None
    problems: Sequence[str] = ()

    @property
    def is_long(self) -> bool:
        return self.field.input == "line" and self.field.most > 200


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    label: Any
    blocks: Sequence[ShownBlock]


@dataclass(frozen=True, slots=True)
class ShownBlock:
    id: str
    place: str
    kind: Kind
    said: str
    parent: str
    is_first: bool
    is_last: bool
    is_locked: bool
    sealed: str
    shown_to: str
    shown_to_whom: str
    fields: Sequence[ShownField] = ()
    columns: Sequence[Column] = field(default=())


class Form:
    """Everything the editor's blocks need, with the pictures they name read at once."""

    def __init__(
        self,
        blocks: Sequence[Mapping[str, Any]],
        *,
        pictures: Mapping[int, Picture],
        problems: Sequence[writing.Problem] = (),
        may_write_mjml: bool = False,
    ) -> None:
        self.pictures = pictures
        self.problems = problems
        self.may_write_mjml = may_write_mjml
        self.blocks = list(self._shown(blocks, "", ""))

    def _shown(self, blocks: Sequence[Mapping[str, Any]], above: str, parent: str) -> Iterator[ShownBlock]:
        for number, block in enumerate(blocks, 1):
            kind, place = KINDS[block["kind"]], f"{above}{number}"
            tree = block.get("shown_to")
            locked = kind.name == "mjml" and not self.may_write_mjml
            yield ShownBlock(
                id=block["id"],
                place=place,
                kind=kind,
                said=said(block),
                parent=parent,
                is_first=number == 1,
                is_last=number == len(blocks),
                is_locked=locked,
                sealed=sealed(dict(block)) if locked else "",
                shown_to=sealed(tree) if tree else "",
                shown_to_whom=to_whom(tree),
                fields=[self._field(block, one) for one in kind.fields if one.input != "blocks"],
                columns=[
                    Column(
                        one.name,
                        one.label,
                        list(self._shown(block.get(one.name, []), f"{place}.", f"{block['id']}:{one.name}")),
                    )
                    for one in kind.fields
                    if one.input == "blocks"
                ],
            )

    def _field(self, block: Mapping[str, Any], one: Field) -> ShownField:
        value = block.get(one.name, one.default)
        chosen = value if isinstance(value, list) else [str(value)]
        return ShownField(
            id=f"{block['id']}-{one.name}",
            field=one,
            value=value,
            text="\n".join(value) if one.input == "items" else "" if value is None else str(value),
            options=[(known, label, known in chosen) for known, label in one.choices],
            picture=self.pictures.get(value) if one.input == "picture" and value else None,
            problems=[
                one_wrong.message
                for one_wrong in self.problems
                if (one_wrong.block, one_wrong.field) == (block["id"], one.name)
            ],
        )


def said(block: Mapping[str, Any], most: int = 60) -> str:
    """The first words of a block, by which people tell it from the others."""
    for one in KINDS[block["kind"]].fields:
        value = block.get(one.name)
        if one.input in {"rich", "inline", "items"}:
            words = rich.words(" ".join(value) if isinstance(value, list) else str(value or ""))
        elif one.input in {"line", "code"}:
            words = str(value or "")
        else:
            continue
        if shown := " ".join(words.split()):
            return Truncator(shown).chars(most)
    return ""


def to_whom(tree: Mapping[str, Any] | None) -> str:
    """The part of the audience that sees a block, as a sentence; "" for everybody."""
    if not tree:
        return ""
    try:
        return Truncator(wording.sentence(trees.read(tree))).chars(160)
    except RuleError:
        return _("a rule that cannot be read any more")


def pictures_of(blocks: Sequence[Mapping[str, Any]]) -> set[int]:
    """The numbers of the pictures that blocks show."""
    found = set()
    for block in blocks:
        found |= {
            block[one.name]
            for one in KINDS[block["kind"]].fields
            if one.input == "picture" and isinstance(block.get(one.name), int)
        }
        for column in arranging.columns(dict(block)):
            found |= pictures_of(column)
    return found
