"""What a person chooses for an import: kept until the run begins, and never into one that has gone on."""

from __future__ import annotations

import pytest

from contacts.imports import choosing
from contacts.models import Attribute, Import, ImportMapping, MailingList
from tests.staff import make_import, make_organisation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", Import.Status.values)
def test_only_an_import_that_no_worker_has_and_that_has_not_run_takes_a_choice(status):
    one = make_import(status=status)
    taken = choosing.choose(one, columns=["address"])
    one.refresh_from_db()
    is_open = status in {"uploaded", "checked", "failed"}
    assert taken == is_open
    assert one.columns == (["address"] if is_open else [])
    assert one.status == ("uploaded" if is_open else status)


def test_a_choice_after_a_refusal_of_the_file_takes_the_refusal_away():
    one = make_import(status="failed", problem="no_header", problem_detail="line 1")
    choosing.choose(one, options={"header": False})
    assert (one.problem, one.problem_detail) == ("", "")


def test_a_proof_of_consent_does_not_make_the_check_be_done_again():
    one = make_import(status="checked", forecast={"created": 3})
    assert choosing.say_proof(one, consent_text="Yes, send me news")
    assert (one.status, one.consent_text) == ("checked", "Yes, send me news")
    assert not choosing.say_proof(make_import(status="running"), consent_text="later")


def test_two_columns_of_one_name_become_two_attributes():
    fields = choosing.make_attributes(["address", "new:text", "new:text"], ["E-mail", "Note", "note"])
    assert fields == ["address", "attribute:note", "attribute:note_2"]


def test_an_attribute_of_another_kind_is_left_as_it_is():
    Attribute.objects.create(key="age", name="Age", kind="text")
    assert choosing.make_attributes(["new:number"], ["Age"]) == ["attribute:age_2"]
    assert Attribute.objects.get(key="age").kind == "text"


def test_an_attribute_that_is_there_is_not_made_again():
    Attribute.objects.create(key="city", name="City", kind="text")
    assert choosing.make_attributes(["new:text"], ["city"]) == ["attribute:city"]
    assert Attribute.objects.count() == 1


def test_a_column_without_letters_of_ours_becomes_an_attribute_with_its_own_name():
    [field] = choosing.make_attributes(["new:text"], ["住所"])
    assert Attribute.objects.get(key=field.removeprefix("attribute:")).name == "住所"


def test_a_new_list_never_takes_the_address_of_another():
    slugs = [choosing.make_list("Bus News", None).slug for _number in range(3)]
    assert slugs == ["bus-news", "bus-news-2", "bus-news-3"]
    assert MailingList.objects.filter(slug=choosing.make_list("新闻", None).slug).exists()


def test_a_mapping_saved_twice_is_one_and_holds_the_last():
    organisation = make_organisation()
    for field in ("first_name", "name"):
        choosing.keep_mapping(
            "Members",
            ["E-Mail", "Name"],
            ["address", field],
            {"encoding": "cp1252", "header": True, "header_line": 3, "date_order": "dmy"},
            organisation.pk,
        )
    mapping = ImportMapping.objects.get()
    assert mapping.columns == {"e-mail": "address", "name": "name"}
    assert mapping.options == {"date_order": "dmy"}


def test_a_mapping_remembers_that_there_are_no_headings():
    kept = choosing.keep_mapping("Bare", ["", ""], ["address", "name"], {"header": False}, None)
    assert kept.options == {"header": False}
