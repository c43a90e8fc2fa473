"""Who is offered, and that nobody else can be chosen."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from advocacy import targets
from advocacy.models import ContactRoute, Legislature, Mandate, Person, Postcode, TargetRule
from tests.factories import make_area, make_campaign, make_legislature, make_mandate, make_person, make_route

pytestmark = pytest.mark.django_db

Effect = TargetRule.Effect


def rule(campaign, effect, **fields):
    return TargetRule.objects.create(campaign=campaign, effect=effect, **fields)


def people(offer: targets.Offer) -> set[Person]:
    return {candidate.person for candidate in offer.candidates}


def test_without_rules_everybody_in_office_in_the_country_is_offered_and_nobody_ticked():
    campaign = make_campaign()
    here = make_mandate()
    make_mandate(make_legislature(country="FR"))
    make_mandate(here.legislature, end_date=timezone.localdate())
    make_mandate(here.legislature, start_date=timezone.localdate() + timedelta(days=1))
    make_mandate(here.legislature, make_person(refuses_letters=True))
    found = targets.offer(campaign, "KE")
    assert people(found) == {here.person}
    assert found.total == 1
    assert not found.candidates[0].ticked
    assert not found.is_fallback


def test_sparing_wins_over_every_other_rule_and_over_every_office():
    campaign = make_campaign()
    ally, other = make_mandate(party="Greens"), make_mandate(party="Others")
    make_mandate(other.legislature, ally.person, email=None, party="Independent")
    rule(campaign, Effect.TICK, country="KE")
    rule(campaign, Effect.SPARE, party="greens")
    assert people(targets.offer(campaign, "KE")) == {other.person}
    with pytest.raises(ValidationError, match="no longer"):
        targets.chosen(campaign, "KE", [ally.person_id])


def test_ticked_people_come_first_and_no_more_than_may_be_written_to_at_once():
    campaign = make_campaign(max_recipients=2)
    upper = make_legislature(chamber=Legislature.Chamber.UPPER)
    lower = make_legislature(chamber=Legislature.Chamber.LOWER)
    first = make_mandate(lower)
    unreachable = make_mandate(upper, email=None)
    senators = [make_mandate(upper) for _number in range(3)]
    rule(campaign, Effect.TICK, chamber="upper")
    rule(campaign, Effect.OFFER, chamber="lower")
    found = targets.offer(campaign, "KE")
    assert [candidate.person for candidate in found.candidates] == [
        unreachable.person,
        *(senator.person for senator in senators),
        first.person,
    ]
    assert [candidate.ticked for candidate in found.candidates] == [False, True, True, False, False]
    assert found.chambers == [("lower", "lower chamber"), ("upper", "upper chamber")]


def test_a_rule_without_conditions_names_everybody():
    campaign = make_campaign()
    make_mandate()
    rule(campaign, Effect.TICK)
    assert [candidate.ticked for candidate in targets.offer(campaign, "KE").candidates] == [True]


def test_the_fallback_is_offered_only_where_nobody_else_is():
    campaign = make_campaign()
    minister = make_mandate(make_legislature(chamber=Legislature.Chamber.EXECUTIVE))
    rule(campaign, Effect.OFFER, chamber="single")
    rule(campaign, Effect.FALLBACK, chamber="executive")
    found = targets.offer(campaign, "KE")
    assert people(found) == {minister.person}
    assert found.is_fallback
    assert targets.chosen(campaign, "KE", [minister.person_id])[0].person == minister.person
    member = make_mandate()
    found = targets.offer(campaign, "KE")
    assert people(found) == {member.person}
    assert not found.is_fallback


def test_a_fallback_that_names_a_person_reaches_every_country():
    campaign = make_campaign()
    speaker = make_mandate(make_legislature(country="NL"))
    make_mandate(make_legislature(country="FR"))
    rule(campaign, Effect.OFFER, country="FR")
    rule(campaign, Effect.FALLBACK, person=speaker.person)
    assert people(targets.offer(campaign, "KE")) == {speaker.person}
    assert not targets.offer(campaign, "FR").is_fallback


def test_an_area_brings_those_around_and_within_it():
    campaign = make_campaign()
    state = make_area(name="State")
    district, other = make_area(name="One", parent=state), make_area(name="Two", parent=state)
    senate = make_legislature()
    senator = make_mandate(senate, area=state)
    member = make_mandate(senate, area=district)
    make_mandate(senate, area=other)
    assert people(targets.offer(campaign, "KE", area=str(district.pk))) == {senator.person, member.person}
    assert targets.offer(campaign, "KE", area=str(state.pk)).total == 3
    assert targets.offer(campaign, "KE", area="' OR 1=1").total == 3


def test_a_postcode_in_two_districts_offers_both_and_says_so():
    campaign = make_campaign()
    house = make_legislature(country="US")
    state = make_area(country="US", code="US-NJ", name="New Jersey")
    areas = [
        make_area(country="US", code=f"US-NJ-{number}", name=f"District {number}", parent=state)
        for number in (1, 2, 3)
    ]
    members = [make_mandate(house, area=area) for area in areas]
    senator = make_mandate(house, area=state)
    for area in areas[:2]:
        Postcode.objects.create(country="US", code="08001", area_code=area.code)
    found = targets.offer(campaign, "US", postcode="08001")
    assert found.postcode_areas == areas[:2]
    assert people(found) == {members[0].person, members[1].person, senator.person}
    assert people(targets.offer(campaign, "US", postcode="080011234")) == people(found)
    one = targets.offer(campaign, "US", postcode="08001", area=str(areas[0].pk))
    assert people(one) == {members[0].person, senator.person}
    unknown = targets.offer(campaign, "US", postcode="99999")
    assert unknown.postcode_areas == []
    assert unknown.total == 4
    assert unknown.postcode_is_unknown
    assert not found.postcode_is_unknown


def test_a_postcode_of_a_country_whose_postcodes_nobody_has_imported_is_not_called_unknown():
    campaign = make_campaign()
    make_mandate()
    found = targets.offer(campaign, "KE", postcode="00100")
    assert not found.has_postcodes
    assert not found.postcode_is_unknown


def test_filters_narrow_by_chamber_party_and_name_in_any_script():
    campaign = make_campaign()
    house = make_legislature()
    anna = make_mandate(house, make_person(name="Anna Adhiambo", native_name="أنا"), party="Greens")
    make_mandate(house, party="Others")
    assert people(targets.offer(campaign, "KE", q="adhi anna")) == {anna.person}
    assert people(targets.offer(campaign, "KE", q="أنا")) == {anna.person}
    assert people(targets.offer(campaign, "KE", party="Greens")) == {anna.person}
    assert targets.offer(campaign, "KE", chamber="upper").total == 0
    assert targets.offer(campaign, "KE", q="\0 % _ '").total == 0
    assert targets.offer(campaign, "KE").parties == ["Greens", "Others"]


def test_somebody_with_two_offices_is_one_candidate():
    campaign = make_campaign()
    first = make_mandate()
    make_mandate(make_legislature(), first.person, email=None)
    found = targets.offer(campaign, "KE")
    assert found.total == 1
    assert len(found.candidates) == 1


def test_the_first_usable_route_is_taken_and_a_web_form_shown_as_such():
    campaign = make_campaign()
    mandate = make_mandate(email=None)
    make_route(mandate.person, "old@parliament.example", state=ContactRoute.State.BOUNCED)
    second = make_route(mandate.person, "second@parliament.example", priority=2)
    first = make_route(mandate.person, "first@parliament.example", priority=1)
    form = make_route(mandate.person, "https://parliament.example/form", kind=ContactRoute.Kind.WEB_FORM)
    candidate = targets.offer(campaign, "KE").candidates[0]
    assert (candidate.route, candidate.web_form, candidate.reach) == (first, form, "letter")
    ContactRoute.objects.filter(pk__in=[first.pk, second.pk]).update(state=ContactRoute.State.RETIRED)
    assert targets.offer(campaign, "KE").candidates[0].reach == "web_form"


def test_choosing_keeps_the_order_and_refuses_what_was_not_offered():
    campaign = make_campaign(max_recipients=2)
    house = make_legislature()
    one, two, three = (make_mandate(house) for _number in range(3))
    silent = make_mandate(house, email=None)
    abroad = make_mandate(make_legislature(country="FR"))
    chosen = targets.chosen(campaign, "KE", [two.person_id, one.person_id, two.person_id])
    assert [candidate.person for candidate in chosen] == [two.person, one.person]
    for wrong, message in [
        ([], "at least one"),
        ([one.person_id, two.person_id, three.person_id], "at most 2 people"),
        ([abroad.person_id], "no longer"),
        ([10**12], "no longer"),
        ([silent.person_id], "no way to reach"),
    ]:
        with pytest.raises(ValidationError, match=message):
            targets.chosen(campaign, "KE", wrong)


def test_countries_are_named_and_sorted_in_the_readers_language():
    campaign = make_campaign()
    for country, number in [("DE", 2), ("EU", 1), ("FR", 1), ("AT", 1)]:
        house = make_legislature(country=country)
        for _number in range(number):
            make_mandate(house)
    make_mandate(make_legislature(country="KE"), end_date=date(2020, 1, 1))
    english = targets.countries(campaign, "en")
    assert [choice.name for choice in english] == ["Austria", "European Union", "France", "Germany"]
    assert {choice.code: choice.people for choice in english}["DE"] == 2
    french = [choice.name for choice in targets.countries(campaign, "fr")]
    assert french == ["Allemagne", "Autriche", "France", "Union européenne"]
    rule(campaign, Effect.OFFER, country="DE")
    assert [choice.code for choice in targets.countries(campaign, "xx-broken")] == ["DE"]


def test_ten_thousand_people_are_offered_in_few_queries(django_assert_max_num_queries):
    campaign = make_campaign()
    house = make_legislature()
    today = date(2026, 1, 1)
    make_mandate(make_legislature(country="FR"))
    with connection.cursor() as cursor:
        # The planner's idea of the tables stays that of an hour ago, as after a large import.
        cursor.execute("ANALYZE advocacy_mandate, advocacy_person, advocacy_legislature")
    found = Person.objects.bulk_create(
        [
            Person(source="many", source_id=str(number), as_of=today, name=f"Person {number:05}")
            for number in range(10_000)
        ]
    )
    Mandate.objects.bulk_create(
        [
            Mandate(source="many", source_id=str(one.pk), as_of=today, person=one, legislature=house)
            for one in found
        ]
    )
    with connection.cursor() as cursor:
        # As an import does. Without it the plan follows from what autovacuum happened to see of the tests before.
        cursor.execute("ANALYZE advocacy_person, advocacy_mandate")
    rule(campaign, Effect.SPARE, party="None of these")
    with django_assert_max_num_queries(13):
        page = targets.offer(campaign, "KE", page=3)
    assert len(page.candidates) == 100
    assert (page.total, page.pages, page.page) == (10_000, 100, 3)
    assert page.candidates[0].person.name == "Person 00200"
    assert targets.offer(campaign, "KE", page=10**6).page == 100
