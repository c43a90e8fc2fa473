"""What became of the letters: the truth for their writer, the little that can still be done, and passing it on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from advocacy import letters, sharing, texts, tokens
from advocacy.letters import LetterState
from advocacy.models import Campaign, ContactRoute, Letter, Submission
from advocacy.views.guards import gone_is_one_page
from mailer.visitors import private, public_form, see_other

# As long as something may change soon the page asks again by itself; later a visitor presses "look again".
SOON = timedelta(minutes=10)
_MOVING = {"leaving", "sent", "unknown"}
_LEFT = {"sent", "delivered", "answered", "bounced"}
_WAITS = {"unconfirmed", "waiting", "leaving", "held", "unknown"}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a letter's life. `look` is done, now, todo or bad; `is_forecast`: the time is yet to come."""

    look: str
    word: str
    when: datetime | None = None
    is_forecast: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A letter with what is said about it."""

    letter: Letter
    state: LetterState
    steps: list[Step]
    web_form: str


@private
@gone_is_one_page
@require_safe
def status(request: HttpRequest, token: str) -> HttpResponse:
    """One page for all letters of a submission; htmx asks for the part that moves."""
    submission = tokens.read(tokens.STATUS, token)
    shown = [_shown(letter) for letter in _letters(submission)]
    context = {
        "campaign": submission.campaign,
        "submission": submission,
        "token": token,
        "shown": shown,
        "is_moving": any(_is_moving(one) for one in shown),
        "said": _said(shown),
        "is_late": "late" in request.GET,
    }
    if request.headers.get("HX-Request") == "true":
        return render(request, "advocacy/_letters.html", context | {"is_fragment": True})
    return render(request, "advocacy/status.html", context | _around(submission))


@public_form
@private
@gone_is_one_page
@require_POST
def act(request: HttpRequest, token: str, letter_id: int) -> HttpResponse:
    """Take back a letter that has not left, or note what only its writer knows. Repeats change nothing."""
    submission = tokens.read(tokens.STATUS, token)
    letter = _letters(submission).filter(pk=letter_id).first()
    if letter is None:
        raise Http404
    action, is_late = request.POST.get("action"), False
    if action == "withdraw":
        is_late = not letters.withdraw(letter) and letter.status != Letter.Status.WITHDRAWN
    elif action in {"sent", "not_sent"}:
        letters.sent_by_hand(letter, yes=action == "sent")
    elif action in {"answered", "not_answered"}:
        letters.answered(letter, yes=action == "answered")
    answer = see_other("advocacy:status", token)
    answer["Location"] += f"{'?late' if is_late else ''}#letter-{letter.pk}"
    return answer


def _letters(submission: Submission) -> QuerySet[Letter]:
    usable = ContactRoute.objects.filter(state=ContactRoute.State.USABLE, kind=ContactRoute.Kind.WEB_FORM)
    return (
        submission.letters.select_related(
            "campaign", "submission", "delivery", "person", "mandate__legislature"
        )
        .prefetch_related(Prefetch("person__routes", queryset=usable, to_attr="web_forms"))
        .order_by("pk")
    )


def _shown(letter: Letter) -> Shown:
    state = letters.state_of(letter)
    forms: list[ContactRoute] = letter.person.web_forms  # type: ignore[attr-defined]
    link = forms[0].value if forms and urlsplit(forms[0].value).scheme in {"http", "https"} else ""
    return Shown(letter, state, steps_of(letter, state), link)


def steps_of(letter: Letter, state: LetterState) -> list[Step]:
    """A letter's life as far as it has come, and what may still follow."""
    written = Step("done", _("written"), letter.submission.created_at)
    if state.code in _WAITS:
        now = Step("now", state.word, state.when, is_forecast=state.code == "waiting" and bool(state.when))
        return [written, now, Step("todo", _("sent")), Step("todo", _("delivered"))]
    if letter.status == Letter.Status.BY_HAND and letter.dispatched_at is not None:
        sent = Step("done", _("sent by you"), letter.dispatched_at)
        answer = [Step("done", _("answered"), letter.answered_at)] if letter.answered_at else []
        return [written, sent, *answer]
    if state.code not in _LEFT or letter.delivery is None:
        look = {"bad": "bad", "good": "done"}.get(state.tone, "now")
        return [written, Step(look, state.word, state.when)]
    delivery = letter.delivery
    found = [written, Step("done", _("sent"), delivery.sent_at or letter.dispatched_at)]
    if state.code == "bounced":
        return [*found, Step("bad", state.word, state.when)]
    if delivery.delivered_at is None:
        found.append(Step("todo", _("delivered")))
    else:
        found.append(Step("done", _("delivered"), delivery.delivered_at))
    if letter.answered_at is not None:
        found.append(Step("done", _("answered"), letter.answered_at))
    return found


def _is_moving(one: Shown) -> bool:
    now, state = timezone.now(), one.state
    if state.code == "waiting":
        return state.when is not None and state.when < now + SOON
    return state.code in _MOVING and (state.when is None or state.when > now - SOON)


def _said(shown: list[Shown]) -> str:
    """The letters in one sentence, for those who hear the page: it is spoken again only when it changes."""
    return " ".join(f"{one.letter.person.name}: {one.state.word}." for one in shown)


def _around(submission: Submission) -> dict[str, object]:
    campaign, language = submission.campaign, get_language()
    text = texts.text_for(campaign, language)
    others = (
        Campaign.objects.filter(status=Campaign.Status.OPEN, texts__isnull=False, test_mode=False)
        .exclude(pk=campaign.pk)
        .distinct()
        .prefetch_related("texts")[:3]
    )
    return {
        "text": text,
        "kit": sharing.kit(campaign, language, code=sharing.code_of(submission)),
        "brought": sharing.brought_by(submission),
        "opened": sharing.opened(submission),
        "others": [(other, texts.text_for(other, language)) for other in others],
    }
