"""The demo's action pack: the logo in its formats, a picture, the film, and texts to use in each language."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.text import slugify

from advocacy.models import Campaign, CampaignText, Question, Resource, ShareText, Term
from advocacy.resources import judging, keeping, packs

Entry = dict[str, Any]


def seed_pack(campaign: Campaign, told: Iterable[Entry], files: Path) -> None:
    """Give a new campaign its resources; `told` are those of the campaign's file, the texts are made of its own."""
    for row in told:
        names = row.pop("files", [])
        resource = _resource(campaign, **row)
        for name in names:
            _keep(resource, (files / name).read_bytes(), name)
        keeping.draw_thumbnail(resource)
    for text in campaign.texts.order_by("language"):
        with translation.override(text.language):
            _seed_texts(text)
    packs.want(campaign)


def _seed_texts(text: CampaignText) -> None:
    messages = ShareText.objects.filter(campaign=text.campaign_id, language=text.language, network="")
    parts = {
        ShareText: (Resource.Kind.TEXT, [message.text for message in messages]),
        Question: (
            Resource.Kind.BACKGROUND,
            [f"{one.question}\n\n{one.answer}" for one in text.questions.all()],
        ),
        Term: (Resource.Kind.BACKGROUND, [f"{one.term}: {one.meaning}" for one in text.terms.all()]),
    }
    for model, (kind, paragraphs) in parts.items():
        if paragraphs:
            label = str(model._meta.verbose_name_plural)
            title = label[:1].upper() + label[1:]
            resource = _resource(text.campaign, kind=kind, language=text.language, title=title)
            words = "\n\n".join([text.title, title, *paragraphs]) + "\n"
            _keep(resource, words.encode(), f"{slugify(label, allow_unicode=True)}.txt")


def _resource(campaign: Campaign, **fields: Any) -> Resource:
    resource = Resource(campaign=campaign, **fields)
    keeping.put_last(resource)
    resource.save()
    return resource


def _keep(resource: Resource, content: bytes, name: str) -> None:
    file = io.BytesIO(content)
    keeping.add(resource, file, name=name, judged=judging.judge(file, name))
