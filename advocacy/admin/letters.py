"""Letters with their whole history, and the queue of those held for a look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.charts import Series, counts_of_days, over
from accounts.desk import (
    Need,
    Place,
    ReadOnly,
    StaffAdmin,
    figures,
    key_in,
    navigation,
    needs,
    who,
)
from accounts.models import User
from accounts.permissions import may, require, scope_of, visible
from advocacy import letters as work
from advocacy.admin.filters import InWords, StateFilter, country_name
from advocacy.admin.history import steps_of
from advocacy.deeds import Did
from advocacy.models import Campaign, Letter, Submission
from contacts.lookup import by_address, by_address_or_name

navigation.add(Place(20, _("Letters"), "admin:advocacy_letter_changelist", "advocacy.view_letter"))
navigation.add(Place(21, _("Held for a look"), "admin:advocacy_letter_held", "advocacy.release_letter"))
navigation.add(
    Place(22, _("Submissions"), "admin:advocacy_submission_changelist", "advocacy.view_submission")
)

AT_ONCE = 200  # letters in one bulk act
AT_MOST = 1_000  # what waits is counted no further
_PER_PAGE = 25

Status = Letter.Status


class CampaignFilter(admin.RelatedFieldListFilter):
    """The campaigns of one's own organisation only."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(row.pk, row.name) for row in visible(request.user, Campaign.objects.all())[:200]]


@admin.register(Letter)
class LetterAdmin(ReadOnly, StaffAdmin):
    purpose = _("Each letter of a supporter to a representative, and what became of it.")
    empty_words = _("No letter yet. They stand here as soon as supporters write.")
    newest_first = True
    list_display = ["number", "state", "campaign", "person", "country", "subject", "confirmed"]
    list_filter = [StateFilter, ("campaign", CampaignFilter), "is_test"]
    list_select_related = [
        "campaign",
        "person",
        "delivery",
        "mandate__legislature",
        "submission",
        "route",
        "supporter",
    ]
    search_fields = ["pk"]
    search_help_text = _("A supporter's whole address, a representative's name, or the number of a letter.")
    fieldsets = [
        (None, {"fields": ["campaign", "person", "reached_by", "supporter_name", "supporter_address"]}),
        (_("The letter"), {"fields": ["text", "own_words", "language", "template", "is_test"]}),
        (_("Its life"), {"fields": ["life"]}),
    ]
    readonly_fields = ["reached_by", "supporter_name", "supporter_address", "text", "life"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address_or_name(
            queryset, search_term, "person__name", "person__native_name", field="supporter__address_hash"
        ), False

    # --- what is shown
    @admin.display(description=_("state"))
    def state(self, letter: Letter) -> str:
        return render_to_string("staff/_letter_state.html", {"state": work.state_of(letter)})

    @admin.display(description=_("confirmed"))
    def confirmed(self, letter: Letter) -> str:
        return (
            date_format(timezone.localtime(letter.confirmed_at), "SHORT_DATETIME_FORMAT")
            if letter.confirmed_at
            else "–"
        )

    @admin.display(description=_("country"))
    def country(self, letter: Letter) -> str:
        return country_name(letter.mandate.legislature.country) if letter.mandate else "–"

    @admin.display(description=_("address"))
    def reached_by(self, letter: Letter) -> str:
        return letter.route.value if letter.route else "–"

    @admin.display(description=_("supporter"))
    def supporter_name(self, letter: Letter) -> str:
        parts = [letter.submission.name, letter.submission.place, letter.submission.country]
        return " · ".join(part for part in parts if part) or gettext("forgotten")

    @admin.display(description=_("their address"))
    def supporter_address(self, letter: Letter) -> str:
        return letter.supporter.address or gettext("forgotten")

    @admin.display(description=_("letter"))
    def text(self, letter: Letter) -> str:
        return render_to_string("staff/_letter_text.html", {"letter": letter})

    @admin.display(description=_("what happened, in order"))
    def life(self, letter: Letter) -> str:
        return render_to_string("staff/_letter_life.html", {"steps": steps_of(letter)})

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
            context["state"] = work.state_of(obj)
            context["acts"] = _acts_for(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    # --- our own pages
    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("held/", wrap(require_GET(self.held_view)), name="advocacy_letter_held"),
            path("act/", wrap(require_POST(self.act_view)), name="advocacy_letter_act"),
            *super().get_urls(),
        ]

    def held_view(self, request: HttpRequest) -> HttpResponse:
        """The letters held for a look, those held longest first, a page at a time."""
        require(request.user, "advocacy.release_letter")
        held = (
            self.get_queryset(request)
            .filter(status=Status.WITHHELD)
            .select_related("campaign", "person", "submission", "mandate__legislature", "route")
            .order_by("held_at", "pk")
        )
        for name, field in (("campaign", "campaign_id"), ("route", "route_id")):
            if key := key_in(request.GET.get(name, "")):
                held = held.filter(**{field: key})
        page = Paginator(held, _PER_PAGE).get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Held for a look"),
            "opts": self.opts,
            "page": page,
            "here": request.get_full_path(),
        }
        return TemplateResponse(request, "staff/held.html", context)

    def act_view(self, request: HttpRequest) -> HttpResponse:
        """Do one thing to the ticked letters: release, refuse, hold or withdraw. Safe to repeat.

        Letters of another organisation, and letters that meanwhile stand where the act is not allowed, are left
        alone; the answer says how many were done.
        """
        verb = request.POST.get("act", "")
        if verb not in _ACTS:
            raise PermissionDenied("no such act")
        permission, act, did = _ACTS[verb]
        require(request.user, permission)
        reason = " ".join(request.POST.get("reason", "").split())[:300]
        back = _back(request)
        if verb in {"refuse", "hold"} and not reason:
            self.message_user(request, _("Please say why: the reason stays with the letter."), messages.ERROR)
            return HttpResponseRedirect(back)
        ids = [key for text in request.POST.getlist("letter") if (key := key_in(text))]
        rows = self.get_queryset(request).filter(pk__in=ids[:AT_ONCE])
        done, refusals = 0, []
        for letter in rows.select_related("campaign", "person").order_by("held_at", "pk"):
            held_because = letter.held_because
            try:
                moved = act(letter, who(request), reason)
            except ValidationError as error:
                refusals += error.messages
                continue
            if moved:
                self.note(request, letter, did, why=reason or (held_because if verb == "release" else ""))
                done += 1
        if done:
            sentence = ngettext("%(count)d letter: done.", "%(count)d letters: done.", done)
            self.message_user(request, sentence % {"count": done}, messages.SUCCESS)
        if left := len(ids) - done - len(refusals):
            sentence = ngettext(
                "%(count)d was left as it is: it has moved on meanwhile.",
                "%(count)d were left as they are: they have moved on meanwhile.",
                left,
            )
            self.message_user(request, sentence % {"count": left}, messages.WARNING)
        for refusal in dict.fromkeys(refusals):
            self.message_user(request, refusal, messages.ERROR)
        return HttpResponseRedirect(back)


