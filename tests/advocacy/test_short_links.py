"""Short links: where they lead, whom they credit, what is counted, and what they never do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Organisation
from advocacy import letters, sharing, tokens
from advocacy.models import Campaign, Letter, Membership, ShareLink, Submission
from advocacy.sharing import CameBy, codes, links
from contacts import erasing
from contacts.registry import Person
from tests.advocacy.pages import Visitor
from tests.factories import make_campaign, make_legislature, make_mandate, make_submission

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


def confirmed(campaign: Campaign, **fields: Any) -> Submission:
    submission = make_submission(campaign, **fields)
    letters.confirm(submission)
    return Submission.objects.get(pk=submission.pk)


def open_link(code: str, client: Client | None = None, **headers: str) -> Any:
    return (client or Client()).get(f"/j/{code}", headers={"User-Agent": BROWSER, **headers})


def opened(link: ShareLink) -> int:
    return ShareLink.objects.get(pk=link.pk).opened


# --- made -----------------------------------------------------------------------------------------------------------


def test_a_supporter_has_one_link_from_the_confirmation_on(campaign):
    submission = make_submission(campaign)
    assert not ShareLink.objects.exists()
    letters.confirm(submission)
    link = ShareLink.objects.get()
    assert link.submission == submission
    assert codes.read(link.code) == link.code
    letters.confirm(submission)
    submission.refresh_from_db()
    assert sharing.personal_link(submission) == link
    assert ShareLink.objects.count() == 1


def test_looking_at_the_status_page_makes_no_link(campaign):
    submission = confirmed(campaign)
    ShareLink.objects.all().delete()
    page = Visitor().get(f"/en/letters/{tokens.make(tokens.STATUS, submission)}/")
    assert f"?via={sharing.sealed_code(submission)}" in page.html
    assert not ShareLink.objects.exists()


def test_an_unconfirmed_supporter_has_no_link_to_be_counted_by(campaign):
    with pytest.raises(ValueError, match="confirmed"):
        sharing.personal_link(make_submission(campaign))


def test_a_code_that_is_taken_is_not_given_twice(campaign):
    taken = links.staff_link(campaign, source="poster").code
    flyer = links.store(ShareLink(campaign=campaign, source="flyer"), [taken, taken, "calm-river-27"])
    assert flyer.code == "calm-river-27"
    owner = confirmed(campaign)
    ShareLink.objects.filter(submission=owner).delete()
    own = links.store(
        ShareLink(campaign=campaign, submission=owner), [taken, "calm-river-27", "calm-river-28"]
    )
    assert own.code == "calm-river-28"


def test_codes_are_words_to_read_out_and_their_numbers_grow():
    offered = list(codes.offered())
    assert all(codes.read(code) == code for code in offered)
    assert len(offered[0].rpartition("-")[2]) == 2
    assert len(offered[-1].rpartition("-")[2]) == 8


def test_a_source_has_one_link_in_a_campaign(campaign):
    links.staff_link(campaign, source="poster")
    links.staff_link(make_campaign(), source="poster")
    with pytest.raises(IntegrityError), transaction.atomic():
        links.staff_link(campaign, source="poster")


# --- followed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "language"), [("fr-CA,en;q=0.5", "fr"), ("ar", "ar"), ("sw", "en"), ("", "en")]
)
def test_a_short_link_opens_in_the_readers_language(campaign, asked, language):
    link = links.staff_link(campaign, source="poster")
    answer = open_link(link.code, **{"Accept-Language": asked})
    assert answer.status_code == 302
    assert answer["Location"] == f"/{language}/c/{campaign.slug}/?via={link.code}"
    assert "Accept-Language" in answer["Vary"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies


def test_a_link_may_have_a_language_of_its_own(campaign):
    link = links.staff_link(campaign, source="poster", language="es")
    assert open_link(link.code, **{"Accept-Language": "fr"})["Location"].startswith("/es/c/")


@pytest.mark.parametrize("typed", ["{code}", "{code}/", "{CODE}"])
def test_a_code_typed_off_a_poster_is_found(campaign, typed):
    code = links.staff_link(campaign, source="poster").code
    assert open_link(typed.format(code=code, CODE=code.upper())).status_code == 302


def test_a_link_of_a_draft_opens_for_nobody_outside():
    campaign = make_campaign(status=Campaign.Status.DRAFT)
    link = links.staff_link(campaign, source="poster")
    assert open_link(link.code).status_code == 404
    assert opened(link) == 0


@pytest.mark.parametrize(
    "code",
    [
        "amber-fox-27",
        "%2F%2Fevil.example",
        "https:%2F%2Fevil.example",
        "..%2F..%2Fstaff",
        "amber-fox-27%0D%0ASet-Cookie:%20a=b",
        "amber-fox-27%00",
        "amber-fox-27?next=https://evil.example",
        "%E2%80%AEamber-fox-27",
        "amber-fox-%D9%A2%D9%A7",
        "x" * 500,
        "%FF%FE",
    ],
)
def test_a_made_up_code_leads_nowhere(campaign, code):
    answer = open_link(code)
    assert answer.status_code == 404
    assert "Set-Cookie" not in answer
    assert "evil.example" not in answer.get("Location", "")


@pytest.mark.parametrize("extra", ["?next=https://evil.example", "?via=other", "?url=//evil.example#x"])
def test_nothing_of_the_request_comes_into_where_a_link_leads(campaign, extra):
    code = links.staff_link(campaign, source="poster").code
    assert open_link(code + extra)["Location"] == f"/en/c/{campaign.slug}/?via={code}"


# --- counted --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "facebookexternalhit/1.1"},
        {"User-Agent": "WhatsApp/2.23"},
        {"User-Agent": "curl/8.1"},
        {"User-Agent": ""},
        {"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_machines_are_led_on_and_not_counted(campaign, headers):
    link = links.staff_link(campaign, source="poster")
    assert open_link(link.code, **headers).status_code == 302
    assert opened(link) == 0


def test_an_opening_is_counted_and_a_look_whether_it_is_there_is_not(campaign):
    link = links.staff_link(campaign, source="poster")
    assert Client().head(f"/j/{link.code}", headers={"User-Agent": BROWSER}).status_code == 302
    assert opened(link) == 0
    open_link(link.code)
    open_link(link.code)
    assert opened(link) == 2


def test_one_network_cannot_open_a_link_a_thousand_times(campaign):
    link, client = links.staff_link(campaign, source="poster"), Client(REMOTE_ADDR="198.51.100.7")
    for _time in range(25):
        open_link(link.code, client)
    assert opened(link) == 20
    open_link(link.code, Client(REMOTE_ADDR="203.0.113.7"))
    assert opened(link) == 21


# --- credited -------------------------------------------------------------------------------------------------------


def write_by(campaign: Campaign, via: str, email: str = "new@example.org") -> Submission:
    """A newcomer's whole way from the link to the sent form."""
    visitor = Visitor()
    person = make_mandate(make_legislature(country="KE")).person_id
    start = visitor.get(f"/en/c/{campaign.slug}/?via={via}")
    choose = visitor.send(start.form("/write/"), country="KE")
    page = visitor.send(choose.form("/write/"), action=f"/en/c/{campaign.slug}/write/letter/", to=[person])
    visitor.send(visitor.fill(page, email=email).form("/write/letter/"), button="send")
    return Submission.objects.latest("pk")


