"""The log of what staff did: Django's admin log, which the database lets nobody change (migration 0003_log_stays).

Beside what Django's admin writes by itself it holds sign-ins, refused ones and sign-outs, changes of roles and
rights, and every file that was taken away. What a stranger typed is never in it.
"""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import connection, models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Act(models.IntegerChoices):
    """What kind of act an entry is; the first three are Django's own."""

    ADDED = ADDITION, _("added")
    CHANGED = CHANGE, _("changed")
    DELETED = DELETION, _("deleted")
    SIGNED_IN = 11, _("signed in")
    REFUSED = 12, _("sign-in refused")
    SIGNED_OUT = 13, _("signed out")
    RIGHTS = 14, _("roles and rights")
    TAKEN = 15, _("taken as a file")


def record(by: User, act: Act, sentence: str, row: models.Model | None = None) -> None:
    """Write down that `by` did `act` to `row` (to themselves without one). The sentence holds no address and no name."""
    LogEntry.objects.log_actions(by.pk, [row or by], act, sentence, single_object=True)


def may_rename() -> None:
    """Let the rest of this transaction take names out of the log: of a person who is erased, and of nobody else.

    The trigger then takes exactly one change: the name becomes the number of the row, the sentence becomes empty.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('epistle.erasing', 'on', true)")


def watch_sign_ins() -> None:
    """From now on sign-ins, refused ones and sign-outs are written down. Safe to repeat."""
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.audit.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.audit.signed_out")
    user_login_failed.connect(_refused, dispatch_uid="accounts.audit.refused")


def _signed_in(sender: Any, request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    # A session that a command or a test makes by itself is nobody's visit: such a request leads to no page.
    if getattr(request, "resolver_match", None) is not None:
        record(user, Act.SIGNED_IN, "Signed in.")


def _signed_out(sender: Any, request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    if user is not None and getattr(request, "resolver_match", None) is not None:
        record(user, Act.SIGNED_OUT, "Signed out.")


def _refused(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """A wrong password for an account that exists. One for no account is nobody's, and what was typed is not kept:

    people type their password there.
    """
    typed = credentials.get(User.USERNAME_FIELD)
    user = (
        User.objects.filter(username=typed).first() if isinstance(typed, str) and "\0" not in typed else None
    )
    if user is not None:
        record(user, Act.REFUSED, "A wrong password.")
