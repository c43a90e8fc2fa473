"""What a mailing that counts tells its readers, in their language."""

from __future__ import annotations

from html import escape

from django.utils import translation
from django.utils.translation import gettext as _

from mailer.composing import direction_of
from mailer.models import Mailing
from mailer.signup.wording import page_language


def sentence(mailing: Mailing, language: str = "") -> str:
    """What is counted, in words; "" where nothing is."""
    with translation.override(page_language(language or mailing.language)):
        match mailing.track_clicks, mailing.track_opens:
            case True, True:
                return _(
                    "We count which links of this mail are followed and whether its pictures are loaded, "
                    "to learn what is read. It stays with us."
                )
            case True, False:
                return _(
                    "We count which links of this mail are followed, to learn what is read. It stays with us."
                )
            case False, True:
                return _(
                    "We count whether the pictures of this mail are loaded, to learn what is read. It stays with us."
                )
            case _nothing:
                return ""


def paragraph(text: str, language: str) -> str:
    """The sentence as small print under a mail, like the words of the footer (templates/email/mailing/footer.mjml); the
    mail's own styles give it the colour it has in the dark."""
    return (
        f'<div class="faint" style="max-width:600px;margin:0 auto"><div lang="{language}" dir="{direction_of(language)}" '
        'style="padding:0 24px 36px;font-family:-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, '
        'Noto Sans, Noto Sans Arabic, Arial, sans-serif;font-size:13px;line-height:1.55;color:#605f5c">'
        f"{escape(text)}</div></div>"
    )
