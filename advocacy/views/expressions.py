"""An expression of support on its way to its writer's own page: the form, "one step left", confirm, not me, a lost link.

They need no cookie and no JavaScript. Nothing that was typed leaves us before the mailbox is proven (A2).
"""

from __future__ import annotations

import json
from functools import wraps

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from limits import RateLimitItemPerMinute

from accounts import budgets
from advocacy import abuse, arrivals, texts, webmail
from advocacy.arrivals import Arrival
from advocacy.expressions import forms, links, writing
from advocacy.expressions.forms import ExpressionForm, LinkForm
from advocacy.models import Campaign, Expression
from advocacy.views.campaigns import find_campaign
from mailer import proof_of_work
from mailer.seals import Gone
from mailer.visitors import HONEYPOT, P, View, kept_by_the_reader, network_of, private, public_form, see_other

LOST_LINKS = RateLimitItemPerMinute(10, 60)


def gone_is_one_page(view: View[P]) -> View[P]:
    """A link that is unknown, used up or expired: one page, one status, one thing to do next (A8)."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Gone:
            return render(request, "advocacy/expressions/gone.html", status=404)

    return wrapped


@public_form
@kept_by_the_reader
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """The form. What is not taken is shown again with all that was typed."""
    campaign = find_campaign(request, slug)
    if campaign.status == Campaign.Status.CLOSED:
        return redirect("advocacy:support", slug)
    if request.method != "POST":
        form = ExpressionForm(initial={"language": get_language()})
        return _show(request, campaign, form, abuse.new_form(campaign))
    form, form_token = ExpressionForm(request.POST), request.POST.get("form", "")
    facts = _facts(campaign, form_token)
    if not form.is_valid():
        # A page that is too old is no second thing to be told of once the fields are right.
        return _show(request, campaign, form, form_token if facts else abuse.new_form(campaign), status=422)
    if facts is None:
        message = _("This page has been open for a long time. Please press the button once more.")
        return _show(request, campaign, form, abuse.new_form(campaign), message=message, status=422)
    verdict = abuse.judge(request, facts)
    if not verdict.is_taken:
        return _show(request, campaign, form, form_token, message=_busy(), status=429)
    expression = writing.submit(_draft(request, campaign, form, facts, verdict))
    return see_other("advocacy:expression_pending", links.token(links.PENDING, expression))


def _show(
    request: HttpRequest,
    campaign: Campaign,
    form: ExpressionForm,
    form_token: str,
    *,
    message: str = "",
    status: int = 200,
) -> HttpResponse:
    arrival = _arrival(request, campaign)
    context = {
        "campaign": campaign,
        "text": texts.text_for(campaign, get_language() or "en"),
        "form": form,
        "form_token": form_token,
        "arrival": arrival,
        "member": arrival.member,
        "consent": forms.consent(campaign),
        "message": message,
        "honeypot": HONEYPOT,
        "solution": abuse.SOLUTION,
        "without_script": abuse.WITHOUT_SCRIPT,
    }
    if status == 429:
        context["challenge"] = json.dumps(proof_of_work.new_challenge())
    return render(request, "advocacy/expressions/new.html", context, status=status)


def _busy() -> str:
    return _(
        "Very many forms come in right now. Your browser does a short sum to show it is not a robot; "
        "without JavaScript, please try again in ten minutes."
    )


def _facts(campaign: Campaign, form_token: str) -> abuse.FormFacts | None:
    """What the form's token tells; None for one that is forged, too old, or of another campaign."""
    try:
        facts = abuse.read_form(form_token)
    except abuse.BadForm:
        return None
    return facts if facts.campaign_id == campaign.pk else None


def _draft(
    request: HttpRequest,
    campaign: Campaign,
    form: ExpressionForm,
    facts: abuse.FormFacts,
    verdict: abuse.Verdict,
) -> writing.Draft:
    return writing.Draft(
        campaign=campaign,
        words=form.words,
        address=form.cleaned_data["email"],
        form_key=form.key(facts.form_key),
        consent_text=forms.consent(campaign),
        mail_language=get_language() or "en",
        network=network_of(request),
        suspicious=verdict.reason,
        delay=verdict.delay,
        membership=arrivals.credit(campaign, _arrival(request, campaign)).membership,
    )


