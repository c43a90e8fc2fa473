"""The page Audience: in whose name, to whom, to whom not, and exactly how many people that is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.db import OperationalError, transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import who
from accounts.models import User
from accounts.permissions import bound_to, may, visible
from contacts.admin import segment_parts
from contacts.models import MailingList, Segment
from contacts.naming import language_name
from contacts.segments import compiling, editing, rules, trees, wording
from contacts.segments.editing import Draft
from contacts.segments.trees import RuleError
from mailer import list_rights
from mailer.admin import pages
from mailer.admin.mailings import MailingAdmin
from mailer.deeds import Did
from mailer.mailings import audience as counting
from mailer.mailings.audience import REASONS, AudienceCount
from mailer.models import Mailing, MailingChunk, Sender
from mailer.preflight import audience as checks
from mailer.writing import languages

CHANGE = "mailer.change_mailing"
_PARTS = ("include_lists", "include_segments", "exclude_lists", "exclude_segments")


class AudienceForm(forms.ModelForm):
    """Only lists, segments and senders the person may see are offered; what others chose beside them stays."""

    class Meta:
        model = Mailing
        fields = ["sender", "mailing_list", *_PARTS]
        widgets = dict.fromkeys(_PARTS, forms.CheckboxSelectMultiple)
        labels = {
            "sender": gettext_lazy("Sender"),
            "mailing_list": gettext_lazy("In the name of the list"),
            "include_lists": gettext_lazy("Lists"),
            "include_segments": gettext_lazy("Segments"),
            "exclude_lists": gettext_lazy("Lists"),
            "exclude_segments": gettext_lazy("Segments"),
        }

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows: dict[str, QuerySet[Any]] = {
            "sender": Sender.objects.all(),
            **{
                name: MailingList.objects.all() for name in ("mailing_list", "include_lists", "exclude_lists")
            },
            **{name: Segment.objects.all() for name in ("include_segments", "exclude_segments")},
        }
        for name, every in rows.items():
            field: Any = self.fields[name]
            field.queryset = visible(user, every).order_by("name")
            # Without a list it would be out of reach of whoever is bound to some lists.
            field.required = name == "mailing_list" and bound_to(user) is not None
        self.follows = self.instance.relation in {Mailing.Relation.CORRECTION, Mailing.Relation.FOLLOW_UP}
        if self.follows:  # its people are those of another mailing
            del self.fields["include_lists"], self.fields["include_segments"]

    def keep(self) -> bool:
        """Write what was chosen. False if it stood so already."""
        before = {name: set(getattr(self.instance, name).values_list("pk", flat=True)) for name in _PARTS}
        changed = bool({"sender", "mailing_list"} & set(self.changed_data))
        for name in _PARTS:
            if name not in self.fields:
                continue
            field: Any = self.fields[name]
            offered = set(field.queryset.values_list("pk", flat=True))
            wanted = {row.pk for row in self.cleaned_data[name]} | (before[name] - offered)
            if wanted != before[name]:
                getattr(self.instance, name).set(wanted)
                changed = True
        if changed:
            self.instance.changed_at = timezone.now()
            self.instance.save(update_fields=["sender", "mailing_list", "changed_at"])
        return changed


@pages.register("audience")
def audience_page(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Whatever is changed in the form is kept at once, with or without JavaScript, and counted anew."""
    if request.method != "POST":
        return _page(desk, request, mailing)
    if not _may_change(request, mailing):
        return HttpResponseRedirect(request.path)
    fields = rules.fields(who(request))
    draft = editing.from_post(request.POST)
    editing.settle(draft, fields)
    focus = editing.act(draft, request.POST.get("act", ""))
    form = AudienceForm(who(request), request.POST, instance=mailing)
    problems = _keep(desk, request, mailing, form, draft)
    if request.headers.get("HX-Request"):
        return _page(desk, request, mailing, form, draft, problems, focus=focus, is_part=True)
    if form.is_valid() and not problems and not request.POST.get("act", ""):
        return HttpResponseRedirect(request.path)
    return _page(desk, request, mailing, form, draft, problems, focus=focus)


