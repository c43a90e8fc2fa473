"""The mail as it leaves, in every language: its size, its text part, the way out, the postal address, its look."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape

from django.core.exceptions import ValidationError

from mailer import theming
from mailer.models import Mailing, MailingText
from mailer.preflight.findings import ERROR, OK, WARNING, Finding
from mailer.writing import conditions, rendering
from mailer.writing.rendering import Rendered

GROUP = "mail"
LARGE = 100_000  # octets; Gmail cuts off at 102 KB (RELIABILITY §3)
TOO_LARGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """The mails of a mailing, by language; with all blocks, whoever reads them."""

    by_language: dict[str, Rendered]
    findings: list[Finding]


def make(mailing: Mailing, texts: list[MailingText]) -> Made:
    """Render every text as it would be sent, with what is wrong with the mails."""
    made: dict[str, Rendered] = {}
    findings: list[Finding] = []
    for text in texts:
        text.mailing = mailing
        try:
            made[text.language] = rendering.render(text, part=conditions.ALL)
        except ValidationError as error:
            findings += [
                Finding(ERROR, "not_rendered", GROUP, {"why": why}, language=text.language, about=why)
                for why in error.messages
            ]
    for language, mail in made.items():
        findings += of_mail(mailing, language, mail)
    return Made(made, [*findings, *look(mailing)])


def of_mail(mailing: Mailing, language: str, mail: Rendered) -> list[Finding]:
    """What one mail lacks, or that it is in order."""
    size = len(mail.html.encode())
    kilobytes = {"kilobytes": -(-size // 1_000)}
    found = []
    if size > TOO_LARGE:
        found.append(Finding(ERROR, "too_large", GROUP, kilobytes, language=language))
    elif size > LARGE:
        found.append(Finding(WARNING, "large", GROUP, kilobytes, language=language))
    if not mail.text.strip():
        found.append(Finding(ERROR, "no_plain", GROUP, language=language))
    if "unsubscribe_link" not in mail.html or "unsubscribe_link" not in mail.text:
        found.append(Finding(ERROR, "no_unsubscribe", GROUP, language=language))
    postal = mailing.sender.postal_address.strip() if mailing.sender else ""
    if not postal:
        found.append(Finding(ERROR, "no_postal", GROUP, language=language))
    elif not all(_shows(part, postal) for part in (mail.html, mail.text)):
        found.append(Finding(ERROR, "postal_not_shown", GROUP, language=language))
    return found or [Finding(OK, "mail_ok", GROUP, kilobytes, language=language)]


def _shows(text: str, postal: str) -> bool:
    """Whether an address stands in a mail, however its lines are broken."""
    return "".join(postal.split()) in "".join(unescape(text).split())


def look(mailing: Mailing) -> list[Finding]:
    """Contrast of the theme. Words that describe pictures are asked for where blocks are read (`texts`)."""
    wrong = [
        Finding(WARNING, "contrast", "look", {"why": str(one)}, about=one.field)
        for one in theming.findings(theming.theme_of(mailing.organisation))
    ]
    return wrong or [Finding(OK, "look_ok", "look")]
