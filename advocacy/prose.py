"""A campaign's words in the reader's language, and its Markdown as safe HTML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

from advocacy.models import Campaign, CampaignText

_TAGS = {"p", "br", "h2", "h3", "h4", "strong", "em", "a", "ul", "ol", "li", "blockquote", "hr", "code"}


@dataclass(frozen=True, slots=True)
class Told:
    """A campaign with its text in the best language we have for the reader."""

    campaign: Campaign
    text: CampaignText
    languages: list[str]


def text_of(campaign: Campaign, language: str) -> CampaignText:
    """The text in `language`, else in its main form (fr for fr-ca), else in the campaign's own, else any.

    Raises CampaignText.DoesNotExist for a campaign without words. One query, none if `texts` was prefetched.
    """
    texts = {text.language: text for text in campaign.texts.all()}
    for wanted in (language, language.partition("-")[0], campaign.default_language):
        if wanted in texts:
            return texts[wanted]
    if not texts:
        raise CampaignText.DoesNotExist(f"campaign {campaign.pk} has no text")
    return min(texts.values(), key=lambda text: text.pk)


def tell(campaign: Campaign, language: str) -> Told:
    """The campaign as a page needs it. Raises CampaignText.DoesNotExist for a campaign without words."""
    return Told(campaign, text_of(campaign, language), sorted(text.language for text in campaign.texts.all()))


def lines(text: str) -> list[str]:
    """The lines that say something; what editors write one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def markdown(text: str) -> SafeString:
    """Markdown as HTML that holds no script, picture or style; its first heading is an h2.

    Cleaned twice: markdown-it takes no HTML, nh3 keeps a short list of tags and link schemes.
    """
    return mark_safe(_markdown(text))  # noqa: S308 (cleaned by nh3)


@lru_cache(maxsize=256)
def _markdown(text: str) -> str:
    return nh3.clean(
        _parser.render(text),
        tags=_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def _lower_headings(state: StateCore) -> None:
    """The page has its h1: an editor's # becomes h2, and nothing goes below h4."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 4)}"


_parser = MarkdownIt("commonmark", {"html": False})
_parser.core.ruler.push("lower_headings", _lower_headings)
