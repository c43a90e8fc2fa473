"""Importing representatives, on small files of our own: invented people at addresses nobody has."""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import io
import json
import random
import shutil
import tarfile
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command

from advocacy.models import (
    Area,
    ColumnMapping,
    ContactRoute,
    Legislature,
    Mandate,
    Person,
    RepresentativeImport,
)
from advocacy.representatives import importing, places, postcodes
from advocacy.representatives.importing import KEYS, ImportFileError
from advocacy.representatives.readers import openstates, philippines
from advocacy.representatives.records import day
from tests.advocacy.importing import DATA, DAY, everything, routes_of, run

pytestmark = pytest.mark.django_db


# --- what is read ---------------------------------------------------------------------------------------------


def test_a_popolo_file_becomes_people_with_seats_terms_and_routes(parliament):
    report = run(parliament())
    assert report.counts == {
        "people": 4,
        "mandates": 5,  # one of six was given twice
        "current": 3,
        "created": 4,
        "updated": 0,
        "unchanged": 0,
        "ended": 0,
        "routes": 4,
        "rejected": 1,
    }
    layla = Person.objects.get(name="Layla Haddad")
    assert (layla.native_name, layla.honorific, layla.sort_name) == ("ليلى حداد", "Dr.", "Haddad, Layla")
    assert layla.other_names["fr"] == "Leïla Haddad"
    first, second = layla.mandates.order_by("start_date")
    assert (first.start_date, first.end_date) == (dt.date(2016, 1, 1), dt.date(2020, 11, 10))
    assert (second.start_date, second.end_date, second.party) == (dt.date(2020, 11, 10), None, "Green Party")
    assert routes_of("Layla Haddad") == [
        ("email", "Layla.Haddad@parliament.example", "usable"),
        ("email", "office@haddad.example", "usable"),
        ("phone", "+962 6 555 0101", "usable"),
    ]


def test_a_broken_address_is_reported_with_its_person_and_never_stored(parliament):
    report = run(parliament())
    rejection = report.rejections[0]
    assert (rejection.person, rejection.field) == ("Omar Nasser", "email")
    assert rejection.text == "omar.nasser@parliament,example"
    assert not ContactRoute.objects.filter(value__contains="omar").exists()
    assert report.saved is not None
    assert report.saved.rejected[0]["person"] == "Omar Nasser"


def test_somebody_with_only_a_web_form_is_kept_and_shown_as_such(parliament):
    run(parliament())
    assert routes_of("Sami Khoury") == [("web_form", "https://khoury.example/contact", "usable")]


def test_two_people_of_one_name_stay_two(parliament):
    run(parliament())
    assert Person.objects.filter(name="Omar Nasser").count() == 2


def test_a_legislature_gets_the_language_zone_and_office_days_of_its_country(parliament):
    run(parliament())
    body = Legislature.objects.get()
    assert (body.language, body.time_zone, body.office_days) == ("ar", "Asia/Amman", "12347")
    assert (body.country, body.chamber, body.level) == ("JO", "lower", "national")


@pytest.mark.parametrize(
    ("country", "language", "zone", "days"),
    [
        ("GB", "en", "Europe/London", "12345"),
        ("EG", "ar", "Africa/Cairo", "12347"),
        ("NO", "nb", "Europe/Oslo", "12345"),
        ("CA", "", "America/Toronto", "12345"),  # two languages
        ("CH", "", "Europe/Zurich", "12345"),
        ("EU", "", "Europe/Brussels", "12345"),
        ("XX", "", "UTC", "12345"),
    ],
)
def test_what_is_guessed_of_a_country_is_guessed_only_where_it_is_certain(country, language, zone, days):
    customs = places.customs(country)
    assert (customs.language, customs.time_zone, customs.office_days) == (language, zone, days)