_Act = Callable[[Letter, Any, str], bool]
# The word in the form -> the right it takes, what is done, and what the log of staff acts says.
_ACTS: dict[str, tuple[str, _Act, Did]] = {
    "release": (
        "advocacy.release_letter",
        lambda letter, by, _reason: work.release(letter, by),
        Did.LETTER_RELEASED,
    ),
    "refuse": (
        "advocacy.release_letter",
        lambda letter, by, reason: work.refuse(letter, by, reason),
        Did.LETTER_REFUSED,
    ),
    "hold": (
        "advocacy.release_letter",
        lambda letter, _by, reason: work.hold(letter, reason),
        Did.LETTER_HELD,
    ),
    "withdraw": (
        "advocacy.release_letter",
        lambda letter, _by, _reason: work.withdraw(letter, by_staff=True),
        Did.LETTER_WITHDRAWN,
    ),
}
_LABELS = {
    "release": _("Release this letter"),
    "refuse": _("Refuse it"),
    "hold": _("Hold it for a look"),
    "withdraw": _("Withdraw it"),
}


def _acts_for(request: HttpRequest, letter: Letter) -> list[dict[str, Any]]:
    """What this person may do to the letter as it stands."""
    targets = {
        "release": Status.CONFIRMED,
        "refuse": Status.REFUSED,
        "hold": Status.WITHHELD,
        "withdraw": Status.WITHDRAWN,
    }
    allowed = Letter.MOVES.get(letter.status, set())
    return [
        {
            "verb": verb,
            "label": _LABELS[verb],
            "reason": verb in {"refuse", "hold"},
            "danger": verb in {"refuse", "withdraw"},
        }
        for verb, (permission, _act, _words) in _ACTS.items()
        if targets[verb] in allowed
        and (verb != "release" or letter.status == Status.WITHHELD)
        and (verb != "hold" or letter.status == Status.CONFIRMED)
        and may(request.user, permission, letter)
    ]


def _back(request: HttpRequest) -> str:
    """Where the form stood: one of our own two pages, never an address from outside."""
    queue = reverse("admin:advocacy_letter_held")
    asked = request.POST.get("next", "")
    if asked.split("?")[0] == queue:
        return asked
    key = key_in(asked)
    return queue if key is None else reverse("admin:advocacy_letter_change", args=[key])


@admin.register(Submission)
class SubmissionAdmin(InWords, ReadOnly, StaffAdmin):
    """What one supporter sent at once."""

    purpose = _("What supporters sent at once: one form, one letter or more.")
    empty_words = _("No submission yet. They stand here as soon as supporters write.")
    newest_first = True
    list_display = [
        "number",
        "campaign",
        "in_language",
        "in_country",
        "created_at",
        "confirmed_at",
        "wants_newsletter",
    ]
    list_filter = [("campaign", CampaignFilter), "language"]
    list_select_related = ["campaign"]
    search_fields = ["pk"]
    search_help_text = _("A supporter's whole address, or the number of a submission.")
    readonly_fields = ["in_country", "in_language"]
    fields = [
        "campaign", "name", "place", "postcode", "in_country", "in_language", "created_at", "confirmed_at", "expires_at",
        "wants_newsletter", "newsletter_list", "letter_consent_text", "newsletter_consent_text", "forgotten_at",
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term, field="supporter__address_hash"), False


@needs.add
def what_waits(user: User) -> list[Need]:
    """Letters held for a look."""
    found = []
    if may(user, "advocacy.release_letter"):
        held = visible(user, Letter.objects.filter(status=Status.WITHHELD)).order_by()[:AT_MOST].count()
        sentence = ngettext("%(count)d letter held for a look", "%(count)d letters held for a look", held)
        found.append(
            Need(held, sentence % {"count": held}, gettext("review"), reverse("admin:advocacy_letter_held"))
        )
    return found


@figures.add
def letters_a_day(user: User, days: int) -> list[Series]:
    """Letters confirmed a day."""
    if not may(user, "advocacy.view_letter"):
        return []
    rows = visible(user, Letter.objects.all())
    counts = counts_of_days(rows, "confirmed_at", scope_of(user), days)
    return [over(days, ngettext("letter confirmed", "letters confirmed", sum(counts.values())), counts)]
