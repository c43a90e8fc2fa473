"""Languages as staff choose them: those of the pages, and all that a letter may be written in; and countries."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError, localedata
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from advocacy.representatives import places


def name_of(code: str, reader: str | None = None) -> str:
    """A language's name in the reader's language; the code itself where nobody named it."""
    return dict(_names(reader or get_language() or "en")).get(code, code)


def of_pages() -> list[tuple[str, str]]:
    """The languages a campaign's page can be read in."""
    return [(code, name_of(code)) for code, _name in settings.LANGUAGES]


def of_letters() -> list[tuple[str, str]]:
    """Every language a letter may be written in, those of the pages first."""
    pages = {code for code, _name in settings.LANGUAGES}
    return of_pages() + [(code, name) for code, name in _names(get_language() or "en") if code not in pages]


@lru_cache(maxsize=16)
def _names(reader: str) -> list[tuple[str, str]]:
    """Code and name of every language that CLDR has data for, by name."""
    try:
        locale = Locale.parse(reader, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    codes = {code for code in localedata.locale_identifiers() if "_" not in code}
    found = [(code, str(locale.languages[code])) for code in codes if code in locale.languages]
    return sorted(found, key=lambda pair: pair[1].casefold())


def is_right_to_left(code: str) -> bool:
    """Whether the language is written from right to left."""
    try:
        return Locale.parse(code, sep="-").character_order == "right-to-left"
    except (UnknownLocaleError, ValueError):
        return False


def country_code(typed: str) -> str:
    """A country as we store it: two capital letters, or nothing. Raises ValidationError for anything else."""
    code = typed.strip().upper()
    if code and not places.is_country(code):
        raise ValidationError(
            _("Write the country as two letters, for example KE; EU for the European Parliament.")
        )
    return code
