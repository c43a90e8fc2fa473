"""The pages of the preferences. GET changes nothing; a link from a newsletter opens less than one mailed by itself."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.desk import key_in
from contacts import erasing, naming, person_export
from contacts import preferences as own
from contacts.addresses import parse
from contacts.models import Contact, Suppression
from contacts.registry import Person
from mailer import preference_links, proof_of_work
from mailer.guards import gone_is_one_page
from mailer.preference_links import Access
from mailer.preferences import choosing, link_mails
from mailer.preferences.forms import LinkForm, age_of, new_token
from mailer.seals import Gone
from mailer.signup import guard
from mailer.visitors import HONEYPOT, private, public_form, see_other

PAUSES = (30, 91, 182)  # days: a month, a quarter, half a year


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Lists, language, pause, leaving, and the way to one's data."""
    access = preference_links.read(token)
    if request.method == "POST":
        return _act(request, access, token)
    contact, language = access.contact, get_language() or "en"
    standing = choosing.standing_of(contact)
    paused = contact.paused_until if _is_paused(contact.paused_until) else None
    context = {
        "token": token,
        "postal_address": settings.POSTAL_ADDRESS,
        "contact": contact,
        "is_personal": access.is_personal,
        "masked": choosing.masked(contact.address),
        "offers": choosing.offers(contact, language),
        "has_left_all": standing is not None and standing.reason == Suppression.Reason.LEFT,
        "standing": standing,
        "paused_until": paused,
        "pauses": [(days, _today() + timedelta(days=days)) for days in PAUSES],
        "languages": _languages(contact.language),
        "done": _said(request.GET.get("done", "")),
    }
    return render(request, "mailer/preferences.html", context)


def _act(request: HttpRequest, access: Access, token: str) -> HttpResponse:
    """Do what one of the page's forms asks, and say so on the page. Repeats change nothing."""
    action, contact = request.POST.get("action", ""), access.contact
    done = action
    if action == "lists":
        ticked, shown = _ids(request, "list"), _ids(request, "shown")
        if not choosing.choose(access, ticked, shown, get_language() or "en"):
            done = "later" if _mail_a_link(contact) else "join"
    elif action == "language":
        language = request.POST.get("language", "")
        if language in dict(_languages(contact.language)):
            own.change_language(contact, language)
    elif action == "pause":
        days = request.POST.get("days", "")
        own.pause(contact, _today() + timedelta(days=int(days)) if days in map(str, PAUSES) else None)
        done = "pause" if days in map(str, PAUSES) else "go_on"
    elif action == "leave":
        choosing.leave_all(access)
    elif action == "link":
        done = "later" if _mail_a_link(contact) else "link"
    answer = see_other("mailer:preferences", token)
    answer["Location"] += f"?done={done}" if _said(done) else ""
    return answer


def _mail_a_link(contact: Contact) -> datetime | None:
    """Mail somebody their personal link. None; else when their allowance will have room for it."""
    return link_mails.send(parse(contact.address), contact.language or get_language() or "en")


@public_form
@private
@gone_is_one_page
@require_safe
def data(request: HttpRequest, token: str) -> HttpResponse:
    """Everything we keep about somebody, as a file for them (GDPR 15 and 20)."""
    access = _personal(token)
    found = person_export.export_person(Person.of_contact(access.contact))
    answer = HttpResponse(
        json.dumps(found, ensure_ascii=False, indent=2, default=str), content_type="application/json"
    )
    answer["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return answer


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """Say what erasing means, and do it on POST. No mail follows: we have no address any more to send it to."""
    access = _personal(token)
    is_done = request.method == "POST"
    if is_done:
        erasing.erase(Person.of_contact(access.contact), door=erasing.Door.PREFERENCES)
    context = {"token": token, "is_done": is_done, "postal_address": settings.POSTAL_ADDRESS}
    return render(request, "mailer/erase.html", context)


@public_form
@private
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Mail the personal link to an address; the same answer whether it is known or not (A8)."""
    form = LinkForm(request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _ask(request, form)
    age = age_of(request.POST.get("form", ""))
    if age is None:
        message = _("This page has been open for a long time. Please press the button once more.")
        return _ask(request, form, message=message, status=422)
    if not form.is_valid():
        return _ask(request, form, status=422)
    verdict = guard.judge(request, "preferences", age)
    if not verdict.is_taken:
        return _ask(request, form, message=verdict.message, is_hot=verdict.is_hot, status=429)
    link_mails.send(form.cleaned_data["email"], get_language() or "en", verdict.delay)
    return see_other("mailer:link_mailed")


@require_safe
def mailed(request: HttpRequest) -> HttpResponse:
    return render(request, "mailer/link_mailed.html")


def _ask(
    request: HttpRequest, form: LinkForm, *, message: str = "", is_hot: bool = False, status: int = 200
) -> HttpResponse:
    posted = request.POST.get("form", "")
    context = {
        "form": form,
        "form_token": posted if age_of(posted) is not None else new_token(),
        "honeypot": HONEYPOT,
        "solution": guard.SOLUTION,
        "message": message,
        "challenge": json.dumps(proof_of_work.new_challenge()) if is_hot else "",
    }
    return render(request, "mailer/forgotten.html", context, status=status)


def _personal(token: str) -> Access:
    """Who a personal link belongs to. Raises Gone for a lasting one: it may have been forwarded with a newsletter."""
    access = preference_links.read(token)
    if not access.is_personal:
        raise Gone
    return access


def _ids(request: HttpRequest, name: str) -> set[int]:
    return {key for text in request.POST.getlist(name) if (key := key_in(text)) is not None}


def _languages(current: str) -> list[tuple[str, str]]:
    """The languages our mails can come in, and the one somebody has already."""
    codes = [code for code, _name in settings.LANGUAGES]
    return [(code, naming.own_name(code)) for code in dict.fromkeys([*codes, *filter(None, [current])])]


def _today() -> date:
    return timezone.localdate()


def _is_paused(until: date | None) -> bool:
    return until is not None and until > _today()


def _said(done: str) -> str:
    """What the page says after one of its forms; "" for a word that is none of ours, and where it shows for itself."""
    return {
        "joined": _("You are on the list."),
        "lists": _("Your lists are saved."),
        "join": _("To join a list, open the link that we have just mailed to you alone, and tick it there."),
        "language": _("We write to you in this language from now on."),
        "pause": _("No newsletter comes before that day."),
        "go_on": _("Newsletters come again from now on."),
        "link": _("We have mailed you a link of your own. It works for a day."),
        "later": _("Enough mails went to this address today. Please ask again tomorrow."),
    }.get(done, "")
