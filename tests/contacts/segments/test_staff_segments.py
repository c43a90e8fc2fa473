"""The builder at the desk: buttons that post the form, nothing lost, nobody's rows but one's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from contacts.models import Segment
from tests.contacts.segments.plain import rule
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

ADD = "admin:contacts_segment_add"
LIST = "admin:contacts_segment_changelist"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Contacts editors"))
    return client


def change(segment: Segment) -> str:
    return reverse("admin:contacts_segment_change", args=[segment.pk])


def form(*rules: dict[str, Any], act: str = "save", name: str = "Kenya", **fields: Any) -> dict[str, Any]:
    """What the form posts for rules that all stand in the outermost group."""
    posted: dict[str, Any] = {"name": name, "how-0": "all", "part": [], "act": act}
    for number, one in enumerate(rules, start=1):
        posted["part"].append(str(number))
        posted |= {f"in-{number}": "0"} | {
            f"{key}-{number}": value for key, value in one.items() if key != "value"
        }
        posted |= {f"value-{number}-{key}": value for key, value in one.get("value", {}).items()}
    return posted | fields


KENYA = {"field": "country", "asked": "is", "value": {"value": ["KE"]}}


def test_a_segment_is_made_without_a_script_and_counts_who_matches(desk):
    make_contact(country="KE")
    make_contact(country="FR")
    page = desk.post(reverse(ADD), form(KENYA, act="look"))
    assert page.context["number"] == "1"
    assert page.context["sentence"] == "in Kenya"
    assert desk.post(reverse(ADD), form(KENYA)).status_code == 302
    segment = Segment.objects.get()
    assert segment.rule == {"all": [rule("country", "is", ["KE"])]}
    assert desk.get(change(segment)).context["number"] == "1"


def test_groups_in_groups_and_their_opposites_come_back_as_they_were_saved(desk):
    mailing_list = make_mailing_list()
    tree = {
        "all": [
            {"not": rule("country", "is", ["KE"])},
            {
                "not": {
                    "any": [
                        rule("language", "empty"),
                        rule("list", "on", {"list": mailing_list.pk, "days": 30}),
                    ]
                }
            },
            {"not": {"all": [rule("name", "empty"), {"any": [rule("country", "empty")]}]}},
        ]
    }
    segment = Segment.objects.create(name="Board", rule=tree)
    page = desk.get(change(segment))
    posted = _as_posted(page.context["root"]) | {"name": "Board", "act": "save"}
    assert desk.post(change(segment), posted).status_code == 302
    segment.refresh_from_db()
    assert segment.rule == tree


def _as_posted(root: Any) -> dict[str, Any]:
    """What a browser would send of the form shown."""
    posted: dict[str, Any] = {"part": []}

    def walk(part: Any) -> None:
        if part.is_group:
            posted[f"how-{part.number}"] = next(one.value for one in part.how if one.is_chosen)
            for one in part.parts:
                posted["part"].append(str(one.number))
                posted[f"in-{one.number}"] = str(part.number)
                walk(one)
            return
        posted[f"field-{part.number}"] = next(
            one.value for _label, options in part.fields for one in options if one.is_chosen
        )
        posted[f"asked-{part.number}"] = next(one.value for one in part.questions if one.is_chosen)
        for one in part.inputs:
            chosen = [option.value for option in one.options if option.is_chosen]
            posted[one.id] = [*chosen, ""] if one.kind == "choices" else chosen or one.text

    walk(root)
    return posted


def test_a_button_adds_and_removes_and_loses_nothing_typed(desk):
    half = {"field": "name", "asked": "contains", "value": {"value": "ann"}}
    page = desk.post(reverse(ADD), form(half, act="rule:0", name=""))
    root = page.context["root"]
    assert [part.is_group for part in root.parts] == [False, False]
    assert root.parts[0].inputs[0].text == "ann"
    assert not page.context["wrong"]
    page = desk.post(reverse(ADD), form(half, KENYA, act="group:0"))
    assert [part.is_group for part in page.context["root"].parts] == [False, False, True]
    page = desk.post(reverse(ADD), form(half, KENYA, act="remove:1"))
    assert [part.number for part in page.context["root"].parts] == [2]
    assert not Segment.objects.exists()


def test_another_field_brings_its_own_questions(desk):
    page = desk.post(
        reverse(ADD), form({"field": "created", "asked": "is", "value": {"value": "KE"}}, act="look")
    )
    part = page.context["root"].parts[0]
    assert [one.value for one in part.questions if one.is_chosen] == ["since"]
    assert part.inputs[0].text == ""


def test_what_is_wrong_stands_beside_its_rule_and_nothing_is_saved(desk):
    late = {"field": "created", "asked": "since", "value": {"value": "31.3.2026"}}
    page = desk.post(reverse(ADD), form(KENYA, late, {"field": ""}, name=""))
    first, second, third = page.context["root"].parts
    assert not first.problems
    assert second.inputs[0].problems
    assert second.inputs[0].text == "31.3.2026"
    assert third.problems
    assert [one.number for one in page.context["wrong"]] == [2, 3]
    assert page.context["form"].errors["name"]
    assert not Segment.objects.exists()


def test_only_the_part_of_the_page_that_changes_is_sent_to_htmx(desk):
    page = desk.post(reverse(ADD), form(KENYA, act="rule:0"), headers={"HX-Request": "true"})
    assert b"<html" not in page.content
    assert b'id="segment-builder"' in page.content
    found = desk.post(reverse("admin:contacts_segment_look"), form(KENYA), headers={"HX-Request": "true"})
    assert found.content.strip().startswith(b"<section")


def test_a_copy_has_the_same_rules_and_a_name_of_its_own(desk):
    segment = Segment.objects.create(name="Kenya", rule={"all": [rule("country", "is", ["KE"])]})
    answer = desk.post(reverse("admin:contacts_segment_duplicate", args=[segment.pk]))
    copy = Segment.objects.exclude(pk=segment.pk).get()
    assert answer["Location"] == change(copy)
    assert (copy.name, copy.rule) == ("Kenya (copy)", segment.rule)


def test_a_segment_that_another_uses_is_not_deleted(desk):
    used = Segment.objects.create(name="Board", rule={"all": []})
    user = Segment.objects.create(name="All but the board", rule={"not": rule("segment", "in", used.pk)})
    delete = reverse("admin:contacts_segment_delete", args=[used.pk])
    assert b"All but the board" in desk.get(delete).content
    desk.post(delete, {"post": "yes"})
    assert Segment.objects.count() == 2
    user.delete()
    assert desk.post(delete, {"post": "yes"}).status_code == 302
    assert not Segment.objects.exists()


def test_a_segment_cannot_be_saved_into_a_circle(desk):
    first = Segment.objects.create(name="First", rule={"all": []})
    second = Segment.objects.create(name="Second", rule=rule("segment", "in", first.pk))
    page = desk.post(
        change(first),
        form({"field": "segment", "asked": "in", "value": {"value": str(second.pk)}}, name="First"),
    )
    assert "First" in page.context["wrong"][0].message
    first.refresh_from_db()
    assert first.rule == {"all": []}


def test_the_list_says_each_segment_in_words_and_counts_it_when_asked(desk):
    make_contact(country="KE")
    segment = Segment.objects.create(name="Kenya", rule={"all": [rule("country", "is", ["KE"])]})
    Segment.objects.create(name="Broken", rule={"any": [rule("attribute:gone", "is", "x")]})
    page = desk.get(reverse(LIST)).content.decode()
    assert "in Kenya" in page
    assert "Cannot be read" in page
    url = reverse("admin:contacts_segment_count", args=[segment.pk])
    assert ">1<" in desk.get(url, headers={"HX-Request": "true"}).content.decode()
    assert desk.get(url)["Location"] == change(segment)


def test_staff_of_an_organisation_count_and_choose_only_what_is_theirs(client):
    ours, theirs = make_organisation(), make_organisation()
    client.force_login(make_staff("Contacts editors", organisation=ours))
    mine, other = (
        make_contact(country="KE", organisation=ours),
        make_contact(country="KE", organisation=theirs),
    )
    their_list = make_mailing_list(organisation=theirs)
    make_subscription(other, their_list)
    page = client.post(reverse(ADD), form(KENYA, act="look"))
    assert [person.pk for person in page.context["examples"]] == [mine.pk]
    peek = {"field": "list", "asked": "on", "value": {"list": str(their_list.pk)}}
    page = client.post(reverse(ADD), form(peek))
    assert page.context["root"].parts[0].inputs[0].problems
    assert their_list.name not in page.content.decode()
    assert client.post(reverse(ADD), form(KENYA, organisation=str(theirs.pk))).status_code == 302
    assert Segment.objects.get().organisation == ours


def test_who_may_not_see_people_sees_their_number_only(client):
    make_contact("secret@example.org", country="KE")
    user = make_staff()
    user.user_permissions.set(Permission.objects.filter(codename="view_segment"))
    client.force_login(user)
    segment = Segment.objects.create(name="Kenya", rule={"all": [rule("country", "is", ["KE"])]})
    page = client.get(change(segment))
    assert page.context["number"] == "1"
    assert "secret@example.org" not in page.content.decode()
    assert client.post(change(segment), form(KENYA)).status_code == 403
    assert client.post(reverse("admin:contacts_segment_duplicate", args=[segment.pk])).status_code == 403
