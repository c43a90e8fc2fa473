"""Languages and countries as people call them, from CLDR."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError, localedata
from django.conf import settings
from django.utils.translation import get_language


def language_name(code: str, reader: str = "") -> str:
    """A language's name in the reader's language; the code itself where nobody named it."""
    return dict(_languages(reader or get_language() or "en")).get(code, code)


def languages() -> list[tuple[str, str]]:
    """Code and name of every language that CLDR has data for; those of the pages first, then by name."""
    reader = get_language() or "en"
    pages = {code for code, _name in settings.LANGUAGES}
    first = [(code, language_name(code, reader)) for code, _name in settings.LANGUAGES]
    return first + [(code, name) for code, name in _languages(reader) if code not in pages]


def countries(reader: str = "") -> list[tuple[str, str]]:
    """Code and name of every country, by name in the reader's language."""
    return _countries(reader or get_language() or "en")


def country_name(code: str, reader: str = "") -> str:
    """A country's name in the reader's language; the code itself where nobody named it."""
    return str(_locale(reader or get_language() or "en").territories.get(code.upper(), code))


def own_name(code: str) -> str:
    """What a language calls itself, with a capital; the code where CLDR does not know it."""
    try:
        name = Locale.parse(code, sep="-").display_name
    except (UnknownLocaleError, ValueError):
        return code
    return (name or code)[:1].upper() + (name or code)[1:]


@lru_cache(maxsize=256)
def direction(code: str) -> str:
    """`rtl` or `ltr`, for any language that somebody may write in; left to right where CLDR does not know it."""
    try:
        order = Locale.parse(code, sep="-").character_order
    except (UnknownLocaleError, ValueError, TypeError):
        return "ltr"
    return "rtl" if order == "right-to-left" else "ltr"


@lru_cache(maxsize=16)
def _languages(reader: str) -> list[tuple[str, str]]:
    locale = _locale(reader)
    codes = {code for code in localedata.locale_identifiers() if "_" not in code}
    found = [(code, str(locale.languages[code])) for code in codes if code in locale.languages]
    return sorted(found, key=lambda pair: pair[1].casefold())


@lru_cache(maxsize=16)
def _countries(reader: str) -> list[tuple[str, str]]:
    # Two letters are countries; numbers are parts of the world. The last ones are no place to live in.
    found = [
        (code, str(name))
        for code, name in _locale(reader).territories.items()
        if len(code) == 2 and code.isalpha() and code not in {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}
    ]
    return sorted(found, key=lambda pair: pair[1].casefold())


def _locale(reader: str) -> Locale:
    try:
        return Locale.parse(reader, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
