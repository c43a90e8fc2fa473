"""Reasons are kept in English and read in one's own language."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils import translation

from mailer import reasons

ROOT = Path(__file__).resolve().parent.parent.parent
# Where machines write down why; a sentence there that nobody can translate would be shown in English.
WRITERS = ["mailer/sending.py", "mailer/providers.py", "advocacy/abuse.py", "advocacy/routes.py"]


def written(path: str) -> list[str]:
    """The constant reasons of a module; of those put together, the first words."""
    found = []
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.keyword) and node.arg == "reason":
            match node.value:
                case ast.Constant(value=str(text)) if text:
                    found.append(text)
                case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_more]):
                    found.append(text)
    return found


@pytest.mark.parametrize("path", WRITERS)
def test_every_reason_a_machine_writes_is_known_to_the_desk(path):
    starts = [start for template in reasons.known() if (start := template.partition("%(")[0])]
    unknown = [text for text in written(path) if not any(text.startswith(start) for start in starts)]
    assert written(path)
    assert unknown == []


def test_a_reason_is_read_in_the_readers_language_with_what_differs_in_it():
    with translation.override("fr"):
        assert reasons.in_words("the provider answered 503") == "le fournisseur a répondu 503"
        assert (
            reasons.in_words("the address is marked: the office reported a letter as spam")
            == "l’adresse est marquée : le bureau a signalé une lettre comme indésirable"
        )
        assert "idiot" in reasons.in_words("holds “idiot” (en word list)")
        assert "word list" not in reasons.in_words("holds “idiot” (en word list)")


@pytest.mark.parametrize("typed", ["", "The minister rang.", "It holds two links.", "Letters"])
def test_what_a_person_typed_stays_as_it_is(typed):
    with translation.override("fr"):
        assert reasons.in_words(typed) == typed