def test_a_newcomer_is_counted_for_the_owner_of_the_link_once_confirmed(campaign):
    owner = confirmed(campaign)
    newcomer = write_by(campaign, owner.share_link.code)
    assert newcomer.referrer == owner
    assert sharing.brought_by(owner) == 0
    letters.confirm(newcomer)
    assert sharing.brought_by(owner) == 1


def test_nobody_is_brought_by_oneself_and_nobody_twice(campaign):
    owner = confirmed(campaign)
    supporter = confirmed(campaign, referrer=owner).supporter
    again = confirmed(campaign, referrer=owner)
    Submission.objects.filter(pk=again.pk).update(supporter=supporter)
    Letter.objects.filter(submission=again).update(supporter=supporter)
    own = confirmed(campaign, referrer=owner)
    Submission.objects.filter(pk=own.pk).update(supporter=owner.supporter)
    Letter.objects.filter(submission=own).update(supporter=owner.supporter)
    assert sharing.brought_by(owner) == 1


def test_a_letter_taken_back_no_longer_counts_for_who_brought_its_writer(campaign):
    owner = confirmed(campaign)
    newcomer = confirmed(campaign, referrer=owner)
    assert sharing.brought_by(owner) == 1
    letters.withdraw(newcomer.letters.get())
    assert sharing.brought_by(owner) == 0


def test_the_link_of_a_poster_leaves_its_source_and_that_of_a_member_its_member(campaign):
    member = Membership.objects.create(
        campaign=campaign, organisation=Organisation.objects.create(name="Elm Road School", slug="elm")
    )
    links.staff_link(campaign, source="may-poster")
    link = links.staff_link(campaign, membership=member, source="stall")
    assert sharing.came_by(campaign, link.code) == CameBy(membership=member, source="stall")
    found = write_by(campaign, ShareLink.objects.get(source="may-poster").code)
    assert (found.source, found.membership, found.referrer) == ("may-poster", None, None)


def test_a_link_credits_nobody_in_another_campaign(campaign):
    owner = confirmed(campaign)
    other = make_campaign()
    assert sharing.came_by(other, owner.share_link.code) == CameBy()
    assert sharing.came_by(other, sharing.sealed_code(owner)) == CameBy()


def test_personal_links_of_before_go_on_to_count(campaign):
    owner = confirmed(campaign)
    assert sharing.came_by(campaign, sharing.sealed_code(owner)) == CameBy(referrer=owner)


# --- erased ---------------------------------------------------------------------------------------------------------


def test_the_link_of_an_erased_supporter_leads_on_and_is_nobodys(campaign):
    owner = confirmed(campaign)
    link, address = owner.share_link, owner.supporter
    erasing.erase(Person(key=address.address_key, hash=bytes(address.address_hash), contact=None))
    link.refresh_from_db()
    assert link.submission is None
    assert open_link(link.code).status_code == 302
    assert sharing.came_by(campaign, link.code) == CameBy()
