"""The demo's newsletter: a draft in four languages, and the invented people who would get it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from contacts import addresses, subscriptions
from contacts.models import Contact, MailingList
from mailer.models import Mailing, MailingAct, MailingText, Sender
from mailer.writing import blocks

Entry = dict[str, Any]


def seed_newsletter(told: Entry, texts: dict[str, Entry], mailing_list: MailingList) -> int:
    """The draft, its sender and its readers; 0 if its sender exists, whatever became of them since."""
    sender, is_new = Sender.objects.get_or_create(
        name=told["sender"]["name"], address=told["sender"]["address"], defaults=told["sender"]
    )
    if not is_new:
        return 0
    mailing = Mailing.objects.create(
        name=told["name"], language=told["language"], mailing_list=mailing_list, sender=sender
    )
    mailing.include_lists.add(mailing_list)
    for language, said in texts.items():
        MailingText.objects.create(mailing=mailing, language=language, **_with_links(said, told, language))
    MailingAct.objects.create(mailing=mailing, what=MailingAct.What.CREATED)
    for row in told["readers"]:
        _seed_reader(dict(row), mailing_list)
    return 1


def _with_links(said: Entry, told: Entry, language: str) -> Entry:
    """The text, with `{campaign}` replaced by the address of the campaign's page in its language."""
    with translation.override(language):
        path = reverse("advocacy:campaign", args=[told["campaign"]])
    found = json.loads(json.dumps(said["blocks"]).replace("{campaign}", f"{settings.SITE_URL}{path}"))
    return {**said, "blocks": blocks.clean(found)}


def _seed_reader(row: Entry, mailing_list: MailingList) -> None:
    """Somebody who ticked the box and pressed the button in the mail; their words are the demo's."""
    found = subscriptions.subscribe_proven(
        addresses.parse(row.pop("address")),
        mailing_list,
        text="Yes, send me the news.",
        page=f"/en/lists/{mailing_list.slug}/",
        source="demo",
        proof={"demo": row.get("name", "")},
    )
    if found is not None:
        Contact.objects.filter(pk=found.contact_id).update(**row)
