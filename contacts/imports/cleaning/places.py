"""Countries, languages and time zones by their codes and by their names in all the languages that Babel knows."""

from __future__ import annotations

import pickle
import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

_TAG = re.compile(r"[a-zA-Z]{2,3}(?:[-_][a-zA-Z0-9]{2,8})*\Z")
_LANGUAGE = 12  # characters, as Contact.language
# Whose word wins where two languages call two countries by one name.
_FIRST = ("en", "fr", "es", "ar", "de", "pt", "it", "ru", "zh", "ja", "nl", "pl", "tr", "uk", "sv", "hi")
# What people and ISO 3166 write, and CLDR does not.
_USUAL = {
    "GB": "uk, u.k., england, scotland, wales, northern ireland, great britain, "
    "united kingdom of great britain and northern ireland",
    "US": "u.s., u.s.a., america, united states of america",
    "GR": "el",
    "NL": "holland, the netherlands",
    "CZ": "czech republic",
    "MK": "macedonia, the former yugoslav republic of macedonia",
    "KR": "korea, republic of korea, korea (republic of), korea, republic of, 한국",
    "KP": "dprk",
    "RU": "russian federation",
    "VN": "viet nam",
    "IR": "islamic republic of iran",
    "SY": "syrian arab republic",
    "MD": "republic of moldova",
    "TZ": "united republic of tanzania",
    "BO": "plurinational state of bolivia",
    "VE": "bolivarian republic of venezuela",
    "LA": "lao people's democratic republic",
    "CD": "democratic republic of the congo, dr congo, drc",
    "CI": "ivory coast",
    "PS": "palestine, state of palestine",
    "TR": "turkey",
    "BN": "brunei darussalam",
    "IE": "republic of ireland, eire",
}


@lru_cache(maxsize=10_000)
def country_of(text: str) -> str:
    """The ISO 3166-1 code of two capitals for a code of two or three letters or a name; "" if nobody knows it."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    if len(trimmed) == 2 and trimmed.upper() in _territories():
        return trimmed.upper()
    word = _fold(trimmed)
    return _usual().get(word) or _alpha3().get(trimmed.upper(), "") or _country_names().get(word, "")


@lru_cache(maxsize=10_000)
def language_of(text: str) -> str:
    """A language tag in small letters ("pt-br") for a tag or a name; "" if nobody knows it."""
    trimmed = text.strip()
    if _TAG.match(trimmed) and len(trimmed) <= _LANGUAGE:
        tag = trimmed.replace("_", "-").lower()
        if tag.partition("-")[0] in _languages():
            return tag
    return _language_names().get(_fold(trimmed), "")


@lru_cache(maxsize=10_000)
def time_zone_of(text: str) -> str:
    """A name of the time zone database in its own capitals; "" if it is none."""
    return _time_zones().get(text.strip().lower().replace(" ", "_"), "")


def _fold(text: str) -> str:
    """A name without capitals, accents of Latin letters and double blanks."""
    folded = unicodedata.normalize("NFKD", text.casefold().replace("\u2019", "'"))
    kept = "".join(sign for sign in folded if not "\u0300" <= sign <= "\u036f")
    return unicodedata.normalize("NFC", " ".join(kept.split()))


@cache
def _usual() -> dict[str, str]:
    return {_fold(word): code for code, words in _USUAL.items() for word in words.split(", ")}


@cache
def _territories() -> frozenset[str]:
    from babel import Locale

    # ZZ is "unknown", X… are for private use but Kosovo, which everybody writes XK; EU, UN and EZ are no countries.
    names = Locale("en").territories
    two = {str(code) for code in names if len(str(code)) == 2 and str(code).isalpha()}
    return frozenset(two - {"EU", "UN", "EZ", "ZZ", "QO", "XA", "XB"})


@cache
def _alpha3() -> dict[str, str]:
    """ISO 3166-1 codes of three letters, from the aliases of CLDR."""
    from babel.core import get_global

    aliases = get_global("territory_aliases")
    return {
        code: targets[0]
        for code, targets in aliases.items()
        if len(code) == 3 and code.isalpha() and len(targets) == 1 and targets[0] in _territories()
    }


def _names(part: str) -> dict[str, str]:
    """Folded name to code, over the languages of Babel; half a second, so only where a code was not enough.

    Babel keeps every locale it was asked for, 150 MB of which we want three: its files are read past its cache.
    """
    from babel import localedata

    plain = {name for name in localedata.locale_identifiers() if "_" not in name and name != "root"}
    found: dict[str, str] = {}
    for name in [*_FIRST, *sorted(plain - set(_FIRST))]:
        data = pickle.loads(Path(localedata.resolve_locale_filename(name)).read_bytes())  # noqa: S301 — Babel's own
        for code, word in data.get(part, {}).items():
            if isinstance(word, str):
                found.setdefault(_fold(word), code)
    return found


@cache
def _country_names() -> dict[str, str]:
    return {word: code for word, code in _names("territories").items() if code in _territories()}


@cache
def _languages() -> frozenset[str]:
    from babel import Locale

    unknown = {"root", "und", "mul", "zxx", "mis"}
    return frozenset(map(str, Locale("en").languages)) - unknown


@cache
def _language_names() -> dict[str, str]:
    kept = {word: code.replace("_", "-").lower() for word, code in _names("languages").items()}
    return {word: code for word, code in kept.items() if len(code) <= _LANGUAGE}


@cache
def _time_zones() -> dict[str, str]:
    from zoneinfo import available_timezones

    return {name.lower(): name for name in available_timezones()}
