"""What was sent and what became of it: to look at. The one act here is to settle what no machine can."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import NewestFirst, Place, ReadOnly, StaffAdmin, StaffInline, navigation
from accounts.permissions import belongs_through
from contacts.lookup import by_address
from mailer.bounces import in_words
from mailer.models import Delivery, DeliveryEvent, Message, Sender

navigation.add(Place(50, _("Mail"), "admin:mailer_delivery_changelist", "mailer.view_delivery"))

belongs_through(Message, "sender__organisation")
belongs_through(Delivery, "message__sender__organisation")


class EventInline(ReadOnly, StaffInline):
    """Every fact about a delivery, in the order in which it happened."""

    model = DeliveryEvent
    fields = ["occurred_at", "type", "why", "detail", "actor"]
    readonly_fields = ["occurred_at", "type", "why", "detail", "actor"]
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


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, StaffAdmin):
    list_display = ["pk", "kind", "status", "reason", "created_at", "sent_at", "delivered_at", "bounce"]
    list_filter = ["status", "kind", "bounce_class"]
    search_fields = ["pk"]
    search_help_text = _("A whole address, or the number of a delivery.")
    inlines = [EventInline]
    fieldsets = [
        (None, {"fields": ["status", "reason", "kind", "address", "message"]}),
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
    readonly_fields = ["bounce"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NewestFirst]:
        return NewestFirst

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False

    @admin.display(description=_("bounce"))
    def bounce(self, delivery: Delivery) -> str:
        return in_words(delivery.bounce_class, delivery.bounce_code) if delivery.bounced_at else "–"


@admin.register(Message)
class MessageAdmin(ReadOnly, StaffAdmin):
    list_display = ["pk", "from_name", "language", "created_at", "erased_at"]
    fields = [
        "sender", "from_name", "from_address", "reply_to", "reply_to_name", "subject", "preheader", "text",
        "language", "created_at", "erased_at",
    ]  # fmt: skip

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[NewestFirst]:
        return NewestFirst


@admin.register(Sender)
class SenderAdmin(StaffAdmin):
    list_display = ["name", "address", "organisation", "postal_address"]
    list_select_related = ["organisation"]
    search_fields = ["name", "address"]
    autocomplete_fields = ["organisation"]
