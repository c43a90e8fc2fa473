"""Texts that can be translated: found in the sources, kept in locale/, compiled for gettext. All with Babel.

Django's own `makemessages` and `compilemessages` need GNU gettext on the machine; these need nothing but the lock
file. The `.po` files are the source and stand in git; the `.mo` files are made from them and do not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import to_locale

from config.languages import catalogues

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
PYTHON = ("accounts", "contacts", "mailer", "advocacy", "config")
NOT_OURS = {"migrations", "demo"}  # the demo has a file per language
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
# Dates and tool names in a header change without need, and every merge of two branches would conflict in them.
_RESTLESS = re.compile(
    r'^"(Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator|Language-Team): .*\n',
    re.M,
)


def found() -> Catalog:
    """Every text in the Python files and templates, with the files it stands in."""
    catalog = Catalog(charset="utf-8")
    for path in _sources():
        name = path.relative_to(ROOT).as_posix()
        for _line, message, comments, context in extract(
            "python", io.BytesIO(_as_python(path)), KEYWORDS, ("Translators:",), {"encoding": "utf-8"}
        ):
            catalog.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return catalog


def languages() -> list[str]:
    """The languages there is a catalogue for; English is what the sources say and has none."""
    return catalogues(LOCALE)


def make(*, begin: str = "") -> dict[str, int]:
    """Bring the `.po` files to what the sources say. Returns how many texts still lack a translation, by language.

    `begin` is a language that has no catalogue yet: it gets one. Translations stay; texts that are gone go; nothing is
    guessed, so nothing becomes fuzzy. Safe to repeat.
    """
    texts = found()
    missing = {}
    for language in dict.fromkeys([*languages(), *([begin] if begin else [])]):
        catalog = read(language)
        catalog.update(texts, no_fuzzy_matching=True)
        path = po_file(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_written(catalog), encoding="utf-8")
        done, total = progress(language)
        missing[language] = total - done
    return missing


def progress(language: str) -> tuple[int, int]:
    """How many texts of the interface are translated, and how many there are. Cheap to repeat: a file is read once."""
    path = po_file(language)
    if not path.exists():
        return 0, 0
    changed = path.stat()
    return _counted(path, changed.st_mtime_ns, changed.st_size)


@lru_cache(maxsize=64)
def _counted(path: Path, _changed: int, _size: int) -> tuple[int, int]:
    with path.open("rb") as file:
        texts = [message for message in read_po(file, charset="utf-8") if message.id]
    return sum(is_translated(message) for message in texts), len(texts)


def compile() -> int:
    """Write the `.mo` files that are older than their `.po`. Returns how many were written. Safe to repeat."""
    written = 0
    for language in languages():
        source = po_file(language)
        target = source.with_suffix(".mo")
        if not source.exists() or (target.exists() and target.stat().st_mtime >= source.stat().st_mtime):
            continue
        # Beside the target and then renamed: a running process reads the old file or the new one, never half.
        draft = target.with_suffix(".mo.new")
        with draft.open("wb") as file:
            write_mo(file, read(language))
        draft.replace(target)
        written += 1
    return written


def read(language: str) -> Catalog:
    """The catalogue of one language; an empty one where there is no file yet."""
    path = po_file(language)
    if not path.exists():
        return Catalog(locale=to_locale(language), charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=to_locale(language), charset="utf-8", abort_invalid=True)


def po_file(language: str) -> Path:
    return LOCALE / to_locale(language) / "LC_MESSAGES" / "django.po"


def is_translated(message: Message) -> bool:
    """Whether every form of the text has a translation that a person has looked at."""
    forms = message.string if isinstance(message.string, list | tuple) else [message.string]
    return not message.fuzzy and all(forms)


def _sources() -> Iterator[Path]:
    for folder in PYTHON:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not NOT_OURS & set(path.relative_to(ROOT).parts):
                yield path
    yield from sorted(path for path in (ROOT / "templates").rglob("*.*") if path.is_file())


def _as_python(path: Path) -> bytes:
    """A template as calls of gettext, a Python file as it is."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        from django.utils.translation.template import templatize

        # What is not a tag becomes X's; their indentation would be an error in Python.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    return text.encode()


def _written(catalog: Catalog) -> str:
    buffer = io.BytesIO()
    catalog.header_comment = f"# Texts of Epistle in {catalog.locale_identifier}."
    write_po(buffer, catalog, width=110, ignore_obsolete=True, include_previous=False, include_lineno=False)
    return _RESTLESS.sub("", buffer.getvalue().decode("utf-8"))
