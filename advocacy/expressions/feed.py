"""The newest expressions of a campaign as an Atom feed (RFC 4287), in the language of the page."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _

from advocacy import texts
from advocacy.expressions import links
from advocacy.models import Campaign, Expression
from mailer.archive.feed import plain, tag

CONTENT_TYPE = Atom1Feed.content_type
LENGTH = 20


def written(campaign: Campaign, expressions: Sequence[Expression], language: str) -> str:
    """The feed as XML. Ids stay the same for ever."""
    title = texts.title_of(campaign, language)
    feed = Atom1Feed(
        title=plain(_("Who supports “%(campaign)s”") % {"campaign": title}),
        link=links.absolute("support", language, campaign.slug),
        description="",
        language=language,
        author_name=plain(campaign.sender_name),
        feed_url=links.absolute("support_feed", language, campaign.slug),
        feed_guid=tag(f"support-{campaign.pk}-{language}"),
    )
    for one in expressions:
        feed.add_item(
            title=plain(title_of(one)),
            link=links.page(one, language),
            description=plain(one.statement),
            unique_id=tag(f"expression-{one.pk}"),
            author_name=plain(one.speaker),
            pubdate=one.published_at,
            updateddate=one.decided_at or one.published_at,
        )
    return feed.writeString("utf-8")


def title_of(expression: Expression) -> str:
    """Who speaks, in one line: the name, the office, and for whom."""
    return ", ".join(
        part for part in (expression.name, expression.role, expression.organisation_name) if part
    )
