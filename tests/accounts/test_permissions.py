"""Who may see and do what."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied

from accounts.permissions import may, require, visible
from accounts.roles import ROLES, ensure_roles
from advocacy.models import Campaign, Letter, Membership
from mailer.models import Delivery
from tests.staff import (
    make_campaign,
    make_delivery,
    make_letter,
    make_organisation,
    make_person,
    make_staff,
)

pytestmark = pytest.mark.django_db


def test_staff_of_an_organisation_see_its_campaigns_and_no_others():
    ours, theirs = make_organisation(), make_organisation()
    own = make_campaign(organisation=ours)
    make_campaign(organisation=theirs)
    make_campaign(organisation=None)
    assert list(visible(make_staff(organisation=ours), Campaign.objects.all())) == [own]


def test_staff_of_the_house_see_every_campaign():
    make_campaign(organisation=make_organisation())
    make_campaign(organisation=None)
    assert visible(make_staff(), Campaign.objects.all()).count() == 2


def test_a_letter_belongs_to_the_organisation_of_its_campaign():
    ours, theirs = make_organisation(), make_organisation()
    own = make_letter(make_campaign(organisation=ours))
    other = make_letter(make_campaign(organisation=theirs))
    user = make_staff("Moderators", organisation=ours)
    assert list(visible(user, Letter.objects.all())) == [own]
    assert may(user, "advocacy.view_letter", own)
    assert not may(user, "advocacy.view_letter", other)


def test_a_delivery_belongs_to_the_organisation_of_its_letter():
    ours, theirs = make_organisation(), make_organisation()
    own = make_letter(make_campaign(organisation=ours), delivery=make_delivery()).delivery
    other = make_letter(make_campaign(organisation=theirs), delivery=make_delivery()).delivery
    of_nobody = make_delivery()
    user = make_staff("Moderators", organisation=ours)
    assert list(visible(user, Delivery.objects.all())) == [own]
    assert [may(user, "mailer.view_delivery", row) for row in (own, other, of_nobody)] == [True, False, False]


def test_representatives_are_shared_by_the_whole_house():
    user = make_staff("Representatives editors", organisation=make_organisation())
    assert may(user, "advocacy.change_person", make_person())


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_staff": False}])
def test_a_right_is_worth_nothing_to_who_no_longer_works_here(state):
    user = make_staff("superuser", **state)
    make_campaign()
    assert not may(user, "advocacy.view_campaign")
    assert not visible(user, Campaign.objects.all()).exists()


def test_visitors_may_nothing():
    campaign = make_campaign()
    assert not may(AnonymousUser(), "advocacy.view_campaign", campaign)
    assert not visible(AnonymousUser(), Campaign.objects.all()).exists()
    with pytest.raises(PermissionDenied):
        require(AnonymousUser(), "advocacy.view_campaign", campaign)


@pytest.mark.parametrize("role", ROLES)
def test_every_right_of_a_role_is_one_that_exists(role):
    ensure_roles()
    user = make_staff(role)
    asked = {
        f"{target.split('.')[0]}.{action}_{target.split('.')[1]}"
        for target, actions in ROLES[role].items()
        for action in actions.split()
    }
    assert user.get_all_permissions() == asked


def test_rights_added_to_a_role_by_hand_survive_the_next_start():
    from django.contrib.auth.models import Group, Permission

    group = Group.objects.get(name="Moderators")
    extra = Permission.objects.get(codename="view_sender")
    group.permissions.add(extra)
    ensure_roles()
    assert extra in group.permissions.all()


def test_a_member_belongs_to_the_campaigns_organisation_and_not_to_the_one_it_names():
    ours, theirs = make_organisation(), make_organisation()
    membership = Membership.objects.create(campaign=make_campaign(organisation=ours), organisation=theirs)
    for organisation, seen in ((ours, [membership]), (theirs, [])):
        user = make_staff("Campaigners", organisation=organisation)
        assert list(visible(user, Membership.objects.all())) == seen
        assert may(user, "advocacy.change_membership", membership) == bool(seen)
