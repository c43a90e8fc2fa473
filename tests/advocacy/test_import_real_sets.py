"""The open sets of real representatives, where they are on this machine, against the numbers measured on them.

The folder is found by `tests/shared_data.py`.
"""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from advocacy import targets
from advocacy.models import Area, ContactRoute, Mandate, Person
from advocacy.representatives import importing, postcodes
from advocacy.representatives.importing import ImportFileError, Report
from tests.shared_data import shared
from tests.staff import make_campaign

DATA = shared("data/representatives")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(DATA is None, reason="the open sets are not on this machine"),
]
NOVEMBER_2015 = dt.date(2015, 11, 30)


def read(path: str, **options: object) -> Report:
    assert DATA is not None
    return importing.run(DATA / path, **options)  # type: ignore[arg-type]


# Legislature, and of the README's table: persons, current, with an e-mail, memberships.
POPOLO = [
    ("American_Samoa/House", 16, 16, 0, 16),
    ("Azerbaijan/National_Assembly", 125, 125, 0, 125),
    ("Bahamas/House_of_Assembly", 38, 38, 0, 38),
    ("British_Virgin_Islands/Assembly", 23, 13, 0, 39),
    # The README counts the 13 of the newest term; that term ended in 2007, when the Assembly took over.
    ("British_Virgin_Islands/Council", 36, 0, 0, 89),
    ("Cambodia/National_Assembly", 123, 123, 0, 123),
    ("China/Congress", 2956, 2956, 0, 2987),
    ("Comoros/Assembly", 24, 24, 0, 24),
    ("Faroe_Islands/Logting", 99, 33, 0, 222),
    ("Jamaica/House_of_Representatives", 63, 63, 0, 63),
    ("Jordan/House_of_Representatives", 150, 150, 0, 150),
    ("Malaysia/Dewan_Rakyat", 1148, 228, 0, 2299),
    ("North_Korea/National_Assembly", 687, 687, 0, 687),
    ("Northern_Cyprus/Assembly", 50, 50, 0, 50),
    ("Norway/Storting", 1141, 169, 0, 2839),
    ("Pitcairn/Island_Council", 12, 5, 0, 14),
    ("Saint_Barthelemy/Council", 19, 19, 0, 19),
    ("Saint_Martin/Council", 23, 23, 0, 23),
    ("Saint_Pierre_and_Miquelon/Territorial_Council", 31, 19, 0, 38),
    ("Sark/Chief_Pleas", 46, 29, 0, 112),
    ("Senegal/Assembly", 149, 149, 0, 150),
    ("Sweden/Riksdag", 356, 356, 356, 356),  # 357 with one row given twice
    ("Tuvalu/Parliament", 27, 15, 0, 50),
    ("UK/Commons", 1337, 649, 649, 3363),
    ("United_States_of_America/Senate", 310, 100, 0, 1843),
    ("Vatican_City/Pontifical_Commission", 7, 7, 0, 7),
    ("Wallis_and_Futuna/Territorial_Assembly", 20, 20, 0, 20),
]


def test_every_legislature_of_everypolitician_has_the_people_the_set_says():
    found = []
    for folder, *_numbers in POPOLO:
        report = read(f"everypolitician/{folder}", as_of=NOVEMBER_2015)
        found.append(
            (
                folder,
                report.counts["people"],
                report.counts["current"],
                report.more["with_email"],
                report.counts["mandates"],
            )
        )
        assert report.counts["rejected"] == 0
    assert found == POPOLO


def test_a_term_file_after_the_whole_legislature_changes_nothing():
    read("everypolitician/UK/Commons", as_of=NOVEMBER_2015)
    term = read("everypolitician/UK/Commons/term-56.csv", as_of=NOVEMBER_2015).counts
    assert (term["people"], term["mandates"], term["current"]) == (650, 651, 649)
    assert (term["created"], term["updated"], term["ended"]) == (0, 0, 0)
    assert Person.objects.get(name="Adam Afriyie").other_names["de"] == "Adam Afriyie"


