"""What people agree to when they sign up, word for word: it is shown, sealed into the form and kept as proof."""

from __future__ import annotations

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from contacts.models import MailingList


def page_language(language: str) -> str:
    """The language our pages have that is nearest to `language`."""
    try:
        return translation.get_supported_language_variant(language or "en")
    except LookupError:
        return "en"


def consent_text(mailing_list: MailingList, language: str) -> str:
    """The words beside the tick: those of staff in this language, else the ones every list has."""
    if own := mailing_list.public_consent(language):
        return own
    with translation.override(page_language(language)):
        return _("Send me “%(list)s” by e-mail. I can leave at any time, by the link in every mail.") % {
            "list": mailing_list.public_name(language)
        }


def consent_language(mailing_list: MailingList, language: str) -> str:
    """The language that `consent_text` is in."""
    return language if mailing_list.public_consent(language) else page_language(language)


def languages_of(mailing_list: MailingList) -> list[str]:
    """The languages somebody can ask for: those of our pages, and those staff wrote texts in."""
    return list(dict.fromkeys([code for code, _name in settings.LANGUAGES] + sorted(mailing_list.texts)))
