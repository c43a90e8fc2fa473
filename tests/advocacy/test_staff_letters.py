"""Letters at the staff desk: their history, and those held for a look."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.admin.models import LogEntry
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import audit
from accounts.models import User
from advocacy.admin.history import steps_of
from advocacy.models import Letter
from mailer import bounces, reasons
from mailer.models import Delivery
from tests.factories import make_submission
from tests.staff import (
    make_campaign,
    make_delivery,
    make_event,
    make_letter,
    make_organisation,
    make_person,
    make_staff,
)

pytestmark = pytest.mark.django_db

Status = Letter.Status
LIST = "admin:advocacy_letter_changelist"


@pytest.fixture(autouse=True)
def nothing_remembered():
    cache.clear()


@pytest.fixture
def moderator() -> User:
    return make_staff("Moderators")


@pytest.fixture
def desk(client: Client, moderator: User) -> Client:
    client.force_login(moderator)
    return client


def held(**fields) -> Letter:
    return make_letter(
        **{
            "status": Status.WITHHELD,
            "held_because": "two links",
            "held_at": timezone.now(),
            "slot": None,
            **fields,
        }
    )


def act(desk: Client, verb: str, *letters: Letter, reason: str = "", **more: str):
    posted = {"act": verb, "letter": [str(letter.pk) for letter in letters], "reason": reason, **more}
    return desk.post(reverse("admin:advocacy_letter_act"), posted)


def listed(desk: Client, **query: str) -> list[Letter]:
    return list(desk.get(reverse(LIST), query).context["cl"].result_list)


# --- finding


def test_a_supporter_is_found_by_their_whole_address_in_any_spelling_and_by_no_part_of_it(desk):
    letter = make_letter(address="Ann.Supporter@example.org")
    make_letter(address="ann.supporter2@example.org")
    assert listed(desk, q="ann.supporter@EXAMPLE.org") == [letter]
    assert listed(desk, q="ann.supporter") == []
    assert listed(desk, q="@example.org") == []


def test_letters_are_found_by_their_representative_in_any_script_and_by_number(desk):
    letter = make_letter(person=make_person("Sayoko Mizuhara", native_name="水原さよ子"))
    make_letter()
    assert listed(desk, q="mizuhara") == [letter]
    assert listed(desk, q="水原") == [letter]
    assert listed(desk, q=str(letter.pk)) == [letter]
    assert listed(desk, q="9" * 40) == []


def test_the_list_of_letters_costs_the_same_for_one_and_for_many(desk, django_assert_max_num_queries):
    url = reverse(LIST)
    make_letter(delivery=make_delivery(), status=Status.DISPATCHED)
    with django_assert_max_num_queries(17):
        desk.get(url)
    for _number in range(6):
        make_letter(delivery=make_delivery(), status=Status.DISPATCHED)
    with django_assert_max_num_queries(17):
        desk.get(url)


# --- history


def test_the_page_of_a_letter_tells_its_whole_life_in_order_and_in_words(desk):
    delivery = make_delivery(status=Delivery.Status.SENT, sent_at=timezone.now())
    letter = make_letter(status=Status.DISPATCHED, delivery=delivery)
    start = timezone.now()
    for minutes, kind, more in [
        (3, "bounced", {"bounce_class": "hard", "bounce_code": "5.1.1"}),
        (1, "asked", {}),
        (2, "accepted", {}),
    ]:
        make_event(delivery, kind, occurred_at=start + dt.timedelta(minutes=minutes), **more)
    steps = [step.words for step in steps_of(letter)]
    assert steps == [
        "written by the supporter",
        "confirmed by the supporter",
        "handed to the provider",
        "accepted by the provider",
        "bounced",
    ]
    page = desk.get(reverse("admin:advocacy_letter_change", args=[letter.pk])).content.decode()
    assert "the mailbox does not exist (5.1.1)" in page
    assert (
        page.index("handed to the provider") < page.index("accepted by the provider") < page.index("(5.1.1)")
    )


def test_the_history_of_an_unconfirmed_letter_tells_of_the_mail_that_waits(desk):
    letter = make_submission(delay=dt.timedelta(minutes=5)).letters.get()
    steps = {step.words: step for step in steps_of(letter)}
    assert steps["mail to confirm: waiting"].at > timezone.now()


def test_a_letter_cannot_be_edited_added_or_deleted_even_by_a_superuser(client):
    client.force_login(make_staff("superuser"))
    letter = make_letter()
    url = reverse("admin:advocacy_letter_change", args=[letter.pk])
    assert client.post(url, {"subject": "Another", "body": "…"}).status_code == 403
    assert client.get(reverse("admin:advocacy_letter_add")).status_code == 403
    assert (
        client.post(reverse("admin:advocacy_letter_delete", args=[letter.pk]), {"post": "yes"}).status_code
        == 403
    )
    letter.refresh_from_db()
    assert letter.subject == "Please keep line 42"


def test_a_hostile_subject_is_shown_as_text(desk):
    letter = make_letter(subject="<script>alert(1)</script>", body="<img src=x onerror=alert(1)>")
    for url in (reverse(LIST), reverse("admin:advocacy_letter_change", args=[letter.pk])):
        page = desk.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


# --- held letters


def test_a_released_letter_waits_for_its_turn_and_says_who_released_it(desk, moderator):
    letter = held()
    act(desk, "release", letter)
    letter.refresh_from_db()
    assert letter.status == Status.CONFIRMED
    assert letter.slot is not None
    assert letter.held_by == moderator
    [entry] = LogEntry.objects.filter(object_id=str(letter.pk))
    assert (entry.user, audit.told(entry)) == (moderator, "Released. It had been held: “two links”")
    assert "Released. It had been held: “two links”" in [step.words for step in steps_of(letter)]


def test_a_refused_letter_keeps_the_reason_and_who_refused_it(desk, moderator):
    letter = held()
    act(desk, "refuse", letter, reason="an advert")
    letter.refresh_from_db()
    assert (letter.status, letter.held_because, letter.held_by) == (Status.REFUSED, "an advert", moderator)


def test_a_letter_held_alone_has_its_own_buttons_and_none_for_many(desk):
    held()
    page = desk.get(reverse("admin:advocacy_letter_held")).content.decode()
    assert 'id="bulk"' not in page
    assert "data-tick" not in page
    assert 'class="desk-act main" name="act" value="release"' in page
    held()
    assert desk.get(reverse("admin:advocacy_letter_held")).content.decode().count('form="bulk"') == 3


def test_why_an_address_bounced_is_said_in_the_readers_language(desk):
    held(held_because="the address is marked: the mailbox does not exist (5.1.1)")
    with translation.override("ar"):
        marked = gettext("the address is marked: %(why)s") % {"why": gettext("the mailbox does not exist")}
    page = desk.get(reverse("admin:advocacy_letter_held"), headers={"Accept-Language": "ar"})
    assert f"{marked} (5.1.1)" in page.content.decode()
    assert "mailbox" not in marked


@pytest.mark.parametrize("code", sorted(bounces.HARD))
def test_every_bounce_that_marks_an_address_is_a_reason_the_desk_knows(code):
    assert bounces.in_words("hard", code).removesuffix(f" ({code})") in reasons.known()


def test_who_refuses_a_letter_is_told_that_its_writer_reads_the_reason(desk):
    letter = held()
    for page in (
        reverse("admin:advocacy_letter_held"),
        reverse("admin:advocacy_letter_change", args=[letter.pk]),
    ):
        assert "the supporter reads this, word for word" in desk.get(page).content.decode()


def test_a_refusal_stands_in_the_history_with_its_own_time_and_reason(desk):
    letter = held(held_because="two links", held_at=timezone.now() - dt.timedelta(days=2))
    act(desk, "refuse", letter, reason="It insults a person.")
    letter.refresh_from_db()
    steps = {step.words: step for step in steps_of(letter)}
    assert steps["held for a look"].detail == ""
    assert steps["not sent: refused by a person"].detail == "It insults a person."
    assert steps["not sent: refused by a person"].at > steps["held for a look"].at


def test_nothing_is_refused_without_a_reason(desk):
    letter = held()
    act(desk, "refuse", letter, reason="   ")
    letter.refresh_from_db()
    assert letter.status == Status.WITHHELD


def test_many_letters_are_released_at_once_and_what_moved_on_meanwhile_is_left(desk):
    first, second = held(), held()
    gone = held(status=Status.WITHDRAWN)
    answer = act(desk, "release", first, second, gone)
    told = [str(message) for message in desk.get(answer["Location"]).context["messages"]]
    assert told == ["2 letters: done.", "1 was left as it is: it has moved on meanwhile."]
    assert set(Letter.objects.filter(status=Status.CONFIRMED)) == {first, second}
    gone.refresh_from_db()
    assert gone.status == Status.WITHDRAWN


def test_a_letter_without_a_way_to_its_representative_stays_held_and_says_why(desk):
    letter = held()
    letter.route.state = "bounced"
    letter.route.save()
    answer = act(desk, "release", letter)
    letter.refresh_from_db()
    assert letter.status == Status.WITHHELD
    (told,) = [str(message) for message in desk.get(answer["Location"]).context["messages"]]
    assert "cannot leave yet" in told  # and nothing says "0 letters: done"


def test_a_confirmed_letter_can_be_held_and_withdrawn_from_its_page(desk):
    letter, other = make_letter(), make_letter()
    act(desk, "hold", letter, reason="a complaint came in", next=str(letter.pk))
    act(desk, "withdraw", other)
    letter.refresh_from_db()
    other.refresh_from_db()
    assert (letter.status, letter.held_because) == (Status.WITHHELD, "a complaint came in")
    assert other.status == Status.WITHDRAWN


@pytest.mark.parametrize("status", [Status.PENDING, Status.CONFIRMED, Status.DISPATCHED, Status.REFUSED])
def test_only_held_letters_can_be_refused(desk, status):
    letter = make_letter(status=status, delivery=make_delivery() if status == Status.DISPATCHED else None)
    act(desk, "refuse", letter, reason="no")
    letter.refresh_from_db()
    assert letter.status == status


def test_letters_of_another_organisation_are_neither_shown_in_the_queue_nor_moved(client):
    ours = make_organisation()
    client.force_login(make_staff("Moderators", organisation=ours))
    own = held(campaign=make_campaign(organisation=ours))
    foreign = held(campaign=make_campaign(organisation=make_organisation()))
    page = client.get(reverse("admin:advocacy_letter_held")).context["page"]
    assert list(page.object_list) == [own]
    act(client, "release", own, foreign)
    foreign.refresh_from_db()
    assert foreign.status == Status.WITHHELD


@pytest.mark.parametrize("role", ["Campaigners", "Representatives editors", "Contacts editors"])
def test_who_may_not_release_can_neither_open_the_queue_nor_act(client, role):
    client.force_login(make_staff(role))
    letter = held()
    assert client.get(reverse("admin:advocacy_letter_held")).status_code == 403
    assert act(client, "release", letter).status_code == 403
    letter.refresh_from_db()
    assert letter.status == Status.WITHHELD


def test_looking_at_the_queue_releases_nothing(desk):
    letter = held()
    desk.get(reverse("admin:advocacy_letter_held"))
    assert desk.get(reverse("admin:advocacy_letter_act")).status_code == 405
    letter.refresh_from_db()
    assert letter.status == Status.WITHHELD


@pytest.mark.parametrize(
    "where", ["https://evil.example/", "//evil.example", "/staff/", "javascript:alert(1)"]
)
def test_an_act_never_leads_to_an_address_from_outside(desk, where):
    answer = act(desk, "release", held(), next=where)
    assert answer["Location"] == reverse("admin:advocacy_letter_held")


def test_the_queue_costs_the_same_for_one_and_for_many(desk, django_assert_max_num_queries):
    url = reverse("admin:advocacy_letter_held")
    held()
    with django_assert_max_num_queries(7):
        desk.get(url)
    for _number in range(5):
        held()
    with django_assert_max_num_queries(7):
        desk.get(url)


# --- the home page


def test_the_home_page_says_what_waits_and_nothing_to_who_may_not_act(client):
    held()
    make_delivery(status=Delivery.Status.UNKNOWN)
    client.force_login(make_staff("Moderators"))
    needs = [need.sentence for need in client.get(reverse("admin:index")).context["needs"]]
    assert needs == ["1 mail was handed over without a definite answer", "1 letter held for a look"]
    client.force_login(make_staff("Contacts editors"))
    assert client.get(reverse("admin:index")).context["needs"] == []


def test_remembered_figures_of_one_organisation_are_not_shown_to_another(client):
    ours, theirs = make_organisation(), make_organisation()
    make_letter(make_campaign(organisation=ours))
    for organisation, count in ((ours, 1), (theirs, 0), (None, 1)):
        client.force_login(make_staff("Moderators", organisation=organisation))
        figures = client.get(reverse("admin:index")).context["figures"]
        titles = {"letter confirmed", "letters confirmed"}
        assert [one.total for one in figures if one.title in titles] == [count]


def test_a_figure_of_one_is_said_as_one(desk):
    make_letter()
    assert "letter confirmed" in [one.title for one in desk.get(reverse("admin:index")).context["figures"]]


def test_the_home_page_asks_a_fixed_number_of_questions(desk, django_assert_max_num_queries):
    for _number in range(5):
        held()
        make_delivery(status=Delivery.Status.UNKNOWN)
    with django_assert_max_num_queries(40):
        desk.get(reverse("admin:index"))
