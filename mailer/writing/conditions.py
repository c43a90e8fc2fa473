"""Blocks for a part of the audience: which conditions a mailing has, and who reads which of its blocks.

`MailingMessage.part` has bit n set for people to whom condition n applies, so that a mailing of two conditions has at
most four messages in each language.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.segments import compiling
from mailer.models import Mailing

Tree = Mapping[str, Any]

MOST = 8
# A part in which every condition applies: for a preview of all blocks.
ALL = -1


def of(mailing: Mailing) -> list[dict[str, Any]]:
    """The different conditions of a mailing's blocks in all its languages, in an order that stays the same.

    Raises ValidationError where there are more than MOST.
    """
    return in_texts(mailing.texts.order_by("language").values_list("blocks", flat=True))


def in_texts(texts: Iterable[Any]) -> list[dict[str, Any]]:
    """The different conditions in the blocks of some texts, in the order in which they come."""
    found: list[dict[str, Any]] = []
    for blocks in texts:
        for block in blocks if isinstance(blocks, list) else []:
            tree = block.get("shown_to") if isinstance(block, dict) else None
            if isinstance(tree, dict) and tree and tree not in found:
                found.append(tree)
    if len(found) > MOST:
        raise ValidationError(
            _("A mailing may show blocks to %(most)d different groups of people."),
            code="too_many",
            params={"most": MOST},
        )
    return found


def applies(tree: Tree | None, part: int, conditions: Sequence[Tree]) -> bool:
    """Whether people of `part` read a block. One whose condition is unknown is read by nobody but in ALL."""
    if not tree or part == ALL:
        return True
    return tree in conditions and bool(part >> conditions.index(tree) & 1)


def part_of(conditions: Sequence[dict[str, Any]], contact: Contact) -> int:
    """The part one contact belongs to: one query a condition. Raises RuleError for one that cannot be read."""
    bits = (
        compiling.queryset(tree).filter(pk=contact.pk).exists() << bit for bit, tree in enumerate(conditions)
    )
    return sum(bits)
