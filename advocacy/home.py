"""What the public page of a campaign shows beside the letter: gathered once, so that an empty part leaves no hole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse

from advocacy import news
from advocacy.models import Campaign, CampaignText, Membership, Partner, Question, Step, Term, Update
from advocacy.targets import sort_key
from advocacy.videos import Video, video
from mailer.models import Picture

MEMBERS_SHOWN = 60

_PAGES = {
    Step.LeadsTo.SHARE: "advocacy:share",
    Step.LeadsTo.SUPPORT: "advocacy:support_new",
    Step.LeadsTo.RESOURCES: "advocacy:resources",
}


@dataclass(frozen=True, slots=True)
class Way:
    """A step with where its button leads; "" for words only."""

    step: Step
    href: str


@dataclass(frozen=True, slots=True)
class Home:
    """The parts of a page in the order in which they stand."""

    hero: Picture | None
    hero_alt: str
    video: Video | None
    still: Picture | None
    steps: Sequence[Way]
    updates: Sequence[Update]
    partners: Sequence[Partner]
    members: Sequence[Membership]
    more_members: int
    questions: Sequence[Question]
    terms: Sequence[Term]

    @property
    def share_picture(self) -> Picture | None:
        """The picture other sites show beside a link to the page."""
        return self.hero or self.still

    @property
    def share_alt(self) -> str:
        """What it shows."""
        return self.hero_alt or (self.still.alt if self.still else "")


def home(campaign: Campaign, text: CampaignText, language: str) -> Home:
    """The parts of a campaign's page. Steps, questions and words are those of `text`, news is in `language`."""
    film = video(text.video_url or campaign.video_url)
    hero, still = campaign.hero, campaign.video_still
    if film and not still:
        hero, still = None, hero  # one picture stands at the top once
    members = campaign.memberships.filter(is_active=True, is_listed=True)
    shown = list(members.select_related("organisation", "logo")[: MEMBERS_SHOWN + 1])
    return Home(
        hero=hero,
        hero_alt=text.hero_alt or (campaign.hero.alt if campaign.hero else ""),
        video=film,
        still=still,
        steps=[Way(step, leads_to(step, campaign, film)) for step in text.steps.all()],
        updates=list(news.in_language(campaign, language)[: news.ON_THE_PAGE]),
        partners=list(campaign.partners.select_related("logo")),
        members=shown[:MEMBERS_SHOWN],
        more_members=members.count() - MEMBERS_SHOWN if len(shown) > MEMBERS_SHOWN else 0,
        questions=list(text.questions.all()),
        terms=sorted(text.terms.all(), key=lambda term: sort_key(term.term)),
    )


def leads_to(step: Step, campaign: Campaign, film: Video | None) -> str:
    """The address of a step's button: a place on the page, a page of the campaign, or another one; "" for none."""
    match step.leads_to:
        case Step.LeadsTo.LINK:
            return step.url
        case Step.LeadsTo.LETTER:
            return "#take-part"
        case Step.LeadsTo.VIDEO:
            return "#video" if film else ""
    page = _PAGES.get(Step.LeadsTo(step.leads_to))
    return reverse(page, args=[campaign.slug]) if page else ""
