"""What a reader passes on: the campaign's words in their language, and the ways to pass on each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from advocacy import texts
from advocacy.models import Campaign, CampaignText, Membership, ShareText
from advocacy.sharing import lengths, links
from mailer import share_networks

MASTODON = "mastodon"
# In the order in which they are offered: those that work on any phone first.
OFFERED = ("whatsapp", "mail", "telegram", "bluesky", MASTODON, "facebook", "linkedin", "x")
# They take the link alone and fetch the rest from our page.
LINK_ALONE = frozenset({"facebook", "linkedin"})


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pass a message on: a plain link that opens the network's own page. No script, no counter of theirs."""

    network: str
    name: str
    href: str
    takes_text: bool
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """One suggested message. `key` names it in addresses of ours; "" is the one offered first."""

    key: str
    text: str
    network: str = ""

    @property
    def network_name(self) -> str:
        return share_networks.label(self.network) if self.network else ""


@dataclass(frozen=True)
class Kit:
    """Everything one reader may pass on of a campaign; `link` is the whole address, `query` names it to our pages."""

    campaign: Campaign
    language: str
    title: str
    link: str
    query: str
    hashtags: tuple[str, ...]
    messages: tuple[Words, ...]

    @property
    def first(self) -> Words:
        """The message for every network that has none of its own."""
        return next(words for words in self.messages if not words.network)

    @property
    def others(self) -> list[Words]:
        """All but the first."""
        return [words for words in self.messages if words is not self.first]

    @property
    def tags(self) -> str:
        return " ".join(self.hashtags)

    @cached_property
    def ways(self) -> list[Way]:
        """Each network with the message meant for it, else with the first one."""
        return [self.way(network, self.for_network(network)) for network in OFFERED]

    def for_network(self, network: str) -> Words:
        return next((words for words in self.messages if words.network == network), self.first)

    def by_key(self, key: str) -> Words:
        """The message an address names; the one for Mastodon where it names none of this language."""
        return next(
            (words for words in self.messages if key and words.key == key), self.for_network(MASTODON)
        )

    def ways_of(self, words: Words) -> list[Way]:
        """The ways for one message: every network, or the one it was written for. Those that take no text are left out."""
        offered = [words.network] if words.network else OFFERED
        return [self.way(network, words) for network in offered if network not in LINK_ALONE or words.network]

    def whole(self, words: Words, network: str = "") -> str:
        """A message with as many hashtags as the network has room for, without the link."""
        if network in lengths.LIMITS:
            return lengths.fit(network, words.text, self.hashtags, self.link).text
        return lengths.with_tags(words.text, self.hashtags)

    def to_copy(self, words: Words) -> str:
        """A message as it is copied: with its hashtags, and the link on a line of its own."""
        return f"{self.whole(words, words.network)}\n{self.link}"

    def way(self, network: str, words: Words) -> Way:
        if network == MASTODON:
            page = reverse("advocacy:mastodon", args=[self.campaign.slug])
            carried = "&".join(filter(None, [f"message={words.key}" if words.key else "", self.query]))
            href = f"{page}?{carried}" if carried else page
            return Way(network, share_networks.label(network), href, takes_text=True, is_ours=True)
        text = self.whole(words, network)
        href = share_networks.share(network, title=self.title, text=text, link=self.link)
        return Way(network, share_networks.label(network), href, network not in LINK_ALONE)


def kit(campaign: Campaign, language: str, *, code: str = "", member: Membership | None = None) -> Kit:
    """What is passed on in `language`: by the link of `code` if it is one of this campaign, else by the page of
    `member`, else by the campaign's own."""
    text = texts.text_for(campaign, language)
    found, rows = _rows(campaign, language)
    link = links.address_by(campaign, code)
    query = {"link": code} if link else {"with": member.organisation.slug} if member else {}
    return Kit(
        campaign=campaign,
        language=found or (text.language if text else language),
        title=text.title if text else campaign.name,
        link=link or page_of(campaign, member),
        query=urlencode(query),
        hashtags=tags_of(campaign, text),
        messages=tuple(_messages(text, campaign, rows, found)),
    )


def page_of(campaign: Campaign, member: Membership | None) -> str:
    """The whole address of the campaign's page, or of a member's, in the language of the reader."""
    if member is None:
        return settings.SITE_URL + reverse("advocacy:campaign", args=[campaign.slug])
    return settings.SITE_URL + reverse("advocacy:member", args=[campaign.slug, member.organisation.slug])


def tags_of(campaign: Campaign, text: CampaignText | None) -> tuple[str, ...]:
    """The hashtags of a language, else the campaign's; each once."""
    return tuple(dict.fromkeys((text.hashtags if text and text.hashtags else campaign.hashtags).split()))


def _rows(campaign: Campaign, language: str) -> tuple[str, list[ShareText]]:
    """The suggested messages of the reader's language, of its plain form, of the main one, or of any; and of which."""
    by_language: dict[str, list[ShareText]] = {}
    for row in campaign.share_texts.all():
        by_language.setdefault(row.language.casefold(), []).append(row)
    wanted = (language, language.split("-")[0], campaign.default_language)
    found = next(
        (one.casefold() for one in wanted if one.casefold() in by_language), next(iter(by_language), "")
    )
    rows = by_language.get(found, [])
    return (rows[0].language if rows else ""), rows


def _messages(
    text: CampaignText | None, campaign: Campaign, rows: Sequence[ShareText], language: str
) -> Iterable[Words]:
    """First the campaign's own text to share, if it is of the same language; there is always one for every network."""
    own = (text.share_text or text.title) if text else campaign.name
    is_theirs = bool(text and text.share_text and text.language == language)
    if is_theirs or not any(not row.network for row in rows):
        yield Words("", own)
    for row in rows:
        if not is_theirs or row.text != own:
            yield Words(str(row.pk), row.text, row.network)
