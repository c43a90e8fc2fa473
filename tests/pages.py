"""Every page of the site in every state worth looking at: one list for the accessibility tests and the gallery.

A new public address goes into `PUBLIC`, or into `NO_PAGE` with what it is instead; tests/test_pages.py notices one that
is in neither. Staff pages stand in tests/staff_pages.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver

from advocacy import targets, tokens
from advocacy.expressions import links as expression_links
from mailer.signup import links as sign_up_links
from tests.browser import follow
from tests.world import COUNTRY, World

if TYPE_CHECKING:
    from playwright.sync_api import Page

Path = Callable[[World], str]
Deed = Callable[["Page"], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page in one state. `what` names it in a failure and in the gallery, without spaces.

    `path` is what stands behind the language, `of` the URL name that answers, `then` what a visitor does on it.
    """

    what: str
    of: str
    path: Path
    then: Deed | None = None
    status: int = 200
    # A mailing in the archive is the mail's own page: its head, headings and colours are its writer's.
    is_mail: bool = False


# --- what a visitor does ------------------------------------------------------------------------------------------


def press(selector: str) -> Deed:
    def deed(page: Page) -> None:
        follow(page.locator(selector).first)

    return deed


def fill_and_press(selector: str, **typed: str) -> Deed:
    def deed(page: Page) -> None:
        for name, text in typed.items():
            page.locator(f"main [name={name}]").first.fill(text)
        press(selector)(page)

    return deed


def fill_the_letter(page: Page) -> None:
    for name, text in {"name": "Ann Example", "email": "ann@example.org", "place": "Kisumu"}.items():
        page.fill(f"#id_{name}", text)
    page.check("#id_letter_consent")
    press("main button[value=preview]")(page)


def _letter(world: World) -> str:
    offered = targets.offer(world.campaign, COUNTRY).candidates
    ticked = [one.person.pk for one in offered if one.ticked]
    to = "".join(f"&to={person}" for person in ticked)
    return f"c/{world.campaign.slug}/write/letter/?country={COUNTRY}{to}"


# --- the pages ----------------------------------------------------------------------------------------------------

ADVOCACY = [
    Shown("campaigns", "advocacy:campaigns", lambda w: ""),
    Shown("campaign", "advocacy:campaign", lambda w: f"c/{w.campaign.slug}/"),
    Shown("campaign-closed", "advocacy:campaign", lambda w: f"c/{w.closed.slug}/"),
    Shown("news", "advocacy:news", lambda w: f"c/{w.campaign.slug}/news/"),
    Shown("update", "advocacy:update", lambda w: f"c/{w.campaign.slug}/news/{w.update.pk}/"),
    Shown("resources", "advocacy:resources", lambda w: f"c/{w.campaign.slug}/resources/"),
    Shown("member", "advocacy:member", lambda w: f"c/{w.campaign.slug}/with/{w.member.organisation.slug}/"),
    Shown("share", "advocacy:share", lambda w: f"c/{w.campaign.slug}/share/"),
    Shown("mastodon", "advocacy:mastodon", lambda w: f"c/{w.campaign.slug}/share/mastodon/"),
    Shown("mastodon-link", "advocacy:mastodon",
          lambda w: f"c/{w.campaign.slug}/share/mastodon/?server=mastodon.example"),
    Shown("mastodon-errors", "advocacy:mastodon", lambda w: f"c/{w.campaign.slug}/share/mastodon/?server=a%20b",
          status=422),
    Shown("choose", "advocacy:choose", lambda w: f"c/{w.campaign.slug}/write/?country={COUNTRY}"),
    Shown("choose-nobody", "advocacy:choose", lambda w: f"c/{w.campaign.slug}/write/?country={COUNTRY}&q=zzzz"),
    Shown("letter", "advocacy:letter", _letter),
    Shown("letter-errors", "advocacy:letter", _letter, press("main button[value=preview]")),
    Shown("letter-preview", "advocacy:letter", _letter, fill_the_letter),
    Shown("one-step-left", "advocacy:pending", lambda w: f"pending/{w.token(tokens.PENDING)}/"),
    Shown("confirm", "advocacy:confirm", lambda w: f"confirm/{w.token(tokens.CONFIRM)}/"),
    Shown("status", "advocacy:status", lambda w: f"letters/{w.token(tokens.STATUS)}/"),
    Shown("not-me", "advocacy:not_me", lambda w: f"not-me/{w.token(tokens.NOT_ME)}/"),
    Shown("report", "advocacy:report", lambda w: f"report/{w.report()}"),
    Shown("gone", "advocacy:confirm", lambda w: "confirm/x/", status=404),
    Shown("privacy", "advocacy:privacy", lambda w: f"privacy/?campaign={w.campaign.slug}"),
    Shown("not-found", "advocacy:campaigns", lambda w: "nothing/", status=404),
]  # fmt: skip

