"""What the public templates ask for."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse, translate_url
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_info

from advocacy import prose
from advocacy.models import Legislature, Person
from contacts import naming
from mailer import pictures
from mailer.models import Picture

register = template.Library()

_EXCERPT = 240  # signs


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """This page in another language."""

    code: str
    name: str
    dir: str
    path: str
    href: str
    canonical: str
    current: bool


@register.simple_tag(takes_context=True)
def language_links(context: template.Context) -> list[LanguageLink]:
    """The page at hand in every language, with its query."""
    request: HttpRequest = context["request"]
    found = []
    for code, _name in settings.LANGUAGES:
        href = translate_url(request.get_full_path(), code)
        path = href.partition("?")[0]
        found.append(
            LanguageLink(
                code,
                get_language_info(code)["name_local"].capitalize(),
                text_direction(code),
                path,
                href,
                settings.SITE_URL + path,
                code == get_language(),
            )
        )
    return found


@register.filter
def text_direction(language: str) -> str:
    """`rtl` or `ltr`; also for languages in which campaigns are written but these pages are not."""
    return naming.direction(language)


@register.simple_tag
def foreign(language: str, around: str = "") -> SafeString:
    """`lang` and `dir` for words in another language than the page's, or than the part `around` them is in; nothing
    where it is the same."""
    if not language or language == (around or get_language()):
        return SafeString("")
    return format_html(' lang="{}" dir="{}"', language, text_direction(language))


@register.inclusion_tag("advocacy/_untranslated.html")
def untranslated(language: str, around: str = "") -> dict[str, str]:
    """A sentence for everybody where words of a campaign are in another language than the page (`foreign` tells it to
    programs only); nothing where they are in another form of the same, such as "fr" for "fr-CA". `around` as there."""
    page = get_language() or "en"
    plain, own = (code.split("-")[0] for code in (language, page))
    if not language or plain.casefold() == own.casefold():
        return {}
    return {
        "shown": naming.language_name(plain),
        "page": naming.language_name(own),
        "attributes": foreign(page, around),
    }


@register.simple_tag
def site_url(name: str, *args: object) -> str:
    """A whole address for other sites to keep; from the setting, never from the request's Host."""
    return settings.SITE_URL + reverse(name, args=args)


@register.simple_tag(takes_context=True)
def new_tab(context: template.Context, *rel: str) -> SafeString:
    """The attributes of a link that leads out of the journey: from inside a frame into a tab of its own."""
    request = context.get("request")
    framed = bool(getattr(request, "base", ""))
    words = " ".join(["noopener", *rel]) if framed or rel else ""
    return format_html(
        "{}{}",
        SafeString(' target="_blank"') if framed else "",
        format_html(' rel="{}"', words) if words else "",
    )


@register.filter
def house_name(legislature: Legislature) -> str:
    """A legislature as the reader of the page calls it."""
    return legislature.name_in(get_language() or "")


@register.filter
def called(person: Person) -> str:
    """A person's name as the reader of the page writes it."""
    return person.name_in(get_language() or "")


@register.filter
def host(url: str) -> str:
    """The site a link leads to, for people to read."""
    return (urlsplit(url).hostname or "").removeprefix("www.")


@register.simple_tag
def accent_url(colour: str) -> str:
    """The style sheet that sets a campaign's accent."""
    return reverse("accent", args=[colour.removeprefix("#").lower()])


@register.simple_tag
def json_ld(told: dict[str, Any]) -> SafeString:
    """What programs read of a page: data, which the page's policy does not take for a script, and no tag ends early."""
    written = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        written = written.replace(sign, f"\\u{ord(sign):04x}")
    return format_html('<script type="application/ld+json">{}</script>', SafeString(written))


@register.filter
def picture_url(picture: Picture) -> str:
    """Where a picture of the library is served."""
    return pictures.url(picture)


@register.filter
def whole(path: str) -> str:
    """A path of ours as a whole address for other sites to keep."""
    return settings.SITE_URL + path


@register.filter
def markdown(text: str) -> SafeString:
    return prose.markdown(text)


@register.filter
def excerpt(text: str) -> str:
    """The beginning of a Markdown text in plain words."""
    return prose.excerpt(text, _EXCERPT)


@register.filter
def lines(text: str) -> list[str]:
    return prose.lines(text)


@register.simple_tag
def moment(when: dt.datetime | None) -> SafeString:
    """A point in time in the reader's language, in UTC and marked so; the script shows it in their own zone."""
    if when is None:
        return SafeString("–")
    local = timezone.localtime(when)
    same_day = local.date() == timezone.localdate()
    shown = formats.date_format(local, "TIME_FORMAT" if same_day else "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}"{}>{} UTC</time>',
        local.isoformat(timespec="seconds"),
        SafeString(" data-today") if same_day else "",
        shown,
    )
