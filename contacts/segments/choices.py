"""What the closed choices of rules offer, named in the reader's language."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError, localedata
from django.conf import settings
from django.utils.translation import get_language

from contacts.models import Consent, Suppression

Options = list[tuple[str, str]]


def countries() -> Options:
    return _countries(get_language() or "en")


def languages() -> Options:
    """Those of the pages first."""
    names = _languages(get_language() or "en")
    pages = [code for code, _name in settings.LANGUAGES]
    return [
        *((code, dict(names).get(code, code)) for code in pages),
        *(pair for pair in names if pair[0] not in pages),
    ]


@lru_cache(maxsize=1)
def time_zones() -> Options:
    return [
        (name, name.replace("_", " "))
        for name in sorted(available_timezones())
        if "/" in name or name == "UTC"
    ]


def purposes() -> Options:
    return [(value, str(label)) for value, label in Consent.Purpose.choices]


def suppression_reasons() -> Options:
    return [(value, str(label)) for value, label in Suppression.Reason.choices]


@lru_cache(maxsize=16)
def _countries(reader: str) -> Options:
    """ISO 3166 codes, by name; not the world, its parts, nor codes CLDR invented."""
    names = _locale(reader).territories
    found = [(code, str(name)) for code, name in names.items() if len(code) == 2 and code.isalpha()]
    return sorted(
        (pair for pair in found if pair[0] not in {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}),
        key=lambda pair: pair[1].casefold(),
    )


@lru_cache(maxsize=16)
def _languages(reader: str) -> Options:
    codes = {code for code in localedata.locale_identifiers() if "_" not in code}
    names = _locale(reader).languages
    return sorted(
        ((code, str(names[code])) for code in codes if code in names), key=lambda pair: pair[1].casefold()
    )


def _locale(reader: str) -> Locale:
    try:
        return Locale.parse(reader, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
