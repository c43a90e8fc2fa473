"""What fetches links besides people: signs of programs and networks that say themselves what they are.

Short on purpose: what is listed here is certain. What hides is found by what it does (`judging`). A house adds networks
it sees with SCANNER_NETWORKS.
"""

from __future__ import annotations

import functools
import ipaddress
import re

from django.conf import settings
from django.http import HttpRequest

from accounts.networks import plain_network_of

# Programs that look at links for others, by the name they give: gateways, previews of chats, crawlers, libraries.
_SCANNER = re.compile(
    r"barracuda|proofpoint|mimecast|messagelabs|fireeye|trellix|symantec|sophos|fortinet|fortiguard|trendmicro|\btmes\b"
    r"|ciscosecureemail|ironport|forcepoint|zscaler|vadesecure|hornetsecurity|checkpoint|cloudmark|bitdefender|kaspersky|avanan"
    r"|safelinks|skypeuripreview|bingpreview|slackbot|linkexpanding|facebookexternalhit"
    r"|whatsapp|telegrambot|twitterbot|linkedinbot|discordbot|embedly|headlesschrome|phantomjs"
    r"|(?<!cu)bot\b|crawler|spider|scan(?:ner|ning)?\b|monitor|preview|validator|linkcheck",
    re.IGNORECASE,
)
_LIBRARY = re.compile(
    r"^(?:curl|wget|python|go-http-client|java|okhttp|apache-httpclient|libwww|lwp|node|axios|ruby|php|perl|powershell"
    r"|aiohttp|httpx|guzzlehttp|winhttp)\b",
    re.IGNORECASE,
)
# Office looks at an address by itself before it hands it to the browser; Outlook loads pictures with the same name.
_OFFICE = re.compile(r"ms-office|^Microsoft Office", re.IGNORECASE)
_BROWSER = re.compile(r"^(?:Mozilla|Opera)/", re.ASCII)

# Apple fetches every picture of a mail when it arrives, for people who asked it to hide when they read: the agent is
# this and no more. https://support.apple.com/guide/mail/use-mail-privacy-protection-mlhl03be2866/mac
APPLE_PROXY = "Mozilla/5.0"

_NETWORKS = (
    # Exchange Online Protection (Microsoft 365 endpoints, id 10).
    "40.92.0.0/15",
    "40.107.0.0/16",
    "52.100.0.0/14",
    "104.47.0.0/17",
    # Barracuda Email Gateway Defense (its published ranges for the United States).
    "64.235.144.0/20",
    "209.222.80.0/21",
)


_AHEAD = {"prefetch", "preview", "prerender"}


def is_person(request: HttpRequest) -> bool:
    """Whether a request is counted as a person's where nothing more than itself is known of it."""
    agent = request.headers.get("User-Agent", "")
    return (
        request.method == "GET"
        and not is_ahead(request)
        and is_browser(agent)
        and agent != APPLE_PROXY
        and not is_scanner(agent)
        and not is_scanner_network(plain_network_of(request))
    )


def is_ahead(request: HttpRequest) -> bool:
    """Whether a browser says that it fetches ahead: there is no reader yet."""
    purpose = request.headers.get("Sec-Purpose") or request.headers.get("Purpose", "")
    return bool(_AHEAD & set(re.split(r"[\s;,]+", purpose.lower())))


def is_scanner(agent: str) -> bool:
    return _SCANNER.search(agent) is not None


def is_library(agent: str) -> bool:
    """Whether a program of somebody's own asks, or one that hides its name."""
    return not agent or _LIBRARY.match(agent) is not None


def is_browser(agent: str) -> bool:
    """Whether it calls itself a browser: everything a person follows links with does."""
    return _BROWSER.match(agent) is not None and _OFFICE.search(agent) is None


def is_scanner_network(network: str) -> bool:
    """Whether a network, such as 40.92.3.0/24, is one of those that mail gateways work from."""
    try:
        asked = ipaddress.ip_network(network)
    except ValueError:
        return False
    return any(
        asked.version == known.version and asked.subnet_of(known)  # type: ignore[arg-type]
        for known in _known_networks(tuple(settings.SCANNER_NETWORKS))
    )


@functools.cache
def _known_networks(more: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text) for text in (*_NETWORKS, *more)]
