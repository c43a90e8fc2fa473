"""An expression of support from the form to its writer's own page, as somebody without JavaScript goes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from advocacy import abuse
from advocacy.expressions import links, writing
from advocacy.models import Campaign, Expression
from contacts.models import Consent, Suppression
from mailer import proof_of_work
from mailer.models import Delivery
from mailer.visitors import HONEYPOT
from tests.advocacy.pages import Page, Visitor
from tests.expressions import make_expression
from tests.factories import make_campaign, unique_address

pytestmark = pytest.mark.django_db

WELL = {
    "category": "public",
    "name": "Amina Example",
    "role": "teacher",
    "country": "KE",
    "language": "en",
    "statement": "My pupils come by line 42.\nPlease keep it.",
    "email": "amina@example.org",
    "consent": "on",
}
Status = Expression.Status


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


def fill(campaign: Campaign, visitor: Visitor | None = None, seconds: float = 10, **changed: Any) -> Page:
    """The form, read and filled in well but for what is changed, so many seconds after it was opened."""
    visitor = visitor or Visitor()
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        page = visitor.get(f"/{visitor.language}/c/{campaign.slug}/support/new/")
        clock.shift(seconds)
        return visitor.send(page.form("/support/new/"), **{**WELL, **changed})


def link_in(mail: Any, part: str) -> str:
    return re.search(rf"https?://[^/\s]+(/\S*/{part}/\S+)", mail.body)[1]


def test_what_is_written_confirmed_and_published_stands_on_the_wall(campaign, outbox):
    visitor = Visitor()
    assert "One step left" in fill(campaign, visitor).text
    (mail,) = outbox.deliver()
    confirm = visitor.get(link_in(mail, "confirm"))
    assert "My pupils come by line 42." in confirm.text
    own = visitor.send(confirm.forms[0])
    assert "Waiting for a look" in own.text
    expression = Expression.objects.get()
    assert expression.status == Status.CONFIRMED
    assert expression.suspicious == ""
    consent = Consent.objects.get(purpose=Consent.Purpose.EXPRESSION)
    assert consent.granted
    assert consent.text == expression.consent_text
    assert "publish this" in consent.text
    assert consent.proof["expression"] == expression.pk


def test_the_confirmation_mail_holds_nothing_that_was_typed(campaign, outbox):
    fill(campaign, organisation_name="Teachers of Kisumu")
    (mail,) = outbox.deliver()
    html = mail.alternatives[0][0]
    for typed in ("Amina", "teacher", "Kisumu", "pupils"):
        assert typed not in mail.body + mail.subject + html
    assert mail.to == ["amina@example.org"]


def test_opening_the_link_in_the_mail_confirms_nothing(campaign, outbox):
    fill(campaign)
    visitor, (mail,) = Visitor(), outbox.deliver()
    for _scanner in range(2):
        visitor.get(link_in(mail, "confirm"))
    assert Expression.objects.get().status == Status.PENDING


def test_two_clicks_confirm_it_once_and_both_lead_to_the_own_page(campaign, outbox):
    fill(campaign)
    visitor, (mail,) = Visitor(), outbox.deliver()
    form = visitor.get(link_in(mail, "confirm")).forms[0]
    assert "Waiting for a look" in visitor.send(form).text
    assert "Waiting for a look" in visitor.send(form).text
    assert Consent.objects.filter(purpose=Consent.Purpose.EXPRESSION).count() == 1


def test_long_after_the_same_mail_leads_to_the_own_page(campaign, outbox):
    fill(campaign)
    visitor, (mail,) = Visitor(), outbox.deliver()
    visitor.send(visitor.get(link_in(mail, "confirm")).forms[0])
    with time_machine.travel(timezone.now() + dt.timedelta(days=40)):
        assert "What you say in public" in visitor.get(link_in(mail, "confirm")).text


def test_the_same_form_sent_twice_is_one_expression_and_one_mail(campaign, outbox):
    visitor = Visitor()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        page = visitor.get(f"/en/c/{campaign.slug}/support/new/")
        clock.shift(10)
        for _click in range(2):
            assert "One step left" in visitor.send(page.form("/support/new/"), **WELL).text
    assert Expression.objects.count() == 1
    assert len(outbox.deliver()) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "Please enter your name."),
        ({"category": ""}, "Please choose who speaks."),
        ({"category": "state"}, "Please name the organisation or state you speak for."),
        ({"statement": ""}, "Please write what you want to say, or give the link of a video."),
        ({"statement": "x" * 2_001}, "This is too long: 2001 characters, at most 2000 are possible."),
        ({"statement": "See https://a.test and https://b.test"}, "Please leave all links but one out."),
        ({"video_url": "javascript:alert(1)"}, "This is no address of a page"),
        ({"video_url": "https://user:secret@video.example/1"}, "This is no address of a page"),
        ({"email": "amina@"}, ""),
        ({"consent": None}, "Without this consent we may not publish anything."),
        ({"country": "XX"}, ""),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_said_at_the_top_and_everything_typed_is_kept(campaign, changed, said):
    page = fill(campaign, **changed)
    assert page.response.status_code == 422
    assert "Please look at this again" in page.text
    assert said in page.text
    form = page.form("/support/new/")
    for name, value in {**WELL, **changed}.items():
        if name in {"consent", "country", "category"}:
            continue
        assert [text.lstrip("\n") for text in form.values(name)] == [value], name
    assert not Expression.objects.exists()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"category": "state", "name": "", "statement": "", "video_url": "no address", "email": "amina@"},
            ["organisation_name", "video_url", "email"],
        ),
        (
            {"category": "", "name": "", "statement": "", "consent": None},
            ["category", "name", "statement", "consent"],
        ),
        (
            {"category": "", "name": "", "organisation_name": "Riders", "country": "XX"},
            ["category", "country"],
        ),
        ({"name": "x" * 151, "statement": ""}, ["name", "statement"]),
        ({"name": "", "statement": "x" * 2_001, "email": ""}, ["name", "statement", "email"]),
    ],
    ids=["a state", "nothing", "who speaks", "too long a name", "too long a statement"],
)
def test_all_that_is_wrong_is_said_at_once_at_each_field_and_at_the_top(campaign, changed, said):
    page = fill(campaign, **changed)
    assert re.findall(r'<a href="#id_(\w+)">', page.html) == said
    assert re.findall(r'class="error" id="id_(\w+)_error"', page.html) == said
    mended = Visitor().send(page.form("/support/new/"), **WELL, organisation_name="Riders", video_url="")
    assert "One step left" in mended.text


def test_an_old_page_with_a_wrong_field_asks_for_the_field_only(campaign):
    page = fill(campaign, seconds=10**6, name="")
    assert "Please enter your name." in page.text
    assert "One step left" in Visitor().send(page.form("/support/new/"), name="Amina Example").text


def test_a_video_alone_says_enough(campaign):
    page = fill(campaign, statement="", video_url="https://video.example/watch?v=42")
    assert "One step left" in page.text
    assert Expression.objects.get().video_url == "https://video.example/watch?v=42"


@pytest.mark.parametrize("how", [{HONEYPOT: "Amina"}, {"seconds": 1}], ids=["trap", "haste"])
def test_what_a_machine_may_have_filled_is_taken_and_marked_for_the_moderator(campaign, how):
    assert "One step left" in fill(campaign, **how).text
    assert Expression.objects.get().suspicious


def test_a_word_of_the_lexicon_is_marked_for_the_moderator(campaign):
    fill(campaign, statement="I will kill you if line 42 goes.")
    assert "word list" in Expression.objects.get().suspicious


@pytest.mark.parametrize("token", ["", "forged", "x" * 600], ids=["none", "forged", "long"])
def test_a_form_that_is_not_ours_is_shown_again(campaign, token):
    page = fill(campaign, form=token)
    assert page.response.status_code == 422
    assert "open for a long time" in page.text
    assert not Expression.objects.exists()


def test_the_form_of_another_campaign_is_shown_again(campaign):
    assert fill(campaign, form=abuse.new_form(make_campaign())).response.status_code == 422


def test_a_hot_form_asks_for_a_sum_and_takes_its_answer(campaign, monkeypatch):
    import altcha

    monkeypatch.setattr(abuse, "PER_NETWORK_CHALLENGE", abuse.RateLimitItemPerMinute(1, 10))
    network = {"X-Test": "1"}
    visitor = Visitor(**network)
    fill(campaign, visitor)
    page = fill(campaign, visitor, statement="And once more.")
    assert page.response.status_code == 429
    challenge = altcha.Challenge.from_dict(proof_of_work.new_challenge())
    solution = altcha.solve_challenge(challenge)
    payload = altcha.Payload(challenge, solution).to_base64()
    assert "One step left" in fill(campaign, visitor, statement="And once more.", altcha=payload).text


def test_the_third_mail_of_a_day_to_one_address_is_not_sent(campaign, outbox):
    for number in range(4):
        assert "One step left" in fill(campaign, statement=f"Statement {number}").text
    assert Expression.objects.count() == 4
    assert Delivery.objects.count() <= 2


def test_sending_again_says_when_it_is_possible(campaign, outbox):
    visitor = Visitor()
    page = fill(campaign, visitor)
    again = visitor.send(page.form("/again/"))
    assert "at most one mail an hour" in again.text
    assert len(outbox.deliver()) == 1


def test_not_me_stops_such_mail_for_a_year_and_ends_what_waits(campaign, outbox):
    fill(campaign)
    visitor, (mail,) = Visitor(), outbox.deliver()
    link = link_in(mail, "not-me")
    assert Expression.objects.get().status == Status.PENDING
    assert "Nothing is published in your name" in visitor.send(visitor.get(link).forms[0]).text
    assert Expression.objects.get().status == Status.WITHDRAWN
    assert Suppression.objects.get().reason == Suppression.Reason.NOT_ME
    assert visitor.get(link_in(mail, "confirm")).response.status_code == 404
    fill(campaign, statement="Once more.")
    assert outbox.deliver() == []


def test_a_new_confirmation_takes_the_place_of_what_the_same_mailbox_said_before(campaign):
    first = make_expression(campaign, address="amina@example.org")
    second = make_expression(campaign, Status.PENDING, address="amina@example.org", statement="New.")
    page = Visitor().get(f"/en/support/confirm/{links.token(links.CONFIRM, second)}/")
    assert "takes the place" in page.text
    assert writing.confirm(second)
    first.refresh_from_db()
    assert first.status == Status.WITHDRAWN


def test_what_is_not_confirmed_in_seven_days_is_over(campaign):
    expression = make_expression(campaign, Status.PENDING)
    link = f"/en/support/confirm/{links.token(links.CONFIRM, expression)}/"
    assert Visitor().get(link).response.status_code == 200
    Expression.objects.filter(pk=expression.pk).update(expires_at=timezone.now())
    assert Visitor().get(link).response.status_code == 404
    assert not writing.confirm(expression)


def test_a_closed_campaign_takes_no_expression_but_shows_its_wall(campaign):
    pending = make_expression(campaign, Status.PENDING)
    Campaign.objects.filter(pk=campaign.pk).update(status=Campaign.Status.CLOSED)
    page = Visitor().get(f"/en/c/{campaign.slug}/support/new/")
    assert page.address.endswith(f"/c/{campaign.slug}/support/")
    assert not writing.confirm(pending)


def test_a_lost_link_is_mailed_to_its_writer_and_to_nobody_else(campaign, outbox):
    make_expression(campaign, address="amina@example.org")
    outbox.deliver()
    visitor, said, work = Visitor(), set(), []
    writing.mail_own_link(campaign, unique_address(), "en")  # the text of such a mail is stored once
    for address in ("amina@example.org", "stranger@example.org"):
        page = visitor.get(f"/en/c/{campaign.slug}/support/link/")
        with CaptureQueriesContext(connection) as asked:
            answer = visitor.send(page.forms[0], email=address)
        said.add((answer.response.status_code, answer.text))
        work.append([query["sql"].partition(" ")[0] for query in asked.captured_queries])
    assert len(said) == 1, "the page must not tell who is known"
    assert work[0] == work[1], "nor must the time it takes"
    assert Delivery.objects.filter(kind=Delivery.Kind.NOTICE).count() == 3, "one task each; the door decides"
    (mail,) = outbox.deliver()
    assert mail.to == ["amina@example.org"]
    assert "What you say in public" in visitor.get(link_in(mail, "mine")).text


@pytest.mark.parametrize("language", ["fr", "es", "ar"])
def test_mails_come_in_the_language_of_the_form(campaign, outbox, language):
    fill(campaign, Visitor(language))
    (mail,) = outbox.deliver()
    assert f"/{language}/support/confirm/" in mail.body
    assert Expression.objects.get().mail_language == language
