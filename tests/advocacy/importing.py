"""What the tests of importing representatives share: a small Popolo file of invented people, and what is stored."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from advocacy.models import (
    Area,
    ContactRoute,
    Legislature,
    Mandate,
    Person,
)
from advocacy.representatives import importing
from advocacy.representatives.importing import Report

DATA = Path(__file__).parent.parent / "data" / "representatives"
DAY = dt.date(2022, 3, 1)


def run(path: Path | str, **options: Any) -> Report:
    return importing.run(path, **{"country": "JO", "as_of": DAY, **options})


def routes_of(name: str) -> list[tuple[str, str, str]]:
    rows = ContactRoute.objects.filter(person__name=name).order_by("kind", "priority")
    return [(route.kind, route.value, route.state) for route in rows]


def everything() -> list[list[tuple[Any, ...]]]:
    """All stored rows as they are, to see that a run left them alone."""
    models = (Legislature, Area, Person, Mandate, ContactRoute)
    return [list(model.objects.order_by("pk").values_list()) for model in models]
