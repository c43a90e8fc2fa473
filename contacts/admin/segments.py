"""Segments at the desk: a rule tree is put together, and who matches is shown while it is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.desk import Place, StaffAdmin, key_in, navigation, own_organisation, who
from accounts.models import Organisation
from accounts.permissions import bound_to, may, require, visible
from contacts.admin import segment_parts
from contacts.deeds import Did
from contacts.models import Contact, Segment
from contacts.segments import compiling, counting, editing, rules, trees, wording
from contacts.segments.editing import Draft
from contacts.segments.trees import Problem, RuleError, Tree

navigation.add(Place(65, _("Segments"), "admin:contacts_segment_changelist", "contacts.view_segment"))

_LIST = "admin:contacts_segment_changelist"


class SegmentForm(forms.ModelForm):
    organisation = forms.ModelChoiceField(
        Organisation.objects.order_by("name"), required=False, empty_label=_("any")
    )

    class Meta:
        model = Segment
        fields = ["name", "organisation"]


@admin.register(Segment)
class SegmentAdmin(StaffAdmin):
    purpose = _("Saved questions about people: whoever fits at the moment of sending or exporting.")
    add_words = _("Add a segment")
    empty_words = _(
        "There is no segment yet. A segment is a saved question, such as “in Kenya and wrote a letter”."
    )
    list_display = ["name", "meaning", "people", "organisation"]
    list_select_related = ["organisation"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    change_list_template = "staff/segments.html"

    def get_urls(self) -> list[URLPattern]:
        mine = self.admin_site.admin_view
        return [
            path("look/", mine(require_POST(self.look_view)), name="contacts_segment_look"),
            path("<int:pk>/count/", mine(require_GET(self.count_view)), name="contacts_segment_count"),
            path(
                "<int:pk>/duplicate/",
                mine(require_POST(self.duplicate_view)),
                name="contacts_segment_duplicate",
            ),
            *super().get_urls(),
        ]

    # --- the list

    @admin.display(description=_("who"))
    def meaning(self, segment: Segment) -> str:
        try:
            return Truncator(wording.sentence(trees.read(segment.rule))).chars(160)
        except RuleError as error:
            return gettext("Cannot be read: %(why)s") % {"why": error}

    @admin.display(description=_("people"))
    def people(self, segment: Segment) -> str:
        """The number comes when the row is seen: counting fifty segments would hold up the page."""
        url = reverse("admin:contacts_segment_count", args=[segment.pk])
        return format_html(
            '<a href="{}" hx-get="{}" hx-trigger="revealed" hx-swap="outerHTML">{}</a>',
            url,
            url,
            gettext("count"),
        )

    def count_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The number of a segment's people, for a row of the list; without htmx on the segment's own page."""
        segment = self.row_or_404(request, pk, "contacts.view_segment")
        if not request.headers.get("HX-Request"):
            return HttpResponseRedirect(reverse("admin:contacts_segment_change", args=[pk]))
        try:
            number = counting.count(visible(request.user, compiling.queryset(segment)))
        except RuleError:
            return HttpResponse("–")
        return HttpResponse(format_html('<span class="segment-number">{}</span>', in_words(number)))

    # --- the builder

    def changeform_view(self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One page to look at, write and save a segment; its buttons post the form, with or without htmx."""
        segment = self._segment(request, object_id)
        fields = rules.fields(who(request))
        if request.method != "POST":
            draft = editing.from_json(segment.rule, fields) if segment.pk else editing.blank()
            return self._page(request, segment, draft, fields, form=self._form(request, segment))
        if not _may_write(request, segment):
            raise PermissionDenied("the segment is not theirs to change")
        draft = editing.from_post(request.POST)
        editing.settle(draft, fields)
        act = request.POST.get("act", "")
        if act == "save":
            return self._save(request, segment, draft, fields)
        focus = editing.act(draft, act)
        form = self._form(request, segment, bound=False)
        return self._page(request, segment, draft, fields, form=form, focus=focus)

    def _segment(self, request: HttpRequest, object_id: str | None) -> Segment:
        if object_id is None:
            require(request.user, "contacts.add_segment")
            return Segment(organisation_id=own_organisation(request), created_by=who(request))
        key = key_in(object_id)
        if key is None:
            raise Http404
        found: Segment = self.row_or_404(
            request,
            key,
            "contacts.view_segment"
            if may(request.user, "contacts.view_segment")
            else "contacts.change_segment",
        )
        return found

    def _form(self, request: HttpRequest, segment: Segment, *, bound: bool = True) -> SegmentForm:
        posted = request.POST if request.method == "POST" else None
        if (
            posted is not None and not bound
        ):  # a button in the middle: keep what is typed, and complain of nothing
            form = SegmentForm(
                instance=segment, initial={name: posted.get(name) for name in SegmentForm.Meta.fields}
            )
        else:
            form = SegmentForm(posted, instance=segment)
        if own_organisation(request) is not None or not Organisation.objects.exists():
            del form.fields["organisation"]
        return form

    def _save(
        self, request: HttpRequest, segment: Segment, draft: Draft, fields: editing.Fields
    ) -> HttpResponse:
        form = self._form(request, segment)
        try:
            tree = editing.read(draft, who(request), fields)
            compiling.check_use(tree, segment)
        except RuleError as error:
            form.is_valid()
            return self._page(request, segment, draft, fields, form=form, wrong=error.problems)
        if not form.is_valid():
            return self._page(request, segment, draft, fields, form=form)
        saved: Segment = form.save(commit=False)
        saved.rule = trees.as_json(tree)
        is_new = saved.pk is None
        saved.updated_at = Now()
        saved.save()
        if is_new:
            self.note(request, saved, audit.Did.ADDED, audit.Act.ADDED)
        else:
            self.note(request, saved, audit.Did.CHANGED)
        self.message_user(
            request, gettext("The segment “%(name)s” is saved.") % {"name": saved.name}, messages.SUCCESS
        )
        return HttpResponseRedirect(reverse(_LIST))

    def _page(
        self,
        request: HttpRequest,
        segment: Segment,
        draft: Draft,
        fields: editing.Fields,
        *,
        form: SegmentForm,
        wrong: list[Problem] | None = None,
        focus: int | None = None,
    ) -> HttpResponse:
        found = look(request, draft, segment, fields) if wrong is None else {}
        if wrong is None:
            for part in draft.all_parts():
                part.problems.clear()  # a rule half written is no mistake before somebody wants to save it
        context = {
            **self.admin_site.each_context(request),
            "title": segment.name or _("New segment"),
            "opts": self.opts,
            "segment": segment,
            "form": form,
            "root": segment_parts.shown(draft, fields, who(request)),
            "wrong": segment_parts.listed(draft, wrong or []),
            "focus": focus,
            "may_write": _may_write(request, segment),
            "may_copy": bool(segment.pk) and may(request.user, "contacts.add_segment"),
            "may_delete": bool(segment.pk) and self.has_delete_permission(request, segment),
            "may_export": bool(segment.pk) and may(request.user, "contacts.export_contact"),
            "users": _users_of(request, segment) if segment.pk else [],
            **found,
        }
        only_the_parts = bool(request.headers.get("HX-Request"))
        name = "staff/_segment_builder.html" if only_the_parts else "staff/segment.html"
        return TemplateResponse(request, name, {**context, "is_part": only_the_parts})

    def look_view(self, request: HttpRequest) -> HttpResponse:
        """Who matches what is in the form now; nothing is kept."""
        require(request.user, "contacts.view_segment")
        fields = rules.fields(who(request))
        draft = editing.from_post(request.POST)
        editing.settle(draft, fields)
        context = look(request, draft, Segment(), fields)
        return TemplateResponse(request, "staff/_segment_found.html", context)

    # --- what else is done with one

    def duplicate_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A copy under a name of its own, opened at once."""
        segment = self.row_or_404(request, pk, "contacts.view_segment")
        require(request.user, "contacts.add_segment")
        name = gettext("%(name)s (copy)") % {"name": segment.name}
        copy = Segment.objects.create(
            name=name[:200],
            rule=segment.rule,
            organisation=segment.organisation,
            created_by=who(request),
        )
        self.note(request, copy, Did.COPIED, audit.Act.ADDED)
        return HttpResponseRedirect(reverse("admin:contacts_segment_change", args=[copy.pk]))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or _made(request, obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Django's answer, and the segments that use these: while there are any, nothing is deleted."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        seen = {user.pk for segment in objs for user in _users_of(request, segment)}
        users = [
            str(user.name) if user.pk in seen else gettext("another segment")
            for segment in objs
            for user in compiling.users_of(segment)
        ]
        return to_delete, counts, lacking, [*protected, *users]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).select_related("organisation")


def _made(request: HttpRequest, segment: Segment) -> bool:
    """Whether a segment is the person's to change: who is bound to some lists changes those they made.

    Others are used in mailings to people they do not see.
    """
    user = who(request)
    return bound_to(user) is None or segment.created_by_id == user.pk


def _may_write(request: HttpRequest, segment: Segment) -> bool:
    if segment.pk is None:
        return may(request.user, "contacts.add_segment")
    return may(request.user, "contacts.change_segment", segment) and _made(request, segment)


def _users_of(request: HttpRequest, segment: Segment) -> list[Segment]:
    """The segments that use this one, as far as the person sees them."""
    users = compiling.users_of(segment)
    seen = set(visible(request.user, Segment.objects.filter(pk__in=[user.pk for user in users])))
    return [user for user in users if user in seen]


def look(request: HttpRequest, draft: Draft, segment: Segment, fields: editing.Fields) -> dict[str, Any]:
    """Who matches the draft: the sentence, the number and, for whoever may see people, ten of them."""
    try:
        tree = editing.read(draft, who(request), fields)
        compiling.check_use(tree, segment)
        rows = visible(request.user, compiling.queryset(tree))
    except RuleError as error:
        return {"unfinished": segment_parts.listed(draft, error.problems)}
    if segment.organisation_id is not None:
        rows = rows.filter(organisation=segment.organisation_id)
    return {"sentence": sentence(tree), "number": in_words(counting.count(rows)), **_people(request, rows)}


def _people(request: HttpRequest, rows: models.QuerySet[Contact]) -> dict[str, Any]:
    if not may(request.user, "contacts.view_contact"):
        return {}
    return {"examples": counting.examples(rows), "may_see_people": True}


def sentence(tree: Tree) -> str:
    return wording.sentence(tree)


def in_words(count: counting.Count) -> str:
    """“12,402”, or “about 120,000” for an estimate."""
    if count.is_exact:
        return formats.number_format(count.number, use_l10n=True, force_grouping=True)
    number = count.number if count.number < 100 else round(count.number, 1 - len(str(count.number)) + 1)
    shown = formats.number_format(number, use_l10n=True, force_grouping=True)
    return gettext("about %(number)s (an estimate: counting takes too long)") % {"number": shown}
