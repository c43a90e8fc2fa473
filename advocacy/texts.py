"""What a campaign says in the reader's language, with its fallback chain."""

from __future__ import annotations

from advocacy.models import Campaign, CampaignText


def text_for(campaign: Campaign, language: str) -> CampaignText | None:
    """The campaign's text in `language`, else its plain form (fr for fr-CA), else the main language, else any."""
    texts = {text.language.casefold(): text for text in campaign.texts.all()}
    wanted = (language, language.split("-")[0], campaign.default_language)
    found = next((texts[choice.casefold()] for choice in wanted if choice.casefold() in texts), None)
    return found or next(iter(texts.values()), None)


def title_of(campaign: Campaign, language: str) -> str:
    text = text_for(campaign, language)
    return text.title if text else campaign.name
