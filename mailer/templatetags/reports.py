"""Shares and languages as the reports show them."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from contacts.fields import language_name

register = template.Library()
register.filter("language_name", language_name)


@register.filter
def percent(share: float | None) -> str:
    """A share from 0 to 1 in the reader's language, finer the smaller it is: 71.4%, 0.12%, 0.004%; "–" for none."""
    if share is None:
        return "–"
    hundred = share * 100
    places = 0 if hundred in {0, 100} else 1 if hundred >= 1 else 2 if hundred >= 0.01 else 3
    if 99.9 < hundred < 100:
        hundred, places = 99.9, 1  # all but a few are not all
    return _("%(number)s%%") % {"number": number_format(round(hundred, places), places)}
