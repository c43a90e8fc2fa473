"""What a campaign says in the reader's language, with its fallback chain."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from advocacy import links
from advocacy.models import Campaign, CampaignText


def text_for(campaign: Campaign, language: str) -> CampaignText | None:
    """The campaign's text in `language`, else its plain form (fr for fr-CA), else the main language, else any."""
    texts = {text.language.casefold(): text for text in shown(campaign)}
    wanted = (language, language.split("-")[0], campaign.default_language)
    found = next((texts[choice.casefold()] for choice in wanted if choice.casefold() in texts), None)
    return found or next(iter(texts.values()), None)


def shown(campaign: Campaign) -> list[CampaignText]:
    """The texts that readers may see: those that are ready; of drafts alone, any is better than no page."""
    rows = list(campaign.texts.all())
    return [text for text in rows if text.is_ready] or rows


def title_of(campaign: Campaign, language: str) -> str:
    text = text_for(campaign, language)
    return text.title if text else campaign.name


@dataclass(frozen=True, slots=True)
class Alternate:
    """A campaign's page in one language, for search engines; "x-default" is the one for everybody else."""

    code: str
    address: str


def alternates(campaign: Campaign) -> list[Alternate]:
    """The page in each language that the campaign has a text in and our pages have."""
    written = {text.language for text in campaign.texts.all() if text.is_ready}
    found = [
        Alternate(code, links.campaign(campaign, code))
        for code, _name in settings.LANGUAGES
        if code in written
    ]
    return [*found, Alternate("x-default", links.campaign(campaign, campaign.default_language))]
