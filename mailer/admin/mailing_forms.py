"""What staff type about a mailing as a whole: a new one, and its name, sender and switches."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.desk import key_in, own_organisation, who
from accounts.models import User
from accounts.permissions import may, require, visible
from contacts.models import MailingList
from contacts.naming import languages
from mailer.admin import mailing_write, pages
from mailer.deeds import Did
from mailer.mailings import beginning, texts
from mailer.mailings.texts import Content
from mailer.models import Mailing, MailingTemplate, Sender
from mailer.writing import blocks as writing
from mailer.writing import layouts

BLANK = "blank"
_NEWEST = 30


class NewMailingForm(forms.Form):
    """From what a mailing begins, and for whom. `begin` makes it."""

    begin_from = forms.ChoiceField(label=_("Begin with"), widget=forms.RadioSelect)
    past = forms.ModelChoiceField(
        Mailing.objects.none(),
        required=False,
        label=_("Past mailing"),
        empty_label="—",
        help_text=_("Its text in all languages, its audience and its switches."),
    )
    name = forms.CharField(
        label=_("Name"), max_length=200, help_text=_("For yourselves; readers see the subject.")
    )
    mailing_list = forms.ModelChoiceField(
        MailingList.objects.none(), label=_("In the name of"), required=False, empty_label="—"
    )
    sender = forms.ModelChoiceField(Sender.objects.none(), label=_("Sender"), required=False, empty_label="—")
    language = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        choices: dict[str, Any] = dict(self.fields)
        self.templates = list(visible(user, MailingTemplate.objects.order_by("name")))
        choices["begin_from"].choices = [
            *((f"layout-{one.name}", one.label) for one in layouts.LAYOUTS.values()),
            (BLANK, _("An empty page")),
            *((f"template-{one.pk}", one.name) for one in self.templates),
            ("past", _("A past mailing")),
        ]
        choices["past"].queryset = visible(user, Mailing.objects.order_by("-pk"))
        # Those that started are offered; of any other a copy is made from its own page.
        asked = Q(pk=key_in(str(self.initial.get("past") or "")) or 0)
        offered = choices["past"].queryset.filter(Q(started_at__isnull=False) | asked)
        choices["past"].choices = [("", "—"), *((row.pk, row.name) for row in offered[:_NEWEST])]
        choices["mailing_list"].queryset = visible(user, MailingList.objects.order_by("name"))
        choices["sender"].queryset = visible(user, Sender.objects.order_by("name"))
        choices["language"].choices = languages()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        needed = ["past"] if data.get("begin_from") == "past" else ["mailing_list", "sender"]
        for name in needed:
            if not data.get(name) and name not in self.errors:
                self.add_error(name, _("Please choose one."))
        return data

    def begin(self) -> Mailing:
        data = self.cleaned_data
        if data["begin_from"] == "past":
            return beginning.duplicate(data["past"], name=data["name"], user=self.user)
        organisation = self.user.organisation_id or data["mailing_list"].organisation_id
        return beginning.begin(
            name=data["name"],
            mailing_list=data["mailing_list"],
            sender=data["sender"],
            language=data["language"],
            content=self._content(),
            user=self.user,
            organisation_id=organisation,
        )

    def _content(self) -> Content:
        what, _dash, key = self.cleaned_data["begin_from"].partition("-")
        if what == "layout":
            return Content(blocks=layouts.begun(key, self.cleaned_data["language"]))
        if what == "template":
            template = next(one for one in self.templates if str(one.pk) == key)
            return Content(template.subject, template.preheader, writing.clean(template.blocks))
        return Content(blocks=[writing.new("heading"), writing.new("text"), writing.new("footer")])


_SWITCHES = {
    "track_clicks": _(
        "Links lead through us, so that we can count them. Off by default: readers are not watched."
    ),
    "track_opens": _(
        "A picture of one pixel tells us; half of the mail programs load it unread, so the figure says little."
    ),
    "in_archive": _("Once it is sent, everybody can read it on our site, without anything personal."),
    "slug": _("Empty: made from the subject."),
}


class SettingsForm(forms.ModelForm):
    fallbacks = forms.CharField(
        label=_("Languages tried after another"),
        required=False,
        max_length=500,
        help_text=_("For example: wo = fr, en. Who reads Wolof gets French, or else English."),
    )

    class Meta:
        model = Mailing
        fields = [
            "name", "mailing_list", "sender", "language", "fallbacks", "track_clicks", "track_opens",
            "in_archive", "slug", "noindex",
        ]  # fmt: skip

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = dict(self.fields)
        for name in ("mailing_list", "sender"):
            fields[name].queryset = visible(user, fields[name].queryset.order_by("name"))
            fields[name].required = True
        written = set(self.instance.texts.values_list("language", flat=True)) | {self.instance.language}
        self.fields["language"] = forms.ChoiceField(
            label=_("Main language"),
            choices=[(code, name) for code, name in languages() if code in written],
            help_text=_("The last of the fallback chain; it must be complete."),
        )
        for name, said in _SWITCHES.items():
            fields[name].help_text = said
        self.initial["fallbacks"] = "; ".join(
            f"{code} = {', '.join(tried)}" for code, tried in self.instance.fallbacks.items()
        )

    def clean_slug(self) -> str | None:
        return self.cleaned_data["slug"] or None

    def clean_fallbacks(self) -> dict[str, list[str]]:
        known, found = dict(languages()), {}
        for part in self.cleaned_data["fallbacks"].replace("\n", ";").split(";"):
            if not part.strip():
                continue
            code, _sign, tried = part.partition("=")
            codes = [one.strip() for one in tried.split(",") if one.strip()]
            if unknown := [one for one in (code.strip(), *codes) if one.partition("-")[0] not in known]:
                raise forms.ValidationError(_("“%(code)s” is no language we know.") % {"code": unknown[0]})
            found[code.strip()] = codes
        return found


@pages.register("settings")
def mailing_settings(desk: Any, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Name, sender, list, main language and switches; to look at once the mailing is scheduled or on its way."""
    is_open = mailing.status == Mailing.Status.DRAFT and may(request.user, mailing_write.CHANGE, mailing)
    posted = request.POST if request.method == "POST" else None
    form = SettingsForm(posted, instance=mailing, user=who(request))
    if posted is not None:
        require(request.user, mailing_write.CHANGE, mailing)
        if is_open and form.is_valid():
            form.save()
            desk.note(request, mailing, Did.SETTINGS)
            desk.message_user(request, gettext("Saved."), messages.SUCCESS)
            return HttpResponseRedirect(pages.url(mailing, "settings"))
    if not is_open:
        for field in form.fields.values():
            field.disabled = True
    context = {
        **desk.page_context(request, mailing, "write", _("Name, sender and switches")),
        "form": form,
        "is_open": is_open,
        "may_delete": desk.has_delete_permission(request, mailing),
        "may_keep": may(request.user, "mailer.add_mailingtemplate") and mailing.status in texts.WRITABLE,
        "may_add": may(request.user, "mailer.add_mailing"),
    }
    return TemplateResponse(request, "staff/mailings/settings.html", context)


def new_mailing(desk: Any, request: HttpRequest) -> HttpResponse:
    """The page on which a mailing begins."""
    require(request.user, "mailer.add_mailing")
    user = who(request)
    initial = {
        "begin_from": request.GET.get("from", "layout-call_to_action"),
        "past": request.GET.get("past"),
        "language": "en",
    }
    form = NewMailingForm(request.POST or None, user=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        mailing = form.begin()
        desk.note(request, mailing, Did.BEGUN, audit.Act.ADDED)
        return HttpResponseRedirect(pages.url(mailing, "write"))
    helps = {f"layout-{one.name}": one.help for one in layouts.LAYOUTS.values()}
    context = {
        **desk.admin_site.each_context(request),
        "title": _("New mailing"),
        "opts": desk.opts,
        "form": form,
        "helps": helps,
        "own": own_organisation(request),
        "steps": pages.first_steps(),
    }
    return TemplateResponse(request, "staff/mailings/new.html", context)
