"""Past mailings in a browser. A stranger reads them: no name, no link of a person, nothing counted, no script.

A mail is shown as the page that it is, with a bar of ours on top. Whatever stands in it, it runs nothing: the policy of
the page allows no script at all, and puts it into a sandbox, where it is a stranger to this site (CVE-2026-21483).
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from contacts.models import MailingList
from mailer.archive import addresses, feed, shelf, stranger
from mailer.archive.stranger import Page
from mailer.guards import gone_is_one_page
from mailer.models import Mailing
from mailer.visitors import private

ON_A_PAGE = 20
_HEAD_END = re.compile(r"</head\s*>", re.IGNORECASE)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>(?!.*</body)", re.IGNORECASE | re.DOTALL)
_ASKED = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}", re.ASCII)

_shared = cache_control(public=True, max_age=300)


@require_safe
@_shared
def index(request: HttpRequest) -> HttpResponse:
    """The lists that have past mailings."""
    language = get_language() or "en"
    lists = [
        (one, one.public_name(language), one.public_description(language), one.text_language(language))
        for one in shelf.lists()
    ]
    return render(request, "mailer/archive/index.html", {"lists": lists})


@require_safe
@_shared
def of_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The past mailings of one list, newest first."""
    mailing_list, language = _open_list(slug), get_language() or "en"
    pages = Paginator(shelf.mailings().filter(mailing_list=mailing_list), ON_A_PAGE)
    number = request.GET.get("page", "1")
    if not (number.isascii() and number.isdigit()) or not 1 <= int(number[:9]) <= pages.num_pages:
        raise Http404
    at = pages.page(int(number))
    if not at.object_list:
        raise Http404
    context = {
        "mailing_list": mailing_list,
        "list_name": mailing_list.public_name(language),
        "list_description": mailing_list.public_description(language),
        "text_language": mailing_list.text_language(language),
        "issues": [page for one in at.object_list if (page := stranger.page_of(one, language))],
        "at": at,
        "canonical": addresses.index_of(mailing_list, language)
        + (f"?page={at.number}" if at.number > 1 else ""),
        "feed": addresses.feed_of(mailing_list, language),
    }
    return render(request, "mailer/archive/list.html", context)


@require_safe
@_shared
def list_feed(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest of them, for programs that read news."""
    mailing_list, language = _open_list(slug), get_language() or "en"
    newest = shelf.mailings().filter(mailing_list=mailing_list)[: feed.LENGTH]
    pages = [page for one in newest if (page := stranger.page_of(one, language))]
    if not pages:
        raise Http404
    xml = feed.written(mailing_list, pages, language, pages[0].sender_name)
    return HttpResponse(xml, content_type=feed.CONTENT_TYPE)


@require_safe
def archived(request: HttpRequest, list_slug: str, slug: str) -> HttpResponse:
    """One mailing at its readable address."""
    mailing = get_object_or_404(shelf.mailings(), mailing_list__slug=list_slug, slug=slug)
    page = stranger.page_of(mailing, _asked(request), get_language() or "en")
    if page is None:
        raise Http404
    answer = _shown(request, page)
    patch_cache_control(answer, public=True, max_age=300)
    if mailing.noindex:
        answer["X-Robots-Tag"] = "noindex"
    return answer


@private
@gone_is_one_page
@require_safe
def view(request: HttpRequest, token: str) -> HttpResponse:
    """ "View in browser": the mailing of a link in its mails, on to the archive if it stands there, and else here."""
    mailing = get_object_or_404(shelf.with_pages(Mailing.objects.all()), pk=addresses.read(token))
    if shelf.is_public(mailing):
        return redirect(addresses.page_of(mailing, _asked(request) or get_language() or "en"))
    page = stranger.page_of(mailing, _asked(request), get_language() or "en", is_public=False)
    if page is None or mailing.frozen_at is None:
        return render(request, "mailer/archive/not_yet.html", status=404)
    return _shown(request, page)


# --- parts ----------------------------------------------------------------------------------------------------------


def _open_list(slug: str) -> MailingList:
    return get_object_or_404(MailingList, slug=slug, is_public=True)


def _asked(request: HttpRequest) -> str:
    """A language that our pages do not have, as the mail's own link asks for it."""
    asked = request.GET.get("in", "")
    return asked if _ASKED.fullmatch(asked) else ""


def _shown(request: HttpRequest, page: Page) -> HttpResponse:
    """The mail's HTML with a bar on top and what other sites ask of its head."""
    language, mailing_list = get_language() or "en", page.mailing.mailing_list
    context: dict[str, Any] = {"page": page, "others": []}
    if mailing_list is not None:
        context["list_name"] = mailing_list.public_name(language)
        context["list_language"] = mailing_list.text_language(language)
        if page.is_public:
            context["index"] = addresses.index_of(mailing_list, language)
            context["feed"] = addresses.feed_of(mailing_list, language)
            context["sign_up"] = addresses.sign_up_of(mailing_list, language)
    if len(page.languages) > 1:
        context["others"] = [(code, page.address_in(code)) for code in page.languages]
    if not page.is_readable:
        return render(request, "mailer/archive/plain.html", context)
    head = render_to_string("mailer/archive/_head.html", context, request)
    bar = render_to_string("mailer/archive/_bar.html", context, request)
    return _sealed(_with(page.html, head, bar))


def _sealed(html: str) -> HttpResponse:
    """A page of which nothing can run: links lead on in this window or a new one, as in a mail, and that is all.

    The whole policy is written here; nothing of the site's own, which trusts scripts of ours, is mixed into it.
    """
    policy = {
        "default-src": "'none'",
        "img-src": f"'self' {settings.SITE_URL} data:",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "sandbox": "allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
    }
    answer = HttpResponse(html)
    answer["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    return answer


def _with(html: str, head: str, bar: str) -> str:
    """The mail with our head and bar; itself it is the main part of the page, for who reads by landmarks."""
    html = _HEAD_END.sub(lambda match: head + match[0], html, count=1)
    html = _BODY.sub(lambda match: f"{match[0]}{bar}<main>", html, count=1)
    return _BODY_END.sub(lambda match: f"</main>{match[0]}", html, count=1)
