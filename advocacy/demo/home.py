"""The demo's public home: pictures, ways to take part, news, messages to share, members, and what invented people say."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation
from advocacy.demo.pack import seed_pack
from advocacy.models import (
    Campaign,
    CampaignText,
    Expression,
    Membership,
    MembershipText,
    Partner,
    Question,
    ShareText,
    Step,
    Term,
    Update,
)
from contacts.addresses import hash_key
from contacts.models import Consent, MailingList
from mailer import pictures
from mailer.models import Picture

Entry = dict[str, Any]


@transaction.atomic
def seed_home(campaign: Campaign, told: Entry, said: dict[str, Entry], files: Path) -> None:
    """Give a new campaign what its page shows beside its story.

    told: the part of campaign.yaml that is the same in every language. said: the part of each language's file.
    """
    _seed_pictures(campaign, told, files)
    for text in campaign.texts.all():
        _seed_text(text, said.get(text.language, {}))
    members = [_seed_member(campaign, dict(row), said) for row in told.get("members", [])]
    Partner.objects.bulk_create(
        Partner(campaign=campaign, position=position, **row)
        for position, row in enumerate(told.get("partners", []))
    )
    by_slug = {member.organisation.slug: member for member in members}
    for number, row in enumerate(told.get("expressions", []), start=1):
        _seed_expression(campaign, number, dict(row), by_slug)
    seed_pack(campaign, [dict(row) for row in told.get("resources", [])], files)


def _seed_pictures(campaign: Campaign, told: Entry, files: Path) -> None:
    shown = [name for name in ("hero", "video_still", "logo") if name in told]
    for name in shown:
        row = told[name]
        setattr(campaign, name, _picture(files / row["file"], row["name"], row.get("alt", row["name"])))
    campaign.save(update_fields=shown)


def _picture(path: Path, name: str, alt: str) -> Picture:
    with path.open("rb") as file:
        picture, _is_new = pictures.keep(file, name=name, alt=alt, user=None, organisation_id=None)
    return picture


def _seed_text(text: CampaignText, said: Entry) -> None:
    text.hero_alt = said.get("hero_alt", "")
    text.save(update_fields=["hero_alt"])
    Step.objects.bulk_create(
        Step(text=text, position=position, **row) for position, row in enumerate(said.get("steps", []))
    )
    Question.objects.bulk_create(
        Question(text=text, position=position, question=row["question"], answer=row["answer"].strip())
        for position, row in enumerate(said.get("questions", []))
    )
    Term.objects.bulk_create(Term(text=text, **row) for row in said.get("terms", []))
    ShareText.objects.bulk_create(
        ShareText(campaign=text.campaign, language=text.language, position=position, **row)
        for position, row in enumerate(said.get("messages", []))
    )
    Update.objects.bulk_create(
        Update(
            campaign=text.campaign,
            language=text.language,
            title=row["title"],
            body=row["body"].strip(),
            published_at=_ago(row["days_ago"]),
        )
        for row in said.get("news", [])
    )


def _seed_member(campaign: Campaign, row: Entry, said: dict[str, Entry]) -> Membership:
    organisation, _is_new = Organisation.objects.get_or_create(
        slug=row.pop("slug"), defaults={"name": row.pop("name")}
    )
    own_list = row.pop("list", None)
    if own_list is not None:
        row["mailing_list"], _is_new = MailingList.objects.get_or_create(
            slug=own_list["slug"], defaults={"name": own_list["name"], "organisation": organisation}
        )
    member = Membership.objects.create(campaign=campaign, organisation=organisation, **row)
    MembershipText.objects.bulk_create(
        MembershipText(membership=member, language=language, intro=part["members"][organisation.slug].strip())
        for language, part in said.items()
        if organisation.slug in part.get("members", {})
    )
    return member


def _seed_expression(campaign: Campaign, number: int, row: Entry, members: dict[str, Membership]) -> None:
    """As if its writer had confirmed it and somebody had published it on the day."""
    at = _ago(row.pop("days_ago"))
    address = f"voice{number}@supporters.example"
    expression = Expression.objects.create(
        campaign=campaign,
        membership=members.get(row.pop("member", "")),
        form_key=f"demo-{campaign.slug}-{number}",
        status=Expression.Status.PUBLISHED,
        address=address,
        address_key=address,
        address_hash=hash_key(address),
        consent_text="Yes, publish this.",
        created_at=at,
        confirmed_at=at,
        expires_at=at + dt.timedelta(days=7),
        decided_at=at,
        published_at=at,
        **row,
    )
    Consent.objects.create(
        address_hash=expression.address_hash,
        purpose=Consent.Purpose.EXPRESSION,
        granted=True,
        text=expression.consent_text,
        page=f"/en/c/{campaign.slug}/support/new/",
        source=f"campaign {campaign.slug}",
        proof={"demo": expression.pk},
    )


def _ago(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)
