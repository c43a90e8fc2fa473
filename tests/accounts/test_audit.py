"""What staff did stays written, whoever wants it gone; and the page that shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, models, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.translation import gettext

from accounts import audit
from accounts.audit import Act, Did, record, told
from accounts.models import User
from advocacy.deeds import Did as ByAdvocacy
from contacts.deeds import Did as ByContacts
from mailer.deeds import Did as ByMailer
from tests.factories import make_letter
from tests.staff import make_organisation, make_staff

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]


def entries() -> list[tuple[int, str]]:
    return [(entry.action_flag, told(entry)) for entry in LogEntry.objects.order_by("pk")]


def write_as_before(user: User, sentence: str, act: Act = Act.CHANGED) -> None:
    """An entry as it was written before there were codes."""
    LogEntry.objects.log_actions(user.pk, [user], act, sentence, single_object=True)


@contextmanager
def refused() -> Iterator[None]:
    """The database says no to what is done inside; what was before it stays."""
    with pytest.raises(IntegrityError, match="stays written"), transaction.atomic():
        yield


def signed_in(*roles: str, **fields: object) -> Client:
    client = Client()
    client.force_login(make_staff(*roles, **fields))
    return client


@pytest.mark.parametrize(
    "attempt",
    [
        "DELETE FROM django_admin_log",
        "UPDATE django_admin_log SET change_message = ''",
        "UPDATE django_admin_log SET object_repr = '#' || object_id, change_message = ''",
        "UPDATE django_admin_log SET user_id = (SELECT max(id) FROM accounts_user)",
    ],
)
def test_the_database_lets_nobody_change_or_remove_what_stands_in_the_log(attempt):
    record(make_staff(), Act.CHANGED, Did.SIGNED_THEM_OUT)
    with refused(), connection.cursor() as cursor:
        cursor.execute(attempt)
    assert entries() == [(Act.CHANGED, "Signed them out everywhere.")]


def test_the_log_cannot_be_emptied_as_a_whole():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE django_admin_log ENABLE TRIGGER accounts_log_stays_whole")
        with refused():
            cursor.execute("TRUNCATE django_admin_log")


@pytest.mark.parametrize(
    "attempt",
    [
        "DELETE FROM django_admin_log",
        "UPDATE django_admin_log SET change_message = ''",
        "UPDATE django_admin_log SET object_repr = 'Bob', change_message = ''",
        "UPDATE django_admin_log SET object_repr = '#' || object_id, change_message = '', action_flag = 2",
    ],
)
def test_an_erasure_may_take_names_out_of_the_log_and_do_nothing_else(attempt):
    record(make_staff(), Act.SIGNED_IN, Did.SIGNED_IN)
    audit.may_rename()
    with refused(), connection.cursor() as cursor:
        cursor.execute(attempt)


def test_a_person_who_did_something_cannot_be_deleted_and_the_desk_offers_no_such_thing():
    user = make_staff()
    record(user, Act.CHANGED, Did.PASSWORD_SET)
    url = reverse("admin:accounts_user_delete", args=[user.pk])
    assert signed_in("superuser").post(url, {"post": "yes"}).status_code == 403
    with refused():
        user.delete()


def test_sign_ins_refused_ones_and_sign_outs_are_written_down_without_what_was_typed():
    user = make_staff()
    user.set_password("a long password")
    user.save()
    client = Client()
    for name, password in [
        (user.username, "my other secret"),
        ("nobody-here", "x"),
        (user.username, "a long password"),
    ]:
        client.post(reverse("admin:login"), {"username": name, "password": password})
    client.post(reverse("admin:logout"))
    assert entries() == [
        (Act.REFUSED, "A wrong password."),
        (Act.SIGNED_IN, "Signed in."),
        (Act.SIGNED_OUT, "Signed out."),
    ]
    assert set(LogEntry.objects.values_list("user", flat=True)) == {user.pk}


def test_a_change_of_roles_is_written_down_as_what_it_was_and_became():
    boss, user = make_staff("superuser"), make_staff("Moderators")
    client = Client()
    client.force_login(boss)
    posted = {
        "username": user.username,
        "is_active": "on",
        "is_staff": "on",
        "groups": [Group.objects.get(name="Newsletter senders").pk],
    }
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), posted)
    client.post(reverse("admin:accounts_user_change", args=[user.pk]), {**posted, "first_name": "Ann"})
    [entry] = LogEntry.objects.filter(action_flag=Act.RIGHTS)
    assert (entry.user, entry.object_id) == (boss, str(user.pk))
    assert told(entry) == (
        "From: active; staff; roles Moderators. To: active; staff; roles Newsletter senders."
    )


def test_a_change_of_what_a_role_may_is_written_down():
    group = Group.objects.create(name="Readers")
    right = Group.objects.get(name="Moderators").permissions.get(codename="view_letter")
    url = reverse("admin:auth_group_change", args=[group.pk])
    signed_in("superuser").post(url, {"name": "Readers", "permissions": [right.pk]})
    [entry] = LogEntry.objects.filter(action_flag=Act.RIGHTS)
    assert told(entry) == "From: nothing. To: advocacy.view_letter."


def test_the_page_finds_acts_by_person_kind_day_and_word():
    ann, bob = make_staff(), make_staff()
    record(ann, Act.TAKEN, ByContacts.EXPORTED, format="csv")
    write_as_before(bob, "Left test mode.")
    client = signed_in("superuser")
    url = reverse("admin:admin_logentry_changelist")

    def found(**query: object) -> list[str]:
        rows = client.get(url, query).context["cl"].result_list
        return [told(row) for row in rows]

    assert found() == ["Left test mode.", "Took contacts as csv."]
    assert found(who=ann.pk) == ["Took contacts as csv."]
    assert found(act=Act.CHANGED) == ["Left test mode."]
    assert found(q="csv") == found(q="took CONTACTS") == ["Took contacts as csv."]
    assert found(q="test mode") == ["Left test mode."]
    assert found(action_time__gte="2999-01-01 00:00:00+00:00") == []
    record(ann, Act.CHANGED, ByAdvocacy.LETTER_REFUSED, make_letter(), why="Written by a machine.")
    assert found(q="a machine") == ["Refused: “Written by a machine.”"]


def test_staff_of_an_organisation_read_what_their_colleagues_did_and_no_others():
    from django.contrib.auth.models import Permission

    ours, theirs = make_organisation(), make_organisation()
    reader = make_staff(organisation=ours)
    reader.user_permissions.add(Permission.objects.get(codename="view_logentry"))
    write_as_before(make_staff(organisation=ours), "Ours.")
    write_as_before(make_staff(organisation=theirs), "Theirs.")
    client = Client()
    client.force_login(reader)
    rows = client.get(reverse("admin:admin_logentry_changelist")).context["cl"].result_list
    assert [told(row) for row in rows] == ["Ours."]


def test_an_act_is_kept_as_a_code_and_said_in_the_language_of_its_reader():
    ann = make_staff()
    record(ann, Act.CHANGED, ByAdvocacy.IMPORTED)
    write_as_before(ann, "Imported.")
    [coded, old] = LogEntry.objects.order_by("pk")
    assert coded.change_message == '{"did": "advocacy.imported"}'
    with translation.override("fr"):
        assert told(coded) == gettext("Imported.") != "Imported."
        assert told(old) == "Imported."


def test_what_a_person_typed_is_quoted_as_they_typed_it_and_formats_nothing():
    letter = make_letter()
    record(make_staff(), Act.CHANGED, ByAdvocacy.LETTER_REFUSED, letter, why="100%(why)s {of} it — “so”")
    assert told(LogEntry.objects.get()) == "Refused: “100%(why)s {of} it — “so””"


def test_a_detail_or_a_code_that_this_version_does_not_know_breaks_no_page():
    ann = make_staff()
    record(ann, Act.TAKEN, ByContacts.EXPORTED)
    write_as_before(ann, '{"did": "later.unheard_of", "why": "x"}')
    assert [said for _flag, said in entries()] == [
        "Took contacts as –.",
        '{"did": "later.unheard_of", "why": "x"}',
    ]
    assert signed_in("superuser").get(reverse("admin:admin_logentry_changelist")).status_code == 200


def test_a_page_of_changed_people_asks_for_no_names_of_attributes_row_by_row(django_assert_num_queries):
    user = make_staff()
    record(user, Act.CHANGED, ByContacts.CHANGED_FIELDS, fields=["name", "country"])
    entry = LogEntry.objects.select_related("reason").get()
    with django_assert_num_queries(0):
        told(entry)


def test_two_acts_cannot_share_a_code():
    with pytest.raises(ValueError, match=r"accounts\.signed_in"):

        @audit.kept
        class Other(models.TextChoices):
            SOMETHING = "accounts.signed_in", "Something else."


def test_every_sentence_names_only_details_that_the_words_can_hold():
    """A sentence that is not a valid format would break the page for every row of its kind."""
    for did in (Did, ByContacts, ByMailer, ByAdvocacy):
        for deed in did:
            assert "%(" not in str(deed.label) % defaultdict(str)
            assert deed.value.partition(".")[0] in {"desk", did.__module__.partition(".")[0]}


def test_an_entry_leads_to_its_row_where_the_reader_may_see_such_rows():
    letter, url = make_letter(), reverse("admin:admin_logentry_changelist")
    record(make_staff(), Act.CHANGED, ByAdvocacy.LETTER_WITHDRAWN, letter)
    leads = f'href="{reverse("admin:advocacy_letter_change", args=[letter.pk])}"'
    assert leads in signed_in("superuser").get(url).content.decode()
    assert leads not in signed_in("Administrators").get(url).content.decode()


def test_the_page_says_in_our_words_when_who_and_what():
    ann = make_staff()
    write_as_before(ann, "Left test mode.")
    client = signed_in("superuser")
    text = client.get(reverse("admin:admin_logentry_changelist")).content.decode()
    head = text.partition("<thead>")[2].partition("</thead>")[0]
    assert strip_tags(head).split() == ["When", "Who", "Kind", "Name", "What"]
    assert f"member of staff · {ann}" in text
    assert "By action time" not in text
    entry = reverse("admin:admin_logentry_change", args=[LogEntry.objects.get(user=ann).pk])
    shown = client.get(entry).content.decode()
    assert "Left test mode." in shown
    assert "Object repr" not in shown
    assert "Action time" not in shown
