"""What each provider's API can do with many people in one call, as Anymail speaks to it.

Only what lets a batch keep our promises counts: a text of ours with places for each person, a header of their own
(List-Unsubscribe names the person) and a number of ours that comes back with events. Whoever lacks one of these is asked
once for each person. Sources: Anymail 15.2's backends, and the providers' documentation named beside the figure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.mail import EmailMessage


@dataclass(frozen=True, slots=True)
class Abilities:
    """`batch`: people in one call, 0 where each needs a call of their own.

    `place` makes the placeholder of a variable. A text that holds `language`, what else the provider would read as its
    own, goes singly: nobody's braces are run as a template. `message_ids`: whether each person may be given a
    Message-ID of ours. `extra` goes to Anymail as `esp_extra`. `tracks`: whether it can be told not to watch the reader
    (where not, that is a setting of the account); `metadata`: whether it tells a number of ours back with events.
    """

    batch: int = 0
    place: str = ""
    language: str = ""
    message_ids: bool = False
    extra: tuple[tuple[str, Any], ...] = ()
    tracks: bool = True
    metadata: bool = True

    def placeholder(self, variable: str) -> str:
        return self.place.replace("X", variable)

    def is_foreign(self, text: str) -> bool:
        """Whether the provider would read something in this text, free of our slots, as an order."""
        return bool(self.language) and re.search(self.language, text) is not None


_BRACES = r"\{\{|\{%|\{#"

ABILITIES: dict[str, Abilities] = {
    # https://documentation.mailgun.com: "Batch Sending", up to 1,000 recipients.
    "mailgun": Abilities(1_000, "%recipient.X%", r"%recipient", message_ids=True),
    # https://www.twilio.com/docs/sendgrid/for-developers/sending-email/personalizations: up to 1,000.
    "sendgrid": Abilities(1_000, "[%X%]", r"\[%", extra=(("merge_field_format", "[%{}%]"),)),
    # https://developers.sparkpost.com/api/transmissions: 2,000 advised at most. Three braces: we have escaped already.
    "sparkpost": Abilities(1_000, "{{{X}}}", _BRACES),
    # https://developers.brevo.com/docs/batch-send-transactional-emails: up to 1,000 versions.
    "brevo": Abilities(1_000, "{{params.X}}", _BRACES, tracks=False),
    # https://dev.mailjet.com/email/guides/send-api-v31: 50 messages a call; its language is off unless asked for.
    "mailjet": Abilities(50, "{{var:X}}", _BRACES, extra=(("Globals", {"TemplateLanguage": True}),)),
    # Bodies of a template of theirs only (Amazon SES, Postmark, Mailtrap), no header or number for each person
    # (Mandrill, MailerSend, Unisender Go), or nothing of the kind: one call a person.
    "amazon_ses": Abilities(tracks=False),
    "mailersend": Abilities(metadata=False),
    "mailtrap": Abilities(tracks=False),
    "mandrill": Abilities(),
    "postal": Abilities(tracks=False, metadata=False),
    "postmark": Abilities(),
    "resend": Abilities(tracks=False),
    "scaleway": Abilities(tracks=False),
    "unisender_go": Abilities(),
}


def of(provider: str) -> Abilities:
    """The abilities of a provider by its short name; none for one we do not know."""
    return ABILITIES.get(provider, Abilities())


def add_options(mail: EmailMessage, provider: str, metadata: Mapping[str, str]) -> None:
    """Set Anymail's options of a mail: what comes back with every event, and nothing that watches the reader.

    Anymail refuses a mail with an option that its provider does not have.
    """
    known = of(provider)
    options: dict[str, Any] = {}
    if known.metadata and metadata:
        options["metadata"] = dict(metadata)
    if known.tracks:
        options |= {"track_opens": False, "track_clicks": False}
    if known.extra:
        options["esp_extra"] = dict(known.extra)
    for name, value in options.items():
        setattr(mail, name, value)