def test_a_state_of_openstates_keeps_chambers_districts_and_offices_apart():
    report = run(DATA / "openstates" / "nj", as_of=dt.date(2026, 8, 5))
    assert (report.counts["people"], report.counts["current"], report.counts["rejected"]) == (6, 4, 1)
    ada = Person.objects.get(name="Ada Quill").mandates.get()  # the seat stood there twice
    assert (ada.end_date, ada.party, ada.area.code) == (dt.date(2030, 1, 1), "Democratic", "US-NJ-lower-17")
    assert (ada.legislature.name, ada.legislature.region) == ("New Jersey General Assembly", "US-NJ")
    assert Person.objects.get(family_name="Óde").mandates.get().area.code == "US-NJ-upper-3"
    assert Mandate.objects.get(role="governor").legislature.chamber == "executive"
    assert Mandate.objects.get(role="mayor").legislature.name == "Toms River, New Jersey"
    assert Person.objects.get(name="Fay None").mandates.count() == 0
    assert not Mandate.objects.current(dt.date(2026, 8, 5)).filter(person__name="Eve Old").exists()
    assert routes_of("Ada Quill")[2] == ("web_form", "https://quill.example/form", "usable")


def test_an_archive_is_streamed_and_its_names_are_never_followed(tmp_path):
    archive = tmp_path / "people.tar.gz"
    source = DATA / "openstates" / "nj"
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(source.rglob("*.yml")):
            member = tar.gettarinfo(path, f"../../data/nj/{path.relative_to(source)}")
            member.mtime = 1785888000  # 5 August 2026
            with path.open("rb") as handle:
                tar.addfile(member, handle)
        link = tarfile.TarInfo("data/nj/legislature/link.yml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    report = importing.run(archive)
    assert (report.counts["people"], report.as_of) == (6, dt.date(2026, 8, 5))
    assert sorted(tmp_path.iterdir()) == [archive]


def test_a_house_member_and_both_senators_are_in_reach_of_a_postcode():
    run(DATA / "congress.yaml", as_of=dt.date(2026, 6, 15))
    postcodes.run(DATA / "postcodes.csv", country="US")
    district = Area.objects.get(code="US-NJ-3")
    assert Mandate.objects.filter(
        area=district, legislature__chamber="lower", person__name="Ida Lund"
    ).exists()
    assert Mandate.objects.filter(area=district.parent, person__name="Gil Harbor").exists()
    assert Mandate.objects.get(person__name="Jo Mast").area.code == "US-AK-0"
    assert routes_of("Gil Harbor") == [
        ("phone", "202-555-0101", "usable"),
        ("web_form", "https://harbor.example/contact", "usable"),
    ]


def test_sources_that_know_a_district_by_one_code_share_it():
    postcodes.run(DATA / "postcodes.csv", country="US")
    run(DATA / "congress.yaml", as_of=dt.date(2026, 6, 15))
    assert Area.objects.filter(code="US-NJ-3").count() == 1
    assert places.us_district_code("NJ-3") == places.us_district_code("ocd-division/country:us/state:nj/cd:3")
    assert places.us_district_code("AK-AL") == places.us_congressional("AK", 0)
    assert places.us_district_code("Vermont") == places.us_state("VT")


def test_a_file_of_the_european_parliament_is_read_as_windows_1252(tmp_path):
    path = tmp_path / "data_v1_meps_9_en.csv"
    path.write_bytes((DATA / "meps_9_en.utf8.csv").read_text().encode("cp1252"))
    report = importing.run(path)
    assert report.as_of == dt.date(2024, 7, 15)
    assert (report.counts["people"], report.counts["current"], report.counts["routes"]) == (3, 2, 2)
    zmid = Person.objects.get(source_id="2")
    assert (zmid.name, zmid.honorific, zmid.language) == ("Žiga Šmid", "Mr", "sl")
    assert Person.objects.get(source_id="3").native_name == ""
    assert any("Kate?ina Nová" in warning for warning in report.warnings)


def test_members_of_the_korean_assembly_are_read_and_their_aides_are_not():
    report = importing.run(DATA / "korea.json")
    assert (report.as_of, report.counts["current"]) == (dt.date(2020, 5, 29), 2)
    hong = Person.objects.get(native_name="홍길동")
    assert (hong.name, hong.family_name, hong.given_name) == ("Hong Gildong", "Hong", "Gildong")
    assert hong.mandates.get().area is None
    assert Person.objects.get(native_name="성춘향").name == "Sung Chun Hyang"
    stored = json.dumps(everything(), default=str, ensure_ascii=False)
    assert not any(aide in stored for aide in ("김보좌", "이보좌", "박비서", "최비서"))


def test_both_chambers_of_the_philippines_are_read_without_the_secretariat():
    report = run(DATA / "philippines.json", country="")
    assert (report.counts["people"], report.counts["rejected"], report.more["with_email"]) == (4, 1, 0)
    assert set(Mandate.objects.values_list("person__name", "party", "area__name")) == {
        ("Rona Dela Cruz", "", None),
        ("Tito P. Santos III", "", None),
        ("Lito D.L. Reyes Jr.", "", "Isabela, 6th District"),
        ("Ana Cendaña", "SAMA@BAYAN", None),
    }
    assert routes_of("Lito D.L. Reyes Jr.") == [("phone", "local 7773", "usable")]


@pytest.mark.parametrize(
    ("original", "family", "given", "nickname"),
    [
        ('DY, FAUSTINO "BOJIE" G. III', "Dy III", "Faustino G.", "Bojie"),
        ("ABANTE, BIENVENIDO M., JR.", "Abante Jr.", "Bienvenido M.", ""),
        ("DY, FAUSTINO MICHAEL CARLOS III T.", "Dy III", "Faustino Michael Carlos T.", ""),
        ("GATO, CIRIACO B., JR., MD, FPSO-HNS", "Gato Jr.", "Ciriaco B.", ""),
        ('LAGBAS, ATTY. JENNIFER "KAREN" A.', "Lagbas", "Jennifer A.", "Karen"),
        ("ABALOS, JC M.", "Abalos", "JC M.", ""),
        ('DAYANGHIRANG, NELSON "JR"', "Dayanghirang", "Nelson", "JR"),
    ],
)
def test_a_name_in_capitals_is_written_as_in_a_letter(original, family, given, nickname):
    assert philippines.parts(original) == (family, given, nickname)


def test_any_csv_file_is_read_through_a_saved_mapping():
    ColumnMapping.objects.create(
        name="kamer",
        columns={
            "id": "Nr",
            "name": "Naam",
            "email": "Mail",
            "area": "Kieskring",
            "party": "Fractie",
            "phone": "Tel",
        },
        defaults={"legislature": "Tweede Kamer", "role": "Kamerlid"},
    )
    report = run(DATA / "members.csv", country="NL", mapping="kamer")
    assert (report.format, report.counts["people"], report.counts["rejected"]) == ("csv", 2, 1)
    seat = Mandate.objects.get(person__name="Femke de Boer")
    assert (seat.legislature.chamber, seat.area.name, seat.role) == ("lower", "Drenthe", "Kamerlid")
    assert [value for _kind, value, _state in routes_of("Femke de Boer")] == [
        "a@kamer.example",
        "b@kamer.example",
        "+31 70 555 0101",
    ]
    assert run(DATA / "members.csv", country="NL", mapping="kamer").counts["unchanged"] == 2


# --- what cannot be taken -----------------------------------------------------------------------------------------


def test_a_dry_run_says_what_would_change_and_changes_nothing(parliament):
    report = run(parliament(), dry_run=True)
    assert report.counts["created"] == 4
    assert everything() == [[], [], [], [], []]
    assert RepresentativeImport.objects.get().dry_run


def test_a_file_that_breaks_midway_leaves_nothing_half(tmp_path):
    shutil.copytree(DATA / "openstates" / "nj", tmp_path / "nj")
    (tmp_path / "nj" / "retired" / "Zed-00000000-0000-4000-8000-000000000009.yml").write_text("id: [broken")
    with pytest.raises(ImportFileError, match="not valid YAML"):
        run(tmp_path / "nj")
    assert everything() == [[], [], [], [], []]
    assert RepresentativeImport.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.json", b"", "is empty"),
        ("cut.json", b'{"persons": [{"id": "1"', "not valid JSON"),
        ("deep.json", b'{"persons": [' + b"[" * 60 + b"]" * 60 + b"]}", "nested too deeply"),
        ("deeper.json", b"[" * 200_000, "not valid JSON"),
        ("deep.yaml", b"- id:\n    bioguide: A\n  terms:\n  " + b"- " * 200_000, "nested too deeply"),
        ("flow.yaml", b"- id:\n    bioguide: A\n  terms:\n  - " + b"[" * 200_000, "nested too deeply"),
        ("other.json", b'{"hello": 1}', "is not known"),
        ("book.xlsx", b"PK\x03\x04rest", "zip file or a spreadsheet"),
        ("cut.json.gz", gzip.compress(b'{"persons": []}', mtime=0)[:-6], "damaged"),
        ("names.csv", b"id,name__en,name__ar\n1,A,B\n", "not for import"),
        ("own.csv", b"Nr,Naam\n1,A\n", "needs a saved column mapping"),
        ("latin.csv", b"mep_identifier,x\n1,\x81\n", "CP1252"),
        ("ragged.csv", b"mep_identifier,x\n1,2,3\n", "as many fields"),
        ("index.json", b'[{"name": "A", "legislatures": []}]', "index of legislatures"),
        ("postcodes.csv", b"state_fips,state_abbr,zcta,cd\n01,AL,1,1\n", "an import of their own"),
        ("random.bin", bytes(range(256)) * 8, "is not known"),
    ],
)
def test_a_file_we_cannot_take_gets_one_sentence_and_leaves_nothing(tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImportFileError, match=sentence):
        importing.run(path)
    assert everything() == [[], [], [], [], []]


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "bomb.json.gz"
    with gzip.open(path, "wb") as handle:
        handle.write(b"[")
        for _block in range(110):
            handle.write(b" " * 1_000_000)
    with pytest.raises(ImportFileError, match="too large"):
        importing.run(path)


