"""The languages of newsletters in preparation, for the page "Languages" of the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.permissions import may, visible
from contacts.completeness import Row, Section, Standing, sections
from mailer.models import Mailing
from mailer.writing import languages

MOST_MAILINGS = 10


@sections.add
def mailings(user: User) -> Iterable[Section]:
    """The newest drafts: whether each language is written, and how often it falls short of the main one."""
    if not may(user, "mailer.view_mailing"):
        return
    drafts = visible(user, Mailing.objects.filter(status=Mailing.Status.DRAFT)).order_by("-pk")
    rows = [_row(mailing) for mailing in drafts[:MOST_MAILINGS]]
    yield Section(
        200,
        _("Newsletters in preparation"),
        rows,
        _("Who reads a language that is not there gets the main one."),
    )


def _row(mailing: Mailing) -> Row:
    written = languages.written(mailing)
    gaps = Counter(gap.language for gap in languages.gaps(mailing))
    url = reverse("admin:mailer_mailing_write", args=[mailing.pk])
    parts = 1 + len(mailing.texts.get(language=mailing.language).blocks) if mailing.language in written else 1
    standings = {}
    for code in dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *written]):
        if code not in written:
            standings[code] = Standing(0, 1, url)
        elif count := gaps[code]:
            missing = ngettext("%(count)s place to look at", "%(count)s places to look at", count)
            done = max(parts - count, 1) if parts > 1 else 0
            standings[code] = Standing(done, parts, f"{url}?language={code}", missing % {"count": count})
        else:
            standings[code] = Standing(1, 1, f"{url}?language={code}")
    return Row(mailing.name, standings)
