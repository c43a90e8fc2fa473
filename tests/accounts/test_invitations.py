"""Coming to work here: by one link, once, within a week, and never with more rights than the inviter's."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit, invitations, people
from accounts.audit import Act
from accounts.invitations import CannotInviteError
from accounts.models import Invitation, User
from contacts.models import ListRight
from tests.factories import make_mailing_list
from tests.staff import make_invitation, make_organisation, make_staff
from tests.whole_database import places_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

PASSWORD = "seven quiet herons"
NEWCOMER = {"first_name": "Ann", "last_name": "Example", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture(autouse=True)
def quick_hashes(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def role(name: str) -> Group:
    return Group.objects.get(name=name)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def invite(by: User, *roles: str, address: str = "ann@example.org", **posted: object):
    keys = [role(name).pk for name in roles]
    posted = {"address": address, "roles": keys, "language": "en", **posted}
    return client_of(by).post(reverse("admin:accounts_invitation_add"), posted)


def link_in(mail) -> str:
    """The path of the link in a mail."""
    [found] = re.findall(r"https?://[^/\s]+(/staff/\S+)", mail.body)
    return str(found)


def test_an_invitation_is_mailed_followed_once_and_makes_a_member_of_staff_who_is_in(outbox):
    boss = make_staff("superuser")
    assert invite(boss, "Moderators", address="Ann@Example.org", language="fr").status_code == 302
    [mail] = outbox.deliver()
    assert (mail.to, 'lang="fr"' in mail.alternatives[0][0]) == (["Ann@example.org"], True)
    assert "{{" not in mail.body + mail.alternatives[0][0]
    link, client = link_in(mail), Client()
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 200, "looking uses nothing up"
    assert not User.objects.exclude(pk=boss.pk).exists()
    assert client.post(link, NEWCOMER)["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200
    user = User.objects.exclude(pk=boss.pk).get()
    assert (user.username, user.email, user.language) == ("ann@example.org", "Ann@Example.org", "fr")
    assert (user.is_staff, user.is_superuser, user.organisation) == (True, False, None)
    assert [group.name for group in user.groups.all()] == ["Moderators"]
    for answer in (Client().get(link), Client().post(link, NEWCOMER)):
        assert answer.status_code == 404
    assert User.objects.count() == 2
    signed_in = Client().post(reverse("account_login"), {"username": "ann@example.org", "password": PASSWORD})
    assert signed_in.status_code == 302


def test_neither_the_link_nor_what_makes_it_stands_in_the_database(outbox):
    invite(make_staff("superuser"), "Moderators")
    [mail] = outbox.deliver()
    seal = link_in(mail).rstrip("/").rpartition("/")[2].partition("-")[2]
    assert len(seal) > 20
    assert places_of(seal) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"password2": "another one altogether"},
        {"password1": "short", "password2": "short"},
        {"password1": "password1234", "password2": "password1234"},
        {"password1": "ann@example.org", "password2": "ann@example.org"},
        {"first_name": ""},
        {"first_name": "A\0nn"},
    ],
)
def test_a_form_that_is_not_right_makes_nobody_and_leaves_the_link_good(outbox, wrong):
    invite(make_staff("superuser"), "Moderators")
    link = link_in(outbox.deliver()[0])
    assert Client().post(link, {**NEWCOMER, **wrong}).context["form"].errors
    assert User.objects.count() == 1
    assert Client().post(link, NEWCOMER).status_code == 302


def ran_out(invitation: Invitation) -> None:
    Invitation.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))


def inviter_left(invitation: Invitation) -> None:
    User.objects.filter(pk=invitation.invited_by_id).update(is_active=False)


def inviter_lost_a_role(invitation: Invitation) -> None:
    User.objects.filter(pk=invitation.invited_by_id).update(is_superuser=False)


def came_by_another_way(invitation: Invitation) -> None:
    make_staff(email=invitation.address.upper())


@pytest.mark.parametrize(
    "happened",
    [
        ran_out,
        inviter_left,
        inviter_lost_a_role,
        came_by_another_way,
        lambda invitation: invitations.call_back(invitation, invitation.invited_by),
        lambda invitation: invitations.send_again(invitation, invitation.invited_by),
        lambda invitation: invitations.invite(
            invitation.invited_by, invitation.address.upper(), [], None, "en"
        ),
    ],
)
def test_a_link_leads_nowhere_once_something_has_overtaken_it(outbox, happened):
    invite(make_staff("superuser"), "Moderators")
    link, client = link_in(outbox.deliver()[0]), Client()
    form = client.get(link)
    assert form.status_code == 200
    happened(Invitation.objects.get())
    before = User.objects.count()
    assert client.post(link, NEWCOMER).status_code == 404
    assert Client().get(link).status_code == 404
    assert User.objects.count() == before


def test_a_mail_whose_invitation_was_called_back_does_not_leave(outbox):
    invite(make_staff("superuser"), "Moderators")
    invitations.call_back(Invitation.objects.get(), make_staff("superuser"))
    assert outbox.deliver() == []


@pytest.mark.parametrize("token", ["x", "1-", "1-" + "A" * 24, "9" * 30, "-1-" + "A" * 24, "%00"])
def test_a_made_up_link_is_answered_as_one_that_ran_out(token):
    make_invitation(make_staff("superuser"))
    assert Client().get(f"/staff/welcome/{token}/").status_code == 404


# --- who may give what


def administrator(*more: str, **fields: object) -> User:
    return make_staff("Administrators", *more, **fields)


def test_nobody_gives_a_role_whose_rights_they_do_not_have(outbox):
    by = administrator("Moderators")
    assert [one.name for one in people.roles_to_give(by)] == ["Administrators", "Moderators"]
    assert invite(by, "Moderators").status_code == 302
    for more in ("Newsletter senders", "Campaigners"):
        assert invite(by, more, address="bob@example.org").context["form"].errors["roles"]
        with pytest.raises(CannotInviteError):
            invitations.invite(by, "bob@example.org", [role(more)], None, "en")
    assert Invitation.objects.count() == 1


def test_an_organisations_own_staff_invite_into_it_and_nowhere_else():
    ours = make_organisation()
    by = administrator("Moderators", organisation=ours)
    invite(by, "Moderators", organisation=make_organisation().pk)
    assert Invitation.objects.get().organisation == ours
    for other in (None, make_organisation()):
        with pytest.raises(CannotInviteError):
            invitations.invite(by, "bob@example.org", [role("Moderators")], other, "en")


def test_who_is_bound_to_some_lists_invites_nobody():
    by = administrator("Moderators")
    ListRight.objects.create(user=by, mailing_list=make_mailing_list())
    assert invite(by, "Moderators").status_code == 403


def test_the_name_of_a_role_is_set_apart_from_what_it_is_for():
    Group.objects.create(name="<b>Guests</b>")
    html = client_of(make_staff("superuser")).get(reverse("admin:accounts_invitation_add")).content.decode()
    assert "<strong>Campaigners</strong>: Write a campaign" in html
    assert "&lt;b&gt;Guests&lt;/b&gt;" in html, "what was typed stays text"


@pytest.mark.parametrize("who", ["Campaigners", "Data stewards", "Contacts exporters"])
def test_no_other_role_invites(who):
    by = make_staff(who)
    assert invite(by, who).status_code == 403
    pk = make_invitation(make_staff("superuser"), "Moderators").pk
    for name in ("again", "call_back"):
        assert client_of(by).post(reverse(f"admin:accounts_invitation_{name}", args=[pk])).status_code == 403


def test_an_invitation_is_called_back_and_sent_again_at_the_desk(outbox):
    boss = make_staff("superuser")
    client, one = client_of(boss), make_invitation(boss, "Moderators")
    assert client.get(reverse("admin:accounts_invitation_again", args=[one.pk])).status_code == 403
    client.post(reverse("admin:accounts_invitation_again", args=[one.pk]))
    [mail] = outbox.deliver()
    assert Client().get(link_in(mail)).status_code == 200
    client.post(reverse("admin:accounts_invitation_call_back", args=[one.pk]))
    client.post(reverse("admin:accounts_invitation_again", args=[one.pk]))
    assert outbox.deliver() == []
    assert Client().get(link_in(mail)).status_code == 404
    said = LogEntry.objects.filter(action_flag=Act.RIGHTS).order_by("pk")
    assert [audit.told(entry) for entry in said] == [
        "Sent the invitation again.",
        "Called the invitation back.",
    ]


def test_somebody_who_works_here_is_not_invited(outbox):
    make_staff(email="ann@example.org")
    assert "works here already" in invite(make_staff("superuser"), "Moderators").text
    assert outbox.deliver() == []


def test_an_address_is_forgotten_a_month_after_its_invitation_ended():
    boss = make_staff("superuser")
    old, new = timezone.now() - dt.timedelta(days=31), timezone.now() - dt.timedelta(days=29)
    for ended in ("accepted_at", "called_back_at", "expires_at"):
        make_invitation(boss, **{ended: old})
    kept = [make_invitation(boss, called_back_at=new), make_invitation(boss)]
    assert list(invitations.forget()) == [3]
    assert set(Invitation.objects.all()) == set(kept)


# --- the people of the desk


def act(by: User, whose: User, word: str) -> int:
    return int(client_of(by).post(reverse("admin:accounts_user_act", args=[whose.pk, word])).status_code)


def test_an_account_is_switched_off_which_ends_its_sessions_and_on_again():
    boss, user = make_staff("superuser"), make_staff("Moderators")
    theirs = client_of(user)
    assert act(boss, user, "off") == 302
    assert theirs.get("/staff/").status_code == 302
    assert act(boss, user, "on") == 302
    assert theirs.get("/staff/").status_code == 302, "the old session stays ended"
    assert client_of(User.objects.get(pk=user.pk)).get("/staff/").status_code == 200
    said = LogEntry.objects.filter(action_flag=Act.RIGHTS).order_by("pk")
    assert [audit.told(entry) for entry in said] == ["Switched off.", "Switched on."]


@pytest.mark.parametrize("word", ["off", "on", "sign-out", "second-step", "password"])
def test_nobody_acts_on_who_may_do_more_than_they_or_on_themselves_or_by_looking(word):
    by = administrator("Moderators")
    stronger = [make_staff("superuser"), make_staff("Newsletter senders"), administrator("Campaigners")]
    off = make_staff("Newsletter senders", is_active=False)
    for whose in (*stronger, off, by):
        assert act(by, whose, word) == 403, whose.groups.all()
    weaker = make_staff("Moderators")
    assert client_of(by).get(reverse("admin:accounts_user_act", args=[weaker.pk, word])).status_code == 403
    assert act(by, weaker, word) == 302
    assert act(administrator(organisation=make_organisation()), weaker, word) == 404


def test_an_administrator_cannot_take_over_an_account_with_more_rights():
    by, sender = administrator("Moderators"), make_staff("Newsletter senders", email="sender@example.org")
    url = reverse("admin:accounts_user_change", args=[sender.pk])
    assert client_of(by).post(url, {"email": "mine@example.org"}).status_code == 403
    assert client_of(by).post(f"/staff/accounts/user/{sender.pk}/password/", {}).status_code == 403
    assert User.objects.get(pk=sender.pk).email == "sender@example.org"


def test_who_shall_work_with_some_lists_only_comes_without_a_role_and_is_bound_first(outbox):
    boss, newcomer = make_staff("superuser"), Client()
    assert invite(boss).status_code == 302
    [mail] = outbox.deliver()
    newcomer.post(link_in(mail), NEWCOMER)
    user = User.objects.get(email="ann@example.org")
    assert not user.get_all_permissions()
    bound = {"user": user.pk, "mailing_list": make_mailing_list().pk}
    assert client_of(boss).post(reverse("admin:contacts_listright_add"), bound).status_code == 302
    assert ListRight.objects.filter(user=user).exists()


def test_an_administrator_gives_and_takes_the_roles_they_have_and_no_others():
    by, user = administrator("Moderators", "Campaigners"), make_staff("Moderators")
    url = reverse("admin:accounts_user_change", args=[user.pk])
    client_of(by).post(url, {"groups": [role("Campaigners").pk], "is_superuser": "on", "username": "root"})
    user = User.objects.get(pk=user.pk)
    assert [group.name for group in user.groups.all()] == ["Campaigners"]
    assert (user.is_superuser, user.username) != (True, "root")
    answer = client_of(by).post(url, {"groups": [role("Newsletter senders").pk]})
    assert answer.context["adminform"].form.errors["groups"]


def test_a_right_given_by_hand_counts_when_it_is_asked_who_may_do_more():
    by, user = administrator("Moderators"), make_staff("Moderators")
    assert people.may_change(by, user)
    user.user_permissions.add(Permission.objects.get(codename="send_mailing"))
    assert not people.may_change(by, User.objects.get(pk=user.pk))


def test_the_list_of_people_costs_the_same_however_many_they_are(django_assert_max_num_queries):
    boss = make_staff("superuser")
    for _number in range(12):
        make_staff("Moderators")
        make_invitation(boss, "Moderators")
    client = client_of(boss)
    for name in ("user", "invitation"):
        with django_assert_max_num_queries(20):
            assert client.get(reverse(f"admin:accounts_{name}_changelist")).status_code == 200
