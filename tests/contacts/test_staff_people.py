"""The list of people, one person's page, changing them and making one of two, as staff do it at the desk."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from contacts import suppressions
from contacts.addresses import parse
from contacts.models import (
    Attribute,
    Consent,
    Contact,
    ContactChange,
    MailingList,
    Subscription,
    Suppression,
)
from tests.contacts.hostile import hostile_values
from tests.factories import make_contact, make_delivery, make_import, make_mailing_list, make_subscription
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db
LIST = "admin:contacts_contact_changelist"


def url(page: str, *args: object) -> str:
    return reverse(f"admin:contacts_contact_{page}", args=args)


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(make_staff("Contacts editors"))
    return client


def listed(desk: Client, **query: object) -> list[Contact]:
    return list(desk.get(reverse(LIST), query).context["cl"].result_list)


def edited(contact: Contact, **fields: str) -> dict[str, str]:
    from contacts.admin.contact_forms import ContactForm

    form = ContactForm(contact=contact)
    shown = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: "" if value is None else str(value) for name, value in shown.items()} | fields


# --- the list -----------------------------------------------------------------------------------------------------


def test_the_list_is_narrowed_by_words_and_filters_and_each_is_a_chip_that_can_be_taken_away(desk):
    news = make_mailing_list(name="News")
    ann = make_contact(name="Ann", country="KE", language="sw")
    make_contact(name="Ann", country="FR")
    make_subscription(ann, news)
    query = {"q": "ann", "country": "KE", "list": news.pk, "standing": "confirmed"}
    answer = desk.get(reverse(LIST), query)
    assert list(answer.context["cl"].result_list) == [ann]
    chips = dict(answer.context["chips"])
    assert list(chips) == ["“ann”", "List: News", "Standing: confirmed", "Country: Kenya"]
    assert "country" not in chips["Country: Kenya"]
    assert "q=ann" in chips["Country: Kenya"]
    assert "Country: Kenya" in answer.content.decode()


def test_a_filter_by_import_and_by_attribute_finds_its_people(desk):
    Attribute.objects.create(key="city", name="City")
    file = make_import()
    ann = make_contact(from_import=file, attributes={"city": "Kisumu"})
    make_contact(attributes={"city": "Nairobi"})
    assert listed(desk, imported=file.pk) == [ann]
    assert listed(desk, attribute="city", value="Kisumu") == [ann]


@pytest.mark.parametrize(
    "query",
    ["sort=name", "sort=-address", "country=ZZZ", "list=0", "list=x", "attribute=nope&value=1", "at=x"],
)
def test_what_is_not_offered_narrows_nothing_and_breaks_nothing(desk, query):
    contact = make_contact()
    answer = desk.get(f"{reverse(LIST)}?{query}")
    assert list(answer.context["cl"].result_list) == [contact]


def test_the_pages_of_the_list_lead_to_one_another_by_key(desk):
    people = [make_contact(f"p{number:02}@example.org") for number in range(60)]
    answer = desk.get(reverse(LIST), {"sort": "address"})
    assert list(answer.context["cl"].result_list) == people[:50]
    assert "p49" not in answer.context["cl"].page.on  # an address does not stand in the browser's history
    rest = desk.get(reverse(LIST), {"sort": "address", "at": answer.context["cl"].page.on})
    assert list(rest.context["cl"].result_list) == people[50:]


def test_the_list_asks_the_database_as_often_for_fifty_people_as_for_two(desk, django_assert_max_num_queries):
    news = make_mailing_list()
    for _ in range(50):
        make_subscription(make_contact(), news)
    with django_assert_max_num_queries(20):
        desk.get(reverse(LIST))


# --- one person ---------------------------------------------------------------------------------------------------


def test_the_page_tells_what_we_know_where_from_and_what_happened(desk):
    file, news = make_import(file_name="people.csv"), make_mailing_list(name="News")
    contact = make_contact("ann@example.org", name="Ann", country="KE", from_import=file)
    make_subscription(contact, news)
    Consent.objects.create(
        address_hash=contact.address_hash,
        contact=contact,
        mailing_list=news,
        purpose="newsletter",
        granted=True,
        text="Send me news.",
        source="form",
    )
    suppressions.suppress(bytes(contact.address_hash), Suppression.Reason.BOUNCE, evidence={"delivery": 7})
    ContactChange.objects.create(contact=contact, source="desk", changes={"name": ["A", "Ann"]})
    page = desk.get(url("change", contact.pk)).content.decode()
    for words in (
        "ann@example.org",
        "Kenya",
        "from an import",
        "Came with the import of “people.csv”",
        "Agreed: send me a newsletter (News)",
        "Send me news.",
        "Suppressed: the mailbox does not exist",
        "mail 7",
        "A → Ann",
    ):
        assert words in page, words


def test_a_reader_sees_of_a_persons_life_only_what_they_may_see_elsewhere(client):
    contact = make_contact("ann@example.org")
    make_delivery("ann@example.org", kind="system")
    suppressions.suppress(bytes(contact.address_hash), Suppression.Reason.BOUNCE)
    client.force_login(make_staff("Contacts exporters"))
    page = client.get(url("change", contact.pk))
    assert {entry.kind for entry in page.context["entries"]} == {"change"}
    client.force_login(make_staff("superuser"))
    page = client.get(url("change", contact.pk))
    assert {entry.kind for entry in page.context["entries"]} == {"change", "mail", "suppression"}


def test_mail_of_another_organisation_is_not_shown_to_ones_own_staff(client):
    mine = make_organisation()
    contact = make_contact("ann@example.org", organisation=mine)
    make_delivery("ann@example.org", kind="system")
    client.force_login(make_staff("superuser", organisation=mine))
    assert "mail" not in {entry.kind for entry in client.get(url("change", contact.pk)).context["entries"]}


def test_a_person_of_another_organisation_can_be_neither_seen_nor_changed_nor_merged(client):
    theirs = make_contact(organisation=make_organisation())
    mine = make_organisation()
    own = make_contact(organisation=mine)
    client.force_login(make_staff("Contacts editors", organisation=mine))
    assert listed(client) == [own]
    for page in ("change", "edit", "merge"):
        assert client.get(url(page, theirs.pk)).status_code == 404
    assert client.post(url("merge", own.pk), {"other": theirs.pk, "keep": own.pk}).status_code == 200
    assert Contact.objects.count() == 2


# --- changing -----------------------------------------------------------------------------------------------------


def test_a_change_at_the_desk_stands_in_the_history_with_its_reason(desk):
    Attribute.objects.create(key="visits", name="Visits", kind="number")
    contact = make_contact(name="Ann")
    posted = edited(contact, name="Anne", attribute_visits="1 250", why="She rang.")
    assert desk.post(url("edit", contact.pk), posted).status_code == 302
    contact.refresh_from_db()
    assert (contact.name, contact.attributes) == ("Anne", {"visits": 1250})
    assert ContactChange.objects.get().note == "She rang."


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("text", "  x  ", "x"),
        ("number", "12.5", 12.5),
        ("number", "many", None),
        ("date", "2026-05-31", "2026-05-31"),
        ("date", "01/02/2026", None),
        ("yes_no", "yes", True),
        ("tags", 'red, green, "a, b"', ["red", "green", "a, b"]),
    ],
)
def test_an_attribute_takes_a_value_of_its_kind_and_no_other(desk, kind, typed, stored):
    Attribute.objects.create(key="own", name="Own", kind=kind)
    contact = make_contact()
    answer = desk.post(url("edit", contact.pk), edited(contact, attribute_own=typed))
    contact.refresh_from_db()
    if stored is None:
        assert list(answer.context["form"].errors) == ["attribute_own"]
        assert contact.attributes == {}
    else:
        assert contact.attributes == {"own": stored}
        assert desk.post(url("edit", contact.pk), edited(contact)).status_code == 302
        assert ContactChange.objects.count() == 1  # shown and saved again, it is the same value


def test_an_address_that_was_erased_is_not_stored_again_and_the_form_says_so(desk):
    contact = make_contact()
    suppressions.suppress(parse("gone@example.org").hash, Suppression.Reason.ERASED)
    answer = desk.post(url("edit", contact.pk), edited(contact, address="gone@example.org"))
    assert "asked us to erase it" in answer.content.decode()
    answer = desk.post(
        reverse("admin:contacts_contact_add"), {"address": "gone@example.org", "why": "She rang."}
    )
    assert "asked us to erase it" in answer.content.decode()
    assert Contact.objects.get().address == contact.address


def test_a_suppressed_new_address_is_said_and_one_that_is_taken_is_linked(desk):
    contact, other = make_contact(), make_contact("taken@example.org")
    suppressions.suppress(make_contact("gone@example.org").address_hash, Suppression.Reason.BOUNCE)
    Contact.objects.filter(address_key="gone@example.org").delete()
    answer = desk.post(url("edit", contact.pk), edited(contact, address="gone@example.org"), follow=True)
    assert "This address is suppressed" in answer.content.decode()
    contact.refresh_from_db()
    answer = desk.post(url("edit", contact.pk), edited(contact, address="taken@example.org"))
    assert f'href="{url("change", other.pk)}"' in answer.content.decode()


def test_somebody_who_changed_meanwhile_is_not_overwritten(desk):
    contact = make_contact(name="Ann")
    shown = edited(contact, name="Annette")
    desk.post(url("edit", contact.pk), edited(contact, name="Anne"))
    answer = desk.post(url("edit", contact.pk), shown)
    assert "changed this person while you did" in answer.content.decode()
    contact.refresh_from_db()
    assert contact.name == "Anne"


def test_a_contact_added_by_hand_is_known_and_on_no_list(desk):
    assert desk.post(url("add"), {"address": "Ann@Example.org"}).status_code == 200
    assert not Contact.objects.exists()
    assert url("add") in desk.get(reverse(LIST)).content.decode()
    answer = desk.post(url("add"), {"address": "Ann@Example.org", "name": "Ann", "why": "She rang."})
    contact = Contact.objects.get()
    assert answer["Location"] == url("change", contact.pk)
    assert (contact.address, contact.source) == ("Ann@example.org", "desk")
    assert not Subscription.objects.exists()


# --- one of two ---------------------------------------------------------------------------------------------------


def test_two_are_compared_before_one_is_made_of_them_and_a_second_click_does_nothing(desk):
    news = make_mailing_list(name="News")
    ann, anne = make_contact("ann@example.org", name="Ann"), make_contact("anne@example.org", name="Anne")
    make_subscription(ann, news)
    make_subscription(anne, news, status="unsubscribed")
    page = desk.get(url("merge", ann.pk), {"other": "ANNE@example.org"}).content.decode()
    assert "becomes: unsubscribed" in page
    assert Contact.objects.count() == 2
    posted = {"other": anne.pk, "keep": ann.pk, "take_name": "lose", "why": "Same person."}
    assert desk.post(url("merge", ann.pk), posted)["Location"] == url("change", ann.pk)
    assert Contact.objects.get().name == "Anne"
    assert desk.post(url("merge", ann.pk), posted).status_code == 200
    assert ContactChange.objects.count() == 1


def test_the_one_who_stays_can_be_the_other_one(desk):
    ann, anne = make_contact(), make_contact()
    desk.post(url("merge", ann.pk), {"other": anne.pk, "keep": anne.pk})
    assert Contact.objects.get() == anne


# --- hostile cells ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hostile_values(), reason="the shared data are not here")
def test_no_hostile_value_is_markup_on_any_page_of_a_person(desk):
    Attribute.objects.create(key="note", name="<script>alert(2)</script>")
    list_ = MailingList.objects.create(slug="x", name="<img src=x onerror=alert(3)>")
    values = hostile_values()
    assert len(values) > 40
    for number, value in enumerate(values):
        contact = make_contact(
            f"h{number}@example.org",
            name=value,
            source=value[:100],
            attributes={"note": value, value[:50]: value},
        )
    make_subscription(contact, list_)
    ContactChange.objects.create(
        contact=contact, source=values[0][:100], changes={"name": [values[1], values[2]]}
    )
    pages = [reverse(LIST), *(url("change", pk) for pk in Contact.objects.values_list("pk", flat=True))]
    pages += [url("edit", contact.pk), url("merge", contact.pk) + f"?other={contact.pk - 1}"]
    for page in pages:
        text = desk.get(page).content.decode()
        for sign in ("<script>alert", "<img src=x", "<svg onload", '" onmouseover="alert'):
            assert sign not in text, (page, sign)
