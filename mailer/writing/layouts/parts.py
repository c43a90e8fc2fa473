"""What layouts are put together from: blocks in the language that is active."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape

from mailer.writing import blocks

Data = dict[str, Any]


def block(kind: str, **given: Any) -> Data:
    """A new block with some of its fields filled."""
    return {**blocks.new(kind), **given}


def ask(words: str) -> str:
    """Words that ask the author for their own."""
    return f"{blocks.PENCIL} {words}"


def paragraph(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def title(words: str) -> Data:
    return block("heading", text=ask(words), level="1")


def heading(words: str) -> Data:
    return block("heading", text=words)


def text(*words: str) -> Data:
    return block("text", html="".join(paragraph(ask(one)) for one in words))


def points(*words: str, numbered: bool = False) -> Data:
    return block("list", items=[escape(ask(one)) for one in words], numbered=numbered)
