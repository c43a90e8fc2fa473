"""The Sharing tab of a campaign: its messages by language, its short links, and who came by which."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from accounts.desk import key_in
from accounts.permissions import may, require, visible
from advocacy import links as pages
from advocacy import texts
from advocacy.admin import languages, tabs
from advocacy.admin.parts import OfACampaign
from advocacy.admin.texts import TAB as TEXTS
from advocacy.models import Campaign, Membership, ShareLink, ShareText
from advocacy.sharing import address_of, codes, figures, lengths, links
from advocacy.sharing.kit import OFFERED, tags_of
from contacts.words import OVERRIDES, UNSEEN, is_control
from mailer import share_networks

TAB = "admin:advocacy_campaign_sharing"
tabs.add(40, _("Sharing"), TAB, "advocacy.view_sharetext")

_SAMPLE_CODE = "lighthouse-meadow-270"  # about as long as codes get


def link_to_count(campaign: Campaign, language: str) -> str:
    """The longer of the two links that a message goes out with: the campaign's page and a short one."""
    return max(
        pages.campaign(campaign, language),
        f"{settings.SITE_URL}{reverse('short', args=[_SAMPLE_CODE])}",
        key=len,
    )


def fits_of(message: ShareText) -> list[lengths.Fit]:
    """How the message fits into its network, or into each that has a limit."""
    text = texts.text_for(message.campaign, message.language)
    asked = [message.network] if message.network else list(lengths.LIMITS)
    link = link_to_count(message.campaign, message.language)
    tags = tags_of(message.campaign, text)
    return [lengths.fit(network, message.text, tags, link) for network in asked if network in lengths.LIMITS]


class _Shared(OfACampaign):
    tab = TAB
    change_form_template = "staff/campaigns/sharing/form.html"
    autocomplete_fields = ["campaign"]


class MessageForm(forms.ModelForm):
    language = forms.ChoiceField(label=_("Language"), choices=languages.of_pages)
    network = forms.ChoiceField(
        label=_("Network"),
        required=False,
        choices=lambda: [("", _("every network")), *((name, share_networks.label(name)) for name in OFFERED)],
    )

    class Meta:
        model = ShareText
        fields = ["campaign", "language", "network", "text", "position"]
        widgets = {"text": forms.Textarea(attrs={"rows": 5, "class": "vLargeTextField", "dir": "auto"})}

    def clean_text(self) -> str:
        """Line ends as LF, and nothing in it that is not seen: it is posted under people's own names."""
        typed = self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n")
        text = unicodedata.normalize("NFC", typed).strip()
        if any(sign != "\n" and (is_control(sign) or sign in OVERRIDES) for sign in text):
            raise ValidationError(UNSEEN, code="control_character")
        return text

    def clean(self) -> dict[str, Any]:
        """A message for one network must fit into it; one for every network only says where it does not."""
        found: dict[str, Any] = super().clean() or {}
        campaign = found.get("campaign") or (self.instance.campaign if self.instance.pk else None)
        network = found.get("network", "")
        if campaign is None or network not in lengths.LIMITS or not found.get("text"):
            return found
        link = link_to_count(campaign, found.get("language", ""))
        over = lengths.fit(network, found["text"], [], link).too_long_by
        if over:
            said = ngettext(
                "This is %(over)d character too long for %(network)s, the link included.",
                "This is %(over)d characters too long for %(network)s, the link included.",
                over,
            )
            self.add_error("text", said % {"over": over, "network": share_networks.label(network)})
        return found


