"""The page of a sender's domain: what receivers would say of it now, and the exact records to copy."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Need, StaffAdmin, needs
from accounts.models import User
from accounts.permissions import may, visible
from mailer.models import Sender
from mailer.preflight import domains, words
from mailer.preflight.findings import ERROR, Finding, from_json, in_order
from mailer.preflight.provider_records import asked_of

VIEW = "mailer.view_sender"
CHANGE = "mailer.change_sender"


class DomainPage(StaffAdmin):
    """Mixed into the admin of senders."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.domain_view)
        return [path("<int:pk>/domain/", view, name="mailer_sender_domain"), *super().get_urls()]

    @admin.display(description=_("domain"))
    def domain(self, sender: Sender) -> str:
        """Where its domain stands, with the way to its page."""
        tone, word = _standing(kept(sender))
        url = reverse("admin:mailer_sender_domain", args=[sender.pk])
        return format_html(
            '<a href="{}"><bdi>{}</bdi></a> <span class="desk-word {}">{}</span>',
            url,
            domains.domain_of(sender),
            tone,
            word,
        )

    def domain_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What was found last; POST looks again. Whoever may see the sender may look: it changes nothing of theirs."""
        sender: Sender = self.row_or_404(request, pk, VIEW if may(request.user, VIEW) else CHANGE)
        if request.method == "POST":
            domains.look_and_keep(sender)
            self.message_user(request, gettext("The domain was looked up just now."), messages.SUCCESS)
            return HttpResponseRedirect(request.path)
        findings = kept(sender)
        tone, word = _standing(findings)
        context = {
            **self.admin_site.each_context(request),
            "title": _("The sender's domain"),
            "opts": self.opts,
            "sender": sender,
            "domain": domains.domain_of(sender),
            "findings": in_order(findings),
            "records": [_shown(record) for record in (sender.dns or {}).get("records", [])],
            "tone": tone,
            "standing": word,
            "has_selectors": bool(sender.dkim_selectors.strip()),
            "may_change": may(request.user, CHANGE, sender),
            "signing": domains.signing_domain(sender),
            "bounces": domains.bounce_domain(sender),
            "include": asked_of(sender).include,
        }
        return TemplateResponse(request, "staff/mailings/domain.html", context)


@needs.add
def what_waits(user: User) -> list[Need]:
    """Senders whose domain receivers would not trust."""
    if not may(user, VIEW):
        return []
    failing = visible(user, Sender.objects.filter(dns__findings__contains=[{"level": ERROR}])).order_by("pk")
    count = failing.count()
    if not count:
        return []
    sentence = ngettext(
        "The domain of %(count)d sender is not set up",
        "The domains of %(count)d senders are not set up",
        count,
    )
    url = reverse("admin:mailer_sender_domain", args=[failing.values_list("pk", flat=True)[0]])
    return [Need(count, sentence % {"count": count}, gettext("see"), url)]


def kept(sender: Sender) -> list[Finding]:
    """What the last look at the sender's domain found; nothing where none was taken, or its address is another now."""
    found = sender.dns or {}
    if found.get("domain") != domains.domain_of(sender):
        return []
    return [from_json(one) for one in found.get("findings", [])]


def _standing(findings: list[Finding]) -> tuple[str, str]:
    if not findings:
        return "wait", gettext("not looked up yet")
    wrong = sum(one.level == ERROR for one in findings)
    if not wrong:
        return "good", gettext("set up")
    return "bad", ngettext("%(count)d thing is wrong", "%(count)d things are wrong", wrong) % {"count": wrong}


def _shown(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "note": words.RECORD_NOTES.get(record.get("note", ""), "")}
