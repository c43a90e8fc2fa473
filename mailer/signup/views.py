"""The pages of a sign-up: the form, "one step left", confirm, not me. They need no cookie and no JavaScript."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from contacts.addresses import parse
from contacts.models import MailingList
from mailer import preference_links, proof_of_work
from mailer.archive import shelf
from mailer.guards import gone_is_one_page
from mailer.models import SignUp
from mailer.signup import guard, links, opting_in, wording
from mailer.signup.forms import FormFacts, SignUpForm, new_token, read_token
from mailer.visitors import HONEYPOT, private, public_form, see_other


@public_form
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of an open list. Its POST comes from here or from a copy on another site; what is not taken is shown
    again here, with all that was typed."""
    mailing_list = _open_list(slug)
    language = _asked_language(request, mailing_list)
    if request.method != "POST":
        return _show(request, mailing_list, SignUpForm(mailing_list, language))
    form = SignUpForm(mailing_list, language, request.POST)
    facts = read_token(request.POST.get("form", ""), mailing_list)
    if facts is None:
        message = _("This page has been open for a long time. Please press the button once more.")
        return _show(request, mailing_list, form, message=message, status=422)
    if not form.is_valid():
        # What else would be asked is said with it, so that nobody is sent back twice.
        hasty = guard.HASTY if guard.is_hasty(request, facts.age) else ""
        return _show(request, mailing_list, form, facts=facts, message=str(hasty), status=422)
    verdict = guard.judge(request, "sign-up", facts.age)
    if not verdict.is_taken:
        return _show(request, mailing_list, form, facts=facts, verdict=verdict, status=429)
    opting_in.sign_up(_request(request, mailing_list, form, facts, verdict))
    return see_other("mailer:signed_up", mailing_list.slug)


@require_safe
def signed_up(request: HttpRequest, slug: str) -> HttpResponse:
    """One step left: the same words for everybody, since the page must not tell who is known (A8)."""
    return render(request, "mailer/signed_up.html", _list_context(_open_list(slug), get_language()))


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what is asked for and one button; POST takes it for the owner's word (A11).

    A second click within the hour leads to the preferences, and confirms nothing more.
    """
    row = links.read(links.CONFIRM, token)
    if request.method != "POST" and row.confirmed_at is None:
        context = {
            **_list_context(row.mailing_list, row.language),
            "sign_up": row,
            "not_me": links.token(links.NOT_ME, row),
        }
        return render(request, "mailer/confirm_sign_up.html", context)
    is_new = request.method == "POST" and opting_in.confirm(row)
    if not is_new and links.read(links.CONFIRM, token).confirmed_at is None:
        raise links.Gone  # somebody denied it, or typed it anew, while the page was open
    contact = links.contact_of(row)
    if contact is None:
        raise links.Gone
    # The button came from the mailbox just now; a link opened again later may have been handed on.
    make = preference_links.personal_token if is_new else preference_links.token
    answer = see_other("mailer:preferences", make(contact.pk, bytes(contact.address_hash)))
    if opting_in.is_on(parse(row.address), row.mailing_list):
        answer["Location"] += "?done=joined"
    return answer


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """For somebody whose address another person typed: POST stops our confirmation mails for a year (A3)."""
    row = links.read(links.NOT_ME, token)
    if request.method == "POST":
        opting_in.deny(row)
    context = {**_list_context(row.mailing_list, row.language), "is_done": request.method == "POST"}
    return render(request, "mailer/not_me.html", context)


def _open_list(slug: str) -> MailingList:
    return get_object_or_404(MailingList, slug=slug, is_public=True)


def _asked_language(request: HttpRequest, mailing_list: MailingList) -> str:
    """The language of the list's words: the one asked for with ?in=, if staff wrote in it, else the page's."""
    asked = request.GET.get("in", "")
    return asked if asked in mailing_list.texts else get_language() or "en"


def _list_context(mailing_list: MailingList, language: str | None) -> dict[str, Any]:
    return {
        "mailing_list": mailing_list,
        "text_language": mailing_list.text_language(language),
        "list_name": mailing_list.public_name(language),
        "list_description": mailing_list.public_description(language),
    }


def _show(
    request: HttpRequest,
    mailing_list: MailingList,
    form: SignUpForm,
    *,
    facts: FormFacts | None = None,
    message: str = "",
    verdict: guard.Verdict | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form. Where it comes back, its token does too, so that its age goes on and its words stay the same."""
    keeps_token = facts is not None and facts.age is not None
    language = form.asked_language
    text = facts.text if facts is not None and keeps_token else wording.consent_text(mailing_list, language)
    context = {
        **_list_context(mailing_list, language),
        "form": form,
        "asked_language": language,
        "consent_text": text,
        "consent_language": wording.consent_language(mailing_list, language),
        "form_token": request.POST["form"] if keeps_token else new_token(mailing_list, language),
        "honeypot": HONEYPOT,
        "solution": guard.SOLUTION,
        "message": message or (verdict.message if verdict else ""),
        "challenge": json.dumps(proof_of_work.new_challenge()) if verdict and verdict.is_hot else "",
        "other_languages": _other_languages(mailing_list, language),
        "has_issues": shelf.has_issues(mailing_list),
    }
    return render(request, "mailer/sign_up.html", context, status=status)


def _other_languages(mailing_list: MailingList, language: str) -> list[str]:
    """Languages staff wrote this list's words in that our pages do not have."""
    pages = {code for code, _name in settings.LANGUAGES}
    return sorted(code for code in mailing_list.texts if code not in pages and code != language)


def _request(
    request: HttpRequest,
    mailing_list: MailingList,
    form: SignUpForm,
    facts: FormFacts,
    verdict: guard.Verdict,
) -> opting_in.Request:
    typed = form.cleaned_data
    embedded = facts.age is None
    here = settings.SITE_URL + request.path
    return opting_in.Request(
        mailing_list=mailing_list,
        address=typed["email"],
        language=typed["language"],
        text=facts.text,
        page=_page_before(request) or here if embedded else here,
        source=SignUp.Source.EMBEDDED if embedded else SignUp.Source.HOSTED,
        name=typed["name"],
        country=typed["country"],
        delay=verdict.delay,
    )


def _page_before(request: HttpRequest) -> str:
    """The page on another site that the form stood on, as the browser tells it; without its query, "" if it does not."""
    referrer = request.headers.get("Referer", "")[:2_000]
    try:
        parts = urlsplit(referrer)
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or not referrer.isprintable():
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
