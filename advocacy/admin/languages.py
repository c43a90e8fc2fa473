"""Languages as staff choose them: those of the pages, and all that a letter may be written in; and countries."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from advocacy.representatives import places
from contacts import naming
from contacts.naming import language_name as name_of


def of_pages() -> list[tuple[str, str]]:
    """The languages a campaign's page can be read in."""
    return [(code, name_of(code)) for code, _name in settings.LANGUAGES]


def of_letters() -> list[tuple[str, str]]:
    """Every language a letter may be written in, those of the pages first."""
    return naming.languages()


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
