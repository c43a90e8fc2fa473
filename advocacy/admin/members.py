"""The Members tab of a campaign: who takes part, their pages, and what came by each. And a member's own figures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.desk import Place, StackedStaffInline, StaffAdmin, navigation, own_organisation, places, who
from accounts.models import Organisation
from accounts.permissions import may, require, visible
from accounts.spreadsheets import csv_file, xlsx_file
from advocacy import crediting, links, members, sharing, targets
from advocacy.admin import tabs
from advocacy.admin.member_forms import JoiningForm, ListForm, MemberForm, WordsForm
from advocacy.crediting import Figures
from advocacy.deeds import Did
from advocacy.models import Campaign, Membership, MembershipText
from contacts.models import MailingList
from mailer import pictures

TAB = "admin:advocacy_campaign_members"
tabs.add(70, _("Members"), TAB, "advocacy.view_membership")
navigation.add(Place(16, _("As a member"), "admin:advocacy_membership_ours", "advocacy.view_membership"))

_HEADERS = [
    "member", "short_name", "page_open", "letters", "supporters", "countries", "by_page", "by_embedded_form",
    "by_links", "passed_on", "links_opened", "sign_ups",
]  # fmt: skip
_FILES = {
    "csv": ("text/csv; charset=utf-8", csv_file),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda headers, rows: xlsx_file("members", headers, rows),
    ),
}


class WordsInline(StackedStaffInline):
    model = MembershipText
    form = WordsForm


@admin.register(Membership)
class MembershipAdmin(StaffAdmin):
    purpose = _(
        "The organisations that take part in campaigns; every campaign's page has its own under “Members”."
    )
    empty_words = _("No member yet. They are added on the page of their campaign.")
    form = MemberForm
    change_form_template = "staff/campaigns/members/form.html"
    list_display = ["organisation", "campaign", "is_active", "is_listed", "mailing_list"]
    list_filter = ["is_active"]
    list_select_related = ["organisation", "campaign", "mailing_list"]
    search_fields = ["organisation__name", "campaign__name"]
    autocomplete_fields = ["logo"]
    may_be_of_others = ("mailing_list", "logo")
    inlines = [WordsInline]
    fieldsets = [
        (None, {"fields": ["is_active", "is_listed", "language"]}),
        (_("Look"), {"fields": ["accent", "logo", "new_logo", "website"]}),
        (_("Newsletter"), {"fields": ["mailing_list"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Members join on their campaign's own page, which finds or makes their organisation."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A member that leaves is switched off: its links go on to lead people to the campaign."""
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        match = request.resolver_match
        if field is not None and db_field.name == "mailing_list" and match is not None:
            named = Membership.objects.filter(pk=match.kwargs.get("object_id") or 0).values("organisation")
            field.queryset = field.queryset.filter(organisation__in=named)
        return field

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        file = form.cleaned_data.get("new_logo")
        if file and may(request.user, "mailer.add_picture"):
            name = obj.organisation.name
            obj.logo, _new = pictures.keep(
                file, name=name, alt=name, user=who(request), organisation_id=own_organisation(request)
            )
        super().save_model(request, obj, form, change)

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
            context |= tabs.frame(request, obj.campaign, TAB)
            context |= {"membership": obj, "title": gettext("Members"), "subtitle": obj.organisation.name}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse(TAB, args=[obj.campaign_id]))

    def view_on_site(self, obj: Membership) -> str:
        return links.member(obj)

    # --- our own pages
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        both = require_http_methods(["GET", "POST"])
        return [
            path("ours/", wrap(require_safe(self.ours_view)), name="advocacy_membership_ours"),
            path("<int:pk>/figures/", wrap(both(self.figures_view)), name="advocacy_membership_figures"),
            *super().get_urls(),
        ]

    def pages_of_a_campaign(self) -> list[URLPattern]:
        """What stands below a campaign's address, so that the head line knows which part of the desk it is."""
        both, wrap = require_http_methods(["GET", "POST"]), self.admin_site.admin_view
        return [
            path("<int:pk>/members/", wrap(both(self.members_view)), name="advocacy_campaign_members"),
            path("<int:pk>/members/new/", wrap(both(self.join_view)), name="advocacy_campaign_add_member"),
        ]

    def members_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET: the members with what came by each; POST: the same as a file."""
        campaign = self._campaign(request, pk, "advocacy.view_membership")
        found = crediting.of_campaign(campaign)
        rows = [
            (member, found.get(member.pk, Figures(member.pk)))
            for member in campaign.memberships.select_related("organisation")
        ]
        if request.method == "POST" and request.POST.get("format") in _FILES:
            return _file(request, campaign, rows, request.POST["format"])
        context = {
            **self._frame(request, campaign),
            "title": _("Members"),
            "rows": rows,
            "without": found[None],
            "total": crediting.total_of(found, campaign),
            "may_add": may(request.user, "advocacy.add_membership"),
            "may_change": may(request.user, "advocacy.change_membership"),
        }
        return TemplateResponse(request, "staff/campaigns/members/page.html", context)

    def join_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Name an organisation; one that is unknown is shown beside similar ones, and made by who may."""
        campaign = self._campaign(request, pk, "advocacy.add_membership")
        form = JoiningForm(request.POST or None)
        asked, may_make = "", may(request.user, "accounts.add_organisation")
        if form.is_valid():
            asked = form.cleaned_data["name"]
            found = members.organisation_called(asked)
            if found is None and may_make and "make" in request.POST:
                found = _made(request, asked, form.cleaned_data["slug"])
            if found is not None:
                return self._joined(request, campaign, found)
        sees_all = own_organisation(request) is None
        context = {
            **self._frame(request, campaign),
            "title": _("Add a member"),
            "form": form,
            "asked": asked,
            "similar": members.similar(asked) if sees_all else [],
            "suggested": members.short_name_for(asked) if asked else "",
            "may_make": may_make,
        }
        # A name that nobody has here yet is no mistake: the page asks on. One that was not theirs to make is.
        status = 422 if form.errors or "make" in request.POST else 200
        return TemplateResponse(request, "staff/campaigns/members/join.html", context, status=status)

    def _joined(self, request: HttpRequest, campaign: Campaign, organisation: Organisation) -> HttpResponse:
        member = members.join(campaign, organisation)
        self.note(request, member, Did.MEMBER_ADDED, audit.Act.ADDED)
        if not may(request.user, "advocacy.change_membership", member):
            return HttpResponseRedirect(reverse(TAB, args=[campaign.pk]))
        return HttpResponseRedirect(reverse("admin:advocacy_membership_change", args=[member.pk]))

    def ours_view(self, request: HttpRequest) -> HttpResponse:
        """The campaigns in which the reader's organisation is a member, whosever they are."""
        require(request.user, "advocacy.view_membership")
        own = own_organisation(request)
        rows = Membership.objects.select_related("organisation", "campaign").order_by("-campaign", "pk")
        rows = rows if own is None else rows.filter(organisation=own)
        shown = rows[:100]
        context = {
            **self.admin_site.each_context(request),
            "title": _("As a member"),
            "opts": self.opts,
            "rows": [(member, crediting.of_member(member)) for member in shown],
            "is_of_the_house": own is None,
        }
        return TemplateResponse(request, "staff/campaigns/members/ours.html", context)

    def figures_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What came by one member, for the campaign's staff and for the member's own. POST: its own list."""
        member = self._member(request, pk)
        is_own = member.organisation_id == own_organisation(request)
        own_lists = visible(request.user, MailingList.objects.filter(organisation=member.organisation))
        may_choose = is_own and may(request.user, "advocacy.change_membership")
        form = ListForm(request.POST or None, initial={"mailing_list": member.mailing_list_id})
        form.fields["mailing_list"].queryset = own_lists  # type: ignore[attr-defined]
        if request.method == "POST":
            if not may_choose:
                raise Http404
            if form.is_valid():
                Membership.objects.filter(pk=member.pk).update(mailing_list=form.cleaned_data["mailing_list"])
                self.note(request, member, Did.MEMBER_LIST)
                messages.success(request, gettext("Saved. It holds from now on."))
                return HttpResponseRedirect(request.path)
        is_campaigns = may(request.user, "advocacy.view_campaign", member.campaign)
        around = (
            tabs.frame(request, member.campaign, TAB)
            if is_campaigns
            else {
                "tabs_of": None,
                "public_page": links.member(member),
                "desk_places": places(request, "admin:advocacy_membership_ours"),
            }
        )
        context = {
            **self.admin_site.each_context(request),
            **around,
            "title": member.organisation.name,
            "opts": self.opts,
            "membership": member,
            "page": links.member(member),
            "figures": crediting.of_member(member),
            "countries": _countries(member),
            "links": [
                (link, sharing.address_of(link)) for link in member.share_links.order_by("-created_at")
            ],
            "form": form if may_choose else None,
            "may_change": may(request.user, "advocacy.change_membership", member),
        }
        return TemplateResponse(request, "staff/campaigns/members/figures.html", context)

    # --- parts
    def _campaign(self, request: HttpRequest, pk: int, permission: str) -> Campaign:
        require(request.user, permission)
        campaign = get_object_or_404(visible(request.user, Campaign.objects.all()), pk=pk)
        require(request.user, "advocacy.view_campaign", campaign)
        return campaign

    def _member(self, request: HttpRequest, pk: int) -> Membership:
        """The member of one's own campaign, or one's own organisation as a member of another's."""
        require(request.user, "advocacy.view_membership")
        rows = Membership.objects.select_related("organisation", "campaign", "mailing_list")
        own = own_organisation(request)
        seen = models.Q(pk__in=visible(request.user, Membership.objects.all()))
        return get_object_or_404(rows.filter(seen | models.Q(organisation=own) if own else seen), pk=pk)

    def _frame(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            **tabs.frame(request, campaign, TAB),
            "opts": self.opts,
            "campaign": campaign,
        }


