"""Expressions of support at the desk: the queue, bulk acts with a reason, the tab of a campaign, and official statements."""

from __future__ import annotations

import io
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts import audit
from advocacy.expressions import moderating, writing
from advocacy.models import Expression
from tests.expressions import make_expression, make_words
from tests.factories import make_campaign
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

Status = Expression.Status
LOOK = "/staff/advocacy/expression/look/"
ACT = "/staff/advocacy/expression/act/"
ENTER = "/staff/advocacy/expression/enter/"


def client_of(*roles: str, **fields: object) -> Client:
    client = Client()
    client.force_login(make_staff(*roles, **fields))
    return client


@pytest.fixture
def moderator() -> Client:
    return client_of("Moderators")


def named(*expressions: Expression) -> list[str]:
    return [f"{one.pk}-{one.revision}" for one in expressions]


def test_the_queue_shows_what_waits_longest_first_and_why_to_look_twice(moderator):
    second = make_expression(status=Status.CONFIRMED, name="Second Example")
    first = make_expression(status=Status.CONFIRMED, name="First Example")
    Expression.objects.filter(pk=first.pk).update(
        confirmed_at=second.created_at, suspicious="a field that people do not see was filled in"
    )
    make_expression(status=Status.PENDING, name="Unproven Example")
    page = moderator.get(LOOK).content.decode()
    assert page.index("First Example") < page.index("Second Example")
    assert "a field that people do not see was filled in" in page
    assert "Unproven" not in page
    assert 'data-label="Publish #"' in page


def test_one_that_waits_alone_has_its_own_buttons_and_none_for_many(moderator):
    make_expression(status=Status.CONFIRMED)
    page = moderator.get(LOOK).content.decode()
    assert 'id="bulk"' not in page
    assert "data-tick" not in page
    assert 'class="desk-act main" name="act" value="publish">Publish it<' in page
    make_expression(status=Status.CONFIRMED)
    assert moderator.get(LOOK).content.decode().count('form="bulk"') == 3


def test_several_are_published_at_once_and_those_that_moved_on_are_left(moderator, outbox):
    rows = [make_expression(status=Status.CONFIRMED) for _number in range(3)]
    given = named(*rows)
    writing.change(rows[0], make_words(statement="Changed meanwhile."))
    writing.take_down(rows[1])
    outbox.deliver()
    answer = moderator.post(ACT, {"act": "publish", "expression": given, "next": LOOK}, follow=True)
    assert "1 expression: done." in answer.content.decode()
    assert "2 were left as they are" in answer.content.decode()
    assert [row.status for row in Expression.objects.order_by("pk")] == [
        Status.CONFIRMED,
        Status.WITHDRAWN,
        Status.PUBLISHED,
    ]
    assert len(outbox.deliver()) == 1
    assert audit.told(LogEntry.objects.get(object_id=str(rows[2].pk))) == "Published."


def test_nothing_is_refused_without_a_reason(moderator):
    expression = make_expression(status=Status.CONFIRMED)
    posted = {"act": "refuse", "expression": named(expression), "next": LOOK, "reason": " "}
    assert "its writer reads the reason" in moderator.post(ACT, posted, follow=True).content.decode()
    expression.refresh_from_db()
    assert expression.status == Status.CONFIRMED
    moderator.post(ACT, {**posted, "reason": "Please name no child."})
    expression.refresh_from_db()
    assert (expression.status, expression.reason) == (Status.REFUSED, "Please name no child.")
    assert expression.decided_by is not None


def test_a_reported_one_is_kept_or_taken_off(moderator):
    kept, taken = make_expression(), make_expression()
    for one in (kept, taken):
        moderating.report(one, "This is <b>not</b> her.")
    page = moderator.get(f"{LOOK}?show=reported").content.decode()
    assert "This is &lt;b&gt;not&lt;/b&gt; her." in page
    moderator.post(ACT, {"act": "keep", "expression": named(kept)})
    moderator.post(ACT, {"act": "refuse", "expression": named(taken), "reason": "It was not her."})
    kept.refresh_from_db()
    taken.refresh_from_db()
    assert (kept.status, kept.reported_at, taken.status) == (Status.PUBLISHED, None, Status.REFUSED)


def test_the_home_page_says_what_waits_and_what_was_reported(moderator):
    make_expression(status=Status.CONFIRMED)
    moderating.report(make_expression(), "")
    home = moderator.get(reverse("admin:index")).content.decode()
    assert "1 expression of support waits for a look" in home
    assert "1 published expression was reported" in home


def test_the_tab_of_a_campaign_shows_its_own_and_acting_leads_back_there(moderator):
    mine, other = (
        make_expression(status=Status.CONFIRMED),
        make_expression(status=Status.CONFIRMED, name="Other"),
    )
    here = reverse("admin:advocacy_campaign_support", args=[mine.campaign_id])
    page = moderator.get(here).content.decode()
    assert "Amina Example" in page
    assert "Other" not in page
    posted = {"act": "publish", "expression": named(mine), "next": here, "campaign": mine.campaign_id}
    assert moderator.post(ACT, posted)["Location"] == here
    posted |= {"next": "https://evil.test/"}
    assert moderator.post(ACT, posted)["Location"] == here
    assert other.status == Status.CONFIRMED


