"""Before a mailing leaves: when it shall, and one last page that says everything again."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import key_in, who
from accounts.models import User
from accounts.permissions import may
from contacts.naming import language_name
from mailer.admin import mailing_audience, mailing_words, pages
from mailer.admin.mailings import MailingAdmin
from mailer.mailings import forecast, moments, running
from mailer.mailings.moments import Moment
from mailer.models import Mailing
from mailer.preflight import gate

SEND = "mailer.send_mailing"
TYPE_ABOVE = 1_000  # sending to more people than this asks for their number (LOOK.md)
NOW, LATER = "now", "later"


class WhenForm(forms.Form):
    """Now, or on a day at a time in a zone. `moment` is set once it is valid; None for now."""

    when = forms.ChoiceField(
        choices=[(NOW, gettext_lazy("now")), (LATER, gettext_lazy("later"))],
        widget=forms.RadioSelect,
        initial=NOW,
    )
    day = forms.DateField(
        label=gettext_lazy("Day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    time = forms.TimeField(
        label=gettext_lazy("Time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)
    second = forms.BooleanField(required=False, widget=forms.HiddenInput)

    moment: Moment | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone: Any = self.fields["zone"]
        zone.choices = [(name, name.replace("_", " ")) for name in moments.zones()]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("when") != LATER or self.errors:
            return data
        if not (data.get("day") and data.get("time") and data.get("zone")):
            raise ValidationError(_("Say the day, the time and the time zone."), code="missing")
        self.moment = moments.moment(data["day"], data["time"], data["zone"], second=bool(data.get("second")))
        if self.moment.at < timezone.now():
            self.add_error("time", _("This moment is over. Choose a later one, or send it now."))
        return data

    def as_query(self, **changed: str) -> str:
        """The choice as it stands in an address."""
        names = ("when", "day", "time", "zone", "second")
        chosen = {name: str(self.data.get(name, "")) for name in names}
        return urlencode({name: value for name, value in {**chosen, **changed}.items() if value})


def when_form(user: User, mailing: Mailing, data: Any = None) -> WhenForm:
    """The form with what one would most likely choose: tomorrow at ten, in the zone used last."""
    zone = mailing.time_zone
    if zone == "UTC":
        used = Mailing.objects.filter(acts__by=user).exclude(time_zone="UTC").order_by("-pk")
        zone = used.values_list("time_zone", flat=True).first() or zone
    day = timezone.now().astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=1)
    return WhenForm(data, initial={"when": NOW, "day": day, "time": dt.time(10), "zone": zone})


@pages.register("send_confirm", "send/confirm/", permission="mailer.view_mailing")
def confirm_page(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Everything once more, with the number of people in the button; POST sends or schedules."""
    back = HttpResponseRedirect(pages.url(mailing, "send"))
    if not may(request.user, SEND, mailing):
        return back
    if mailing.status != Mailing.Status.DRAFT:
        desk.message_user(request, running.StandsElsewhere.of(mailing).in_words(), messages.WARNING)
        return back
    form = when_form(who(request), mailing, request.POST if request.method == "POST" else request.GET)
    found = mailing_audience.figures(mailing, who(request))
    if not form.is_valid() or "count" not in found:
        from mailer.admin import mailing_send  # it leads here

        return mailing_send.draft_page(desk, request, mailing, form=form)
    people = found["count"].total
    seen = gate.look(mailing, people)
    if seen.obstacle:
        return back
    wrong = ""
    if request.method == "POST":
        wrong = _wrong(request, people, seen.print)
        if not wrong:
            return _send(desk, request, mailing, form, people)
    context = {
        **desk.page_context(request, mailing, "send"),
        **found,
        **_said(mailing, form, people),
        "form": form,
        "gate": seen,
        "wrong": wrong,
        "must_type": people > TYPE_ABOVE,
        "overruled": list(gate.overruled(mailing).values()),
        "left_out": mailing_audience.in_words(mailing.leave_out, who(request)),
    }
    return TemplateResponse(request, "staff/mailings/confirm.html", context)


def _wrong(request: HttpRequest, people: int, print_: str) -> str:
    """Why the page must be looked at once more before this POST does anything; "" if it need not."""
    if request.POST.get("print") != print_:
        return "changed"
    shown = key_in(request.POST.get("people", "")) or 0
    if abs(people - shown) > max(10, shown // 100):
        return "people"
    if shown > TYPE_ABOVE and typed_number(request.POST.get("typed", "")) != shown:
        return "typed"
    return ""


def _send(
    desk: MailingAdmin, request: HttpRequest, mailing: Mailing, form: WhenForm, people: int
) -> HttpResponse:
    """Of all who press at once one moves the mailing; the others are told who did."""
    try:
        with transaction.atomic():
            # Held against whoever writes, so that what leaves is what was looked at.
            held = Mailing.objects.select_for_update(no_key=True).get(pk=mailing.pk)
            if held.status != Mailing.Status.DRAFT:
                raise running.StandsElsewhere.of(held)
            if gate.look(held, people).obstacle:
                desk.message_user(request, _("It was changed just now. Look at it again."), messages.WARNING)
            elif form.moment is None:
                running.send_now(held, who(request))
            else:
                running.schedule(held, form.moment.at, str(form.cleaned_data["zone"]), who(request))
    except running.StandsElsewhere as elsewhere:
        desk.message_user(request, elsewhere.in_words(), messages.WARNING)
    except running.NotReady:
        desk.message_user(
            request, _("It lacks something. Look at the pages Audience and Check."), messages.ERROR
        )
    return HttpResponseRedirect(pages.url(mailing, "send"))


def _said(mailing: Mailing, form: WhenForm, people: int) -> dict[str, Any]:
    """When, who, what and how long, in words."""
    moment = form.moment
    foretold = forecast.before(mailing, people)
    texts = sorted(mailing.texts.all(), key=lambda text: (text.language != mailing.language, text.language))
    said: dict[str, Any] = {
        "is_now": moment is None,
        "subjects": [(language_name(text.language), text.language, text.subject) for text in texts],
        "takes": mailing_words.duration(foretold.seconds),
        "per_second": foretold.per_second,
    }
    if moment is None:
        return said
    return {
        **said,
        "moment": moment,
        "when": mailing_words.at(moment.local, str(form.cleaned_data["zone"])),
        "typed_time": form.cleaned_data["time"],
        "is_missing": moment.oddity == moments.MISSING,
        "is_twice": moment.oddity == moments.TWICE,
        "other_query": form.as_query(second="" if moment.second else "on"),
    }


def typed_number(text: str) -> int | None:
    """A number as people type it: with blanks, points or commas between its thousands, in any digits."""
    digits = "".join(sign for sign in text if sign.isdecimal())
    return int(digits) if digits and len(digits) < 12 else None
