"""The form of a list, here and on other sites, as a visitor without a script and without cookies meets it."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.test import Client
from limits import RateLimitItemPerMinute

from contacts import subscriptions, suppressions
from contacts.addresses import parse
from contacts.models import Contact, MailingList, Subscription, Suppression
from mailer.models import Delivery, SignUp
from mailer.signup import forms, guard, links
from mailer.visitors import HONEYPOT
from tests.advocacy.pages import Page, Visitor
from tests.factories import make_contact, make_mailing_list, make_sign_up, make_subscription

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_budgets")]

TEXTS = {
    "en": {"name": "Justice news", "description": "Once a month.", "consent": "Send me Justice news."},
    "fr": {"name": "Nouvelles de la justice"},
    "ar": {"name": "أخبار العدالة", "description": "مرة في الشهر."},
    "sw": {"name": "Habari za haki", "consent": "Nitumieni habari za haki."},
}


@pytest.fixture
def news() -> MailingList:
    return make_mailing_list(slug="news", is_public=True, texts=TEXTS)


@pytest.fixture
def clock():
    """A page that was opened a minute ago, so that nobody is too fast."""
    with time_machine.travel("2026-03-02T10:00Z", tick=False) as clock:
        yield clock


def opened(clock, path: str = "/en/lists/news/", visitor: Visitor | None = None) -> tuple[Visitor, Page]:
    visitor = visitor or Visitor()
    page = visitor.get(path)
    clock.shift(timedelta(minutes=1))
    return visitor, page


def fill(visitor: Visitor, page: Page, **changed: object) -> Page:
    return visitor.send(page.form("/lists/"), **{"email": "ann@example.org", "consent": "on", **changed})


def test_a_visitor_signs_up_confirms_and_finds_their_preferences(news, clock, outbox):
    visitor, page = opened(clock)
    assert "Send me Justice news." in page.text
    assert page.form("/lists/").values("consent") == [], "no box is ticked beforehand"
    page = fill(visitor, page, name="Ann", country="KE", language="fr")
    assert "Look into your mailbox" in page.text
    (asked,) = outbox.deliver()
    assert asked.subject == "Veuillez confirmer : Nouvelles de la justice"
    path = re.search(r"https?://[^/]+(/fr/subscribe/[^/]+/)\s", asked.body)[1]
    page = visitor.get(path)
    assert "Send me Justice news." in page.text, "the words that were agreed to, in their language"
    assert not Subscription.objects.exists(), "looking changes nothing"
    page = visitor.send(page.forms[0])
    assert "/preferences/" in page.address
    assert Subscription.objects.get().status == Subscription.Status.CONFIRMED
    assert Contact.objects.get().language == "fr"
    assert page.response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page.response["Cache-Control"]


def test_known_unknown_left_and_suppressed_addresses_get_the_same_answer(news, clock):
    known, left = make_contact("known@example.org"), make_contact("left@example.org")
    make_subscription(known, news)
    make_subscription(left, news, status="unsubscribed")
    suppressions.suppress(parse("never@example.org").hash, Suppression.Reason.DO_NOT_CONTACT)
    suppressions.suppress(
        parse("notme@example.org").hash, Suppression.Reason.NOT_ME, scope=Suppression.Scope.CONFIRMATIONS
    )
    answers, asked = [], []
    for name in ("known", "left", "never", "notme", "new"):
        visitor, page = opened(clock)
        with CountQueries() as queries:
            page = fill(visitor, page, email=f"{name}@example.org")
        answers.append((page.response.status_code, page.address, page.html))
        asked.append(len(queries))
    assert len(set(answers)) == 1
    assert Delivery.objects.count() == 5, "the door decides, not the page"
    assert max(asked) - min(asked) <= 2, "the same work, so the same time"


def test_what_is_wrong_is_said_and_what_was_typed_stays(news, clock):
    visitor, page = opened(clock)
    page = fill(visitor, page, email="ann@", name="Ann", consent=None)
    assert page.response.status_code == 422
    assert "should look like name@example.org" in page.text
    assert "Please tick the box" in page.text
    assert page.form("/lists/").values("name") == ["Ann"]
    assert not SignUp.objects.exists()
    page = fill(visitor, page, name="www.cheap.example")
    assert "leave links and e-mail addresses out" in page.text
    page = fill(visitor, page, name="Ann\r\nBcc: x@y.z")
    assert page.response.status_code == 422


def test_too_quick_and_without_the_tick_is_told_in_one_round(news, clock):
    visitor = Visitor()
    page = fill(visitor, visitor.get("/en/lists/news/"), consent="")
    assert "press the button once more" in page.text
    assert "Please tick the box" in page.text


@pytest.mark.parametrize("opt_in", ["double", "single"])
def test_a_double_click_is_one_sign_up_and_one_mail(news, clock, opt_in):
    MailingList.objects.update(opt_in=opt_in)
    visitor, page = opened(clock)
    pages = [fill(visitor, page), fill(visitor, page)]
    assert pages[0].text == pages[1].text
    assert SignUp.objects.count() == Delivery.objects.count() == 1


@pytest.mark.parametrize("opt_in", ["double", "single"])
def test_the_page_after_the_form_says_what_happens_on_this_kind_of_list(news, clock, opt_in):
    MailingList.objects.update(opt_in=opt_in)
    make_subscription(make_contact("known@example.org"), news)
    visitor, page = opened(clock)
    new, known = fill(visitor, page).text, fill(visitor, page, email="known@example.org").text
    assert new == known
    assert ("Whoever is new is on the list now" in new) == (opt_in == "single")


@pytest.mark.parametrize("leave", ["all", "one", "none"])
def test_a_link_opened_again_says_on_the_list_only_to_who_is(outbox, leave):
    row = make_sign_up()
    path = f"/en/subscribe/{links.token(links.CONFIRM, row)}/"
    visitor = Visitor()
    assert "You are on the list." in visitor.send(visitor.get(path).forms[0]).text
    if leave == "all":
        subscriptions.leave_all(Contact.objects.get(), source="preferences")
    elif leave == "one":
        subscriptions.unsubscribe(Contact.objects.get(), row.mailing_list, source="preferences")
    assert ("You are on the list." in visitor.get(path).text) == (leave == "none")


def test_a_list_that_is_not_open_has_no_form(news, clock):
    MailingList.objects.update(is_public=False)
    assert Visitor().get("/en/lists/news/").response.status_code == 404


def test_the_form_speaks_the_reader_s_language_and_staff_s_others(news):
    arabic = Visitor().get("/ar/lists/news/")
    assert 'dir="rtl"' in arabic.html
    assert "أخبار العدالة" in arabic.text
    assert "Send me Justice news." not in arabic.text, "words of another language are no consent"
    swahili = Visitor().get("/en/lists/news/?in=sw")
    assert "Nitumieni habari za haki." in swahili.text
    assert 'lang="sw"' in swahili.html
    assert "Habari za haki" in Visitor().get("/en/lists/news/?in=sw").text
    assert "Justice news" in Visitor().get("/en/lists/news/?in=xx").text


def test_a_page_holds_no_script_of_its_own_and_sets_no_cookie(news):
    page = Visitor().get("/en/lists/news/")
    assert page.active == []
    assert "form-action 'self'" in page.response["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.response["Content-Security-Policy"]


# --- machines ---------------------------------------------------------------------------------------------------------


def test_a_machine_is_asked_once_more_and_a_person_gets_through(news, clock):
    visitor = Visitor()
    page = fill(visitor, visitor.get("/en/lists/news/"))
    assert page.response.status_code == 429
    assert "press the button once more" in page.text
    assert page.form("/lists/").values("email") == ["ann@example.org"]
    clock.shift(timedelta(seconds=5))
    trapped = visitor.send(page.form("/lists/"), **{HONEYPOT: "https://spam.example", "consent": "on"})
    assert trapped.response.status_code == 429
    assert trapped.form("/lists/").values(HONEYPOT) == [""]
    assert not SignUp.objects.exists()
    assert "Look into your mailbox" in fill(visitor, trapped).text


def test_a_busy_network_is_slowed_and_then_stopped_and_others_are_not(news, clock, monkeypatch):
    monkeypatch.setattr(guard, "PER_NETWORK_SLOW", RateLimitItemPerMinute(1, 10))
    monkeypatch.setattr(guard, "PER_NETWORK_CHALLENGE", RateLimitItemPerMinute(2, 10))
    visitor, page = opened(clock)
    for number in range(2):
        fill(visitor, page, email=f"a{number}@example.org")
    first, second = Delivery.objects.order_by("pk")
    assert second.due_at - second.created_at >= timedelta(seconds=80)
    assert first.due_at - first.created_at < timedelta(seconds=5)
    busy = fill(visitor, page, email="a3@example.org")
    assert busy.response.status_code == 429
    assert "data-challenge" in busy.html
    elsewhere, page = opened(clock, visitor=Visitor())
    elsewhere.client = Client(REMOTE_ADDR="203.0.113.9")
    assert "Look into your mailbox" in fill(elsewhere, page, email="b@example.org").text


def test_a_token_of_another_list_or_an_old_one_is_shown_again_with_what_was_typed(news, clock):
    other = make_mailing_list(slug="other", is_public=True)
    visitor, page = opened(clock)
    wrong = fill(visitor, page, form=forms.new_token(other, "en"))
    assert wrong.response.status_code == 422
    assert "once more" in wrong.text
    clock.shift(timedelta(days=2))
    assert fill(visitor, page).response.status_code == 422
    assert not SignUp.objects.exists()


# --- on other sites ---------------------------------------------------------------------------------------------------


def embedded(news: MailingList, language: str = "en", **changed: str) -> str:
    fields = {
        "form": forms.new_token(news, language, embedded=True),
        "email": "ann@example.org",
        "consent": "on",
        HONEYPOT: "",
    }
    return urlencode({**fields, **changed})


def post_from(site: str, body: str, path: str = "/en/lists/news/"):
    """As a browser posts a form of another site: no cookie of ours, no CSRF token."""
    return Client(enforce_csrf_checks=True).post(
        path,
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"Referer": site, "Origin": "https://partner.example", "Sec-Fetch-Site": "cross-site"},
    )


def test_a_copy_on_another_site_signs_up_and_the_proof_names_that_site_and_its_words(news):
    body = embedded(news)
    MailingList.objects.update(texts={"en": {"name": "Renamed", "consent": "Other words."}})
    answer = post_from("https://partner.example/join?visitor=7", body)
    assert answer.status_code == 303
    row = SignUp.objects.get()
    assert row.page == "https://partner.example/join", "without a query that may tell who came"
    assert row.text == "Send me Justice news.", "the words that stand on that site"
    assert row.source == SignUp.Source.EMBEDDED


@pytest.mark.parametrize("referrer", ["", "javascript:alert(1)", "https://[broken", "data:text/html,x"])
def test_a_site_that_does_not_tell_its_address_signs_up_too(news, referrer):
    assert post_from(referrer, embedded(news)).status_code == 303
    assert SignUp.objects.get().page.endswith("/en/lists/news/")


def test_a_copy_without_its_tick_or_seal_leads_to_our_own_form_with_what_was_typed(news):
    without_tick = post_from("https://partner.example/", embedded(news, consent=""))
    assert without_tick.status_code == 422
    without_seal = post_from("https://partner.example/", embedded(news, form="x"))
    assert without_seal.status_code == 422
    for answer in (without_tick, without_seal):
        page = Page(answer, "/en/lists/news/")
        assert page.form("/lists/").values("email") == ["ann@example.org"]
    assert not SignUp.objects.exists()


# --- the links of the mail --------------------------------------------------------------------------------------------


def test_opening_a_link_changes_nothing_and_a_dead_one_says_what_to_do(outbox):
    row = make_sign_up()
    for purpose, path in ((links.CONFIRM, "/en/subscribe/{}/"), (links.NOT_ME, "/en/subscribe/{}/not-me/")):
        page = Visitor().get(path.format(links.token(purpose, row)))
        assert page.response.status_code == 200
    assert not Contact.objects.exists()
    assert not Suppression.objects.exists()
    gone = [
        Visitor().get(f"/en/subscribe/{token}/") for token in ("x", f"{row.pk}-{'A' * 24}", f"9-{'A' * 24}")
    ]
    assert {page.response.status_code for page in gone} == {404}
    assert len({page.text for page in gone}) == 1
    assert "Send me a new link" in gone[0].text


def test_not_me_is_one_press(outbox):
    row, visitor = make_sign_up(), Visitor()
    page = visitor.get(f"/en/subscribe/{links.token(links.NOT_ME, row)}/not-me/")
    page = visitor.send(page.forms[0])
    assert "no more such mails" in page.text
    assert Suppression.objects.get().reason == Suppression.Reason.NOT_ME
    assert outbox.deliver() == []


class CountQueries(list):
    """How many statements a request made."""

    def __enter__(self):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        self._context = CaptureQueriesContext(connection)
        self._context.__enter__()
        return self

    def __exit__(self, *error):
        self._context.__exit__(*error)
        self.extend(self._context.captured_queries)
