"""Roles that follow the groups of the organisation's own identity provider, at each sign-in by it.

Only roles that `OIDC_ROLES` names are given and taken; others are the desk's own. Nobody becomes a superuser by it.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction

from accounts import audit, people
from accounts.models import User

logger = logging.getLogger(__name__)


@transaction.atomic
def follow(user: User, told: Any) -> bool:
    """Give and take the mapped roles so that they match the groups the provider `told`. Whether anything changed.

    A change ends the person's sessions, as any change of roles, and is written down. A claim that is missing, or no list
    of names, changes nothing: a provider that keeps silent must not take everything away. Safe to repeat.
    """
    if not settings.OIDC_ROLES:
        return False
    groups = _names_in(told)
    if groups is None:
        logger.warning(
            "the identity provider told no groups; roles stay as they are", extra={"user": user.pk}
        )
        return False
    User.objects.select_for_update().get(pk=user.pk)
    mapped = {role.name: role for role in Group.objects.filter(name__in={r for _g, r in settings.OIDC_ROLES})}
    if missing := {role for _group, role in settings.OIDC_ROLES} - set(mapped):
        logger.warning("OIDC_ROLES names roles that are not there", extra={"roles": sorted(missing)})
    wanted = {mapped[role] for group, role in settings.OIDC_ROLES if group in groups and role in mapped}
    held = set(user.groups.filter(pk__in=[role.pk for role in mapped.values()]))
    if wanted == held:
        return False
    before = people.rights_of(user)
    user.groups.remove(*(held - wanted))
    user.groups.add(*(wanted - held))
    after = people.rights_of(user)
    audit.record(user, audit.Act.RIGHTS, audit.Did.RIGHTS_FOLLOWED, before=before, after=after)
    return True


def _names_in(told: Any) -> set[str] | None:
    """The names of groups in a claim: a list of strings, or one string. None for anything else."""
    found = [told] if isinstance(told, str) else told
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        return None
    return set(found)
