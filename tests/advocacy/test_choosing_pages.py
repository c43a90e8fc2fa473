"""Whom to write to: a country's people, narrowed by place, name and party, and the ticks, all without JavaScript."""

import pytest

from advocacy import abuse, letters, tokens
from advocacy.models import Campaign, ContactRoute, Postcode, Submission, TargetRule
from tests.advocacy.pages import Page, Visitor
from tests.factories import (
    make_area,
    make_campaign,
    make_legislature,
    make_mandate,
    make_person,
    make_route,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


@pytest.fixture
def assembly():
    return make_legislature(country="KE", name="National Assembly", chamber="lower")


@pytest.fixture
def member(assembly):
    return make_mandate(
        assembly, make_person(name="Achieng Example", native_name="أشينغ"), "achieng@parliament.example"
    )


def _ticked(page: Page) -> list[str]:
    return page.form("/write/").values("to")


def test_the_campaigns_ticks_are_set_until_the_supporter_changes_one(campaign, assembly):
    here, there = make_area(name="Kisumu"), make_area(name="Nairobi")
    one = make_mandate(assembly, area=here).person_id
    two = make_mandate(assembly, area=there).person_id
    TargetRule.objects.create(campaign=campaign, effect="tick", country="KE")
    visitor = Visitor()
    page = visitor.choose(campaign)
    assert sorted(_ticked(page)) == sorted([str(one), str(two)])
    narrowed = visitor.send(page.form("/write/"), area=here.pk)
    assert _ticked(narrowed) == [str(one)]
    changed = visitor.send(page.form("/write/"), area=here.pk, to=[two])
    assert _ticked(changed) == [str(two)]
    nobody = visitor.send(page.form("/write/"), area=here.pk, to=[])
    assert _ticked(nobody) == []


def test_whom_a_supporter_has_chosen_survives_a_search_that_does_not_show_them(campaign, assembly):
    chosen = make_mandate(assembly, make_person(name="Amina First")).person_id
    make_mandate(assembly, make_person(name="Zora Last"))
    visitor = Visitor()
    page = visitor.send(visitor.choose(campaign).form("/write/"), to=[chosen], q="Zora")
    assert "Zora Last" in page.text
    assert "You have chosen" in page.text
    assert _ticked(page) == [str(chosen)]


def test_a_long_list_of_made_up_choices_costs_no_more_than_a_short_one(
    campaign, assembly, member, django_assert_max_num_queries
):
    nobody = make_mandate(assembly, email=None).person_id
    people = [make_mandate(assembly).person_id for _number in range(20)]
    ticks = "&".join(f"to={pk}" for pk in [*people, nobody, *range(10**9, 10**9 + 60)])
    with django_assert_max_num_queries(30):
        answer = Visitor().client.get(f"/en/c/{campaign.slug}/write/?country=KE&q=Achieng&{ticks}")
    assert [candidate.person.pk for candidate in answer.context["elsewhere"]] == people


def test_people_are_shown_with_chamber_area_party_and_their_name_in_their_own_script(campaign, assembly):
    make_mandate(
        assembly,
        make_person(name="Layla Example", native_name="ليلى"),
        area=make_area(name="Cairo"),
        party="Free",
    )
    page = Visitor().choose(campaign)
    for shown in ("Layla Example", "ليلى", "National Assembly · Cairo · Free"):
        assert shown in page.text


@pytest.mark.parametrize(
    ("language", "shown"),
    [("en", ["Hon. Achieng Example", "أشينغ"]), ("ar", ["أشينغ", "Hon. Achieng Example"])],
)
def test_the_name_that_the_reader_can_read_comes_first(campaign, member, language, shown):
    member.person.honorific = "Hon."
    member.person.save()
    text = Visitor(language).choose(campaign).text
    assert text.index(shown[0]) < text.index(shown[1])


def test_no_address_of_a_representative_is_ever_in_a_page(campaign, member):
    visitor = Visitor()
    pages = [visitor.get(f"/en/c/{campaign.slug}/"), visitor.choose(campaign)]
    pages.append(visitor.to_letter(campaign, member.person_id))
    pages.append(visitor.fill(pages[-1]))
    pages.append(visitor.send(pages[-1].form("/write/letter/"), button="send"))
    submission = Submission.objects.get()
    pages.append(visitor.get(f"/en/confirm/{tokens.make('confirm', submission)}/"))
    letters.confirm(submission)
    pages.append(visitor.get(f"/en/letters/{tokens.make('status', submission)}/"))
    for page in pages:
        assert page.response.status_code == 200
        assert "parliament.example" not in page.html


def test_a_person_with_a_web_form_only_and_one_nobody_can_reach_are_shown_as_such(campaign, assembly):
    form = make_mandate(assembly, email=None)
    make_route(form.person, "https://office.example/form", kind=ContactRoute.Kind.WEB_FORM)
    unreachable = make_mandate(assembly, email=None)
    page = Visitor().choose(campaign)
    assert "Only by their own web form" in page.text
    assert "We know no address for this person." in page.text
    assert f'value="{unreachable.person_id}" id="to-{unreachable.person_id}" disabled' in page.html


def test_whose_address_was_lost_since_the_choice_is_no_longer_ticked_nor_counted(campaign, assembly):
    lost = make_mandate(assembly, email=None).person_id
    kept = make_mandate(assembly).person_id
    page = Visitor().to_letter(campaign, lost, kept)
    assert page.response.status_code == 422
    assert "We know no way to reach" in page.text
    assert page.response.context["picked"] == [kept]
    assert _ticked(page) == [str(kept)]
    assert f'id="to-{lost}" disabled' in page.html


def test_too_many_people_are_refused_with_the_limit_and_the_ticks_kept(campaign, assembly):
    Campaign.objects.update(max_recipients=2)
    people = [make_mandate(assembly).person_id for _ in range(3)]
    page = Visitor().to_letter(campaign, *people)
    assert page.response.status_code == 422
    assert "at most 2 people" in page.text
    assert sorted(_ticked(page)) == sorted(map(str, people))


def test_nobody_and_people_who_are_not_offered_are_refused_without_a_crash(campaign, member):
    visitor = Visitor()
    assert "at least one person" in visitor.to_letter(campaign).text
    abroad = make_mandate(make_legislature(country="FR"))
    assert visitor.to_letter(campaign, abroad.person_id).response.status_code == 422
    assert visitor.to_letter(campaign, 999_999_999_999).response.status_code == 422
    assert (
        visitor.get(f"/en/c/{campaign.slug}/write/letter/?country=KE&to=x&to=-1&to=٣").response.status_code
        == 422
    )


def test_a_fallback_is_explained(campaign, assembly, member):
    TargetRule.objects.create(campaign=campaign, effect="offer", party="Nobody's")
    TargetRule.objects.create(campaign=campaign, effect="fallback", person=member.person)
    page = Visitor().choose(campaign)
    assert "instead" in page.text
    assert "Achieng Example" in page.text


def test_a_postcode_in_two_areas_asks_which_one(campaign, assembly):
    for code, name in (("US-NJ-3", "Third"), ("US-NJ-4", "Fourth")):
        area = make_area(country="US", code=code, name=name)
        Postcode.objects.create(country="US", code="08501", area_code=code)
        make_mandate(make_legislature(country="US"), area=area)
    page = Visitor().choose(campaign, "US", postcode="08501")
    assert "lies in several areas" in page.text
    assert {"Third", "Fourth"} <= set(page.text.split())


def test_a_postcode_that_is_none_gets_a_message_at_its_field(campaign, member):
    Postcode.objects.create(country="KE", code="00100", area_code="KE-1")
    page = Visitor().choose(campaign, postcode="<b>!")
    assert 'id="postcode-error"' in page.html
    assert 'aria-invalid="true"' in page.html
    assert "&lt;b&gt;!" in page.html


def test_a_country_nobody_is_offered_in_leads_back_to_the_campaign(campaign, member):
    assert "Where do you live?" in Visitor().choose(campaign, "ZZ").text


@pytest.mark.parametrize("page", ["write/", "write/letter/"])
def test_a_network_that_copies_the_lists_is_asked_to_wait_and_others_are_not(
    campaign, member, rf, broker, page
):
    for _search in range(abuse.PER_NETWORK_LOOKUPS.amount):
        assert abuse.may_look_up(rf.get("/", REMOTE_ADDR="192.0.2.7"))
    address = f"/en/c/{campaign.slug}/{page}?country=KE&to={member.person_id}"
    slowed = Visitor().client.get(address, REMOTE_ADDR="192.0.2.99")
    assert slowed.status_code == 429
    assert slowed["Retry-After"] == "600"
    assert Visitor().client.get(address, REMOTE_ADDR="198.51.100.1").status_code == 200


def test_an_unknown_postcode_ticks_nobody_and_is_named_where_the_reader_lands(campaign, assembly):
    area = make_area(code="KE-1", name="Westlands")
    member = make_mandate(assembly, area=area)
    TargetRule.objects.create(campaign=campaign, effect="tick", country="KE")
    Postcode.objects.create(country="KE", code="00100", area_code="KE-1")
    visitor = Visitor()
    page = visitor.choose(campaign)
    assert "Example: 00100" in page.text
    lost = visitor.send(page.form("/write/"), postcode="99 999")
    assert _ticked(lost) == []
    assert lost.form("/write/").values("postcode") == ["99 999"]
    at_the_field, _fieldset, where_one_lands = lost.html.partition('<fieldset id="people">')
    for part in (at_the_field, where_one_lands):
        assert "We do not know the postcode 99 999." in part
    assert 'href="#q"' in where_one_lands
    found = visitor.send(lost.form("/write/"), postcode="00100")
    assert _ticked(found) == [str(member.person_id)]
    assert "We do not know" not in found.text


def test_a_malformed_postcode_ticks_nobody_either(campaign, assembly):
    make_mandate(assembly)
    TargetRule.objects.create(campaign=campaign, effect="tick", country="KE")
    Postcode.objects.create(country="KE", code="00100", area_code="KE-1")
    page = Visitor().choose(campaign, postcode="<b>!")
    assert _ticked(page) == []
    assert "does not look like a postcode" in page.html.partition('<fieldset id="people">')[2]
