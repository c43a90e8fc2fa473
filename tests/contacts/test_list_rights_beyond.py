"""Who is bound to some lists learns nothing of other lists' people by segments, suppressions, imports and campaigns."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.permissions import may, visible
from advocacy.models import Campaign, Submission
from contacts import suppressions
from contacts.imports import reporting
from contacts.models import (
    Contact,
    Import,
    ListRight,
    MailingList,
    Segment,
    Subscription,
    Suppression,
)
from contacts.segments import trees
from mailer.admin import mailing_audience
from mailer.admin.deliveries import mail
from mailer.models import Delivery, Mailing
from tests.contacts.imports.hands import brought
from tests.factories import make_contact, make_mailing_list, make_subscription
from tests.staff import (
    make_campaign,
    make_delivery,
    make_letter,
    make_organisation,
    make_person,
    make_route,
    make_staff,
    make_submission,
)

pytestmark = pytest.mark.django_db

ON_KENYA = {"field": "country", "is": "is", "value": ["KE"]}


def bound(*to: MailingList, role: str = "superuser") -> User:
    user = make_staff(role)
    for one in to:
        ListRight.objects.create(user=user, mailing_list=one)
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def segment(*rules: dict[str, Any], **fields: Any) -> Segment:
    return Segment.objects.create(**{"name": "Some", "rule": {"all": list(rules)}, **fields})


def on(mailing_list: MailingList) -> dict[str, Any]:
    return {"field": "list", "is": "on", "value": {"list": mailing_list.pk}}


def uses(other: Segment) -> dict[str, Any]:
    return {"field": "segment", "is": "in", "value": other.pk}


# --- segments


def test_a_segment_that_names_another_list_is_hidden_and_so_is_one_that_uses_it():
    own, other = make_mailing_list(), make_mailing_list()
    plain, ours, theirs = segment(ON_KENYA), segment(on(own)), segment(ON_KENYA, {"not": on(other)})
    agreed = segment(
        {"field": "consent", "is": "given", "value": {"purpose": "newsletter", "list": other.pk}}
    )
    inner, outer, broken = segment(uses(ours)), segment(uses(theirs)), segment({"field": "x", "is": "y"})
    user = bound(own)
    seen = set(visible(user, Segment.objects.all()))
    assert seen == {plain, ours, inner}
    assert not any(may(user, "contacts.view_segment", one) for one in (theirs, agreed, outer, broken))
    assert set(visible(make_staff("superuser"), Segment.objects.all())) > seen


def test_a_rule_that_names_another_list_cannot_be_tried_or_saved():
    own, other = make_mailing_list(), make_mailing_list(name="Not ours")
    make_subscription(make_contact(), other)
    client = client_of(bound(own))
    posted = {
        "name": "Spying",
        "how-0": "all",
        "part": "1",
        "in-1": "0",
        "field-1": "list",
        "asked-1": "on",
        "value-1-list": str(other.pk),
    }
    looked = client.post(reverse("admin:contacts_segment_look"), posted)
    assert "no longer there" in looked.text
    assert "Not ours" not in looked.text
    client.post(reverse("admin:contacts_segment_add"), {**posted, "act": "save"})
    assert not Segment.objects.exists()


WIDE = [
    {"field": "mail", "is": "sent"},
    {"field": "mail", "is": "none_clicked", "value": 1},
    {"field": "consent", "is": "given", "value": {"purpose": "newsletter"}},
    {"field": "letter", "is": "wrote", "value": {}},
    {"field": "supporter", "is": "of", "value": {}},
]


@pytest.mark.parametrize("rule", WIDE, ids=lambda rule: rule["field"] + " " + rule["is"])
def test_a_rule_that_asks_about_every_list_by_naming_none_is_hidden_and_cannot_be_written(rule):
    user, everybody = bound(make_mailing_list()), make_staff("superuser")
    wide = segment({"not": rule})
    using = segment(uses(wide))
    assert set(visible(everybody, Segment.objects.all())) == {wide, using}
    assert not visible(user, Segment.objects.all()).exists()
    assert trees.as_json(trees.read(rule, everybody))
    with pytest.raises(trees.RuleError):
        trees.read(rule, user)


def test_who_is_bound_still_asks_about_the_consents_of_their_list_and_the_letters_of_a_campaign_they_see():
    own, other = make_mailing_list(), make_mailing_list()
    campaigns = {one: make_campaign(mailing_list=one) for one in (own, other)}
    user = bound(own)
    for one, is_seen in ((own, True), (other, False)):
        consent = {"field": "consent", "is": "given", "value": {"purpose": "newsletter", "list": one.pk}}
        letter = {"field": "letter", "is": "wrote", "value": {"campaign": campaigns[one].pk}}
        kept = [segment(consent), segment(letter)]
        assert [may(user, "contacts.view_segment", row) for row in kept] == [is_seen, is_seen]
        if is_seen:
            assert all(trees.read(rule, user) for rule in (consent, letter))


def test_nobody_learns_by_a_rule_of_their_own_which_of_their_people_other_lists_write_to():
    own, other = make_mailing_list(), make_mailing_list()
    person = make_contact("ann@example.org")
    for one in (own, other):
        make_subscription(person, one)
    mailing = Mailing.objects.create(name="Theirs", mailing_list=other)
    make_delivery(person.address, mailing=mailing, kind=Delivery.Kind.MAILING, sent_at=timezone.now())
    posted = {"name": "S", "how-0": "all", "part": "1", "in-1": "0", "field-1": "mail", "asked-1": "sent"}
    looks = reverse("admin:contacts_segment_look")
    assert "ann@example.org" in client_of(make_staff("superuser")).post(looks, posted).text
    client = client_of(bound(own))
    assert "ann@example.org" not in client.post(looks, posted).text
    offered = client.get(reverse("admin:contacts_segment_add")).text
    assert 'value="consent"' in offered
    assert 'value="mail"' not in offered
    draft = Mailing.objects.create(name="Ours", mailing_list=own)
    audience = reverse("admin:mailer_mailing_audience", args=[draft.pk])
    client.post(audience, {**posted, "mailing_list": own.pk, "include_lists": [own.pk]})
    draft.refresh_from_db()
    assert draft.leave_out is None


def test_a_colleagues_segment_is_looked_at_and_ones_own_is_changed():
    own = make_mailing_list()
    user = bound(own)
    theirs, mine = segment(ON_KENYA, name="Theirs"), segment(ON_KENYA, created_by=user)
    client = client_of(user)
    posted = {"name": "Changed", "how-0": "all", "act": "save"}
    assert 'id="segment"' not in client.get(reverse("admin:contacts_segment_change", args=[theirs.pk])).text
    assert client.post(reverse("admin:contacts_segment_change", args=[theirs.pk]), posted).status_code == 403
    assert client.post(reverse("admin:contacts_segment_delete", args=[theirs.pk])).status_code == 403
    assert client.post(reverse("admin:contacts_segment_change", args=[mine.pk]), posted).status_code == 302
    assert set(Segment.objects.values_list("name", flat=True)) == {"Theirs", "Changed"}


def test_the_audience_of_a_segment_says_nothing_of_who_is_on_none_of_their_lists():
    own, other = make_mailing_list(), make_mailing_list()
    make_subscription(make_contact(country="KE"), own)
    for _number in range(3):
        make_subscription(make_contact(country="KE"), other)
    mailing = Mailing.objects.create(name="May", mailing_list=own)
    mailing.include_segments.add(segment(ON_KENYA))
    theirs = mailing_audience.figures(mailing, bound(own))
    assert (theirs["count"].total, theirs["count"].candidates, theirs["exclusions"]) == (1, 1, [])
    everybodys = mailing_audience.figures(mailing, make_staff("superuser"))
    assert (everybodys["count"].total, everybodys["count"].candidates) == (1, 4)


def test_a_mailing_that_leaves_out_another_list_or_a_hidden_segment_is_out_of_reach():
    own, other = make_mailing_list(), make_mailing_list()
    user = bound(own)
    plain, by_list, by_segment = (Mailing.objects.create(name=name, mailing_list=own) for name in "abc")
    by_list.exclude_lists.add(other)
    by_segment.exclude_segments.add(segment(on(other)))
    plain.include_segments.add(segment(ON_KENYA))
    assert list(visible(user, Mailing.objects.all())) == [plain]
    rule = {"any": [on(other)]}
    other.name = "Not ours"
    assert "Not ours" not in mailing_audience.in_words(rule, user)


# --- suppressions


def test_only_suppressions_of_their_people_are_shown_and_a_search_tells_of_nobody_else():
    own, other = make_mailing_list(), make_mailing_list()
    mine, theirs = make_contact("ann@example.org"), make_contact("ben@example.org")
    make_subscription(mine, own)
    make_subscription(theirs, other)
    for one in (mine, theirs):
        suppressions.suppress(bytes(one.address_hash), Suppression.Reason.DO_NOT_CONTACT)
    client = client_of(bound(own))
    page = reverse("admin:contacts_suppression_changelist")
    assert len(client.get(page).context["cl"].result_list) == 1
    assert "is suppressed" in client.get(page, {"q": "ann@example.org"}).text
    for asked in ("ben@example.org", "nobody@example.org"):
        text = client.get(page, {"q": asked}).text
        assert "Nobody on your lists has this address." in text
        assert "is suppressed" not in text
        assert "is not suppressed" not in text


def test_a_no_may_be_brought_for_anybody_and_tells_nothing_of_them():
    own = make_mailing_list()
    suppressions.suppress(
        bytes(make_contact("ben@example.org").address_hash), Suppression.Reason.DO_NOT_CONTACT, scope="all"
    )
    client, url = client_of(bound(own)), reverse("admin:contacts_suppression_add")
    said = []
    for address in ("ben@example.org", "new@example.org"):
        posted = {"address": address, "reason": "do_not_contact", "scope": "all", "note": "They called."}
        answer = client.post(url, posted, follow=True)
        said.append([str(message) for message in answer.context["messages"]])
    assert said[0] == said[1] == ["Nothing of that kind is sent to this address any more."]
    log = client.get(reverse("admin:admin_logentry_changelist"))
    assert not log.context["cl"].result_list, "a number smaller than the last one would say that it was known"
    assert Suppression.objects.count() == 2


# --- imports


def bring(text: str, own: MailingList, user: User) -> Import:
    return brought(text, own, user=user)


def test_an_import_fills_the_blanks_of_people_other_lists_know_and_replaces_nothing():
    own, other = make_mailing_list(), make_mailing_list()
    known = make_contact("ann@example.org", name="Ann Example", country="", attributes={"city": "Kisumu"})
    make_subscription(known, other)
    text = "email,name,country,city,job\nann@example.org,Somebody Else,Kenya,Nairobi,Judge\n"
    run = bring(text, own, bound(own))
    known.refresh_from_db()
    assert (known.name, known.country) == ("Ann Example", "KE")
    assert known.attributes == {"city": "Kisumu", "job": "Judge"}
    assert Subscription.objects.get(contact=known, mailing_list=own).status == "confirmed"
    [row] = reporting.results(run)
    assert (row.result, list(row.warnings)) == ("updated", ["kept_as_known"])
    assert "what is known of them stays" in "".join(reporting.result_file(run))
    again = bring(text, own, bound(own))
    known.refresh_from_db()
    assert known.name == "Ann Example", "being on their list by now opens nothing"
    assert [row.result for row in reporting.results(again)] == ["unchanged"]


def test_an_import_changes_people_who_are_only_on_their_lists_as_any_import_does():
    own = make_mailing_list()
    known = make_contact("ann@example.org", name="Ann")
    make_subscription(known, own)
    run = bring("email,name\nann@example.org,Ann Example\n", own, bound(own))
    assert Contact.objects.get().name == "Ann Example"
    assert [list(row.warnings) for row in reporting.results(run)] == [[]]


def test_the_check_foretells_what_an_import_of_a_bound_person_will_do():
    own, other = make_mailing_list(), make_mailing_list()
    make_subscription(make_contact("ann@example.org", name="Ann", country="KE"), other)
    make_subscription(make_contact("ben@example.org", name="Ben", country=""), other)
    text = "email,name,country\nann@example.org,Anna,KE\nben@example.org,Benjamin,KE\n"
    run = bring(text, own, bound(own))
    foretold = {name: run.forecast[name] for name in ("created", "updated", "unchanged")}
    assert (
        foretold
        == {name: getattr(run, name) for name in foretold}
        == {
            "created": 0,
            "updated": 2,
            "unchanged": 0,
        }
    )
    assert {(one.field, one.after) for one in reporting.differences(run)} == {
        ("country", "KE"),
        ("subscription", "confirmed"),
    }


# --- campaigns


def test_a_campaign_and_its_people_are_seen_where_it_offers_their_list_or_none():
    own, other = make_mailing_list(), make_mailing_list()
    campaigns = [make_campaign(mailing_list=one) for one in (own, None, other)]
    submissions = [make_submission(one) for one in campaigns]
    user = bound(own)
    assert set(visible(user, Campaign.objects.all())) == set(campaigns[:2])
    assert set(visible(user, Submission.objects.all())) == set(submissions[:2])
    client = client_of(user)
    for page in ("support", "look"):
        url = reverse(f"admin:advocacy_campaign_{page}", args=[campaigns[2].pk])
        assert client.get(url).status_code == 404
    foreign = make_staff("superuser", organisation=make_organisation())
    ListRight.objects.create(user=foreign, mailing_list=own)
    assert not visible(foreign, Campaign.objects.all()).exists()


def test_of_letters_only_the_mails_of_campaigns_they_see_are_shown_and_counted():
    cache.clear()  # a count of the house as a whole is remembered for a minute
    own, other = make_mailing_list(), make_mailing_list()
    route = make_route(make_person(), state="bounced")
    letters = []
    for one in (own, None, other):
        campaign, delivery = make_campaign(mailing_list=one), make_delivery(sent_at=timezone.now())
        letters.append(make_letter(campaign, route.person, route=route, delivery=delivery, status="withheld"))
    context = {"submission": letters[0].submission.pk}
    asks = make_delivery(kind=Delivery.Kind.CONFIRMATION, context=context, sent_at=timezone.now())
    user, everybody = bound(own), make_staff("superuser")
    seen = {letters[0].delivery, letters[1].delivery}
    assert set(visible(user, Delivery.objects.all())) == seen
    for hidden in (letters[2].delivery, asks):
        url = reverse("admin:mailer_delivery_change", args=[hidden.pk])
        assert client_of(user).get(url).status_code in {302, 404}
        assert not may(user, "mailer.view_delivery", hidden)
    assert [mail(one, 30)[0].total for one in (user, everybody)] == [2, 4]
    routes = reverse("admin:advocacy_contactroute_changelist")
    shown = [client_of(one).get(routes).context["cl"].result_list[0] for one in (user, everybody)]
    assert [row.letters_held for row in shown] == [2, 3]


# --- empty lists


def test_an_empty_address_book_is_not_said_to_be_empty_to_who_sees_some_lists_only():
    make_contact()
    text = client_of(bound(make_mailing_list())).get(reverse("admin:contacts_contact_changelist")).text
    assert "Nobody is on your lists yet." in text
    assert "by hand" not in text
