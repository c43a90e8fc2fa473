"""Addresses we leave alone, as staff see them: added here, asked for, and lifted by a right of its own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.desk import Place, StaffAdmin, navigation, who
from accounts.permissions import bound_to, may, require, visible
from contacts import addresses, suppressions, timeline
from contacts.lookup import by_address
from contacts.models import Contact, Lift, Suppression

navigation.add(
    Place(62, _("Suppressions"), "admin:contacts_suppression_changelist", "contacts.view_suppression")
)


class SuppressionForm(forms.ModelForm):
    """An address typed by a person becomes a keyed hash; the address itself is not kept."""

    address = forms.CharField(label=_("Address"), max_length=254)
    note = forms.CharField(
        label=_("Why"), max_length=300, help_text=_("Who asked, and how. Do not write the address here.")
    )

    class Meta:
        model = Suppression
        fields = ["reason", "scope", "ends_at"]

    def clean_address(self) -> addresses.Address:
        return addresses.parse(self.cleaned_data["address"])

    def clean_note(self) -> str:
        note: str = self.cleaned_data["note"]
        if "@" in note:
            raise ValidationError(_("The address is remembered as a hash only: leave it out of the reason."))
        return note


class LiftForm(forms.Form):
    """Why a suppression is lifted. The reason outlives the suppression."""

    why = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_(
            "Who asked, and how. Do not write the address here. It is kept for ever, with your name."
        ),
    )

    def clean_why(self) -> str:
        why: str = self.cleaned_data["why"]
        if "@" in why:
            raise ValidationError(_("The address is remembered as a hash only: leave it out of the reason."))
        return why


@admin.register(Suppression)
class SuppressionAdmin(StaffAdmin):
    purpose = _("Addresses that get no mail, each with its reason.")
    add_words = _("Add a suppression")
    empty_words = _("No address is suppressed.")
    newest_first = True
    list_display = ["created_at", "reason", "scope", "ends_at", "why"]
    list_display_links = ["created_at"]
    list_filter = ["reason", "scope"]
    search_fields = ["pk"]
    search_help_text = _("A whole address: is it suppressed?")
    readonly_fields = ["why", "created_at"]

    def get_urls(self) -> list[URLPattern]:
        lift = self.admin_site.admin_view(require_POST(self.lift_view))
        return [path("<int:pk>/lift/", lift, name="contacts_suppression_lift"), *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **kwargs, **({} if obj else {"form": SuppressionForm}))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ["address", "reason", "scope", "ends_at", "note"]
        return ["reason", "scope", "why", "created_at", "ends_at"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Suppress through the one door; an address that already was is no error."""
        address: addresses.Address = form.cleaned_data["address"]
        suppressions.suppress(
            address.hash,
            obj.reason,
            scope=obj.scope,
            evidence={"by": request.user.pk, "note": form.cleaned_data["note"]},
            ends_at=obj.ends_at,
        )
        found = Suppression.objects.get(address_hash=address.hash, reason=obj.reason, scope=obj.scope)
        obj.pk, obj.address_hash = found.pk, found.address_hash

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Who is not shown the row does not learn its number either: it would say that the address was known."""
        if self.get_queryset(request).filter(pk=obj.pk).exists():
            return super().response_add(request, obj, post_url_continue)
        self.message_user(
            request, _("Nothing of that kind is sent to this address any more."), messages.SUCCESS
        )
        return HttpResponseRedirect(reverse("admin:contacts_suppression_changelist"))

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False

    @admin.display(description=_("why"))
    def why(self, suppression: Suppression) -> str:
        """What shows it, with a link to the mail or the import where the evidence names one."""
        words = timeline.evidence_in_words(suppression.evidence)
        page = timeline.evidence_page(suppression.evidence)
        if words and page:
            return format_html('<a href="{}">{}</a>', page, words)
        return words or "–"

    # --- is this address suppressed?
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """The list; a whole address that was searched for is answered in words above it."""
        asked = _address_in(request.GET.get("q", ""))
        context: dict[str, Any] = {}
        if asked is not None:
            context = {
                "asked": asked,
                "stands": self.get_queryset(request).filter(address_hash=asked.hash).exists(),
                "person": visible(request.user, Contact.objects.filter(address_key=asked.key)).first()
                if may(request.user, "contacts.view_contact")
                else None,
                "lifts": _lifts(asked.hash) if self._may_know(request, asked.key) else [],
                "may_know": self._may_know(request, asked.key),
            }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def _may_know(self, request: HttpRequest, address_key: str) -> bool:
        """Whether what we know of an address is theirs to know: of everybody, or of the people on their lists."""
        everybody = bound_to(who(request)) is None
        return everybody or visible(request.user, Contact.objects.filter(address_key=address_key)).exists()

    # --- one of them, and the way out
    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        if obj is not None:
            context["lifts"] = _lifts(bytes(obj.address_hash))
            context["needs_person"] = obj.reason in suppressions.NEEDS_THE_PERSON
            context["way_is_open"] = Lift.objects.filter(suppression=obj.pk).exists()
            context["lift_form"] = LiftForm() if may(request.user, "contacts.lift_suppression") else None
        return super().render_change_form(request, context, add, change, form_url, obj)

    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lift a suppression, with a reason and a right of its own. Safe to repeat: what is gone is said to be gone."""
        require(request.user, "contacts.lift_suppression")
        row = Suppression.objects.filter(pk=pk).first()
        form = LiftForm(request.POST)
        if row is None or not form.is_valid():
            gone = _("It was gone already.")
            problem = gone if row is None else " ".join(str(error) for error in form.errors["why"])
            self.message_user(request, problem, messages.WARNING)
        else:
            self._lifted(request, suppressions.lift(row, by=who(request), why=form.cleaned_data["why"]))
        if row is not None and Suppression.objects.filter(pk=pk).exists():
            return HttpResponseRedirect(reverse("admin:contacts_suppression_change", args=[pk]))
        return HttpResponseRedirect(reverse("admin:contacts_suppression_changelist"))

    def _lifted(self, request: HttpRequest, lift: Lift | None) -> None:
        if lift is None:
            self.message_user(request, _("It was gone, or the way back was open, already."), messages.WARNING)
        elif lift.left_scope:
            self.message_user(
                request,
                _("The way back is open: when the person signs up again, their confirmation lifts the rest."),
                messages.SUCCESS,
            )
        else:
            self.message_user(request, _("The suppression is lifted."), messages.SUCCESS)


def _address_in(text: str) -> addresses.Address | None:
    """The whole address that was searched for; None for anything else."""
    try:
        return addresses.parse(text) if "@" in text else None
    except ValidationError:
        return None


def _lifts(address_hash: bytes) -> list[Lift]:
    """How suppressions of the address were lifted before, newest first."""
    return list(Lift.objects.filter(address_hash=address_hash).select_related("by").order_by("-pk"))
