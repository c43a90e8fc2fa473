"""The languages of the pages: English, in which the sources are written, and every one locale/ holds a catalogue for.

A new language is a folder with a translated catalogue and no line of code: its name and direction come from CLDR.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from babel import Locale, UnknownLocaleError
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import to_language

SOURCE = "en"


def catalogues(folder: Path) -> list[str]:
    """The codes of the languages there is a catalogue for, such as "fr" or "pt-br", by the alphabet."""
    return sorted(to_language(path.parent.parent.name) for path in folder.glob("*/LC_MESSAGES/django.po"))


def offered(folder: Path, only: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Code and English name of each language of the pages, as Django's LANGUAGES has them.

    English first, then by what they call themselves; `only` chooses some and says their order. Raises
    ImproperlyConfigured for a language nobody has translated the pages into.
    """
    there = [SOURCE, *sorted(catalogues(folder), key=lambda code: own_name(code).casefold())]
    for code in only:
        if code not in there:
            raise ImproperlyConfigured(
                f"EPISTLE_LANGUAGES names {code!r}, for which locale/ holds no catalogue; there are "
                f"{', '.join(there)}. Example: EPISTLE_LANGUAGES=fr,en"
            )
    chosen = list(dict.fromkeys(only)) or there
    for code in chosen:
        _introduce(code)
    return [(code, english_name(code)) for code in chosen]


def right_to_left(codes: Sequence[str]) -> list[str]:
    """Those of the languages that are written from right to left."""
    return [code for code in codes if LANG_INFO.get(code, {}).get("bidi")]


def english_name(code: str) -> str:
    locale = _locale(code)
    return (locale.english_name if locale else None) or code


def own_name(code: str) -> str:
    """What a language calls itself."""
    locale = _locale(code)
    return (locale.display_name if locale else None) or code


def is_known(code: str) -> bool:
    """Whether CLDR knows the language."""
    return _locale(code) is not None


def _introduce(code: str) -> None:
    """Tell Django of a language that it has no translation of itself; its template tags raise for a stranger."""
    locale = _locale(code)
    LANG_INFO.setdefault(
        code,
        {
            "bidi": locale is not None and locale.character_order == "right-to-left",
            "code": code,
            "name": english_name(code),
            "name_local": own_name(code),
        },
    )


def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