SUPPORT = [
    Shown("support", "advocacy:support", lambda w: f"c/{w.campaign.slug}/support/"),
    Shown("support-new", "advocacy:support_new", lambda w: f"c/{w.campaign.slug}/support/new/"),
    Shown("support-new-errors", "advocacy:support_new", lambda w: f"c/{w.campaign.slug}/support/new/",
          press("main button[value=send]")),
    Shown("support-link", "advocacy:support_link", lambda w: f"c/{w.campaign.slug}/support/link/"),
    Shown("expression", "advocacy:expression", lambda w: f"c/{w.campaign.slug}/support/{w.published.pk}/"),
    Shown("expression-report", "advocacy:expression_report",
          lambda w: f"c/{w.campaign.slug}/support/{w.published.pk}/report/"),
    Shown("expression-pending", "advocacy:expression_pending",
          lambda w: f"support/pending/{w.expression(expression_links.PENDING)}/"),
    Shown("expression-confirm", "advocacy:expression_confirm",
          lambda w: f"support/confirm/{w.expression(expression_links.CONFIRM)}/"),
    Shown("expression-not-me", "advocacy:expression_not_me",
          lambda w: f"support/not-me/{w.expression(expression_links.NOT_ME)}/"),
    Shown("expression-own", "advocacy:expression_own",
          lambda w: f"support/mine/{w.expression(expression_links.OWN)}/"),
    Shown("expression-gone", "advocacy:expression_own", lambda w: "support/mine/x/", status=404),
]  # fmt: skip

EMBEDDED = [
    Shown("embedded-campaign", "advocacy-embedded:campaign", lambda w: f"embed/c/{w.campaign.slug}/"),
    Shown("embedded-choose", "advocacy-embedded:choose",
          lambda w: f"embed/c/{w.campaign.slug}/write/?country={COUNTRY}"),
    Shown("embedded-letter", "advocacy-embedded:letter", lambda w: f"embed/{_letter(w)}"),
    Shown("embedded-one-step-left", "advocacy-embedded:pending",
          lambda w: f"embed/pending/{w.token(tokens.PENDING)}/"),
]  # fmt: skip

