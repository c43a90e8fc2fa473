"""How people are reached, and the routes that bounced, to be repaired."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import Need, Place, StaffAdmin, StaffInline, navigation, needs
from accounts.models import User
from accounts.permissions import may, visible
from advocacy.admin.exports import ExportPage, RouteResource
from advocacy.models import ContactRoute, Letter
from advocacy.representatives import routes
from mailer.reasons import in_words

navigation.add(
    Place(31, _("Contact routes"), "admin:advocacy_contactroute_changelist", "advocacy.change_contactroute")
)

STAFF = "staff"
Kind, State = ContactRoute.Kind, ContactRoute.State


class RouteForm(forms.ModelForm):
    """A route as a person types it: cleaned as an importer cleans it, or refused with the reason."""

    class Meta:
        model = ContactRoute
        fields = ["kind", "value", "state", "state_reason", "priority", "verified_at"]

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        kind = found.get("kind") or self.instance.kind
        value = found.get("value", "")
        if value and kind:
            try:
                route = routes.single(kind, value)
            except ValidationError as error:
                self.add_error("value", error)
            else:
                found["value"], self.instance.value_key = route.value, route.key
        return found

    def clean_verified_at(self) -> Any:
        day = self.cleaned_data["verified_at"]
        if day and day > timezone.localdate():
            raise ValidationError(_("This day is still to come."))
        return day

    def validate_unique(self) -> None:
        """Ask with the key we have just made: the form itself leaves the key out of what it checks."""
        super().validate_unique()
        try:
            self.instance.validate_constraints(
                exclude={"person"} if self.instance.person_id is None else set()
            )
        except ValidationError:
            if not self.errors:
                self.add_error("value", _("This person has this route already."))

    def save(self, commit: bool = True) -> Any:
        route = self.instance
        if route.pk is None or "value" in self.changed_data:
            route.source = STAFF  # a corrected address is the desk's: no import retires it
        route.as_of = timezone.localdate()
        if "value" in self.changed_data and route.state == State.BOUNCED and "state" not in self.changed_data:
            # The address that bounced is gone; the new one has yet to fail.
            route.state, route.state_reason = State.USABLE, ""
        if route.pk is None or {"state", "value"} & set(self.changed_data):
            route.state_changed_at = timezone.now()
        return super().save(commit)


class RouteInline(StaffInline):
    model = ContactRoute
    form = RouteForm
    fields = ["kind", "value", "state", "state_reason", "priority", "verified_at", "source", "as_of"]
    readonly_fields = ["source", "as_of"]
    can_delete = False


class ToRepairFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [*State.choices, ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        """Without a choice the list shows what has to be repaired."""
        for choice in list(super().choices(changelist))[1:]:
            if choice["display"] == State.BOUNCED.label and self.value() is None:
                choice["selected"] = True
            yield choice

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        state = self.value() or State.BOUNCED
        return queryset if state == "all" else queryset.filter(state=state)


@admin.register(ContactRoute)
class RouteAdmin(ExportPage, StaffAdmin):
    """Routes by state; those that bounced come first, with the letters they hold back."""

    purpose = _("The addresses and forms by which representatives are reached; first those that bounced.")
    add_words = _("Add a contact route")
    export_resource = RouteResource
    form = RouteForm
    newest_first = True
    list_display = [
        "value",
        "kind",
        "person",
        "state",
        "why",
        "state_changed_at",
        "verified_at",
        "held_letters",
    ]
    counts_filters = False
    empty_words = _("No route bounced: there is nothing to repair.")
    list_filter = [ToRepairFilter, "kind"]
    list_select_related = ["person"]
    search_fields = ["value", "person__name", "person__native_name"]
    search_help_text = _("An address or a part of it, or a person's name.")
    fields = [
        "person", "kind", "value", "state", "state_reason", "priority", "verified_at", "state_changed_at", "source", "as_of",
    ]  # fmt: skip
    readonly_fields = ["state_changed_at", "source", "as_of"]
    autocomplete_fields = ["person"]

    @admin.display(description=_("why"))
    def why(self, route: ContactRoute) -> str:
        return in_words(route.state_reason) or "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(["person", "kind"] if obj else [])]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        held = visible(request.user, _held(route=OuterRef("pk"))).order_by()
        counted = held.values("route").annotate(found=Count("pk")).values("found")
        return super().get_queryset(request).annotate(letters_held=Coalesce(Subquery(counted), 0))

    @admin.display(description=_("letters held"))
    def held_letters(self, route: Any) -> str:
        if not route.letters_held:
            return "–"
        return format_html(
            '<a href="{}?route={}">{}</a>',
            reverse("admin:advocacy_letter_held"),
            route.pk,
            route.letters_held,
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        held = visible(request.user, _held(route=obj)).count()
        if held and obj.state == State.USABLE and "value" in form.changed_data:
            sentence = ngettext(
                "%(count)d letter is held for this address: you can release it now.",
                "%(count)d letters are held for this address: you can release them now.",
                held,
            ) % {"count": held}
            link = format_html(
                '<a href="{}?route={}">{}</a>', reverse("admin:advocacy_letter_held"), obj.pk, sentence
            )
            self.message_user(request, link, messages.WARNING)


def _held(*, route: Any) -> models.QuerySet[Letter]:
    return Letter.objects.filter(route=route, status=Letter.Status.WITHHELD)


@needs.add
def what_waits(user: User) -> list[Need]:
    """Addresses that bounced."""
    if not may(user, "advocacy.change_contactroute"):
        return []
    count = ContactRoute.objects.filter(state=State.BOUNCED).count()
    sentence = ngettext(
        "%(count)d address of a representative bounced",
        "%(count)d addresses of representatives bounced",
        count,
    ) % {"count": count}
    url = reverse("admin:advocacy_contactroute_changelist")
    return [Need(count, sentence, gettext("repair"), url)]
