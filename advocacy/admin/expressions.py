"""Expressions of support at the desk: the queue of those that wait for a look or were reported, over all campaigns and as
a tab of each, and what staff type themselves for a state or an organisation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import keyed_pages
from accounts.desk import Need, Place, ReadOnly, StaffAdmin, key_in, navigation, needs, who
from accounts.models import User
from accounts.permissions import may, require, visible
from advocacy.admin import tabs
from advocacy.admin.filters import country_name
from advocacy.admin.letters import CampaignFilter
from advocacy.deeds import Did
from advocacy.expressions import moderating, pictures, words
from advocacy.expressions.forms import PictureForm, WordsForm
from advocacy.forms import Typed
from advocacy.models import Campaign, Expression
from contacts.lookup import by_address_or_name

navigation.add(
    Place(23, _("Expressions of support"), "admin:advocacy_expression_changelist", "advocacy.view_expression")
)
navigation.add(
    Place(24, _("Support to look at"), "admin:advocacy_expression_look", "advocacy.moderate_expression")
)
tabs.add(50, _("Support"), "admin:advocacy_campaign_support", "advocacy.view_expression")

AT_ONCE = 200
AT_MOST = 1_000  # what waits is counted no further
_PER_PAGE = 25
_MODERATE = "advocacy.moderate_expression"

Status = Expression.Status


@dataclass(frozen=True, slots=True)
class View:
    """One of the lists a moderator turns between."""

    name: str
    label: Any
    condition: models.Q
    order: tuple[str, ...]


_VIEWS = (
    View("waiting", _("waiting for a look"), models.Q(status=Status.CONFIRMED), ("confirmed_at", "pk")),
    View(
        "reported",
        _("reported"),
        models.Q(status=Status.PUBLISHED, reported_at__isnull=False),
        ("reported_at", "pk"),
    ),
    View(
        "published",
        _("published"),
        models.Q(status=Status.PUBLISHED),
        ("-is_featured", "-published_at", "-pk"),
    ),
    View("refused", _("not published"), models.Q(status=Status.REFUSED), ("-decided_at", "-pk")),
)


class EnterForm(WordsForm):
    """What staff type: the same words, and where they were said."""

    campaign = forms.ModelChoiceField(Campaign.objects.none(), label=_("Campaign"))
    proof = Typed(
        label=_("Where it was said"),
        help_text=_("The document, the address of a page, or who told whom. Only staff read this."),
        widget=forms.TextInput({"maxlength": 500}),
    )
    file = forms.FileField(required=False, label=_("Picture"), widget=PictureForm.base_fields["file"].widget)
    alt = Typed(label=_("What the picture shows"), widget=forms.TextInput({"maxlength": words.MAX_ALT}))

    field_order = ["campaign"]

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self._choice("campaign").queryset = visible(user, Campaign.objects.order_by("name"))

    def clean_proof(self) -> str:
        return words.clean_line(
            self.cleaned_data["proof"], limit=500, missing=_("Please say where it was said.")
        )

    def clean_alt(self) -> str:
        return words.clean_alt(self.cleaned_data["alt"]) if self.files.get("file") else ""


@admin.register(Expression)
class ExpressionAdmin(ReadOnly, StaffAdmin):
    purpose = _("What people and organisations say in public for a campaign.")
    newest_first = True
    empty_words = _(
        "Nobody has said anything in public yet. What somebody writes on a campaign's wall stands here."
    )
    list_display = ["number", "speaker", "state", "category", "campaign", "said_in", "language", "created_at"]
    list_filter = ["status", "category", "is_featured", ("campaign", CampaignFilter)]
    list_select_related = ["campaign"]
    search_fields = ["pk"]
    search_help_text = _("A word of a name or an organisation, a writer's whole address, or a number.")
    fieldsets = [
        (None, {"fields": ["campaign", "membership", "shown"]}),
        (
            _("Who wrote it"),
            {"fields": ["written_by", "mailed_in", "consent_text", "created_at", "confirmed_at"]},
        ),
        (
            _("What staff decided"),
            {"fields": ["decided", "reason", "published_at", "reported_at", "report_words", "proof"]},
        ),
    ]
    readonly_fields = ["shown", "written_by", "mailed_in", "decided"]
    change_form_template = "admin/advocacy/expression/change_form.html"

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address_or_name(queryset, search_term, "name", "organisation_name"), False

    # --- what is shown
    @admin.display(description=_("name"))
    def speaker(self, expression: Expression) -> str:
        return expression.speaker or gettext("forgotten")

    @admin.display(description=_("state"))
    def state(self, expression: Expression) -> str:
        return render_to_string("staff/expressions/_state.html", {"expression": expression})

    @admin.display(description=_("country"))
    def said_in(self, expression: Expression) -> str:
        return country_name(expression.country) if expression.country else "–"

    @admin.display(description=_("what is said"))
    def shown(self, expression: Expression) -> str:
        return render_to_string("staff/expressions/_said.html", {"expression": expression})

    @admin.display(description=_("their address"))
    def written_by(self, expression: Expression) -> str:
        if expression.is_of_staff:
            return gettext("typed by %(name)s") % {"name": expression.entered_by or "–"}
        return expression.address or gettext("forgotten")

    @admin.display(description=_("language of our mails"))
    def mailed_in(self, expression: Expression) -> str:
        return expression.mail_language or "–"

    @admin.display(description=_("decided by"))
    def decided(self, expression: Expression) -> str:
        return str(expression.decided_by or "–")

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
            context |= {"acts": _acts_for(request, obj), "here": str(obj.pk)}
            context["may_correct"] = (
                obj.is_of_staff and not obj.forgotten_at and may(request.user, _MODERATE, obj)
            )
            context |= tabs.frame(request, obj.campaign, "admin:advocacy_campaign_support")
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- our own pages
    def get_urls(self) -> list[URLPattern]:
        wrap, both = self.admin_site.admin_view, require_http_methods(["GET", "HEAD", "POST"])
        return [
            path("look/", wrap(require_GET(self.look_view)), name="advocacy_expression_look"),
            path("of/<int:pk>/", wrap(require_GET(self.campaign_view)), name="advocacy_campaign_support"),
            path("act/", wrap(require_POST(self.act_view)), name="advocacy_expression_act"),
            path("enter/", wrap(both(self.enter_view)), name="advocacy_expression_enter"),
            path("<int:pk>/correct/", wrap(both(self.correct_view)), name="advocacy_expression_correct"),
            path(
                "<int:pk>/picture/", wrap(require_GET(self.picture_view)), name="advocacy_expression_picture"
            ),
            *super().get_urls(),
        ]

    def look_view(self, request: HttpRequest) -> HttpResponse:
        """Those of all campaigns, those that wait longest first."""
        require(request.user, _MODERATE)
        return self._queue(request, None)

    def campaign_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Those of one campaign, as a tab of it."""
        require(request.user, "advocacy.view_expression")
        campaign = get_object_or_404(visible(request.user, Campaign.objects.all()), pk=pk)
        return self._queue(request, campaign)

    def _queue(self, request: HttpRequest, campaign: Campaign | None) -> HttpResponse:
        rows = self.get_queryset(request).select_related("campaign", "decided_by", "entered_by")
        if campaign is not None:
            rows = rows.filter(campaign=campaign)
        asked = request.GET.get("show", "")
        view = next((one for one in _VIEWS if one.name == asked), _VIEWS[0])
        page = keyed_pages.page(
            rows.filter(view.condition), view.order, request.GET.get("at", ""), size=_PER_PAGE
        )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Support to look at") if campaign is None else _("Support"),
            "opts": self.opts,
            "page": page,
            "cards": [(one, _acts_for(request, one)) for one in page.rows],
            "views": list(_shown_views(rows, view)),
            "view": view.name,
            "here": request.get_full_path(),
            "campaign": campaign,
            "may_moderate": may(request.user, _MODERATE),
        }
        if campaign is not None:
            context |= tabs.frame(request, campaign, "admin:advocacy_campaign_support")
            return TemplateResponse(request, "staff/expressions/of_campaign.html", context)
        return TemplateResponse(request, "staff/expressions/queue.html", context)

    def act_view(self, request: HttpRequest) -> HttpResponse:
        """Do one thing to the ticked ones. Safe to repeat.

        Those of another organisation, those that changed since they were shown, and those that stand where the act is
        not allowed are left alone; the answer says how many were done.
        """
        require(request.user, _MODERATE)
        verb, back = request.POST.get("act", ""), _back(request)
        if verb not in _ACTS:
            raise PermissionDenied("no such act")
        act, did = _ACTS[verb]
        reason = " ".join(request.POST.get("reason", "").split())[:300]
        if verb == "refuse" and not reason:
            self.message_user(request, _("Please say why: its writer reads the reason."), messages.ERROR)
            return HttpResponseRedirect(back)
        asked = dict(_asked(request.POST.getlist("expression")[:AT_ONCE]))
        rows = self.get_queryset(request).filter(pk__in=asked).select_related("campaign").order_by("pk")
        done, refusals = 0, []
        for expression in rows:
            try:
                moved = act(expression, who(request), asked[expression.pk], reason)
            except ValidationError as error:
                refusals += error.messages
                continue
            if moved:
                self.note(request, expression, did, why=reason if verb == "refuse" else "")
                done += 1
        _tell(self, request, done, len(asked) - done - len(refusals), refusals)
        return HttpResponseRedirect(back)

    def enter_view(self, request: HttpRequest) -> HttpResponse:
        """Type what a state or an organisation said elsewhere; it is public at once."""
        require(request.user, _MODERATE)
        initial = {"campaign": key_in(request.GET.get("campaign", "")), "language": "en", "category": "state"}
        form = EnterForm(
            request.POST or None, files=request.FILES or None, user=who(request), initial=initial
        )
        if request.method == "POST" and form.is_valid():
            campaign = form.cleaned_data["campaign"]
            require(request.user, _MODERATE, Expression(campaign=campaign))
            try:
                expression = moderating.enter(
                    campaign,
                    form.words,
                    proof=form.cleaned_data["proof"],
                    by=who(request),
                    picture=form.cleaned_data["file"],
                    alt=form.cleaned_data["alt"],
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                self.note(request, expression, Did.SUPPORT_TYPED)
                self.message_user(request, _("It is public now."), messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:advocacy_campaign_support", args=[campaign.pk]))
        return self._form(request, form, _("Type an official statement"))

    def correct_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Correct what staff typed; what somebody outside wrote is theirs."""
        expression = self.row_or_404(request, pk, _MODERATE)
        if not expression.is_of_staff or expression.forgotten_at:
            raise Http404
        initial = {
            **WordsForm.initial_of(expression),
            "proof": expression.proof,
            "campaign": expression.campaign_id,
        }
        form = EnterForm(request.POST or None, user=who(request), initial=initial)
        for name in ("campaign", "file", "alt"):
            del form.fields[name]
        if request.method == "POST" and form.is_valid():
            moderating.correct(expression, form.words, proof=form.cleaned_data["proof"], by=who(request))
            self.note(request, expression, Did.SUPPORT_CORRECTED)
            return HttpResponseRedirect(reverse("admin:advocacy_expression_change", args=[pk]))
        return self._form(request, form, _("Correct it"), expression.campaign)

    def _form(
        self, request: HttpRequest, form: EnterForm, title: Any, campaign: Campaign | None = None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "form": form,
            "campaign": campaign,
        }
        return TemplateResponse(
            request, "staff/expressions/enter.html", context, status=422 if form.errors else 200
        )

    def picture_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The picture as moderators see it, published or not."""
        expression = self.row_or_404(request, pk, "advocacy.view_expression")
        return pictures.answer(request, expression, is_public=False)  # type: ignore[return-value]


def _shown_views(rows: models.QuerySet[Expression], current: View) -> Iterator[dict[str, Any]]:
    for view in _VIEWS:
        count = rows.filter(view.condition).order_by()[:AT_MOST].count()
        yield {"name": view.name, "label": view.label, "count": count, "here": view is current}


def _asked(given: list[str]) -> Iterator[tuple[int, int]]:
    """The number and the revision in each "42-3"; what is neither is left out."""
    for text in given:
        pk, _dash, revision = text.partition("-")
        if (key := key_in(pk)) and (seen := key_in(revision)) is not None:
            yield key, seen


def _tell(page: ExpressionAdmin, request: HttpRequest, done: int, left: int, refusals: list[str]) -> None:
    if done:
        sentence = ngettext("%(count)d expression: done.", "%(count)d expressions: done.", done)
        page.message_user(request, sentence % {"count": done}, messages.SUCCESS)
    if left > 0:
        sentence = ngettext(
            "%(count)d was left as it is: it has moved on meanwhile.",
            "%(count)d were left as they are: they have moved on meanwhile.",
            left,
        )
        page.message_user(request, sentence % {"count": left}, messages.WARNING)
    for refusal in dict.fromkeys(refusals):
        page.message_user(request, refusal, messages.ERROR)


_Act = Callable[[Expression, User, int, str], bool]
# The word in the form -> what is done, and what the log of staff acts says.
_ACTS: dict[str, tuple[_Act, Did]] = {
    "publish": (lambda one, by, seen, _why: moderating.publish(one, by, seen), Did.SUPPORT_PUBLISHED),
    "refuse": (lambda one, by, _seen, why: moderating.refuse(one, by, why), Did.SUPPORT_REFUSED),
    "keep": (lambda one, by, _seen, _why: moderating.keep(one, by), Did.SUPPORT_KEPT),
    "feature": (lambda one, _by, _seen, _why: moderating.feature(one, yes=True), Did.SUPPORT_FIRST),
    "unfeature": (lambda one, _by, _seen, _why: moderating.feature(one, yes=False), Did.SUPPORT_NOT_FIRST),
}
_LABELS = {
    "publish": _("Publish it"),
    "keep": _("It stays"),
    "feature": _("Show it first"),
    "unfeature": _("No longer first"),
    "refuse": _("Do not publish it"),
}


def _acts_for(request: HttpRequest, expression: Expression) -> list[dict[str, Any]]:
    """What this person may do to it as it stands."""
    if not may(request.user, _MODERATE, expression) or expression.forgotten_at:
        return []
    is_public = expression.status == Status.PUBLISHED
    possible = {
        "publish": expression.status in {Status.CONFIRMED, Status.REFUSED},
        "keep": is_public and expression.reported_at is not None,
        "feature": is_public and not expression.is_featured,
        "unfeature": is_public and expression.is_featured,
        "refuse": expression.status in {Status.CONFIRMED, Status.PUBLISHED},
    }
    return [
        {
            "verb": verb,
            "label": gettext("Take it off the wall") if verb == "refuse" and is_public else label,
            "reason": verb == "refuse",
            "danger": verb == "refuse",
        }
        for verb, label in _LABELS.items()
        if possible[verb]
    ]


def _back(request: HttpRequest) -> str:
    """Where the form stood: one of our own pages, never an address from outside."""
    queue, asked = reverse("admin:advocacy_expression_look"), request.POST.get("next", "")
    if key := key_in(asked):
        return reverse("admin:advocacy_expression_change", args=[key])
    of_campaign = key_in(request.POST.get("campaign", ""))
    here = reverse("admin:advocacy_campaign_support", args=[of_campaign]) if of_campaign else queue
    return asked if asked.split("?")[0] == here else here


@needs.add
def what_waits(user: User) -> list[Need]:
    """Expressions of support that wait for a look, and those that somebody reported."""
    if not may(user, _MODERATE):
        return []
    rows, look = visible(user, Expression.objects.all()).order_by(), reverse("admin:advocacy_expression_look")
    waiting = rows.filter(status=Status.CONFIRMED)[:AT_MOST].count()
    reported = rows.filter(status=Status.PUBLISHED, reported_at__isnull=False)[:AT_MOST].count()
    sentence = ngettext(
        "%(count)d expression of support waits for a look",
        "%(count)d expressions of support wait for a look",
        waiting,
    )
    told = ngettext(
        "%(count)d published expression was reported",
        "%(count)d published expressions were reported",
        reported,
    )
    return [
        Need(waiting, sentence % {"count": waiting}, gettext("review"), look),
        Need(reported, told % {"count": reported}, gettext("review"), f"{look}?show=reported", urgent=True),
    ]
