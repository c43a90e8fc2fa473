"""The page Check: what would be wrong with the mailing if it left now, found by a worker while one looks on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.desk import who
from accounts.permissions import may
from contacts.naming import language_name
from mailer.admin import pages
from mailer.admin.mailings import MailingAdmin
from mailer.models import Mailing
from mailer.preflight import gate, running, words
from mailer.preflight.findings import ERROR, OK, WARNING, Finding, in_order
from mailer.preflight.fingerprint import fingerprint

CHANGE = "mailer.change_mailing"
SEND = "mailer.send_mailing"

STEPS = {
    "audience": gettext_lazy("The audience is being counted"),
    "texts": gettext_lazy("The words are being read"),
    "fields": gettext_lazy("The merge fields are being counted"),
    "domain": gettext_lazy("The sender's domain is being looked up"),
    "links": gettext_lazy("The links are being tried"),
}


@pages.register("check")
def check_page(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """What the last check found. A POST asks for another one, or overrules a finding with a reason."""
    if request.method == "POST":
        _act(desk, request, mailing)
        return HttpResponseRedirect(request.path)
    standing = running.standing(mailing)
    is_stale = standing.state == running.DONE and mailing.preflight_print != fingerprint(mailing)
    findings = list(standing.findings)
    context = {
        **desk.page_context(request, mailing, "check"),
        **_moving(standing),
        "is_checked": standing.state == running.DONE,
        "is_stale": is_stale,
        "groups": _groups(mailing, [one for one in findings if one.level != OK]),
        "in_order": [_shown(mailing, one, {}) for one in findings if one.level == OK],
        "summary": _summary(mailing, findings),
        "may_check": _may_check(request, mailing),
        "may_overrule": _may_overrule(request, mailing) and not is_stale,
        "send_url": pages.url(mailing, "send") if pages.exists("send") else "",
    }
    return TemplateResponse(request, "staff/mailings/check.html", context)


@pages.register("check_progress", "check/progress/")
def progress_part(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The part of the page that moves; when nothing moves any more the whole page is asked for again."""
    standing = running.standing(mailing)
    if not standing.is_moving:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = {"mailing": mailing, **_moving(standing)}
    return TemplateResponse(request, "staff/mailings/_check_progress.html", context)


def _act(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> None:
    if request.POST.get("act") == "overrule":
        _overrule(desk, request, mailing)
    elif _may_check(request, mailing):
        running.begin(mailing, who(request))


def _overrule(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> None:
    if not _may_overrule(request, mailing):
        return
    why = request.POST.get("why", "")
    if not why.strip():
        desk.message_user(request, _("Say why; it is kept with your name."), messages.ERROR)
    elif gate.overrule(mailing, request.POST.get("key", ""), who(request), why):
        desk.message_user(request, _("Overruled. Your reason is kept."), messages.SUCCESS)
    else:
        desk.message_user(request, _("That is no longer possible: look again."), messages.WARNING)


def _may_check(request: HttpRequest, mailing: Mailing) -> bool:
    """A check costs a minute of a worker: for those who write, send or approve."""
    if mailing.status != Mailing.Status.DRAFT:
        return False
    return any(may(request.user, right, mailing) for right in (CHANGE, SEND))


def _may_overrule(request: HttpRequest, mailing: Mailing) -> bool:
    return mailing.status == Mailing.Status.DRAFT and may(request.user, SEND, mailing)


def _moving(standing: running.Standing) -> dict[str, Any]:
    return {
        "is_moving": standing.is_moving,
        "is_lost": standing.is_lost,
        "is_waiting": standing.state == running.WAITING,
        "step": STEPS.get(standing.step, ""),
        "done": standing.done,
        "of": standing.of,
    }


def _groups(mailing: Mailing, findings: list[Finding]) -> list[dict[str, Any]]:
    """The findings by subject, in the page's order."""
    overruled = gate.overruled(mailing)
    found = []
    for name, label in words.GROUPS.items():
        of_group = in_order([one for one in findings if one.group == name])
        if of_group:
            shown = [_shown(mailing, one, overruled) for one in of_group]
            found.append({"name": name, "label": label, "findings": shown})
    return found


def _shown(mailing: Mailing, finding: Finding, overruled: dict[str, Any]) -> dict[str, Any]:
    act = overruled.get(finding.key) if finding.may_override else None
    tone = {ERROR: "bad", WARNING: "warn", OK: "good"}[finding.level]
    return {
        "words": finding.words,
        "tone": "warn" if act else tone,
        "key": finding.key,
        "language": language_name(finding.language) if finding.language and mailing.texts.count() > 1 else "",
        "where": _where(mailing, finding),
        "url": finding.values.get("url", "") if str(finding.values.get("url", "")).startswith("http") else "",
        "overruled": act,
        "may_override": finding.level == ERROR and finding.may_override and act is None,
    }


def _where(mailing: Mailing, finding: Finding) -> str:
    """The way to the block it is about."""
    if not finding.block or not pages.exists("write"):
        return ""
    return f"{pages.url(mailing, 'write')}?language={finding.language}#block-{finding.block}"


def _summary(mailing: Mailing, findings: list[Finding]) -> dict[str, str]:
    """The tone and the sentence over the findings."""
    wrong = len(gate.open_errors(mailing, tuple(findings)))
    warnings = sum(one.level == WARNING for one in findings)
    said = ngettext("%(count)d warning", "%(count)d warnings", warnings) % {"count": warnings}
    if wrong:
        sentence = ngettext(
            "%(count)d thing has to be mended before it can be sent.",
            "%(count)d things have to be mended before it can be sent.",
            wrong,
        )
        return {"tone": "bad", "words": sentence % {"count": wrong}, "more": said if warnings else ""}
    if warnings:
        return {"tone": "warn", "words": _("It can be sent."), "more": said}
    return {"tone": "good", "words": _("It can be sent. Nothing was found."), "more": ""}
