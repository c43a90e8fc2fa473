"""What expressions know of one person: for the timeline, their export and their erasure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from advocacy.expressions import links, retention
from advocacy.models import Expression
from contacts import registry
from contacts.registry import Entry, Person

_NEWEST = 200


def register() -> None:
    since = Expression.objects.filter(
        address_hash=OuterRef("address_hash"), created_at__gte=OuterRef("created_at")
    )
    registry.register("advocacy.expression", timeline=timeline, eraser=erase, use=Exists(since))
    registry.register("Expressions of support", exporter=export)


def timeline(person: Person) -> Iterator[Entry]:
    """The newest expressions of this person, each where it stands now."""
    for expression in _theirs(person).order_by("-pk")[:_NEWEST]:
        yield Entry(
            at=expression.confirmed_at or expression.created_at,
            kind="expression",
            words=_("Expression of support: %(state)s") % {"state": expression.get_status_display()},
            detail=expression.campaign.name,
            url=reverse("admin:advocacy_expression_change", args=[expression.pk]),
            permission="advocacy.view_expression",
            about=expression,
        )


def export(person: Person) -> list[dict[str, Any]]:
    return [_exported(expression) for expression in _theirs(person).order_by("pk")]


def _exported(expression: Expression) -> dict[str, Any]:
    is_public = expression.status == Expression.Status.PUBLISHED
    known = {
        "Campaign": expression.campaign.name,
        "Standing": str(expression.get_status_display()),
        "Why": expression.reason,
        "Who speaks": str(expression.get_category_display()),
        "Name": expression.name,
        "Office or profession": expression.role,
        "Organisation": expression.organisation_name,
        "Country": expression.country,
        "Language": expression.language,
        "Statement": expression.statement,
        "Video": expression.video_url,
        "Picture": expression.picture_alt,
        "Where everybody reads it": links.page(expression, expression.mail_language) if is_public else "",
        "Written": expression.created_at.isoformat(),
        "Confirmed": expression.confirmed_at.isoformat() if expression.confirmed_at else "",
        "Published": expression.published_at.isoformat() if expression.published_at else "",
        "You agreed to": expression.consent_text,
    }
    return {title: value for title, value in known.items() if value}


def _theirs(person: Person) -> Any:
    return Expression.objects.filter(address_hash=person.hash).select_related("campaign")


def erase(person: Person) -> Counter[str]:
    """Take down and empty what this person said in public (`retention.erase`)."""
    return retention.erase(person.hash)