def test_an_archive_cut_short_leaves_nothing(tmp_path):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        tar.add(DATA / "openstates" / "nj", "data/nj")
    path = tmp_path / "cut.tar.gz"
    path.write_bytes(whole.getvalue()[:-200])
    with pytest.raises(ImportFileError, match="damaged"):
        importing.run(path)
    assert Person.objects.count() == 0


@pytest.mark.parametrize("options", [{"country": "Jordan"}, {"format": "xml"}, {"mapping": "nobody"}])
def test_an_option_we_do_not_know_gets_one_sentence(parliament, options):
    with pytest.raises(ImportFileError):
        run(parliament(), **options)


def test_a_file_that_does_not_tell_its_country_asks_for_it(parliament):
    with pytest.raises(ImportFileError, match="--country XX"):
        run(parliament(), country="")


def test_a_person_without_id_or_with_an_endless_name_is_reported_and_the_others_are_taken(parliament):
    def spoiled(data):
        data["persons"][1]["name"] = "x" * 5_000
        del data["persons"][2]["id"]

    report = run(parliament(spoiled))
    assert (report.counts["people"], report.counts["rejected"]) == (2, 2)
    assert {rejection.field for rejection in report.rejections} == {"name", "id"}


def test_hostile_text_is_stored_as_one_harmless_line(parliament):
    def hostile(data):
        data["persons"][0]["name"] = "Layla\x00\r\nBcc: a@b.example  <script>"
        data["persons"][0]["image"] = {"not": "text"}

    run(parliament(hostile))
    assert Person.objects.get(source_id="p-layla").name == "Layla Bcc: a@b.example <script>"


