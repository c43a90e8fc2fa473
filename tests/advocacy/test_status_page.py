"""The page of what became of the letters."""

import pytest

from advocacy import letters, tokens
from advocacy.models import ContactRoute, Letter, Submission
from tests.advocacy.pages import Page, Visitor
from tests.factories import (
    make_mandate,
    make_route,
    make_submission,
)

pytestmark = pytest.mark.django_db


def _confirmed(campaign, *mandates) -> Submission:
    submission = make_submission(campaign, mandates, wants_newsletter=False)
    letters.confirm(submission)
    return submission


def _status(submission: Submission) -> Page:
    return Visitor().get(f"/en/letters/{tokens.make('status', submission)}/")


def test_a_letter_is_taken_back_only_after_being_asked_and_only_before_it_left(campaign, member):
    submission = _confirmed(campaign, member)
    visitor, page = Visitor(), _status(submission)
    form = next(form for form in page.forms if any(b.get("value") == "withdraw" for b in form.buttons))
    done = visitor.send(form, button="withdraw")
    assert "You took this letter back." in done.text
    assert Letter.objects.get().status == Letter.Status.WITHDRAWN
    assert "Take this letter back" not in done.text


def test_a_letter_that_staff_took_back_does_not_say_that_the_supporter_did(campaign, member):
    submission = _confirmed(campaign, member)
    letters.withdraw(Letter.objects.get(), by_staff=True)
    text = _status(submission).text
    assert "The campaign took this letter back." in text
    assert "You took this letter back." not in text


def test_somebody_elses_letter_cannot_be_taken_back_with_my_link(campaign, member, assembly):
    mine, other = _confirmed(campaign, member), _confirmed(campaign, member)
    letter = other.letters.get()
    answer = Visitor().client.post(
        f"/en/letters/{tokens.make('status', mine)}/{letter.pk}/", {"action": "withdraw"}
    )
    assert answer.status_code == 404
    letter.refresh_from_db()
    assert letter.status == Letter.Status.CONFIRMED


def test_the_page_asks_again_by_itself_only_while_something_moves(campaign, member):
    submission = _confirmed(campaign, member)
    letter = submission.letters.get()
    assert 'hx-trigger="every' in _status(submission).html
    letters.withdraw(letter)
    quiet = _status(submission)
    assert "hx-trigger" not in quiet.html
    assert "htmx" not in quiet.html.partition("</head>")[2]


def test_htmx_gets_the_part_that_moves_and_one_sentence_for_those_who_hear_it(campaign, member):
    submission = _confirmed(campaign, member)
    page = Visitor(hx_request="true").get(f"/en/letters/{tokens.make('status', submission)}/")
    assert "<html" not in page.html
    assert "Achieng Example: waiting." in page.text


def test_who_can_be_reached_by_web_form_only_gets_the_text_and_the_link(campaign, assembly):
    mandate = make_mandate(assembly, email=None)
    make_route(mandate.person, "https://office.example/form?x=1&y=2", kind=ContactRoute.Kind.WEB_FORM)
    page = _status(_confirmed(campaign, mandate))
    assert "for you to send" in page.text.lower()
    assert 'href="https://office.example/form?x=1&amp;y=2"' in page.html
    assert "<textarea" in page.html


def test_who_sent_a_letter_by_hand_says_so_and_may_take_it_back(campaign, assembly):
    mandate = make_mandate(assembly, email=None)
    make_route(mandate.person, "https://office.example/form", kind=ContactRoute.Kind.WEB_FORM)
    submission, visitor = _confirmed(campaign, mandate), Visitor()
    letter = submission.letters.get()
    page = visitor.send(_status(submission).form(f"/{letter.pk}/"), button="sent")
    assert "You told us that you sent it" in page.text
    page = visitor.send(page.form(f"/{letter.pk}/"), button="answered")
    assert "You told us that they answered." in page.text
    assert "sent by you" in page.text.lower()
    visitor.send(page.form(f"/{letter.pk}/"), button="not_answered")
    page = visitor.send(page.form(f"/{letter.pk}/"), button="not_sent")
    assert "for you to send" in page.text.lower()


def test_a_letter_that_went_by_mail_cannot_be_called_sent_by_hand(campaign, member):
    letter = _confirmed(campaign, member).letters.get()
    assert not letters.sent_by_hand(letter, yes=True)
    assert letter.dispatched_at is None


def test_a_web_form_with_another_scheme_is_no_link(campaign, assembly):
    mandate = make_mandate(assembly, email=None)
    make_route(mandate.person, "javascript:alert(1)", kind=ContactRoute.Kind.WEB_FORM)
    assert "javascript:" not in _status(_confirmed(campaign, mandate)).html


def test_what_is_passed_on_is_plain_links_with_the_personal_one(campaign, member):
    submission = _confirmed(campaign, member)
    page = _status(submission)
    assert f"/j/{submission.share_link.code}" in page.html
    for site in (
        "https://wa.me/",
        "mailto:?",
        "https://t.me/share",
        "https://bsky.app/",
        "https://x.com/intent",
        "facebook.com/sharer",
    ):
        assert site in page.html
    assert '<script src="http' not in page.html


def test_the_heading_speaks_of_as_many_letters_as_there_are(campaign, member, assembly):
    assert "<h1>What became of your letter</h1>" in _status(_confirmed(campaign, member)).html
    other = make_mandate(assembly)
    assert "<h1>What became of your letters</h1>" in _status(_confirmed(campaign, member, other)).html