def _keep(
    desk: MailingAdmin, request: HttpRequest, mailing: Mailing, form: AudienceForm, draft: Draft
) -> list[segment_parts.Listed]:
    """Keep the form and, if it can be read, the rule of who is left out; returns what cannot be read in that rule."""
    problems: list[segment_parts.Listed] = []
    rule = mailing.leave_out
    try:
        rule = _rule(draft, who(request))
    except RuleError as error:
        problems = segment_parts.listed(draft, error.problems)
    with transaction.atomic():
        held = Mailing.objects.select_for_update(no_key=True).get(pk=mailing.pk)
        if held.status != Mailing.Status.DRAFT or not form.is_valid():
            return problems
        changed = form.keep()
        if rule != held.leave_out:
            Mailing.objects.filter(pk=mailing.pk).update(leave_out=rule, changed_at=Now())
            changed = True
    if changed:
        desk.note(request, mailing, Did.AUDIENCE)
    mailing.refresh_from_db()
    return problems


def _rule(draft: Draft, user: User) -> dict[str, Any] | None:
    """The rule tree of the draft, None for one without a rule. Raises RuleError."""
    if not draft.parts:
        return None
    tree = editing.read(draft, user, rules.fields(user))
    compiling.check_use(tree, None)
    return trees.as_json(tree)


def _may_change(request: HttpRequest, mailing: Mailing) -> bool:
    return mailing.status == Mailing.Status.DRAFT and may(request.user, CHANGE, mailing)


def _page(
    desk: MailingAdmin,
    request: HttpRequest,
    mailing: Mailing,
    form: AudienceForm | None = None,
    draft: Draft | None = None,
    problems: list[segment_parts.Listed] | None = None,
    *,
    focus: int | None = None,
    is_part: bool = False,
) -> HttpResponse:
    fields = rules.fields(who(request))
    may_change = _may_change(request, mailing)
    if draft is None:
        draft = editing.from_json(mailing.leave_out or {"any": []}, fields)
    context = {
        **desk.page_context(request, mailing, "audience"),
        "may_change": may_change,
        "form": form or AudienceForm(who(request), instance=mailing),
        "root": segment_parts.shown(draft, fields, who(request)),
        "unread": problems or [],
        "focus": focus,
        "is_part": is_part,
        "left_out": in_words(mailing.leave_out, who(request)),
        **figures(mailing, who(request)),
    }
    name = "staff/mailings/_audience_answer.html" if is_part else "staff/mailings/audience.html"
    return TemplateResponse(request, name, context)


def in_words(rule: dict[str, Any] | None, reader: User) -> str:
    """Who is left out by a rule, as a sentence; "" without one. What the reader does not see is not named."""
    if not rule:
        return ""
    try:
        return wording.sentence(trees.read(rule, reader))
    except RuleError as error:
        return _("Cannot be read: %(why)s") % {"why": error}


# --- how many -------------------------------------------------------------------------------------------------


def figures(mailing: Mailing, reader: User) -> dict[str, Any]:
    """The number of people with everything that is said beside it; once it is frozen, as it was frozen."""
    try:
        count = _frozen(mailing) if mailing.frozen_at else counting.count(mailing)
    except RuleError as error:
        return {"uncounted": str(error)}
    except OperationalError:
        return {"uncounted": _("Counting takes too long just now. Try again in a minute.")}
    if list_rights.counts_others(mailing, reader):
        count = replace(count, candidates=count.total, exclusions={})
    last = checks.last_of_list(mailing) if mailing.mailing_list_id else None
    jump = checks.jump(mailing, count.total) if mailing.mailing_list_id and not mailing.frozen_at else []
    return {
        "count": count,
        "exclusions": [(REASONS.get(reason, reason), people) for reason, people in count.exclusions.items()],
        "spoken": _spoken(mailing, count),
        "last": last,
        "jump": jump[0] if jump else None,
    }


def _frozen(mailing: Mailing) -> AudienceCount:
    chunks = MailingChunk.objects.filter(mailing=mailing).order_by()
    by_language = chunks.values_list("mailing_message__language").annotate(Sum("size"))
    return AudienceCount(
        total=mailing.audience or 0,
        candidates=mailing.candidates or 0,
        exclusions={
            reason: mailing.exclusions[reason] for reason in REASONS if mailing.exclusions.get(reason)
        },
        by_language=dict(by_language),
    )


def _spoken(mailing: Mailing, count: AudienceCount) -> list[dict[str, Any]]:
    """The audience by the language people read, the most first, with the text each of them gets."""
    gets = languages.table(mailing, count.by_language)
    return [
        {
            "name": language_name(code) if code else _("not known"),
            "gets": language_name(gets[code]),
            "is_other": bool(code) and gets[code].partition("-")[0] != code.partition("-")[0],
            "people": people,
        }
        for code, people in sorted(count.by_language.items(), key=lambda one: (-one[1], one[0]))
    ]