def _places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in _places_in(child, (*path, key)))]


@pytest.mark.parametrize("name", ["popolo.json", "korea.json", "philippines.json", "congress.yaml"])
def test_a_value_of_another_kind_anywhere_gives_a_report_or_one_sentence(tmp_path, name):
    original = DATA / name
    data = json.loads(original.read_text()) if name.endswith("json") else yaml.safe_load(original.read_text())
    chance = random.Random(name)
    places = [place for place in _places_in(data) if place]
    for place in chance.choices(places, k=40):
        spoiled = copy.deepcopy(data)
        inner = spoiled
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = chance.choice([None, 7, True, [], {}, "x", [1], {"a": []}, "9" * 700, "|\x00\t"])
        path = tmp_path / name
        path.write_text(json.dumps(spoiled) if name.endswith("json") else yaml.safe_dump(spoiled))
        try:
            run(path, dry_run=True)
        except ImportFileError as error:
            assert str(error).endswith((".", "NAME.", "--country XX."))  # noqa: PT017 - either answer is right
    assert Person.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2012", dt.date(2012, 1, 1), dt.date(2013, 1, 1)),
        ("2012-12", dt.date(2012, 12, 1), dt.date(2013, 1, 1)),
        ("2012-02-29", dt.date(2012, 2, 29), dt.date(2012, 2, 29)),
        ("2011-02-29", None, None),
        ("", None, None),
        ("soon", None, None),
        ("9999", dt.date(9999, 1, 1), None),
    ],
)
def test_a_shortened_date_begins_with_its_first_day_and_ends_after_its_last(text, start, end):
    assert (day(text), day(text, end=True)) == (start, end)


