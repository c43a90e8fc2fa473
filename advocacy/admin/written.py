"""What is written of each campaign in which language, for the page "Languages" of the desk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import Count, F, Model, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import Place, navigation
from accounts.models import User
from accounts.permissions import may, visible
from advocacy.admin.overview import completeness
from advocacy.models import (
    Campaign,
    CampaignText,
    LetterTemplate,
    MembershipText,
    Question,
    Resource,
    ShareText,
    Step,
    Term,
    Update,
)
from contacts.completeness import Row, Section, Standing, sections

navigation.add(Place(18, gettext_lazy("Languages"), "admin:languages", "advocacy.view_campaign"))

MOST_CAMPAIGNS = 30  # the newest that are not closed; older ones are on their own pages
Counts = Mapping[int, Mapping[str, int]]  # campaign → language → rows

# What a campaign has in each language beside its text: its name, how it is counted, the page where one mends it.
_PARTS: list[tuple[Any, type[Model], str, str]] = [
    (gettext_lazy("what you can do"), Step, "text__campaign", "texts"),
    (gettext_lazy("questions and answers"), Question, "text__campaign", "texts"),
    (gettext_lazy("words explained"), Term, "text__campaign", "texts"),
    (gettext_lazy("letter templates"), LetterTemplate, "campaign", "templates"),
    (gettext_lazy("messages to share"), ShareText, "campaign", "sharing"),
    (gettext_lazy("resources"), Resource, "campaign", "resources"),
    (gettext_lazy("news"), Update, "campaign", "updates"),
    (gettext_lazy("words about members"), MembershipText, "membership__campaign", "members"),
]


@sections.add
def campaigns(user: User) -> Iterable[Section]:
    """A table for each campaign: how much of what its main language has is there in the others. A dozen queries."""
    if not may(user, "advocacy.view_campaign"):
        return
    rows = visible(user, Campaign.objects.exclude(status=Campaign.Status.CLOSED))
    shown = list(rows.prefetch_related("texts").order_by("-pk")[:MOST_CAMPAIGNS])
    counted = [(label, _counts(model, path, shown), page) for label, model, path, page in _PARTS]
    for number, campaign in enumerate(shown):
        found: list[Row | None] = [_texts(campaign)]
        found += [_part(campaign, label, counts[campaign.pk], page) for label, counts, page in counted]
        yield Section(100 + number, campaign.name, [row for row in found if row is not None])


def _counts(model: type[Model], path: str, campaigns: list[Campaign]) -> Counts:
    language = "language" if path == "campaign" or model is MembershipText else "text__language"
    rows: QuerySet[Any] = model._default_manager.filter(**{f"{path}__in": campaigns})
    found: dict[int, dict[str, int]] = defaultdict(dict)
    grouped = rows.order_by().values(of=F(path), code=F(language)).annotate(rows=Count("pk"))
    for row in grouped:
        if row["code"]:  # what is for every language is not translated
            found[row["of"]][row["code"]] = row["rows"]
    return found


def _texts(campaign: Campaign) -> Row:
    """The page itself: title, story and the other words of a `CampaignText`."""
    standings = {}
    written: dict[str, CampaignText] = {text.language: text for text in campaign.texts.all()}
    for code in dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *written]):
        text = written.get(code)
        url = _address(campaign, "texts", code)
        if text is None:
            standings[code] = Standing(0, 1, url)
        else:
            one = completeness(text)
            standings[code] = Standing(one.filled, one.filled + len(one.missing), url, ", ".join(one.missing))
    return Row(_("page"), standings)


def _part(campaign: Campaign, label: Any, counts: Mapping[str, int], page: str) -> Row | None:
    """One kind of row beside how many the main language has; None where that has none and no other either."""
    if not counts:
        return None
    wanted = counts.get(campaign.default_language, 0)
    codes = dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *counts])
    return Row(
        str(label),
        {
            code: Standing(counts.get(code, 0), wanted, _address(campaign, page, code))
            for code in codes
            if wanted or counts.get(code)
        },
    )


def _address(campaign: Campaign, page: str, language: str) -> str:
    """Where one writes what is missing."""
    if page == "templates":
        query = urlencode({"language": language, "q": campaign.name})
        return f"{reverse('admin:advocacy_lettertemplate_changelist')}?{query}"
    try:
        return reverse(f"admin:advocacy_campaign_{page}", args=[campaign.pk])
    except NoReverseMatch:  # what has no tab of its own stands on the campaign's first
        return reverse("admin:advocacy_campaign_change", args=[campaign.pk])
