"""The slots of the door in a mailing's text and headers, filled for one person: links that hold secrets.

A worker makes a `Filler` once for each message and asks it for each person; that costs 6 µs and no query. The names are
those that `mailer.headers` and `links.rewriting` leave in headers and texts:

`unsubscribe_link`, `unsubscribe_mailto`, `preferences_link`, `web_link` (view in browser), and `hit`, which ends each
counted link and the pixel. Every value is ASCII without a sign that HTML or a header would have to escape.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from django.conf import settings

from mailer import preference_links, unsubscribe_links
from mailer.archive import addresses
from mailer.links import tokens
from mailer.models import Mailing

NAMES = frozenset({"unsubscribe_link", "unsubscribe_mailto", "preferences_link", "web_link", "hit"})

Filler = Callable[[int, int, bytes], dict[str, str]]


def filler(mailing: Mailing, language: str) -> Filler:
    """What fills the slots of one message: `(delivery_id, contact_id, address_hash)` to a value for each of `NAMES`.

    Pure: a second try of a delivery gets the same values. `language` is the message's; pages open in the nearest one
    they have.
    """
    mailing_id, domain = mailing.pk, settings.MAIL_DOMAIN
    # The keys are prepared once: copying that state costs half of a MAC from scratch.
    by_preference_key = hmac.new(unsubscribe_links.key(), digestmod="sha256").copy
    by_secret_key = hmac.new(tokens.key(), digestmod="sha256").copy
    unsubscribe, preferences = (
        unsubscribe_links.before_token(language),
        preference_links.before_token(language),
    )
    web_link = addresses.web_link(mailing, language)

    def values_for(delivery_id: int, contact_id: int, address_hash: bytes) -> dict[str, str]:
        leaving, choosing = by_preference_key(), by_preference_key()
        leaving.update(unsubscribe_links.seed(contact_id, mailing_id, address_hash))
        choosing.update(preference_links.seed(contact_id, address_hash))
        counting = by_secret_key()
        counting.update(tokens.seed(delivery_id))
        leave = unsubscribe_links.written(contact_id, mailing_id, leaving.digest())
        return {
            "unsubscribe_link": f"{unsubscribe}{leave}",
            "unsubscribe_mailto": f"mailto:unsubscribe+{leave}@{domain}",
            "preferences_link": f"{preferences}{preference_links.written(contact_id, choosing.digest())}/",
            "web_link": web_link,
            "hit": tokens.written(delivery_id, counting.digest()),
        }

    return values_for


def for_a_test(mailing: Mailing, language: str) -> dict[str, str]:
    """The slots of a test mail and of a preview: links that open pages which say so, and act on nobody."""
    return {
        "unsubscribe_link": unsubscribe_links.page(unsubscribe_links.TEST, language),
        "unsubscribe_mailto": unsubscribe_links.mailto(unsubscribe_links.TEST),
        "preferences_link": preference_links.lost(language),
        "web_link": addresses.web_link(mailing, language),
        "hit": tokens.TEST,
    }
