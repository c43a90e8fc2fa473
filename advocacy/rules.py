"""What a supporter may write: names, places, subjects, letters, postcodes. Pure functions, no database.

They stand in the service layer, so that no form can forget them (CVE-2026-53878). Each returns the cleaned text
or raises ValidationError with what is wrong and what would be right, in the reader's language. What is accepted
stays as it was typed after NFC and trimming: any script, any accent, any sign.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from contacts.words import EDGES, OVERRIDES, UNSEEN, clean_line, is_control, links_in, plain_words

if TYPE_CHECKING:  # the models use these rules, too
    from advocacy.models import LetterTemplate

MAX_NAME = 100
MAX_PLACE = 100
MAX_SUBJECT = 150
MIN_BODY, MAX_BODY = 20, 5_000
MAX_LINKS = 1


def clean_name(text: str) -> str:
    """A person's name: one line, at least one letter, nothing that is or looks like an address or a link (A2)."""
    return plain_words(text, limit=MAX_NAME, missing=_("Please enter your name."))


def clean_place(text: str) -> str:
    """The place a supporter writes from, as it will stand under the letter."""
    return plain_words(text, limit=MAX_PLACE, missing=_("Please enter the place where you live."))


def check_sender_name(text: str) -> None:
    """A campaign's name as it stands behind “via” and in mails: what no supporter may put into a name, staff may not."""
    plain_words(text, limit=MAX_NAME, missing=_("Please enter a name."))


def clean_subject(template: LetterTemplate, text: str) -> str:
    """The subject of a letter. Where the template locks it, only one of its own subjects is taken."""
    subject = clean_line(text, limit=MAX_SUBJECT, missing=_("Please enter a subject."))
    if not template.subject_editable and subject not in subjects_of(template):
        raise ValidationError(_("Please choose one of the subjects offered."), code="locked")
    if links_in(subject):
        raise ValidationError(_("Please leave links out of the subject."), code="link")
    return subject


def clean_body(template: LetterTemplate, text: str) -> str:
    """The supporter's part of a letter. Where the template locks it, the template's own words are returned.

    Line ends become LF. At most one link, no control characters, no direction overrides.
    """
    if not template.body_editable:
        return template.body
    body = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    body = "\n".join(line.rstrip(" \t") for line in body.split("\n")).strip(EDGES)
    shortest, longest = max(template.min_length, MIN_BODY), min(template.max_length, MAX_BODY)
    if len(body) < shortest:
        raise ValidationError(
            _("This letter is too short: %(found)d characters, at least %(limit)d are needed."),
            code="too_short",
            params={"found": len(body), "limit": shortest},
        )
    if len(body) > longest:
        raise ValidationError(
            _("This letter is too long: %(found)d characters, at most %(limit)d are possible."),
            code="too_long",
            params={"found": len(body), "limit": longest},
        )
    for character in body:
        if character not in "\n\t" and (is_control(character) or character in OVERRIDES):
            raise ValidationError(UNSEEN, code="control_character")
    if len(links_in(body)) > MAX_LINKS:
        raise ValidationError(
            ngettext_lazy(
                "A letter may hold %(limit)d link at most.",
                "A letter may hold %(limit)d links at most.",
                "limit",
            ),
            code="link",
            params={"limit": MAX_LINKS},
        )
    return body


def clean_postcode(text: str) -> str:
    """A postcode as it is looked up: upper case, without blanks and hyphens, leading zeros kept; "" for none."""
    trimmed = unicodedata.normalize("NFKC", text).strip(EDGES)
    if len(trimmed) > 20:
        raise ValidationError(_POSTCODE, code="too_long")
    code = re.sub(r"[\s.-]", "", trimmed).upper()
    if code and not re.fullmatch(r"[A-Z0-9]{2,12}", code):
        raise ValidationError(_POSTCODE, code="invalid")
    return code


def subjects_of(template: LetterTemplate) -> list[str]:
    """The subjects a template offers, in its order."""
    return [line.strip() for line in template.subjects.splitlines() if line.strip()]


_POSTCODE = _("This does not look like a postcode: letters, digits, blanks and hyphens are possible.")
