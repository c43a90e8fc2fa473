"""A text to translate from: what a campaign says in one language, as the beginning of another."""

from __future__ import annotations

from django.db import transaction

from advocacy.models import CampaignText


@transaction.atomic
def copy_text(text: CampaignText, language: str) -> tuple[CampaignText, bool]:
    """The campaign's text in `language`, begun as a copy of `text` with its steps, questions and words; and whether
    it is new.

    A copy is no translation: it stays a draft until somebody says that readers may see it. A language that has a text
    keeps the one it has, so a repeat changes nothing.
    """
    kept = ("id", "campaign", "language", "is_ready", "video_url")
    fields = {
        field.name: getattr(text, field.name)
        for field in CampaignText._meta.concrete_fields
        if field.name not in kept
    }
    made, is_new = CampaignText.objects.get_or_create(
        campaign=text.campaign, language=language, defaults={**fields, "is_ready": False}
    )
    if is_new:
        for parts in (text.steps.all(), text.questions.all(), text.terms.all()):
            for part in parts:
                part.pk, part.text = None, made
                part._state.adding = True
                part.save(force_insert=True)
    return made, is_new