MAILER = [
    Shown("sign-up", "mailer:sign_up", lambda w: f"lists/{w.news.slug}/"),
    Shown("sign-up-errors", "mailer:sign_up", lambda w: f"lists/{w.news.slug}/",
          fill_and_press("button[value=send]", email="ann@")),
    Shown("signed-up", "mailer:signed_up", lambda w: f"lists/{w.news.slug}/next/"),
    Shown("sign-up-confirm", "mailer:confirm", lambda w: f"subscribe/{w.sign_up(sign_up_links.CONFIRM)}/"),
    Shown("sign-up-not-me", "mailer:not_me", lambda w: f"subscribe/{w.sign_up(sign_up_links.NOT_ME)}/not-me/"),
    Shown("sign-up-gone", "mailer:confirm", lambda w: "subscribe/x/", status=404),
    Shown("preferences-forgotten", "mailer:forgotten", lambda w: "preferences/"),
    Shown("preferences-forgotten-errors", "mailer:forgotten", lambda w: "preferences/",
          fill_and_press("button[value=send]", email="ann@")),
    Shown("preferences-mailed", "mailer:link_mailed", lambda w: "preferences/mailed/"),
    Shown("preferences", "mailer:preferences", lambda w: f"preferences/{w.preferences()}/?done=lists"),
    Shown("preferences-personal", "mailer:preferences", lambda w: f"preferences/{w.preferences(personal=True)}/"),
    Shown("preferences-left", "mailer:preferences", lambda w: f"preferences/{w.preferences(of=w.another_reader())}/",
          press("button[value=leave]")),
    Shown("erase", "mailer:erase", lambda w: f"preferences/{w.preferences(personal=True)}/erase/"),
    Shown("erased", "mailer:erase",
          lambda w: f"preferences/{w.preferences(personal=True, of=w.another_reader())}/erase/", press("button.danger")),
    Shown("unsubscribe", "mailer:unsubscribe", lambda w: f"u/{w.leave()}"),
    Shown("unsubscribe-test", "mailer:unsubscribe", lambda w: "u/test"),
    Shown("unsubscribed", "mailer:unsubscribe", lambda w: f"u/{w.leave(of=w.another_reader())}",
          press("button[value=lists]")),
    Shown("unsubscribed-everything", "mailer:unsubscribe", lambda w: f"u/{w.leave(of=w.another_reader())}",
          press("button[value=everything]")),
    Shown("archive", "mailer:archive", lambda w: "archive/"),
    Shown("archive-list", "mailer:archive_list", lambda w: f"archive/{w.news.slug}/"),
    Shown("archive-issue", "mailer:archived", lambda w: f"archive/{w.news.slug}/{w.issue.slug}/", is_mail=True),
]  # fmt: skip

PUBLIC = [*ADVOCACY, *SUPPORT, *EMBEDDED, *MAILER]

# Public addresses that show no page of their own, and what they do instead.
NO_PAGE = {
    "live": "health, for machines",
    "ready": "health, for machines",
    "robots": "for machines",
    "favicon": "a redirect to the icon",
    "accent": "a style sheet",
    "picture": "a picture of the library",
    "embed_script": "a script",
    "embedded": "a redirect to the reader's language",
    "short": "a redirect to the campaign",
    "links:click": "a redirect",
    "links:pixel": "a picture of one pixel",
    "advocacy:share_qr": "a picture",
    "advocacy:news_feed": "a feed",
    "advocacy:resource_file": "a file",
    "advocacy:resource_thumbnail": "a picture",
    "advocacy:resource_pack": "a file",
    "advocacy:support_feed": "a feed",
    "advocacy:expression_picture": "a picture",
    "advocacy:expression_again": "POST only",
    "advocacy:expression_correct": "POST only; its errors are the page expression-pending",
    "advocacy:expression_own_picture": "a picture, and POST",
    "advocacy:expression_remove_picture": "POST only",
    "advocacy:expression_take_down": "POST only",
    "advocacy:expression_change": "POST only; its errors are the page expression-own",
    "advocacy:send_again": "POST only",
    "advocacy:correct": "POST only; its errors are the page one-step-left",
    "advocacy:act": "POST only",
    "advocacy-embedded:send_again": "POST only",
    "advocacy-embedded:correct": "POST only",
    "mailer:data": "a file",
    "mailer:view": "a redirect to the archive",
    "mailer:archive_feed": "a feed",
}


def public_routes() -> dict[str, set[str]]:
    """The name of every address that is neither the desk's nor a provider's, and what has to be said to make it."""

    def walk(
        patterns: list[URLPattern | URLResolver], inside: str = "", asked: frozenset[str] = frozenset()
    ) -> Iterator[tuple[str, set[str]]]:
        for pattern in patterns:
            own = asked | pattern.pattern.converters.keys() | pattern.pattern.regex.groupindex.keys()
            if isinstance(pattern, URLPattern):
                yield f"{inside}{pattern.name}", set(own)
            elif str(pattern.pattern) not in {"staff/", "webhooks/"}:
                named = f"{inside}{pattern.namespace}:" if pattern.namespace else inside
                yield from walk(pattern.url_patterns, named, frozenset(own))

    return dict(walk(get_resolver().url_patterns))


def public_url_names() -> set[str]:
    return set(public_routes())
