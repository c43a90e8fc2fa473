"""News of a campaign: what is published, in which language, and as a feed."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import translation
from django.utils.feedgenerator import Atom1Feed

from advocacy import prose
from advocacy.links import page_language
from advocacy.models import Campaign, CampaignText, Update
from mailer.archive.feed import plain, tag

CONTENT_TYPE = Atom1Feed.content_type
ON_THE_PAGE = 3
IN_THE_FEED = 20


def published(campaign: Campaign) -> QuerySet[Update]:
    """What the public may read, newest first; a date ahead is one that has not come yet."""
    return campaign.updates.filter(published_at__lte=Now())


def in_language(campaign: Campaign, language: str) -> QuerySet[Update]:
    """The published news in the reader's language, or, where there is none at all, in the campaign's main one."""
    rows = published(campaign)
    for wanted in dict.fromkeys((language, language.split("-")[0])):
        if rows.filter(language__iexact=wanted).exists():
            return rows.filter(language__iexact=wanted)
    return rows.filter(language__iexact=campaign.default_language)


def feed(campaign: Campaign, text: CampaignText, language: str, updates: Sequence[Update]) -> str:
    """The newest news as Atom (RFC 4287), whole texts. Ids stay the same for ever, whatever is renamed or moved."""
    made = Atom1Feed(
        title=plain(text.title),
        link=_address(language, "news", campaign.slug),
        description="",
        subtitle=plain(text.summary),
        language=language,
        author_name=plain(campaign.sender_name),
        feed_url=_address(language, "news_feed", campaign.slug),
        feed_guid=tag(f"campaign-{campaign.pk}-{language}"),
    )
    for update in updates:
        made.add_item(
            title=plain(update.title),
            link=address(campaign, update),
            description=plain(prose.markdown(update.body)),
            unique_id=tag(f"update-{update.pk}"),
            pubdate=update.published_at,
            updateddate=update.published_at,
        )
    return made.writeString("utf-8")


def address(campaign: Campaign, update: Update) -> str:
    """Where a piece of news stands, in its own language; a whole address, from the setting."""
    return _address(update.language, "update", campaign.slug, update.pk)


def _address(language: str, name: str, *args: object) -> str:
    with translation.override(page_language(language)):
        return settings.SITE_URL + reverse(f"advocacy:{name}", args=args)
