"""What a page tells search engines and other programs, in the words of schema.org (JSON-LD)."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from advocacy import links, news, prose
from advocacy.home import Home
from advocacy.models import Campaign, CampaignText, Update
from mailer import pictures


def of_campaign(campaign: Campaign, text: CampaignText, home: Home) -> dict[str, Any]:
    """The page, who stands behind it, and the questions it answers."""
    address = links.campaign(campaign, text.language)
    page: dict[str, Any] = {
        "@type": "WebPage",
        "@id": address,
        "url": address,
        "name": text.title,
        "description": text.summary,
        "inLanguage": text.language,
        "publisher": _organisation(campaign),
    }
    if home.share_picture is not None:
        page["primaryImageOfPage"] = {
            "@type": "ImageObject",
            "url": settings.SITE_URL + pictures.url(home.share_picture),
            "width": home.share_picture.width,
            "height": home.share_picture.height,
        }
    graph = [page]
    if home.questions:
        graph.append(
            {
                "@type": "FAQPage",
                "@id": f"{address}#questions",
                "inLanguage": text.language,
                "mainEntity": [
                    {
                        "@type": "Question",
                        "name": one.question,
                        "acceptedAnswer": {"@type": "Answer", "text": prose.markdown(one.answer)},
                    }
                    for one in home.questions
                ],
            }
        )
    return {"@context": "https://schema.org", "@graph": graph}


def of_update(campaign: Campaign, update: Update) -> dict[str, Any]:
    """One piece of news."""
    published = update.published_at.isoformat(timespec="seconds") if update.published_at else None
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": update.title,
        "url": news.address(campaign, update),
        "inLanguage": update.language,
        "datePublished": published,
        "author": _organisation(campaign),
        "publisher": _organisation(campaign),
    }


def _organisation(campaign: Campaign) -> dict[str, Any]:
    found = {"@type": "Organization", "name": campaign.sender_name}
    if campaign.logo is not None:
        found["logo"] = settings.SITE_URL + pictures.url(campaign.logo)
    return found
