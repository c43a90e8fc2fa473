"""A second file of representatives: what it changes, what it ends, and what it must leave alone."""

from __future__ import annotations

import datetime as dt
import shutil

import pytest

from advocacy.models import (
    ContactRoute,
    Legislature,
    Mandate,
    Person,
)
from tests.advocacy.importing import DATA, DAY, everything, routes_of, run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name", ["popolo.json", "korea.json", "philippines.json", "congress.yaml", "openstates/nj"]
)
def test_a_second_run_changes_nothing_at_all(name):
    first = run(DATA / name)
    before = everything()
    second = run(DATA / name)
    assert everything() == before
    assert second.counts["unchanged"] == first.counts["people"]
    assert (second.counts["created"], second.counts["updated"], second.counts["ended"]) == (0, 0, 0)


def test_a_seat_missing_from_a_newer_file_is_closed_and_not_deleted(parliament):
    run(parliament())

    def without_sami(data):
        data["memberships"] = [row for row in data["memberships"] if row["person_id"] != "p-sami"]

    report = run(parliament(without_sami), as_of=dt.date(2023, 5, 1))
    assert (report.counts["ended"], report.counts["updated"]) == (1, 1)
    assert Mandate.objects.get(person__name="Sami Khoury").end_date == dt.date(2023, 5, 1)
    back = run(parliament(), as_of=dt.date(2023, 6, 1))
    assert (back.counts["ended"], Mandate.objects.get(person__name="Sami Khoury").end_date) == (0, None)


def test_an_end_that_the_source_itself_gives_counts_as_ended_and_not_as_new(parliament):
    run(parliament())

    def sami_left(data):
        for row in data["memberships"]:
            if row["person_id"] == "p-sami":
                row["end_date"] = "2022-12-31"

    report = run(parliament(sami_left), as_of=dt.date(2023, 5, 1))
    assert (report.counts["ended"], report.counts["updated"], report.counts["current"]) == (1, 1, 2)
    assert Mandate.objects.filter(person__name="Sami Khoury").count() == 1


def test_an_older_file_never_overwrites_a_newer_one(parliament):
    def renamed(data):
        data["persons"][0]["name"] = "Layla Haddad-Aziz"
        data["persons"][0]["email"] = "new@parliament.example"

    run(parliament(renamed), as_of=dt.date(2024, 1, 1))
    before = everything()
    report = run(parliament(), as_of=dt.date(2023, 1, 1))
    assert everything() == before
    assert (report.more["older"], report.counts["updated"], report.counts["ended"]) == (4, 0, 0)


def test_a_newer_file_that_says_the_same_still_guards_against_one_between(parliament):
    run(parliament(), as_of=dt.date(2022, 1, 1))
    run(parliament(), as_of=dt.date(2024, 1, 1))

    def renamed(data):
        data["persons"][0]["name"] = "Somebody Else"

    run(parliament(renamed), as_of=dt.date(2023, 1, 1))
    assert Person.objects.filter(name="Layla Haddad").exists()


def test_somebody_only_an_older_file_knows_is_not_in_office_today(parliament):
    def without_sami(data):
        data["memberships"] = [row for row in data["memberships"] if row["person_id"] != "p-sami"]
        data["persons"] = [row for row in data["persons"] if row["id"] != "p-sami"]

    run(parliament(without_sami), as_of=dt.date(2024, 1, 1))
    run(parliament(), as_of=dt.date(2023, 1, 1))
    assert Mandate.objects.get(person__name="Sami Khoury").end_date == dt.date(2024, 1, 1)


def test_a_term_file_ends_nothing_of_another_term_and_erases_nothing_it_does_not_tell(parliament):
    run(parliament())
    report = run(DATA / "term-2.csv", as_of=dt.date(2023, 1, 1))
    assert report.counts["people"] == 2
    layla = Person.objects.get(name="Layla Haddad")
    assert (layla.native_name, layla.honorific) == ("ليلى حداد", "Dr.")
    assert ("phone", "+962 6 555 0101", "usable") in routes_of("Layla Haddad")
    assert layla.mandates.filter(source_id__contains="|1|", end_date=dt.date(2020, 11, 10)).count() == 1
    # Of its own term it is complete: who is missing has left.
    assert Mandate.objects.get(person__name="Sami Khoury").end_date == dt.date(2023, 1, 1)


