"""What was sent and what became of it: to look at. The one act here is to settle what no machine can."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.charts import Series, counts_of_days, over, rate
from accounts.desk import (
    Need,
    Place,
    ReadOnly,
    StaffAdmin,
    StaffInline,
    figures,
    key_in,
    navigation,
    needs,
    who,
)
from accounts.models import User
from accounts.permissions import belongs_through, may, require, scope_of, visible
from contacts.lookup import by_address
from mailer import figures as counting
from mailer import reasons, sending
from mailer.bounces import in_words
from mailer.deeds import Did
from mailer.models import Delivery, DeliveryEvent, Mailing, Message

navigation.add(
    Place(50, _("Deliveries"), "admin:mailer_delivery_changelist", "mailer.view_delivery", _("Mail"))
)
navigation.add(
    Place(51, _("Mails whose fate is unknown"), "admin:mailer_delivery_unknown", "mailer.settle_delivery")
)
navigation.add(Place(52, _("Messages"), "admin:mailer_message_changelist", "mailer.view_message"))

_PER_PAGE = 100
_TROUBLE = {Delivery.Status.UNKNOWN, Delivery.Status.FAILED}

belongs_through(Message, "sender__organisation")
belongs_through(Delivery, "message__sender__organisation")


class EventInline(ReadOnly, StaffInline):
    """Every fact about a delivery, in the order in which it happened."""

    model = DeliveryEvent
    fields = ["occurred_at", "type", "why", "more", "actor"]
    readonly_fields = ["occurred_at", "type", "why", "more", "actor"]
    ordering = ["occurred_at", "pk"]
    verbose_name_plural = _("what happened, in order")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("actor")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("mailer.view_delivery"))

    @admin.display(description=_("code in words"))
    def why(self, event: DeliveryEvent) -> str:
        return in_words(event.bounce_class, event.bounce_code) or "–"

    @admin.display(description=_("detail"))
    def more(self, event: DeliveryEvent) -> str:
        return reasons.in_words(event.detail) or "–"


class StatusFilter(admin.ChoicesFieldListFilter):
    """What ended badly is found by the index of what ended badly: a filter by the status alone reads every row."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        found = super().queryset(request, queryset)
        asked = request.GET.get("status__exact", "")
        return found.filter(trouble=asked) if found is not None and asked in _TROUBLE else found


