"""What a member of staff may do, in words, and the log of its changes."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import models

from accounts import audit
from accounts.models import User


def rights_in_words(whose: User | Group) -> str:
    """What a person or a role may do, as the log says it: "active; roles Moderators; organisation ICC Coalition"."""
    if isinstance(whose, Group):
        return ", ".join(_codes(whose.permissions.all())) or "nothing"
    roles = ", ".join(whose.groups.order_by("name").values_list("name", flat=True))
    rights = ", ".join(_codes(whose.user_permissions.all()))
    parts = [
        "active" if whose.is_active else "switched off",
        "staff" if whose.is_staff else "",
        "superuser" if whose.is_superuser else "",
        f"roles {roles}" if roles else "no roles",
        f"rights {rights}" if rights else "",
        f"organisation {whose.organisation}" if whose.organisation else "",
    ]
    return "; ".join(part for part in parts if part)


def write_rights(by: User, whose: User | Group, *, before: str) -> bool:
    """Write down what `whose` rights became, if that is not `before`. False: nothing had changed."""
    # Read anew: the organisation and the roles in memory may be those of the form.
    now = rights_in_words(type(whose)._default_manager.get(pk=whose.pk))
    if now == before:
        return False
    sentence = f"From: {before}. To: {now}." if before else f"May: {now}."
    audit.record(by, audit.Act.RIGHTS, sentence, whose)
    return True


def _codes(rights: models.QuerySet[Permission]) -> list[str]:
    found = rights.order_by("content_type__app_label", "codename")
    return [f"{app}.{code}" for app, code in found.values_list("content_type__app_label", "codename")]