def _arrival(request: HttpRequest, campaign: Campaign) -> Arrival:
    return arrivals.of(campaign, request.POST if request.method == "POST" else request.GET)


# --- behind a link ------------------------------------------------------------------------------------------------


@private
@gone_is_one_page
@require_safe
def pending(request: HttpRequest, token: str) -> HttpResponse:
    """One step left: the same page whether we knew the address before or not (A8)."""
    return _pending(request, links.read(links.PENDING, token))


@public_form
@private
@gone_is_one_page
@require_POST
def send_again(request: HttpRequest, token: str) -> HttpResponse:
    """Mail the link once more, or say honestly when that will be possible."""
    expression = links.read(links.PENDING, token)
    answer = see_other("advocacy:expression_pending", token)
    answer["Location"] += "?again=sent" if writing.resend(expression).sent else "?again=later"
    return answer


@public_form
@private
@gone_is_one_page
@require_POST
def correct(request: HttpRequest, token: str) -> HttpResponse:
    """Mail the link to the address as it should have been."""
    expression = links.read(links.PENDING, token)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            corrected = writing.correct_address(expression, form.cleaned_data["email"])
        except ValidationError as error:
            form.add_error("email", error)
        else:
            return see_other("advocacy:expression_pending", links.token(links.PENDING, corrected))
    return _pending(request, expression, form=form, status=422)


def _pending(
    request: HttpRequest, expression: Expression, *, form: LinkForm | None = None, status: int = 200
) -> HttpResponse:
    again = request.GET.get("again", "")
    context = {
        "campaign": expression.campaign,
        "expression": expression,
        "token": links.token(links.PENDING, expression),
        "address": expression.address,
        "webmail": webmail.of(expression.address),
        "again": again,
        "next_at": writing.next_mail(expression) if again == "later" else None,
        "form": form or LinkForm(),
    }
    return render(request, "advocacy/expressions/pending.html", context, status=status)


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what would be published and one button; POST takes it for the owner's word (A11).

    Once confirmed, the same link leads to the writer's own page, and confirms nothing more.
    """
    expression = links.read(links.CONFIRM, token)
    if request.method != "POST" and expression.confirmed_at is None:
        if expression.campaign.status == Campaign.Status.CLOSED:
            return see_other("advocacy:support", expression.campaign.slug)
        context = {
            "campaign": expression.campaign,
            "expression": expression,
            "replaced": writing.replaced_by(expression),
            "not_me": links.token(links.NOT_ME, expression),
        }
        return render(request, "advocacy/expressions/confirm.html", context)
    if request.method == "POST":
        writing.confirm(expression)
    links.read(links.OWN, own := links.token(links.OWN, expression))  # gone, if it was denied meanwhile
    return see_other("advocacy:expression_own", own)


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """For somebody whose address another person typed: POST stops our confirmation mails for a year (A3)."""
    expression, address_hash = links.read_not_me(token)
    if request.method == "POST":
        writing.deny(expression, address_hash)
    context = {"campaign": expression.campaign, "is_done": request.method == "POST"}
    return render(request, "advocacy/expressions/not_me.html", context)


@public_form
@private
@require_http_methods(["GET", "HEAD", "POST"])
def lost_link(request: HttpRequest, slug: str) -> HttpResponse:
    """Mail somebody the link to their own page. The same answer whether they have one or not (A8)."""
    campaign = find_campaign(request, slug)
    form = LinkForm(request.POST if request.method == "POST" else None)
    is_done = form.is_valid()
    if is_done and budgets.within(LOST_LINKS, "advocacy", "expression-links", network_of(request)):
        writing.mail_own_link(campaign, form.cleaned_data["email"], get_language() or "en")
    context = {"campaign": campaign, "form": form, "is_done": is_done}
    return render(request, "advocacy/expressions/lost_link.html", context, status=422 if form.errors else 200)