def test_a_term_file_that_does_not_know_its_term_reopens_nothing(parliament, tmp_path):
    def over(data):
        data["events"][1]["end_date"] = "2024-09-10"

    run(parliament(over))
    before = list(Mandate.objects.order_by("pk").values_list("pk", "start_date", "end_date"))
    alone = tmp_path / "elsewhere" / "term-2.csv"
    alone.parent.mkdir()
    shutil.copy(DATA / "term-2.csv", alone)
    report = run(alone)
    assert any("Nothing says when term 2" in warning for warning in report.warnings)
    after = Mandate.objects.exclude(person__name="Sami Khoury").order_by("pk")
    kept = [row for row in before if Mandate.objects.get(pk=row[0]).person.name != "Sami Khoury"]
    assert list(after.values_list("pk", "start_date", "end_date")) == kept


def test_a_single_file_or_the_retired_alone_end_nobody_elses_mandate(tmp_path):
    run(DATA / "openstates" / "nj", as_of=dt.date(2026, 8, 5))
    one = next((DATA / "openstates" / "nj" / "legislature").glob("Ada*"))
    retired = tmp_path / "nj"
    shutil.copytree(DATA / "openstates" / "nj" / "retired", retired / "retired")
    for path in (one, retired):
        assert run(path, as_of=dt.date(2026, 9, 1)).counts["ended"] == 0
    assert Mandate.objects.current(dt.date(2026, 9, 2)).count() == 4


def test_a_route_its_source_no_longer_gives_is_retired_and_comes_back_with_it(parliament):
    run(parliament())

    def without_office(data):
        data["persons"][0]["email"] = "layla.haddad@parliament.example"

    assert run(parliament(without_office), as_of=dt.date(2023, 1, 1)).counts["updated"] == 1
    assert ("email", "office@haddad.example", "retired") in routes_of("Layla Haddad")
    run(parliament(), as_of=dt.date(2023, 2, 1))
    assert ("email", "office@haddad.example", "usable") in routes_of("Layla Haddad")


@pytest.mark.parametrize("state", ["bounced", "refused"])
def test_an_import_never_revives_a_route_that_bounced_or_was_refused(parliament, state):
    run(parliament())
    ContactRoute.objects.filter(value="office@haddad.example").update(state=state, state_reason="ours")
    run(parliament(), as_of=dt.date(2023, 1, 1))
    route = ContactRoute.objects.get(value="office@haddad.example")
    assert (route.state, route.state_reason) == (state, "ours")


def test_what_staff_typed_or_changed_is_left_alone(parliament):
    run(parliament())
    layla = Person.objects.get(name="Layla Haddad")
    Person.objects.filter(pk=layla.pk).update(name="Layla Haddad MP", kept=True)
    ContactRoute.objects.create(
        person=layla,
        kind="email",
        value="desk@haddad.example",
        value_key="desk@haddad.example",
        source="staff",
        as_of=DAY,
    )
    run(parliament(), as_of=dt.date(2030, 1, 1))
    layla.refresh_from_db()
    assert layla.name == "Layla Haddad MP"
    assert ("email", "desk@haddad.example", "usable") in routes_of("Layla Haddad MP")
    assert ("email", "office@haddad.example", "usable") in routes_of("Layla Haddad MP")


def test_office_hours_that_staff_set_survive_the_next_import(parliament):
    run(parliament())
    Legislature.objects.update(time_zone="Europe/Paris", language="fr", office_days="1234")
    run(parliament(), as_of=dt.date(2030, 1, 1))
    body = Legislature.objects.get()
    assert (body.time_zone, body.language, body.office_days) == ("Europe/Paris", "fr", "1234")


def test_more_closed_mandates_than_the_file_has_left_are_remarked(parliament):
    def crowd(data):
        for number in range(30):
            data["persons"].append({"id": f"p{number}", "name": f"Member {number}"})
            data["memberships"].append(
                {
                    "person_id": f"p{number}",
                    "organization_id": "legislature",
                    "legislative_period_id": "term/2",
                    "role": "member",
                }
            )

    run(parliament(crowd))
    report = run(parliament(), as_of=dt.date(2023, 1, 1), dry_run=True)
    assert report.counts["ended"] == 30
    assert any("30 mandates were missing" in warning for warning in report.warnings)
