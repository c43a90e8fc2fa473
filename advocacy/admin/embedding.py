"""The Embed tab of a campaign: the code to copy, how it looks, and the sites that may show it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.desk import who
from accounts.permissions import may, require, visible
from advocacy import embedding, members, texts
from advocacy.admin import languages, tabs
from advocacy.deeds import Did
from advocacy.models import Campaign, Membership

TAB = "admin:advocacy_campaign_embed"
tabs.add(80, _("Embed"), TAB, "advocacy.view_campaign")


class SitesForm(forms.Form):
    """The sites that may show the form, one a line; each is checked and kept as browsers write it."""

    embedded_on = forms.CharField(
        label=_("Sites that may show the form"),
        required=False,
        strip=False,
        max_length=10_000,
        widget=forms.Textarea({"rows": 6, "class": "desk-code", "dir": "ltr", "spellcheck": "false"}),
        help_text=_("One a line. Empty: every site. www.example.org and example.org are two sites."),
    )

    def clean_embedded_on(self) -> str:
        lines = self.cleaned_data["embedded_on"].splitlines()
        found, wrong = [], []
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                found.append(embedding.origin(line))
            except ValidationError as error:
                problem = " ".join(error.messages)
                wrong.append(gettext("Line %(number)s: %(problem)s") % {"number": number, "problem": problem})
        if len(found) > embedding.MOST_SITES:
            wrong.append(gettext("At most %(most)s sites.") % {"most": embedding.MOST_SITES})
        if wrong:
            raise ValidationError(wrong)
        return "\n".join(dict.fromkeys(found))


def page(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the code for a language and a member; POST: the sites."""
    require(request.user, "advocacy.view_campaign")
    campaign = get_object_or_404(visible(request.user, Campaign.objects.prefetch_related("texts")), pk=pk)
    form = SitesForm(initial={"embedded_on": campaign.embedded_on})
    if request.method == "POST":
        require(request.user, "advocacy.change_campaign", campaign)
        form = SitesForm(request.POST)
        if form.is_valid():
            _keep(request, campaign, form.cleaned_data["embedded_on"])
            return HttpResponseRedirect(reverse(TAB, args=[campaign.pk]))
    context = {
        **admin.site.each_context(request),
        **tabs.frame(request, campaign, TAB),
        **_code(request, campaign),
        "title": _("Embed"),
        "opts": Campaign._meta,
        "campaign": campaign,
        "form": form,
        "may_change": may(request.user, "advocacy.change_campaign", campaign),
        "is_written": bool(campaign.texts.all()),
    }
    return TemplateResponse(
        request, "staff/campaigns/embed.html", context, status=422 if form.errors else 200
    )


def _keep(request: HttpRequest, campaign: Campaign, sites: str) -> None:
    if sites != campaign.embedded_on:
        campaign.embedded_on = sites
        campaign.save(update_fields=["embedded_on"])
        audit.record(who(request), audit.Act.CHANGED, Did.SITES, campaign)
    messages.success(request, gettext("Saved. It holds from now on."))


def _code(request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
    """The lines for what is chosen; a language or a member that is unknown is as if none was chosen."""
    offered = languages.of_pages()
    language = request.GET.get("language", "")
    language = language if language in dict(offered) else ""
    rows = campaign.memberships.filter(is_active=True).select_related("organisation", "campaign")
    chosen: Membership | None = members.of(campaign, request.GET.get("member", "").replace("\0", "")[:50])
    title = texts.title_of(campaign, language or get_language() or campaign.default_language)
    return {
        "languages": offered,
        "language": language,
        "members": rows,
        "chosen": chosen,
        "script_line": embedding.script_line(campaign, language=language, member=chosen),
        "frame_line": embedding.frame_line(campaign, title=title, language=language, member=chosen),
        "policy": f"script-src {embedding.home()}; frame-src {embedding.home()}",
        "home": embedding.home(),
    }