@pytest.mark.parametrize(
    ("path", "people", "mandates", "with_email"),
    [
        ("Germany/Bundestag/term-17.csv", 652, 652, 0),
        ("Germany/Bundestag/term-18.csv", 646, 646, 0),
        ("Turkey/Assembly/term-25.csv", 550, 550, 0),
        ("China/Congress/term-12.csv.gz", 2956, 2987, 0),
        ("UK/Commons/term-55.csv", 669, 672, 467),
        ("United_States_of_America/House/term-114.csv", 443, 443, 0),
    ],
)
def test_a_term_file_alone_has_the_people_the_set_says(path, people, mandates, with_email):
    report = read(f"everypolitician/{path}", as_of=NOVEMBER_2015)
    assert (report.counts["people"], report.counts["mandates"]) == (people, mandates)
    assert report.more["with_email"] == with_email


def test_the_whole_tree_is_read_though_its_index_lists_two_hundred_missing_legislatures():
    report = read("everypolitician/countries.json.gz", dry_run=True)
    assert report.format == "everypolitician"
    assert report.more["with_email"] == 1005


@pytest.mark.parametrize(
    ("term", "people", "with_email", "lost_letters"),
    [(0, 726, 0, 0), (5, 895, 30, 50), (8, 860, 261, 73), (9, 813, 698, 71)],
)
def test_a_term_of_the_european_parliament_has_the_people_the_set_says(
    term, people, with_email, lost_letters
):
    report = read(f"european-parliament/data_v1_meps_{term}_en.csv")
    assert (report.counts["people"], report.counts["rejected"]) == (people, 0)
    assert report.more["with_email"] == with_email
    lost = [warning for warning in report.warnings if warning.startswith("Names with lost letters")]
    assert lost == (
        [f"Names with lost letters (a question mark inside): {lost_letters}."] if lost_letters else []
    )
    if term:
        assert any("the two were exchanged" in warning for warning in report.warnings)


def test_an_older_term_of_the_parliament_takes_nothing_from_a_newer_one():
    read("european-parliament/data_v1_meps_9_en.csv")
    before = list(ContactRoute.objects.order_by("pk").values_list("pk", "state", "value"))
    read("european-parliament/data_v1_meps_5_en.csv")
    assert (
        list(
            ContactRoute.objects.filter(pk__in=[row[0] for row in before])
            .order_by("pk")
            .values_list("pk", "state", "value")
        )
        == before
    )
    assert Mandate.objects.current(dt.date(2023, 1, 1)).count() == 810  # three of 813 had died


def test_the_korean_assembly_is_the_same_as_csv_and_as_json():
    report = read("korea-national-assembly/assembly.csv.gz", as_of=dt.date(2018, 12, 11))
    assert (report.counts["people"], report.counts["current"], report.more["with_email"]) == (299, 299, 260)
    assert Mandate.objects.filter(role="비례대표", area=None).count() == 47
    again = read("korea-national-assembly/assembly.json.gz", as_of=dt.date(2018, 12, 11)).counts
    assert (again["unchanged"], again["created"], again["updated"], again["ended"]) == (299, 0, 0, 0)
    assert not Person.objects.filter(native_name="윤지현").exists()  # an aide


def test_both_chambers_of_the_philippines_are_read_from_three_files():
    report = read("philippines")
    # 24 + 255 + 61, of whom the Speaker stands twice in the same file.
    assert report.counts["people"] == report.counts["current"] == 339
    assert report.more["with_email"] == 0
    assert dict(
        Mandate.objects.values_list("legislature__chamber")
        .distinct()
        .values_list("legislature__chamber", "legislature__name")
    ) == {
        "upper": "Senate of the Philippines",
        "lower": "House of Representatives of the Philippines",
    }
    dy = Person.objects.get(name="Faustino G. Dy III")
    assert (dy.family_name, dy.given_name, dy.other_names) == ("Dy III", "Faustino G.", {"nickname": "Bojie"})


