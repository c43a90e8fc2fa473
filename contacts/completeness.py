"""What is written in which language, all in one place: the page "Languages" of the desk.

Each app brings its tables when its admin modules load (`sections`); this page knows nothing of campaigns or newsletters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from accounts.desk import Registry, who
from accounts.models import User
from contacts import naming


@dataclass(frozen=True, slots=True)
class Standing:
    """How much there is in one language. url: where one mends it; missing: what is not there, in words."""

    done: int
    of: int
    url: str = ""
    missing: str = ""

    @property
    def tone(self) -> str:
        if self.done >= self.of:
            return "good"
        return "warn" if self.done else "bad"

    @property
    def words(self) -> str:
        if self.done >= self.of:
            return _("complete")
        if not self.done:
            return _("missing")
        return _("%(done)s of %(of)s") % {"done": self.done, "of": self.of}


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to translate. standings: by language; a language that is not there has nothing to show."""

    label: str
    standings: Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Section:
    """A table: the interface, a campaign, the mailing lists. note: a sentence above it."""

    order: int
    title: str
    rows: list[Row]
    note: str = ""


sections: Registry[Callable[[User], Iterable[Section]]] = Registry()


def page(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """The tables of everything this member of staff may see. `context` is that of every page of the desk."""
    found = [section for ask in sections for section in ask(who(request)) if section.rows]
    tables = [_table(section) for section in sorted(found, key=lambda section: section.order)]
    return TemplateResponse(
        request, "staff/languages.html", {**context, "title": _("Languages"), "tables": tables}
    )


def _table(section: Section) -> dict[str, Any]:
    """A section with a column for each language of the pages, then for others that something is written in."""
    pages = [code for code, _name in settings.LANGUAGES]
    written = {code for row in section.rows for code, one in row.standings.items() if one.done}
    codes = [*pages, *sorted(written - set(pages))]
    names = [naming.language_name(code) for code in codes]
    return {
        "section": section,
        "names": names,
        "rows": [
            (row.label, [(name, row.standings.get(code)) for code, name in zip(codes, names, strict=True)])
            for row in section.rows
        ],
    }
