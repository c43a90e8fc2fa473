"""Whoever's rights or password changed is signed out everywhere at once, and nobody else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db


def session_of(user: User) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def is_signed_in(client: Client) -> bool:
    return bool(client.get(reverse("admin:index")).status_code == 200)


def some_right() -> Permission:
    return Permission.objects.get(codename="view_sender")


def new_password(user: User) -> None:
    user.set_password("another long password")
    user.save()


def off_and_on(user: User) -> None:
    for is_active in (False, True):
        user.is_active = is_active
        user.save(update_fields=["is_active"])


def other_organisation(user: User) -> None:
    user.organisation = make_organisation()
    user.save()


def by_sql(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)


CHANGES: list[Callable[[User], object]] = [
    new_password,
    off_and_on,
    other_organisation,
    by_sql,
    lambda user: user.groups.add(Group.objects.get(name="Newsletter senders")),
    lambda user: user.groups.remove(Group.objects.get(name="Moderators")),
    lambda user: user.groups.clear(),
    lambda user: Group.objects.get(name="Newsletter senders").user_set.add(user),
    lambda user: Group.objects.get(name="Moderators").user_set.clear(),
    lambda user: user.user_permissions.add(some_right()),
    lambda user: Group.objects.get(name="Moderators").permissions.add(some_right()),
    lambda user: Group.objects.get(name="Moderators").permissions.clear(),
    lambda user: Group.objects.get(name="Moderators").delete(),
    lambda user: user.end_sessions(),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_a_person_may_do_ends_their_sessions_and_no_others(change):
    user, colleague = make_staff("Moderators"), make_staff("Campaigners")
    theirs, others = session_of(user), session_of(colleague)
    assert is_signed_in(theirs)
    change(User.objects.get(pk=user.pk))
    assert not is_signed_in(theirs)
    assert is_signed_in(others)
    assert is_signed_in(session_of(user))


def test_a_change_of_a_name_or_a_right_that_was_there_already_ends_nothing():
    user = make_staff("Moderators")
    client = session_of(user)
    user.first_name = "Ann"
    user.save()
    user.groups.add(Group.objects.get(name="Moderators"))
    user.groups.set([Group.objects.get(name="Moderators")])
    assert is_signed_in(client)


def test_an_old_copy_of_a_person_that_is_saved_later_brings_no_session_back_to_life():
    user = make_staff()
    client, copy = session_of(user), User.objects.get(pk=user.pk)
    user.end_sessions()
    copy.first_name = "Ann"
    copy.save()
    assert not is_signed_in(client)


def test_who_changes_their_own_password_stays_signed_in_there_and_nowhere_else():
    user = make_staff("Moderators")
    user.set_password("an old password of theirs")
    user.save()
    here, elsewhere = session_of(user), session_of(user)
    new = "a new one, which is longer"
    posted = {"old_password": "an old password of theirs", "new_password1": new, "new_password2": new}
    assert here.post(reverse("admin:password_change"), posted).status_code == 302
    assert (is_signed_in(here), is_signed_in(elsewhere)) == (True, False)