def test_congress_comes_with_its_forms_and_its_districts():
    report = read("us-congress/legislators-current.yaml.gz", as_of=dt.date(2026, 6, 15))
    assert (report.counts["people"], report.counts["mandates"], report.counts["current"]) == (537, 2792, 537)
    assert (report.more["with_web_form"], report.more["with_email"]) == (89, 0)
    phones = ContactRoute.objects.filter(kind="phone").values("person").distinct().count()
    assert phones == 536
    assert ContactRoute.objects.filter(value__startswith="hh").count() == 0
    assert Area.objects.get(code="US-NJ-3").parent.code == "US-NJ"
    assert read("us-congress/executive.yaml", as_of=dt.date(2026, 6, 15)).counts["people"] == 80


def test_a_postcode_offers_the_three_people_in_congress_who_represent_it():
    assert DATA is not None
    read("us-congress/legislators-current.yaml.gz", as_of=dt.date(2026, 6, 15))
    postcodes.run(DATA / "us-zip-to-district" / "zccd.csv.gz", country="US")
    campaign = make_campaign()
    with time_machine.travel(dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)):
        offered = {
            code: targets.offer(campaign, "US", postcode=code).candidates
            for code in ("07001", "99501", "42223")  # one district; at large; two states
        }
    chambers = {code: sorted(one.legislature.chamber for one in found) for code, found in offered.items()}
    assert chambers["07001"] == chambers["99501"] == ["lower", "upper", "upper"]
    assert {one.area.code for one in offered["07001"]} == {"US-NJ", "US-NJ-6"}
    assert chambers["42223"] == ["lower", "lower", "upper", "upper", "upper", "upper"]


@pytest.mark.parametrize(
    ("state", "people", "current", "with_email", "rejected"),
    [("nj", 360, 131, 247, 4), ("co", 364, 108, 229, 1), ("nm", 290, 115, 188, 0)],
)
def test_a_loose_openstates_folder_has_the_people_the_set_says(state, people, current, with_email, rejected):
    report = read(f"openstates/data/{state}", as_of=dt.date(2026, 8, 5))
    assert (report.counts["people"], report.counts["current"]) == (people, current)
    assert (report.more["with_email"], report.counts["rejected"]) == (with_email, rejected)
    assert report.counts["ended"] == 0


@pytest.mark.timeout(300)
def test_every_state_of_openstates_is_read_and_a_second_time_changes_nothing():
    report = read("openstates/openstates-people-all.tar.gz")
    assert report.as_of == dt.date(2026, 8, 5)
    # 20,965 files; one person is in two of them, as a mayor and as a past member of Congress.
    assert (report.counts["people"], report.counts["created"], report.counts["unchanged"]) == (
        20_965,
        20_964,
        1,
    )
    assert Person.objects.count() == 20_964
    assert (report.counts["current"], report.more["with_email"]) == (7_953, 12_607)
    assert report.counts["rejected"] == 14
    assert Person.objects.filter(mandates=None).count() == 57
    again = read("openstates/openstates-people-all.tar.gz").counts
    assert (again["unchanged"], again["created"], again["updated"], again["ended"]) == (20_965, 0, 0, 0)


def test_the_postcodes_of_the_united_states_keep_their_zeros_and_all_their_districts():
    assert DATA is not None
    report = postcodes.run(DATA / "us-zip-to-district" / "zccd.csv.gz", country="US")
    assert (report.pairs, report.postcodes, report.in_several, report.rejected) == (42_033, 33_774, 7_299, 0)
    again = postcodes.run(DATA / "us-zip-to-district" / "zccd.csv.gz", country="US")
    assert (again.created, again.removed, again.unchanged) == (0, 0, 42_033)


@pytest.mark.parametrize(
    "path",
    [
        "wikidata-names/Kuwait/National_Assembly/wikidata.csv",
        "us-zip-to-district/zccd.csv.gz",
        "us-congress/legislators-district-offices.yaml.gz",
        "README.md",
    ],
)
def test_a_file_that_holds_no_representatives_is_refused_with_a_sentence(path):
    with pytest.raises(ImportFileError, match=r"\.$|NAME|US"):
        read(path)
    assert Person.objects.count() == 0
