"""Addresses of our pages as they stand in mails: from one setting, never from a request (CVE-2026-26747).

The names of the routes are those of `advocacy/urls.py`: campaign, confirm, status, not_me, report.
"""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from advocacy import denying, tokens
from advocacy.models import Campaign, Letter, Membership, Submission
from mailer.models import Delivery


def confirm(submission: Submission) -> str:
    return _absolute("confirm", tokens.make(tokens.CONFIRM, submission), submission.language)


def status(submission: Submission) -> str:
    return _absolute("status", tokens.make(tokens.STATUS, submission), submission.language)


def not_me(submission: Submission, mail: Delivery) -> str:
    """For whoever has this mail, also when the address is corrected later."""
    return _absolute("not_me", denying.token(denying.SUBMISSION, mail), submission.language)


def report(letter: Letter) -> str:
    """For the representative's office, so in the language of the letter. The number tells which letter is meant."""
    return _absolute("report", tokens.make(tokens.REPORT, letter.submission), letter.language, letter.pk)


def campaign(campaign: Campaign, language: str) -> str:
    return _absolute("campaign", campaign.slug, language)


def resources(campaign: Campaign, language: str) -> str:
    return _absolute("resources", campaign.slug, language)


def member(membership: Membership, *, via: str = "", language: str = "") -> str:
    """The path of a member's page, in the language of the moment unless another is named."""
    with translation.override(page_language(language) if language else translation.get_language()):
        path = reverse("advocacy:member", args=[membership.campaign.slug, membership.organisation.slug])
    return f"{path}?{urlencode({'via': via})}" if via else path


def page_language(language: str) -> str:
    """The language our pages have that is nearest to `language`."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE


def _absolute(name: str, argument: str, language: str, *more: int) -> str:
    with translation.override(page_language(language)):
        return f"{settings.SITE_URL}{reverse(f'advocacy:{name}', args=[argument, *more])}"
