"""The newest mailings of a list as an Atom feed (RFC 4287), one in each language of our pages."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed

from contacts.models import MailingList
from mailer.archive import addresses
from mailer.archive.stranger import Page

CONTENT_TYPE = Atom1Feed.content_type
LENGTH = 20


def written(mailing_list: MailingList, pages: Sequence[Page], language: str, author: str) -> str:
    """The feed as XML. Ids stay the same for ever, whatever is renamed or moved."""
    feed = Atom1Feed(
        title=plain(mailing_list.public_name(language)),
        link=addresses.index_of(mailing_list, language),
        description="",
        subtitle=plain(mailing_list.public_description(language)),
        language=language,
        author_name=plain(author),
        feed_url=addresses.feed_of(mailing_list, language),
        feed_guid=tag(f"list-{mailing_list.pk}-{language}"),
    )
    for page in pages:
        feed.add_item(
            title=plain(page.subject),
            link=page.address,
            description=plain(page.description),
            unique_id=tag(f"mailing-{page.mailing.pk}"),
            author_name=plain(page.sender_name),
            pubdate=page.started_at,
            updateddate=max(page.started_at, page.message.created_at) if page.started_at else None,
        )
    return feed.writeString("utf-8")


def tag(what: str) -> str:
    """A name of ours for ever (RFC 4151)."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{what}"


def plain(text: str) -> str:
    """Without the signs that XML cannot hold: most control characters, half a surrogate pair, two that are none."""
    return "".join(
        sign
        for sign in text
        if sign in "\t\n\r"
        or (sign >= " " and not "\ud800" <= sign <= "\udfff" and sign not in "\ufffe\uffff")
    )