def test_openstates_knows_where_an_unknown_jurisdiction_does_not_belong():
    assert openstates._legislature("ocd-jurisdiction/country:ca/province:on/legislature", "lower") is None


# --- the commands ------------------------------------------------------------------------------------------------


def test_the_command_prints_one_json_object_with_the_promised_keys(parliament, capsys):
    call_command("import_representatives", str(parliament()), country="jo", as_of=DAY, json=True)
    printed = json.loads(capsys.readouterr().out)
    assert set(KEYS) <= printed.keys()
    assert all(isinstance(printed[key], int) for key in KEYS)
    assert (printed["format"], printed["as_of"]) == ("popolo", "2022-03-01")


def test_the_command_names_who_was_not_taken_and_why(parliament, capsys):
    call_command("import_representatives", str(parliament()), "--country", "JO", "--as-of", "2022-03-01")
    printed = capsys.readouterr().out
    assert "people" in printed
    assert "Not taken: Omar Nasser, email 'omar.nasser@parliament,example'" in printed


def test_the_command_fails_with_the_sentence_alone(tmp_path):
    with pytest.raises(CommandError, match="There is no file or folder"):
        call_command("import_representatives", str(tmp_path / "nothing.json"))


def test_postcodes_keep_their_zeros_and_every_district_they_lie_in(capsys):
    call_command("import_postcodes", str(DATA / "postcodes.csv"), country="us", json=True)
    printed = json.loads(capsys.readouterr().out)
    assert (printed["pairs"], printed["postcodes"], printed["in_several"]) == (5, 4, 1)
    call_command("import_postcodes", str(DATA / "postcodes.csv"), country="US", json=True)
    assert json.loads(capsys.readouterr().out)["unchanged"] == 5
    assert Area.objects.get(code="US-PR-0").parent.name == "Puerto Rico"


def test_postcodes_of_another_country_come_from_two_plain_columns(tmp_path):
    path = tmp_path / "uk.csv"
    path.write_text("postcode,area_code,area\nsw1a 1aa,E14000639,Cities of London and Westminster\n,,\n")
    report = postcodes.run(path, country="GB")
    assert (report.pairs, report.rejected) == (1, 1)
    assert Area.objects.get(code="E14000639").name == "Cities of London and Westminster"
    with pytest.raises(ImportFileError):
        postcodes.run(DATA / "members.csv", country="NL")
