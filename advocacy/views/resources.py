"""The action pack in public: what there is, a file of it, and the whole as an archive."""

from __future__ import annotations

from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from advocacy import texts
from advocacy.models import Campaign, Resource, ResourceFile, ResourcePack
from advocacy.resources import packs, serving, shelf
from advocacy.views.campaigns import find_campaign
from mailer.links import agents


@require_safe
def resources(request: HttpRequest, slug: str) -> HttpResponse:
    """All that is published, by kind, in the reader's language first."""
    campaign = find_campaign(request, slug)
    language = get_language() or "en"
    context = {
        "campaign": campaign,
        "text": texts.text_for(campaign, language),
        "groups": shelf.groups(campaign, language),
        "packs": packs.shown(campaign, language),
    }
    return render(request, "advocacy/resources/page.html", context)


@require_safe
def resource_file(request: HttpRequest, slug: str, pk: int, form: str) -> HttpResponseBase:
    """The file in force of a resource: "png", "png-small". The address stays when a newer version comes."""
    campaign = find_campaign(request, slug)
    format, _dash, variant = form.partition("-")
    in_force = ResourceFile.objects.filter(
        resource__campaign=campaign, resource__is_published=True, replaced_at=None
    )
    file = get_object_or_404(in_force, resource=pk, format=format, variant=variant)
    answer = serving.attachment(request, file.file, name=file.name, mark=file.content_hash)
    if _counts(request, campaign, answer):
        ResourceFile.objects.filter(pk=file.pk).update(downloads=F("downloads") + 1)
    return answer


@require_safe
def resource_thumbnail(request: HttpRequest, slug: str, pk: int) -> HttpResponseBase:
    """What the picture of a resource looks like, as long as it is published."""
    campaign = find_campaign(request, slug)
    resource = get_object_or_404(Resource, campaign=campaign, is_published=True, pk=pk)
    return serving.thumbnail(request, resource)


@require_safe
def resource_pack(request: HttpRequest, slug: str, language: str) -> HttpResponseBase:
    """The whole pack of a language as it was last made; 404 until there is one, and while what it holds is withdrawn."""
    campaign = find_campaign(request, slug)
    rows = ResourcePack.objects.select_related("campaign")
    pack = get_object_or_404(rows, campaign=campaign, language=language)
    if not packs.may_be_taken(pack):
        raise Http404
    name = f"{campaign.slug}-{pack.language.lower()}.zip"
    answer = serving.attachment(request, pack.file, name=name, mark=pack.fingerprint)
    if _counts(request, campaign, answer):
        ResourcePack.objects.filter(pk=pack.pk).update(downloads=F("downloads") + 1)
    return answer


def _counts(request: HttpRequest, campaign: Campaign, answer: HttpResponseBase) -> bool:
    """Whether this download is one that staff want to know of: a person's, in full, of what is public."""
    is_public = campaign.status != Campaign.Status.DRAFT
    return is_public and answer.status_code == 200 and agents.is_person(request)
