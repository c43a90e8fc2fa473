"""The journey inside another site's page: it stays there, only there may it be framed, and only by whom it may."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import get_resolver, reverse

from advocacy import embedding, letters, tokens
from advocacy.models import Campaign
from tests.advocacy.pages import Visitor
from tests.factories import make_campaign, make_mandate, make_membership, make_submission

pytestmark = pytest.mark.django_db
HOST = "https://www.example.org"


def ancestors(response) -> str:
    policy = response["Content-Security-Policy"].split(";")
    return next(part.strip() for part in policy if part.strip().startswith("frame-ancestors"))


def inside(address: str) -> bool:
    return address.startswith(("/en/embed/", "#"))


def test_a_framed_journey_never_leaves_its_frame_and_sends_the_letters(outbox):
    member = make_membership(make_campaign(embedded_on=HOST), with_list=True)
    campaign, slug = member.campaign, member.organisation.slug
    mandate = make_mandate()
    visitor = Visitor()
    start = visitor.get(f"/en/embed/c/{campaign.slug}/?with={slug}&via=amber-fox-27")
    choice = visitor.send(start.form("/write/"), country="KE")
    letter = visitor.send(
        choice.form("/write/"), action=choice.form("/write/").buttons[-1]["formaction"], to=mandate.person_id
    )
    preview = visitor.fill(letter)
    pending = visitor.send(preview.form("/write/letter/"), button="send")
    for page in (start, choice, letter, preview, pending):
        assert inside(page.address)
        assert all(inside(form.action) for form in page.forms)
        assert page.response.status_code == 200
        assert "X-Frame-Options" not in page.response
        assert ancestors(page.response) == f"frame-ancestors 'self' {HOST}"
        assert '<header class="masthead">' not in page.html
    again = visitor.send(pending.form("/again/"))
    assert inside(again.address)
    submission = campaign.submissions.get()
    assert submission.membership == member
    (mail,) = outbox.deliver()
    assert "/embed/" not in mail.body
    assert letters.confirm(submission) == 1


def test_links_out_of_a_frame_open_a_tab_of_their_own(client):
    campaign = make_campaign()
    page = client.get(f"/en/embed/c/{campaign.slug}/").content.decode()
    for link in page.split("<a ")[1:]:
        tag = link.partition(">")[0]
        assert 'href="/en/embed/' in tag or 'hreflang="' in tag or 'target="_blank"' in tag
    assert 'target="_blank"' not in client.get(f"/en/c/{campaign.slug}/").content.decode()


def test_a_campaign_that_names_no_site_may_be_framed_by_any(client):
    answer = client.get(f"/en/embed/c/{make_campaign().slug}/")
    assert ancestors(answer) == "frame-ancestors *"


def test_a_field_of_mistakes_lets_nobody_in(client):
    campaign = make_campaign(embedded_on="javascript:alert(1)\n; script-src *\n'unsafe-inline'")
    answer = client.get(f"/en/embed/c/{campaign.slug}/")
    assert ancestors(answer) == "frame-ancestors 'self'"
    assert "script-src *" not in answer["Content-Security-Policy"]


def test_no_page_but_those_of_the_framed_journey_may_be_framed(client):
    member = make_membership()
    submission = make_submission(member.campaign)
    slug, token = member.campaign.slug, tokens.make(tokens.PENDING, submission)
    known = {"slug": slug, "token": token, "short_name": member.organisation.slug, "letter_id": 1, "pk": 1}
    asked = 0
    for name, ways in get_resolver("advocacy.urls").reverse_dict.lists():
        if not isinstance(name, str):
            continue
        needed = ways[0][0][0][1]
        if not set(needed) <= set(known):
            continue
        address = reverse(f"advocacy:{name}", kwargs={field: known[field] for field in needed})
        answer = client.get(address)
        asked += 1
        assert answer["X-Frame-Options"] == "DENY", address
        assert ancestors(answer) == "frame-ancestors 'none'", address
    assert asked > 8
    for address in ("/en/embed/c/nobody/", "/en/embed/pending/nothing/", "/staff/", "/embed.js"):
        assert client.get(address, follow=True)["X-Frame-Options"] == "DENY", address


def test_confirming_and_following_letters_have_no_framed_address(client):
    submission = make_submission()
    for page, purpose in (("confirm", tokens.CONFIRM), ("not-me", tokens.NOT_ME), ("letters", tokens.STATUS)):
        address = f"/en/embed/{page}/{tokens.make(purpose, submission)}/"
        assert client.get(address).status_code == 404


def test_a_link_that_died_says_so_inside_the_frame(client):
    submission = make_submission(make_campaign(embedded_on=HOST))
    address = f"/en/embed/pending/{tokens.make(tokens.PENDING, submission)}/"
    letters.confirm(submission)
    answer = client.get(address)
    assert answer.status_code == 404
    assert "X-Frame-Options" not in answer
    assert b"This link leads nowhere any more" in answer.content
    assert b'target="_blank"' in answer.content


def test_a_draft_is_framed_by_nobody_who_may_not_see_it(client):
    campaign = make_campaign(status=Campaign.Status.DRAFT)
    assert client.get(f"/en/embed/c/{campaign.slug}/").status_code == 404


def test_a_closed_campaign_says_so_inside_the_frame(client):
    campaign = make_campaign(status=Campaign.Status.CLOSED)
    answer = client.get(f"/en/embed/c/{campaign.slug}/write/?country=KE", follow=True)
    assert answer.redirect_chain == [(f"/en/embed/c/{campaign.slug}/", 302)]
    assert b"This campaign has ended" in answer.content


@pytest.mark.parametrize(
    ("asked", "browser", "language"),
    [("fr", "en", "fr"), ("", "ar", "ar"), ("xx", "fr", "en"), ("../staff", "es", "es"), ("fr-CA", "", "fr")],
)
def test_the_frame_opens_in_the_language_asked_for_else_in_the_readers(client, asked, browser, language):
    campaign = make_campaign()
    answer = client.get(
        f"/embed/c/{campaign.slug}/",
        {"language": asked, "with": "riders"},
        headers={"accept-language": browser},
    )
    assert answer["Location"] == f"/{language}/embed/c/{campaign.slug}/?with=riders"
    assert "X-Frame-Options" not in answer


def test_the_script_is_small_the_same_for_all_and_sets_no_cookie(client):
    answer = client.get("/embed.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "public" in answer["Cache-Control"]
    assert "Cookie" not in answer.get("Vary", "")
    assert not answer.cookies
    assert len(answer.content) < 4_000
    again = client.get("/embed.js", headers={"if-none-match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("line", "site"),
    [
        ("https://www.example.org", "https://www.example.org"),
        (" www.Example.ORG/take-part/?a=b ", "https://www.example.org"),
        ("http://localhost:8025/embedding", "http://localhost:8025"),
        ("https://example.org:443", "https://example.org"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://127.0.0.1:8025", "http://127.0.0.1:8025"),
    ],
)
def test_a_site_is_known_by_its_origin(line, site):
    assert embedding.origin(line) == site


@pytest.mark.parametrize(
    "line",
    [
        "",
        "example",
        "*",
        "https://*.example.org",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "https://ann:pass@example.org",
        "https://example.org; script-src *",
        "https://example.org https://evil.example",
        "https://example.org\nscript-src *",
        "https://exa\u202emple.org",
        "https://example.org:99999",
        "https://[::1]",
        "'self'",
        "https://" + "a" * 600 + ".example",
    ],
)
def test_what_is_no_site_is_refused(line):
    with pytest.raises(ValidationError, match="is no site"):
        embedding.origin(line)


def test_the_code_to_copy_cannot_be_broken_out_of():
    member = make_membership()
    member.organisation.slug = '"><script>'
    line = embedding.script_line(member.campaign, language="en", member=member)
    assert line.count("<script") == 1
    frame = embedding.frame_line(member.campaign, title='"><script>alert(1)</script>', member=member)
    assert "<script" not in frame
