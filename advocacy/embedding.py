"""On whose sites a campaign's form may stand, and the lines of code that put it there.

A site is named by its origin, as browsers write it: https://www.example.org, with a port where it has one of its own.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import idna
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import override

from advocacy.links import page_language
from advocacy.models import Campaign, Membership

MOST_SITES = 50  # each stands in a header of every framed page
_MAX_LINE = 500
_PORTS = {"http": 80, "https": 443}


def origin(line: str) -> str:
    """The site that a line names: of a page's whole address only the site counts. Raises ValidationError, which says why.

    "www.Example.org/take-part" is https://www.example.org.
    """
    typed = line.strip()
    wrong = ValidationError(
        _("“%(line)s” is no site. Write it like https://www.example.org."),
        code="site",
        params={"line": typed[:80]},
    )
    # Blanks, semicolons and commas would end the directive of the header that this becomes a part of.
    if not typed or len(typed) > _MAX_LINE or not typed.isprintable() or set(typed) & set(" ;,'\"*\\"):
        raise wrong
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        scheme, port = parts.scheme.lower(), parts.port
        if scheme not in _PORTS or parts.username is not None or not parts.hostname:
            raise wrong
        host = _host(parts.hostname)
    except ValueError:
        raise wrong from None
    return f"{scheme}://{host}" if port in {None, _PORTS[scheme]} else f"{scheme}://{host}:{port}"


def _host(name: str) -> str:
    """The name as it stands in an origin: in ASCII. Raises ValueError for what is none."""
    if name == "localhost":
        return name
    host = idna.encode(name.removesuffix("."), uts46=True).decode("ascii")
    if "." not in host:
        raise ValueError
    return host


def sites(lines: str) -> list[str]:
    """The sites of `Campaign.embedded_on`, each once; lines that name none are left out."""
    found = []
    for line in lines.splitlines():
        try:
            found.append(origin(line))
        except ValidationError:
            continue
    return list(dict.fromkeys(found))


def ancestors(campaign: Campaign) -> list[str]:
    """What the campaign's framed pages answer as `frame-ancestors`: its sites and our own desk, or every site.

    A field of nothing but mistakes lets nobody in: it was not left empty.
    """
    if not campaign.embedded_on.strip():
        return ["*"]
    return ["'self'", *sites(campaign.embedded_on)]


def home() -> str:
    """Our own origin, for a host site's policy."""
    parts = urlsplit(settings.SITE_URL)
    return f"{parts.scheme}://{parts.netloc}"


def script_line(campaign: Campaign, *, language: str = "", member: Membership | None = None) -> SafeString:
    """The one line for a site that takes our script: the frame grows with its page."""
    attributes = {"campaign": campaign.slug, "language": language}
    attributes["member"] = member.organisation.slug if member else ""
    named = format_html_join(
        "", ' data-{}="{}"', ((name, value) for name, value in attributes.items() if value)
    )
    return format_html('<script async src="{}/embed.js"{}></script>', settings.SITE_URL, named)


def frame_line(
    campaign: Campaign, *, title: str, language: str = "", member: Membership | None = None
) -> SafeString:
    """The line for a site that takes no script: a frame of a fixed height, in which one scrolls."""
    return format_html(
        '<iframe src="{}" title="{}" width="100%" height="720" loading="lazy" frameborder="0"></iframe>',
        address(campaign, language=language, member=member),
        title,
    )


def address(campaign: Campaign, *, language: str = "", member: Membership | None = None) -> str:
    """The framed page's whole address; without a language it finds the reader's."""
    query = urlencode({"with": member.organisation.slug}) if member else ""
    if language:
        with override(page_language(language)):
            path = reverse("advocacy-embedded:campaign", args=[campaign.slug])
    else:
        path = reverse("embedded", args=[campaign.slug])
    return f"{settings.SITE_URL}{path}{'?' if query else ''}{query}"