@admin.register(ShareText)
class ShareTextAdmin(_Shared):
    purpose = _("Messages for supporters to share; every campaign's page has its own under “Sharing”.")
    add_words = _("Add a message to share")
    empty_words = _("No message yet. It is written on the page of its campaign.")
    form = MessageForm
    list_display = ["text", "campaign", "language", "network"]
    list_filter = ["language"]
    list_select_related = ["campaign"]
    search_fields = ["text", "campaign__name"]

    def around(self, campaign: Campaign, obj: Any) -> dict[str, Any]:
        """What the page needs to count and show the message as it is typed."""
        models.prefetch_related_objects([campaign], "texts")
        found = {code: texts.text_for(campaign, code) for code, _name in languages.of_pages()}
        return {
            "counted": [(name, share_networks.label(name), limit) for name, limit in lengths.LIMITS.items()],
            "facts": {
                "links": {code: link_to_count(campaign, code) for code in found},
                "tags": {code: list(tags_of(campaign, text)) for code, text in found.items()},
            },
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_GET(self.sharing_view))
        return [path("of/<int:pk>/", view, name="advocacy_campaign_sharing"), *super().get_urls()]

    def sharing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The tab: messages, links, and what came of them."""
        require(request.user, "advocacy.view_sharetext")
        rows = visible(request.user, Campaign.objects.prefetch_related("texts"))
        campaign = get_object_or_404(rows, pk=pk)
        require(request.user, "advocacy.view_campaign", campaign)
        found = figures.who_came(campaign)
        context = {
            **self.admin_site.each_context(request),
            **tabs.frame(request, campaign, TAB),
            "title": _("Sharing"),
            "opts": self.opts,
            "campaign": campaign,
            "by_language": _by_language(campaign),
            "figures": found,
            "links": [(link, address_of(link), came) for link, came in found.links],
            "texts_url": reverse(TEXTS, args=[campaign.pk])
            if may(request.user, "advocacy.view_campaigntext")
            else "",
            "may_write": may(request.user, "advocacy.add_sharetext"),
            "may_change": may(request.user, "advocacy.change_sharetext"),
            "may_link": may(request.user, "advocacy.add_sharelink"),
        }
        return TemplateResponse(request, "staff/campaigns/sharing/page.html", context)


def _by_language(campaign: Campaign) -> list[dict[str, Any]]:
    """Each language of the pages with its messages and hashtags; those without one say what is shown instead."""
    written = {text.language: text for text in campaign.texts.all()}
    rows: dict[str, list[ShareText]] = {}
    for message in campaign.share_texts.all():
        message.campaign = campaign
        rows.setdefault(message.language, []).append(message)
    return [
        {
            "code": code,
            "name": name,
            "direction": "rtl" if languages.is_right_to_left(code) else "ltr",
            "own": written[code].share_text if code in written else "",
            "tags": " ".join(tags_of(campaign, written.get(code))),
            "messages": [
                (
                    message,
                    share_networks.label(message.network) if message.network in OFFERED else "",
                    [(share_networks.label(one.network), one) for one in fits_of(message)],
                )
                for message in rows.get(code, [])
            ],
        }
        for code, name in languages.of_pages()
    ]


class LinkForm(forms.ModelForm):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=lambda: [("", _("the reader's")), *languages.of_pages()],
        help_text=_("In which it opens."),
    )

    class Meta:
        model = ShareLink
        fields = ["campaign", "source", "membership", "language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "membership" in self.fields:
            theirs: Any = self.fields["membership"]
            theirs.queryset = theirs.queryset.filter(campaign=self.instance.campaign_id)

    def clean(self) -> dict[str, Any]:
        """A link is of a source, of a member, or both, and there is one of each."""
        found: dict[str, Any] = super().clean() or {}
        campaign = found.get("campaign") or (self.instance.campaign if self.instance.pk else None)
        source, member = found.get("source", ""), found.get("membership")
        if campaign is None or "source" in self.errors:
            return found
        if member is not None and member.campaign_id != campaign.pk:
            self.add_error("membership", _("This member belongs to another campaign."))
        elif not source and member is None:
            self.add_error("source", _("Name the source, or choose the member."))
        elif links.others(self.instance, campaign, source, member).exists():
            self.add_error("source", _("There is a link for this already."))
        return found


@admin.register(ShareLink)
class ShareLinkAdmin(_Shared):
    purpose = _("Short links that count who came; every campaign's page has its own under “Sharing”.")
    add_words = _("Add a short link")
    empty_words = _("No short link yet. It is made on the page of its campaign.")
    form = LinkForm
    list_display = ["code", "campaign", "membership", "source", "opened"]
    list_select_related = ["campaign", "membership__organisation"]
    search_fields = ["code", "source", "campaign__name"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Links of staff and members. Whose a supporter's is, is nobody's business here."""
        made = models.Q(membership__isnull=False) | ~models.Q(source="")
        return super().get_queryset(request).filter(made, submission__isnull=True)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "membership":
            named = key_in(request.GET.get("campaign", "") or request.POST.get("campaign", ""))
            rows = visible(request.user, Membership.objects.select_related("organisation"))
            field.queryset = rows.filter(campaign=named) if named is not None else rows
        return field

    def save_model(self, request: HttpRequest, obj: ShareLink, form: Any, change: bool) -> None:
        if change:
            obj.save(update_fields=form.changed_data)
        else:
            links.store(obj, codes.offered())

    def around(self, campaign: Campaign, obj: Any) -> dict[str, Any]:
        return {"address": address_of(obj), "link": obj} if obj is not None else {}
