"""What the search of the desk finds of mailings."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.search import Group, rows_as_hits, searches
from mailer.models import Mailing


@searches(20)
def mailings(user: User, words: str) -> Group | None:
    """By the name staff gave them, newest first."""
    hits = rows_as_hits(
        Mailing.objects.order_by("-pk"),
        "mailer.view_mailing",
        user,
        "admin:mailer_mailing_change",
        name__icontains=words,
    )
    return None if hits is None else Group(_("Mailings"), hits)
