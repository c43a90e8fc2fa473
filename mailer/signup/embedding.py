"""The form of a list for other sites: plain HTML to copy, without a script, a style or a third party."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from contacts import naming
from contacts.models import MailingList
from mailer.signup import wording
from mailer.signup.forms import new_token
from mailer.visitors import HONEYPOT


@dataclass(frozen=True, slots=True)
class Copy:
    """One language of the form: the address of our page, and the HTML that posts to it from elsewhere."""

    language: str
    name: str
    address: str
    html: str


def copies(mailing_list: MailingList) -> list[Copy]:
    """The form in each language of our pages, then in those that staff wrote the list's words in."""
    return [_copy(mailing_list, code) for code in wording.languages_of(mailing_list)]


def _copy(mailing_list: MailingList, language: str) -> Copy:
    page = wording.page_language(language)
    with translation.override(page):
        address = settings.SITE_URL + reverse("mailer:sign_up", args=[mailing_list.slug])
        if page != language:
            address += f"?in={language}"
        html = render_to_string(
            "mailer/embedded_form.html",
            {
                "address": address,
                "language": language,
                "direction": naming.direction(language),
                "form_token": new_token(mailing_list, language, embedded=True),
                "consent_text": wording.consent_text(mailing_list, language),
                "honeypot": HONEYPOT,
                "id": mailing_list.slug,
            },
        )
    return Copy(language, naming.own_name(language), address, html.strip() + "\n")
