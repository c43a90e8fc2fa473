"""From a country to letters that wait for a confirmation: choose, write, preview, send.

Nothing is stored before "send": each step carries what was typed to the next one, so the steps need no cookie and
no JavaScript, and the browser's own way back works.
"""

from __future__ import annotations

import json

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from advocacy import abuse, arrivals, forms, letters, members, targets, texts, tokens
from advocacy.crediting import EMBEDDED
from advocacy.forms import Filters, Writing
from advocacy.models import Campaign
from advocacy.targets import Offer
from advocacy.views.campaigns import find_campaign
from advocacy.views.places import here, is_framed
from mailer import proof_of_work
from mailer.visitors import HONEYPOT, kept_by_the_reader, network_of, public_form, see_other


@public_form
@require_safe
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Step 1: who represents this country, whom the campaign would write to, and the supporter's own choice."""
    campaign = find_campaign(request, slug)
    if campaign.status == Campaign.Status.CLOSED:
        return redirect(here(request, "campaign", slug))
    if not abuse.may_look_up(request):
        return _too_many(request, campaign)
    return _choose(request, campaign)


def _too_many(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    answer = render(request, "advocacy/too_many.html", {"campaign": campaign}, status=429)
    answer["Retry-After"] = "600"
    return answer


def _choose(request: HttpRequest, campaign: Campaign, error: str = "") -> HttpResponse:
    language = get_language()
    filters = Filters.of(request.GET)
    countries = {choice.code: choice for choice in targets.countries(campaign, language)}
    if filters.country not in countries:
        return redirect(here(request, "campaign", campaign.slug))
    offer = targets.offer(campaign, filters.country, page=filters.page, **filters.narrowing)
    postcode_problem = _postcode_problem(filters, offer)
    if postcode_problem and not filters.area:
        # The campaign's ticks would look like the people of that place.
        offer = offer.unticked()
    picked = _picked(request, offer)
    on_page = {candidate.person.pk for candidate in offer.candidates}
    elsewhere = [pk for pk in picked if pk not in on_page]
    arrival = arrivals.of(campaign, request.GET)
    context = {
        "campaign": campaign,
        "member": arrival.member,
        "text": texts.text_for(campaign, language),
        "country": countries[filters.country],
        "filters": filters,
        "offer": offer,
        "postcode_problem": postcode_problem,
        "picked": picked,
        "elsewhere": targets.still_offered(campaign, filters.country, elsewhere),
        "ticked_by_campaign": _ticks(offer),
        "error": error,
        "arrival": arrival,
    }
    return render(request, "advocacy/choose.html", context, status=422 if error else 200)


def _postcode_problem(filters: Filters, offer: Offer) -> str:
    """Why the postcode does not narrow the list, for the supporter to read; "" where it does."""
    if not offer.has_postcodes:
        return ""
    if offer.postcode_is_unknown:
        return _("We do not know the postcode %(postcode)s.") % {"postcode": filters.typed_postcode}
    return filters.postcode_error


def _ticks(offer: Offer) -> list[int]:
    return [candidate.person.pk for candidate in offer.candidates if candidate.ticked]


def _picked(request: HttpRequest, offer: Offer) -> list[int]:
    """The supporter's ticks; the campaign's, as long as the supporter has left those alone.

    `auto` holds the campaign's ticks of the page before: whoever narrows the list to their own constituency gets
    the campaign's ticks for that one, whoever has changed a tick keeps their own. Whom nobody can reach any more is
    left out: their box is disabled and would count as one of the chosen.
    """
    picked = forms.ids(request.GET, "to")
    if set(picked) == set(forms.ids(request.GET, "auto")):
        return _ticks(offer)
    unreachable = {candidate.person.pk for candidate in offer.candidates if candidate.reach == "none"}
    return [pk for pk in picked if pk not in unreachable]


@public_form
@kept_by_the_reader
@require_http_methods(["GET", "POST"])
def letter(request: HttpRequest, slug: str) -> HttpResponse:
    """Steps 2 and 3: the letter with the supporter's details, its preview, and sending it."""
    campaign = find_campaign(request, slug)
    if campaign.status == Campaign.Status.CLOSED:
        return redirect(here(request, "campaign", slug))
    # This page names people as well, and shows the lists where the choice was wrong.
    if request.method == "GET" and not abuse.may_look_up(request):
        return _too_many(request, campaign)
    data = request.POST if request.method == "POST" else request.GET
    try:
        people = targets.chosen(campaign, Filters.of(data).country, forms.ids(data, "to"))
    except ValidationError as error:
        if request.method == "GET":
            return _choose(request, campaign, error.messages[0])
        return redirect(_back_to_choice(campaign, request))
    member = arrivals.of(campaign, data).member
    if request.method == "GET":
        writing = Writing(campaign, people, get_language(), postcode=Filters.of(data).postcode, member=member)
        return _write(request, writing, abuse.new_form(campaign))
    action = request.POST.get("action")
    writing = Writing(
        campaign, people, get_language(), data=request.POST, is_edited=action == "edit", member=member
    )
    form_token = request.POST.get("form", "")
    if not writing.is_valid() or action == "edit" or not writing.editors:
        return _write(request, writing, form_token, is_wrong=action != "edit")
    if action == "send":
        return _send(request, writing, form_token)
    return _preview(request, writing, form_token)


def _write(
    request: HttpRequest, writing: Writing, form_token: str, *, is_wrong: bool = False
) -> HttpResponse:
    context = _context(request, writing, form_token) | {
        "problems": writing.problems if is_wrong else [],
        "back": _back_to_choice(writing.campaign, request),
    }
    return render(request, "advocacy/letter.html", context, status=422 if is_wrong else 200)


def _preview(
    request: HttpRequest, writing: Writing, form_token: str, *, message: str = "", status: int = 200
) -> HttpResponse:
    composed = writing.composed()
    context = _context(request, writing, form_token) | {
        "composed": composed,
        "by_mail": sum(one.reach == "letter" for one, _template, _letter in composed),
        "message": message,
        "details": writing.details.cleaned_data,
    }
    if status == 429:
        context["challenge"] = json.dumps(proof_of_work.new_challenge())
    return render(request, "advocacy/preview.html", context, status=status)


def _send(request: HttpRequest, writing: Writing, form_token: str) -> HttpResponse:
    campaign = writing.campaign
    facts = _facts(campaign, form_token)
    if facts is None:
        message = _("This page has been open for a long time. Please press the button once more.")
        return _preview(request, writing, abuse.new_form(campaign), message=message, status=422)
    verdict = abuse.judge(request, facts)
    if not verdict.is_taken:
        return _preview(request, writing, form_token, message=verdict.message, status=429)
    submission = letters.submit(_draft(request, writing, facts, verdict))
    return see_other(here(request, "pending", tokens.make(tokens.PENDING, submission)))


def _facts(campaign: Campaign, form_token: str) -> abuse.FormFacts | None:
    """What the form's token tells; None for one that is forged, too old, or of another campaign."""
    try:
        facts = abuse.read_form(form_token)
    except abuse.BadForm:
        return None
    return facts if facts.campaign_id == campaign.pk else None


def _draft(
    request: HttpRequest, writing: Writing, facts: abuse.FormFacts, verdict: abuse.Verdict
) -> letters.Draft:
    campaign, details = writing.campaign, writing.details.cleaned_data
    language = get_language()
    arrival = arrivals.of(campaign, request.POST)
    credit = arrivals.credit(campaign, arrival)
    return letters.Draft(
        campaign=campaign,
        country=Filters.of(request.POST).country,
        language=language,
        form_key=writing.key(facts.form_key),
        name=details["name"],
        address=details["email"],
        place=details["place"],
        postcode=details["postcode"],
        wants_newsletter=details["newsletter_consent"],
        letter_consent_text=forms.letter_consent(campaign, texts.text_for(campaign, language)),
        newsletter_consent_text=forms.newsletter_consent(campaign, language),
        wants_member_news=details["member_consent"],
        member_consent_text=members.news_consent(writing.member, language),
        letters=writing.letters,
        network=network_of(request),
        referrer=credit.referrer,
        membership=credit.membership,
        source=credit.source or (EMBEDDED if is_framed(request) else ""),
        suspicious=verdict.reason,
        delay=verdict.delay,
    )


def _context(request: HttpRequest, writing: Writing, form_token: str) -> dict[str, object]:
    campaign, language = writing.campaign, get_language()
    text = texts.text_for(campaign, language)
    data = request.POST if request.method == "POST" else request.GET
    arrival = arrivals.of(campaign, data)
    return {
        "campaign": campaign,
        "text": text,
        "writing": writing,
        "country": Filters.of(data).country,
        "arrival": arrival,
        "member": arrival.member,
        "form_token": form_token,
        "honeypot": HONEYPOT,
        "solution": abuse.SOLUTION,
        "without_script": abuse.WITHOUT_SCRIPT,
        "letter_consent": forms.letter_consent(campaign, text),
        "newsletter_consent": forms.newsletter_consent(campaign, language),
        "member_consent": members.news_consent(arrival.member, language),
    }


def _back_to_choice(campaign: Campaign, request: HttpRequest) -> str:
    """The page of step 1 with the same people ticked."""
    data = request.POST if request.method == "POST" else request.GET
    query = data.copy()
    for name in list(query):
        if name not in {"country", "to", "via", "with", "postcode"}:
            del query[name]
    return f"{here(request, 'choose', campaign.slug)}?{query.urlencode()}"