def _made(request: HttpRequest, name: str, slug: str) -> Organisation:
    with transaction.atomic():
        made = Organisation.objects.create(name=name, slug=slug or members.short_name_for(name))
        audit.record(who(request), audit.Act.ADDED, Did.MEMBER_MADE, made)
    return made


def _countries(member: Membership) -> list[tuple[str, int]]:
    """Where a member's supporters live, most first."""
    language = get_language() or "en"
    found = [(targets.country_name(code, language), count) for code, count in crediting.by_country(member)]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def _file(
    request: HttpRequest, campaign: Campaign, rows: Iterable[tuple[Membership, Figures]], form: str
) -> HttpResponse:
    content_type, write = _FILES[form]
    lines = [
        [
            member.organisation.name, member.organisation.slug, "yes" if member.is_active else "no",
            one.letters, one.supporters, one.countries, one.by_page, one.by_form, one.by_any_link, one.passed_on,
            one.opened, one.sign_ups,
        ]
        for member, one in rows
    ]  # fmt: skip
    answer = HttpResponse(b"".join(write(_HEADERS, lines)), content_type=content_type)
    day = timezone.localdate().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="{campaign.slug}-members-{day}.{form}"'
    answer["Cache-Control"] = "no-store"
    audit.record(who(request), audit.Act.TAKEN, Did.FIGURES_TAKEN, campaign, format=form)
    return answer