class BounceFilter(admin.ChoicesFieldListFilter):
    """As `StatusFilter`, by the index of what came back."""

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> Any:
        found = super().queryset(request, queryset)
        asked = request.GET.get("bounce_class__exact", "")
        return found.filter(bounced_at__isnull=False) if found is not None and asked else found


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, StaffAdmin):
    purpose = _("Each single mail, and what the provider and the world reported of it.")
    empty_words = _("No mail has left yet. Letters, confirmations and mailings stand here once they do.")
    newest_first = True
    list_display = ["number", "kind", "status", "why", "created_at", "sent_at", "delivered_at", "bounce"]
    list_filter = [("status", StatusFilter), "kind", ("bounce_class", BounceFilter)]
    search_fields = ["pk"]
    search_help_text = _("A whole address, or the number of a delivery.")
    inlines = [EventInline]
    fieldsets = [
        (None, {"fields": ["status", "why", "kind", "address", "message"]}),
        (
            _("What we did"),
            {
                "fields": [
                    "created_at",
                    "due_at",
                    "attempts",
                    "asked_at",
                    "sent_at",
                    "provider",
                    "provider_message_id",
                ]
            },
        ),
        (
            _("What the world reported"),
            {
                "fields": [
                    "delivered_at",
                    "deferred_at",
                    "bounced_at",
                    "bounce",
                    "complained_at",
                    "opened_at",
                    "clicked_at",
                ]
            },
        ),
    ]
    readonly_fields = ["why", "bounce"]
    list_select_related = ["message"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False

    @admin.display(description=_("why"))
    def why(self, delivery: Delivery) -> str:
        return reasons.in_words(delivery.reason) or "–"

    @admin.display(description=_("bounce"))
    def bounce(self, delivery: Delivery) -> str:
        return in_words(delivery.bounce_class, delivery.bounce_code) if delivery.bounced_at else "–"

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None and obj.status == Delivery.Status.UNKNOWN:
            context["may_settle"] = may(request.user, "mailer.settle_delivery", obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("unknown/", wrap(require_GET(self.unknown_view)), name="mailer_delivery_unknown"),
            path("settle/", wrap(require_POST(self.settle_view)), name="mailer_delivery_settle"),
            *super().get_urls(),
        ]

    def unknown_view(self, request: HttpRequest) -> HttpResponse:
        """The deliveries of which nobody knows whether the provider took them, oldest first."""
        require(request.user, "mailer.settle_delivery")
        rows = counting.unknown(self.get_queryset(request)).select_related("message").order_by("pk")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Mails whose fate is unknown"),
            "opts": self.opts,
            "page": Paginator(rows, _PER_PAGE).get_page(request.GET.get("page")),
        }
        return TemplateResponse(request, "staff/unknown.html", context)

    def settle_view(self, request: HttpRequest) -> HttpResponse:
        """A person's word on the ticked deliveries: they arrived, or they are sent again.

        Safe to repeat: what was settled meanwhile, by a report or by somebody else, is left alone and counted.
        """
        require(request.user, "mailer.settle_delivery")
        word = request.POST.get("act", "")
        if word not in {"arrived", "again"}:
            raise PermissionDenied("no such act")
        ids = [key for text in request.POST.getlist("row") if (key := key_in(text))]
        done = 0
        for delivery in counting.unknown(self.get_queryset(request)).filter(pk__in=ids[:_PER_PAGE]):
            if sending.settle_unknown(delivery, sent=word == "arrived", actor=who(request)):
                self.note(request, delivery, Did.ARRIVED if word == "arrived" else Did.SENT_AGAIN)
                done += 1
        sentence = ngettext("%(count)d mail settled.", "%(count)d mails settled.", done) % {"count": done}
        if left := len(ids) - done:
            sentence += " " + ngettext(
                "%(count)d had been settled already.", "%(count)d had been settled already.", left
            ) % {"count": left}
        self.message_user(request, sentence, messages.WARNING if left else messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:mailer_delivery_unknown"))


@admin.register(Message)
class MessageAdmin(ReadOnly, StaffAdmin):
    purpose = _("The texts of mails, each kept once however many people get it.")
    empty_words = _("No mail was written yet.")
    newest_first = True
    list_display = ["number", "from_name", "language", "created_at", "erased_at"]
    fields = [
        "sender", "from_name", "from_address", "reply_to", "reply_to_name", "subject", "preheader", "text",
        "language", "created_at", "erased_at",
    ]  # fmt: skip


@needs.add
def what_waits(user: User) -> list[Need]:
    """Mails nobody knows the fate of, and mails refused for good."""
    rows = visible(user, Delivery.objects.all())
    found = []
    if may(user, "mailer.settle_delivery"):
        count = counting.count_of(counting.unknown(rows))
        sentence = ngettext(
            "%(count)d mail was handed over without a definite answer",
            "%(count)d mails were handed over without a definite answer",
            count,
        ) % {"count": count}
        found.append(
            Need(count, sentence, gettext("settle"), reverse("admin:mailer_delivery_unknown"), urgent=True)
        )
    if may(user, "mailer.view_delivery"):
        count = counting.count_of(counting.failed_lately(rows))
        sentence = ngettext(
            "%(count)d mail of this week was refused for good",
            "%(count)d mails of this week were refused for good",
            count,
        ) % {"count": count}
        url = reverse("admin:mailer_delivery_changelist") + "?status__exact=failed"
        found.append(Need(count, sentence, gettext("why"), url))
    return found


@figures.add
def mail(user: User, days: int) -> list[Series]:
    """Mails sent a day, and how many of them bounced or were called spam."""
    if not may(user, "mailer.view_delivery"):
        return []
    rows, scope = visible(user, Delivery.objects.all()), scope_of(user)
    sent = _sent(user, rows, scope, days)
    bounced = counts_of_days(rows, "bounced_at", scope, days)
    complained = counts_of_days(rows, "complained_at", scope, days)
    return [
        over(days, ngettext("mail sent", "mails sent", sum(sent.values())), sent),
        rate(days, gettext("bounces"), bounced, sent),
        rate(days, gettext("complaints"), complained, sent),
    ]


def _sent(user: User, rows: models.QuerySet[Delivery], scope: str, days: int) -> dict[dt.date, int]:
    """Mails that left on each day: newsletters as their chunks counted them, since nobody can count a million rows for
    a look, and all others one by one."""
    single = rows.exclude(kind=Delivery.Kind.MAILING)
    counted = counts_of_days(single, "sent_at", f"{scope}:single", days, found_by="created_at")
    of_newsletters = counting.sent_by_day(visible(user, Mailing.objects.all()), min(counted))
    return {day: count + of_newsletters.get(day, 0) for day, count in counted.items()}
