"""Who is bound to some mailing lists sees and uses these, and nothing of any other list."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, models
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.permissions import _conditions, bound_to, may, scope_of, visible
from advocacy.models import Campaign, Expression, Letter, Submission
from contacts.admin.import_forms import PurposeForm
from contacts.models import (
    Consent,
    Contact,
    ContactExport,
    Import,
    ListRight,
    MailingList,
    Segment,
    Subscription,
    Suppression,
)
from mailer.models import Delivery, Mailing, MailingMessage, Message
from tests.accounts.test_desk_rights import OF_A_ROW, pages_of_a_row
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import (
    make_delivery,
    make_every_row,
    make_import,
    make_message,
    make_organisation,
    make_staff,
)

pytestmark = pytest.mark.django_db


def bound(*roles: str, to: MailingList) -> User:
    user = make_staff(*(roles or ("superuser",)))
    ListRight.objects.create(user=user, mailing_list=to)
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_mailing(mailing_list: MailingList, *also: MailingList) -> Mailing:
    mailing = Mailing.objects.create(name="May call", mailing_list=mailing_list)
    mailing.include_lists.set([mailing_list, *also])
    return mailing


def every_row_of_a_list() -> dict[type[models.Model], models.Model]:
    """As `make_every_row`, with every row that belongs to a list at the same list."""
    rows = make_every_row(None)
    mailing, message = rows[Mailing], make_message()
    assert isinstance(mailing, Mailing)
    MailingMessage.objects.create(mailing=mailing, message=message, language="en")
    rows[Message] = message
    rows[Delivery] = make_delivery(message=message, mailing=mailing, kind=Delivery.Kind.MAILING)
    rows[Import] = make_import(mailing_list=rows[MailingList], status="discarded")
    Campaign.objects.update(mailing_list=rows[MailingList])
    hashed = Contact.objects.get().address_hash
    rows[Suppression] = Suppression.objects.create(address_hash=hashed, reason="left", scope="all")
    Segment.objects.update(rule=on(rows[MailingList]))
    return rows


def on(mailing_list: models.Model) -> dict[str, Any]:
    """A rule that names a list."""
    return {"all": [{"field": "list", "is": "on", "value": {"list": mailing_list.pk}}]}


def test_no_page_of_the_desk_shows_a_bound_person_a_row_of_another_list():
    theirs = every_row_of_a_list()
    user = bound(to=make_mailing_list())
    client = client_of(user)
    asked = [model for model in admin.site._registry if model in _conditions]
    assert {MailingList, Contact, Subscription, Consent, Import, Mailing, Delivery, Message} <= set(
        _conditions
    )
    assert {Segment, Suppression, Campaign, Letter, Submission, Expression, LogEntry} <= set(asked)
    for model in asked:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        listed = client.get(reverse(f"{base}_changelist")).context["cl"].result_list
        assert theirs[model].pk not in [row.pk for row in listed], model
        for page in OF_A_ROW:
            answer = client.get(reverse(f"{base}_{page}", args=[theirs[model].pk]))
            assert answer.status_code in {302, 403, 404}, (model, page)
    own_pages = {name: model for name, model in pages_of_a_row().items() if model in _conditions}
    assert len(own_pages) > 15, "the walk finds them"
    for name, model in own_pages.items():
        url = reverse(f"admin:{name}", args=[theirs[model].pk])
        for answer in (client.get(url), client.post(url)):
            assert answer.status_code in {403, 404, 405}, url


def test_a_bound_person_sees_the_rows_of_their_own_list():
    rows = every_row_of_a_list()
    user = bound(to=rows[MailingList])  # type: ignore[arg-type]
    for model in (MailingList, Contact, Subscription, Consent, Import, Mailing, Delivery, Message):
        assert list(visible(user, model._default_manager.all())) == [rows[model]] or model in {
            Delivery,
            Import,
        }
        assert visible(user, model._default_manager.filter(pk=rows[model].pk)).exists(), model
        assert may(user, f"{model._meta.app_label}.view_{model._meta.model_name}", rows[model]), model
    base = client_of(user)
    assert base.get(reverse("admin:contacts_contact_change", args=[rows[Contact].pk])).status_code == 200


def test_without_a_right_everybody_works_with_every_list():
    make_mailing_list(), make_mailing_list()
    user = make_staff()
    assert bound_to(user) is None
    assert visible(user, MailingList.objects.all()).count() == 2


def test_a_bound_person_of_an_organisation_sees_only_what_is_both_theirs():
    ours = make_organisation()
    own, other = make_mailing_list(organisation=ours), make_mailing_list(organisation=ours)
    foreign = make_mailing_list(organisation=make_organisation())
    user = make_staff("superuser", organisation=ours)
    for one in (own, foreign):
        ListRight.objects.create(user=user, mailing_list=one)
    assert list(visible(user, MailingList.objects.all())) == [own]
    assert not may(user, "contacts.view_mailinglist", other)


def test_a_mailing_that_also_goes_to_another_list_is_out_of_reach():
    own, other = make_mailing_list(), make_mailing_list()
    reachable, beyond = make_mailing(own), make_mailing(own, other)
    user = bound(to=own)
    assert list(visible(user, Mailing.objects.all())) == [reachable]
    assert not may(user, "mailer.send_mailing", beyond)


def test_of_a_person_on_two_lists_only_their_own_is_shown_and_exported():
    own, other = make_mailing_list(slug="own"), make_mailing_list(slug="other", name="The other list")
    contact, beyond = make_contact(), make_contact()
    for one in (own, other):
        make_subscription(contact, one)
    make_subscription(beyond, other)
    client = client_of(bound(to=own))
    page = client.get(reverse("admin:contacts_contact_change", args=[contact.pk]))
    assert "The other list" not in page.text
    answer = client.post(reverse("admin:contacts_contact_export"), {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row["lists"] for row in rows] == ["own: confirmed"]


def test_a_segment_counts_only_people_on_their_lists():
    own = make_mailing_list()
    make_subscription(make_contact(country="KE"), own)
    make_contact(country="KE")
    segment = Segment.objects.create(
        name="Kenya", rule={"all": [{"field": "country", "is": "is", "value": ["KE"]}]}
    )
    answer = client_of(bound(to=own)).get(
        reverse("admin:contacts_segment_count", args=[segment.pk]), headers={"HX-Request": "true"}
    )
    assert ">1<" in answer.text


def test_an_import_is_offered_their_lists_and_no_new_one():
    own, other = make_mailing_list(name="Ours"), make_mailing_list(name="Not ours")
    user = bound(to=own)
    form = PurposeForm(user=user, instance=make_import(created_by=user))
    assert list(form.fields["mailing_list"].queryset) == [own]  # type: ignore[attr-defined]
    assert "new_list" not in form.fields
    assert other not in form.fields["mailing_list"].queryset  # type: ignore[attr-defined]


def test_a_file_without_a_list_belongs_to_who_brought_it():
    user, colleague = bound(to=make_mailing_list()), make_staff()
    own = make_import(created_by=user)
    make_import(created_by=colleague)
    assert list(visible(user, Import.objects.all())) == [own]
    ContactExport.objects.create(by=colleague, format="csv")
    assert not visible(user, ContactExport.objects.all()).exists()


@pytest.mark.parametrize(
    "permission",
    [
        "contacts.add_mailinglist",
        "contacts.add_contact",
        "contacts.erase_contact",
        "contacts.lift_suppression",
        "contacts.delete_listright",
    ],
)
def test_what_reaches_beyond_their_lists_is_shut_to_a_bound_person(permission):
    assert may(make_staff("superuser"), permission)
    assert not may(bound(to=make_mailing_list()), permission)


def test_counts_are_remembered_apart_for_people_who_see_different_rows():
    own = make_mailing_list()
    scopes = {scope_of(make_staff()), scope_of(bound(to=own)), scope_of(bound(to=make_mailing_list()))}
    assert len(scopes) == 3


def test_an_administrator_binds_a_colleague_who_then_sees_that_list_only():
    administrator, colleague = make_staff("Administrators"), make_staff("Data stewards")
    own = make_mailing_list(name="Ours")
    make_mailing_list(name="Not ours")
    url = reverse("admin:contacts_listright_add")
    given = client_of(administrator).post(url, {"user": colleague.pk, "mailing_list": own.pk}, follow=True)
    assert given.redirect_chain[-1][1] == 302
    assert str(ListRight.objects.get()) in next(str(message) for message in given.context["messages"])
    assert str(ListRight.objects.get()).endswith(", Ours")
    shown = client_of(colleague).get(reverse("admin:contacts_mailinglist_changelist")).context["cl"]
    assert list(shown.result_list) == [own]
    assert client_of(colleague).post(url, {"user": colleague.pk, "mailing_list": own.pk}).status_code == 403


def test_a_list_with_rights_cannot_vanish_and_set_its_people_free():
    right = ListRight.objects.create(user=make_staff(), mailing_list=make_mailing_list())
    with pytest.raises(models.ProtectedError):
        right.mailing_list.delete()
    with pytest.raises(IntegrityError):
        ListRight.objects.create(user=right.user, mailing_list=right.mailing_list)


@pytest.mark.filterwarnings("error::django.core.paginator.UnorderedObjectListWarning")
def test_the_lists_to_choose_from_are_in_the_order_of_their_names():
    for name in ("Zebras", "Apples"):
        make_mailing_list(name=name)
    asked = {"app_label": "contacts", "model_name": "listright", "field_name": "mailing_list", "term": ""}
    answer = client_of(make_staff("Administrators")).get(reverse("admin:autocomplete"), asked)
    assert [row["text"] for row in answer.json()["results"]] == ["Apples", "Zebras"]