def test_who_may_only_look_finds_no_button_and_no_way_around_it():
    expression, client = make_expression(status=Status.CONFIRMED), client_of("Campaigners")
    page = client.get(reverse("admin:advocacy_campaign_support", args=[expression.campaign_id]))
    assert "Amina Example" in page.content.decode()
    assert ACT not in page.content.decode()
    assert client.get(LOOK).status_code == 403
    assert client.get(ENTER).status_code == 403
    assert client.post(ACT, {"act": "publish", "expression": named(expression)}).status_code == 403
    expression.refresh_from_db()
    assert expression.status == Status.CONFIRMED


def test_moderators_of_another_organisation_neither_see_nor_decide():
    expression = make_expression(make_campaign(organisation=make_organisation()), Status.CONFIRMED)
    client = client_of("Moderators", organisation=make_organisation())
    assert "Amina" not in client.get(LOOK).content.decode()
    client.post(ACT, {"act": "publish", "expression": named(expression)})
    assert client.get(f"/staff/advocacy/expression/{expression.pk}/picture/").status_code == 404
    assert client.get(f"/staff/advocacy/expression/{expression.pk}/correct/").status_code == 404
    expression.refresh_from_db()
    assert expression.status == Status.CONFIRMED


@pytest.mark.parametrize("given", ["", "1", "1-", "-1", "x-y", "1-1-1", "9" * 30 + "-1"])
def test_an_act_on_what_is_no_expression_does_nothing(moderator, given):
    assert moderator.post(ACT, {"act": "publish", "expression": given}).status_code == 302
    assert moderator.post(ACT, {"act": "shout", "expression": given}).status_code == 403


def picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "PNG")
    return SimpleUploadedFile("flag.png", out.getvalue())


def test_an_official_statement_is_typed_published_and_corrected_by_staff(moderator, outbox):
    campaign = make_campaign()
    typed = {
        "campaign": campaign.pk,
        "category": "state",
        "organisation_name": "Republic of Example",
        "country": "KE",
        "language": "en",
        "statement": "We support it.",
    }
    lacking = moderator.post(ENTER, typed)
    assert lacking.status_code == 422
    assert "Please say where it was said." in lacking.content.decode()
    moderator.post(ENTER, {**typed, "proof": "Speech, page 4", "file": picture(), "alt": "Their flag"})
    expression = Expression.objects.get()
    assert (expression.status, expression.proof, expression.is_of_staff) == (
        Status.PUBLISHED,
        "Speech, page 4",
        True,
    )
    assert outbox.deliver() == []
    public = Client().get(f"/en/c/{campaign.slug}/support/").content.decode()
    assert "Republic of Example" in public
    assert re.search(r'<img [^>]*alt="Their flag" width="60" height="40"', public)
    assert "Speech, page 4" not in public
    correct = f"/staff/advocacy/expression/{expression.pk}/correct/"
    assert "Speech, page 4" in moderator.get(correct).content.decode()
    moderator.post(correct, {**typed, "proof": "Speech, page 5", "statement": "We support it fully."})
    expression.refresh_from_db()
    assert (expression.statement, expression.proof) == ("We support it fully.", "Speech, page 5")


def test_the_words_of_somebody_outside_have_no_page_to_correct_them(moderator):
    expression = make_expression()
    assert moderator.get(f"/staff/advocacy/expression/{expression.pk}/correct/").status_code == 404
    page = moderator.get(f"/staff/advocacy/expression/{expression.pk}/change/")
    assert page.status_code == 200
    assert "/correct/" not in page.content.decode()


def test_an_expression_is_found_by_name_by_number_and_by_its_writers_whole_address(moderator):
    expression = make_expression(address="amina@example.org", organisation_name="Teachers")
    make_expression(name="Somebody Else", organisation_name="")
    for term in ("Teach", str(expression.pk), "AMINA@example.org"):
        found = moderator.get("/staff/advocacy/expression/", {"q": term}).context["cl"].result_list
        assert [row.pk for row in found] == [expression.pk], term


def test_the_queue_is_paged_by_key(moderator):
    campaign = make_campaign()
    waiting = [make_expression(campaign, status=Status.CONFIRMED) for _number in range(27)]
    first = moderator.get(LOOK)
    (on,) = re.findall(r'rel="next" href="\?show=waiting&amp;at=(after-\d+)"', first.text)
    assert on == f"after-{waiting[24].pk}"
    assert 'rel="prev"' not in first.text
    moderator.post(ACT, {"act": "publish", "expression": named(*waiting[:20])})
    second = moderator.get(LOOK, {"at": on})
    assert [one.pk for one, _acts in second.context["cards"]] == [one.pk for one in waiting[25:]]
    assert 'rel="prev"' in second.text
