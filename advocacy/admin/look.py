"""How a campaign looks: its pictures, its video, its colour, and who stands behind it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.desk import StaffAdmin, who
from advocacy import colours
from advocacy.admin import tabs
from advocacy.admin.choosing import Library, PictureField, with_brought
from advocacy.admin.texts import OrderedForm, OrderedFormSet, line, web_address_field
from advocacy.deeds import Did
from advocacy.models import Campaign, Partner
from advocacy.videos import video

TAB = "admin:advocacy_campaign_look"
tabs.add(25, _("Look"), TAB, "advocacy.change_campaign")

_EMPTY_PARTNERS = 2
_MOST_PARTNERS = 200


class LookForm(forms.ModelForm):
    video_url = web_address_field(
        _("Video"),
        _(
            "Its address on YouTube or Vimeo, or of an MP4 or WebM file of this site. It is loaded by a click."
        ),
    )
    share_image_url = web_address_field(
        _("Picture for sharing"),
        _("An address. Empty: the picture at the top is shown beside shared links."),
    )

    class Meta:
        model = Campaign
        fields = ["hero", "video_url", "video_still", "logo", "accent", "hashtags", "share_image_url"]
        widgets = {"accent": forms.TextInput(attrs={"size": 8, "dir": "ltr"}), "hashtags": line()}

    def __init__(self, *args: Any, library: Library, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label, hint in (
            ("hero", _("Picture at the top"), _("Wide pictures look best; also shown beside shared links.")),
            (
                "video_still",
                _("Still of the video"),
                _("Shown until somebody starts the video; before, nothing is loaded from elsewhere."),
            ),
            ("logo", _("Logo"), _("Stands at the head of every page of the campaign.")),
        ):
            self.fields[name] = PictureField(library, label=label, help_text=hint)
        if not self.instance.share_image_url:
            del self.fields["share_image_url"]  # from before pictures were chosen here

    def clean_accent(self) -> str:
        """The colour of the pages must be readable on paper; on dark paper the pages lighten it by themselves."""
        colours.require_readable(self.cleaned_data["accent"])
        return str(self.cleaned_data["accent"])


class PartnerForm(OrderedForm):
    url = web_address_field(_("Website"))

    class Meta:
        model = Partner
        fields = ["name", "url", "logo", "position"]
        widgets = {"name": line()}

    def __init__(self, *args: Any, library: Library, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["logo"] = PictureField(library, label=_("Logo"))


PartnerFormSet = forms.inlineformset_factory(
    Campaign,
    Partner,
    form=PartnerForm,
    formset=OrderedFormSet,
    extra=_EMPTY_PARTNERS,
    max_num=_MOST_PARTNERS,
    absolute_max=_MOST_PARTNERS,
)


def look_page(model_admin: StaffAdmin, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """Show the page; save what was posted, pictures that were brought along into the library."""
    logos = campaign.partners.values_list("logo", flat=True)
    library = Library(who(request), [campaign.hero_id, campaign.video_still_id, campaign.logo_id, *logos])
    data, wrong = with_brought(request) if request.method == "POST" else (None, {})
    form = LookForm(data, instance=campaign, library=library)
    partners = PartnerFormSet(data, instance=campaign, form_kwargs={"library": library}, prefix="partners")
    for one in (form, *partners.forms):
        for name in one.fields:
            if (error := wrong.get(one.add_prefix(name))) is not None:
                one.add_error(name, error)
    if data is not None and form.is_valid() and partners.is_valid():
        with transaction.atomic():
            form.save()
            partners.save()
        model_admin.note(request, campaign, Did.LOOK)
        model_admin.message_user(request, gettext("Saved."), messages.SUCCESS)
        return HttpResponseRedirect(reverse(TAB, args=[campaign.pk]))
    film = video(campaign.video_url)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Look"),
        "opts": model_admin.opts,
        "campaign": campaign,
        "form": form,
        "partners": partners,
        "film": film,
        "is_wrong": data is not None,
        **tabs.frame(request, campaign, TAB),
    }
    return TemplateResponse(request, "staff/campaigns/look.html", context)
