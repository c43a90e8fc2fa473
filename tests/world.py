"""A house in use: the demo, and rows in every state that a public page or a page of the desk can show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from advocacy import letters, links, rules, targets, tokens, writing
from advocacy.demo import seeding
from advocacy.expressions import links as expression_links
from advocacy.models import Campaign, CampaignText, Expression, Letter, Membership, Person, Submission, Update
from contacts.models import Contact, MailingList
from mailer import preference_links, unsubscribe_links
from mailer.archive import publishing
from mailer.models import Mailing
from mailer.signup import links as sign_up_links
from tests.expressions import make_expression
from tests.factories import (
    make_campaign,
    make_contact,
    make_mailing,
    make_mailing_text,
    make_resource,
    make_resource_file,
    make_sign_up,
    make_subscription,
    unique_address,
)

COUNTRY = "KE"


def write(campaign: Campaign, *, confirm: bool = True, language: str = "en", **fields: Any) -> Submission:
    """What a supporter in Kenya does: write the campaign's letter to the people it names there."""
    people = [one for one in targets.offer(campaign, COUNTRY).candidates if one.ticked]
    found = writing.editors(campaign, people, language)
    submission = letters.submit(
        letters.Draft(
            **{
                "campaign": campaign,
                "country": COUNTRY,
                "language": language,
                "form_key": f"world-{Submission.objects.count()}",
                "name": "Ann Example",
                "address": unique_address("ann"),
                "place": "Kisumu",
                "letter_consent_text": "Send this letter in my name.",
                "letters": [
                    (one, editor.template, rules.subjects_of(editor.template)[0], editor.template.body)
                    for editor in found
                    for one in editor.candidates
                ],
                **fields,
            }
        )
    )
    if confirm:
        letters.confirm(submission)
        submission.refresh_from_db()
    return submission


@dataclass
class World:
    """The rows that pages are shown for. Made once for many visits; what a visit uses up is made for it alone."""

    campaign: Campaign
    closed: Campaign
    draft: Campaign
    pending: Submission
    confirmed: Submission
    news: MailingList
    issue: Mailing
    reader: Contact
    staff: User
    update: Update
    member: Membership
    published: Expression
    more: dict[str, Any] = field(default_factory=dict)

    def letter(self) -> Letter:
        return self.confirmed.letters.order_by("pk")[0]

    def token(self, purpose: str) -> str:
        submission = self.pending if purpose in {tokens.CONFIRM, tokens.PENDING} else self.confirmed
        return tokens.make(purpose, submission)

    def report(self) -> str:
        """The path behind /report/ that stands at the foot of a letter."""
        return links.report(self.letter()).partition("/report/")[2]

    def sign_up(self, purpose: str) -> str:
        return sign_up_links.token(purpose, self.more["sign_up"])

    def expression(self, purpose: str) -> str:
        is_pending = purpose in {expression_links.CONFIRM, expression_links.PENDING}
        return expression_links.token(purpose, self.more["pending" if is_pending else "to_look_at"])

    def preferences(self, *, personal: bool = False, of: Contact | None = None) -> str:
        reader = of or self.reader
        make = preference_links.personal_token if personal else preference_links.token
        return make(reader.pk, bytes(reader.address_hash))

    def leave(self, of: Contact | None = None) -> str:
        reader = of or self.reader
        return unsubscribe_links.token(reader.pk, self.issue.pk, bytes(reader.address_hash))

    def another_reader(self) -> Contact:
        """Somebody on the list, for a visit that changes what we know of them."""
        reader = make_contact(name="", language="en")
        make_subscription(reader, self.news)
        return reader

    def cookies(self, url: str, language: str) -> list[dict[str, str]]:
        """What the desk asks of a browser: the session of a member of staff, and their language."""
        client = Client()
        client.force_login(self.staff)
        found = {"sessionid": client.cookies["sessionid"].value, settings.LANGUAGE_COOKIE_NAME: language}
        return [{"name": name, "value": value, "url": url} for name, value in found.items()]


def make_world(*, with_a_past: bool = False) -> World:
    """The demo, and beside it what the demo has not: every state of a letter's way, a past issue, a reader.

    With `with_a_past` there are also weeks of letters, as charts and maps show them.
    """
    seeding.seed(with_a_past=with_a_past)
    campaign = Campaign.objects.get(slug="common-bonds")
    news = campaign.mailing_list
    assert news is not None
    reader = make_contact(language="en")
    make_subscription(reader, news)
    make_resource_file(make_resource(campaign))
    return World(
        campaign=campaign,
        closed=_make_in_arabic_too(status=Campaign.Status.CLOSED, slug="closed", accent="#7a1f5c"),
        draft=_make_in_arabic_too(status=Campaign.Status.DRAFT, slug="draft"),
        pending=write(campaign, confirm=False),
        confirmed=write(campaign),
        news=news,
        issue=make_issue(news),
        reader=reader,
        staff=User.objects.get(username=seeding.LOGIN),
        published=campaign.expressions.filter(status=Expression.Status.PUBLISHED)[0],
        member=campaign.memberships.all()[0],
        update=campaign.updates.filter(published_at__isnull=False)[0],
        more={
            "pending": make_expression(campaign, Expression.Status.PENDING),
            "to_look_at": make_expression(campaign, Expression.Status.CONFIRMED),
            "sign_up": make_sign_up(news, name="Ann Example"),
            "person": Person.objects.order_by("pk")[0],
        },
    )


def make_issue(news: MailingList) -> Mailing:
    """A mailing that was sent and stands in the archive, in English and Arabic."""
    issue = make_mailing(
        mailing_list=news, texts=False, status=Mailing.Status.SENT, track_clicks=True, name="May call"
    )
    for language in ("en", "ar"):
        make_mailing_text(issue, language)
    Mailing.objects.filter(pk=issue.pk).update(started_at=timezone.now(), frozen_at=timezone.now())
    issue.refresh_from_db()
    publishing.publish(issue)
    issue.refresh_from_db()
    return issue


def desk(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def _make_in_arabic_too(**fields: Any) -> Campaign:
    campaign = make_campaign(name="Line 42", **fields)
    CampaignText.objects.create(
        campaign=campaign,
        language="ar",
        title="أبقوا الخط 42",
        summary="حافلة.",
        story="# لماذا\n\nلأنها *حافلتنا*.",
        asks="واحد\nاثنان",
    )
    return campaign
