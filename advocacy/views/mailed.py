"""Pages behind the links in our mails: one step left, confirm, not me, and an office's report."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from advocacy import letters, reports, texts, tokens, webmail
from advocacy.forms import CorrectionForm, ReportForm
from advocacy.models import Campaign, Submission
from advocacy.views.guards import gone_is_one_page
from advocacy.views.places import here
from mailer.visitors import private, public_form, see_other


@private
@gone_is_one_page
@require_safe
def pending(request: HttpRequest, token: str) -> HttpResponse:
    """One step left: the same page whether we knew the address before or not (A8)."""
    return _pending(request, tokens.read(tokens.PENDING, token))


@public_form
@private
@gone_is_one_page
@require_POST
def send_again(request: HttpRequest, token: str) -> HttpResponse:
    """Mail the link once more, or say honestly when that will be possible."""
    submission = tokens.read(tokens.PENDING, token)
    answer = see_other(here(request, "pending", token))
    answer["Location"] += "?again=sent" if letters.resend(submission).sent else "?again=later"
    return answer


@public_form
@private
@gone_is_one_page
@require_POST
def correct(request: HttpRequest, token: str) -> HttpResponse:
    """Mail the link to the address as it should have been."""
    submission = tokens.read(tokens.PENDING, token)
    form = CorrectionForm(request.POST)
    if not form.is_valid():
        return _pending(request, submission, form=form, status=422)
    try:
        corrected = letters.correct_address(submission, form.cleaned_data["email"])
    except ValidationError as error:
        form.add_error("email", error)
        return _pending(request, submission, form=form, status=422)
    return see_other(here(request, "pending", tokens.make(tokens.PENDING, corrected)))


def _pending(
    request: HttpRequest,
    submission: Submission,
    *,
    form: CorrectionForm | None = None,
    status: int = 200,
) -> HttpResponse:
    address = submission.supporter.address
    again = request.GET.get("again", "")
    context = {
        "campaign": submission.campaign,
        "member": submission.membership,
        "submission": submission,
        "token": tokens.make(tokens.PENDING, submission),
        "address": address,
        "webmail": webmail.of(address),
        "number": submission.letters.count(),
        "again": again,
        "next_at": letters.next_mail(submission) if again == "later" else None,
        "form": form or CorrectionForm(),
    }
    return render(request, "advocacy/pending.html", context, status=status)


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the letters and one button; POST takes the supporter's word for them (A11).

    A second click, in the mail or on the button, finds them confirmed and leads on to what became of them.
    """
    submission = tokens.read(tokens.CONFIRM, token)
    campaign = submission.campaign
    if submission.confirmed_at is None and campaign.status == Campaign.Status.CLOSED:
        return see_other("advocacy:campaign", campaign.slug)
    if request.method == "GET" and submission.confirmed_at is None:
        rows = submission.letters.select_related("person", "mandate__legislature").order_by("pk")
        context = {
            "campaign": campaign,
            "member": submission.membership,
            "text": texts.text_for(campaign, submission.language),
            "submission": submission,
            "letters": rows,
            "by_mail": sum(row.route_id is not None for row in rows),
            "by_hand": sum(row.route_id is None for row in rows),
            "not_me": tokens.make(tokens.NOT_ME, submission),
        }
        return render(request, "advocacy/confirm.html", context)
    if request.method == "POST":
        letters.confirm(submission)
    return see_other("advocacy:status", tokens.make(tokens.STATUS, submission))


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """For somebody whose address another person typed: POST stops our confirmation mails for a year (A3)."""
    submission, address_hash = tokens.read_not_me(token)
    if request.method == "POST":
        letters.deny(submission, address_hash)
    context = {"campaign": submission.campaign, "is_done": request.method == "POST"}
    return render(request, "advocacy/not_me.html", context)


@public_form
@private
@gone_is_one_page
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest, token: str, letter_id: int) -> HttpResponse:
    """For a representative's office, from the foot of a letter: GET explains, POST tells us."""
    submission = tokens.read(tokens.REPORT, token)
    letter = submission.letters.filter(pk=letter_id).select_related("submission", "person").first()
    if letter is None:
        raise tokens.Gone
    form = ReportForm(request.POST if request.method == "POST" else None)
    context = {"campaign": submission.campaign, "letter": letter, "form": form, "is_done": False}
    if form.is_valid():
        reports.file(letter, form.cleaned_data["kind"], form.cleaned_data["words"])
        context["is_done"] = True
    status = 422 if form.errors else 200
    return render(request, "advocacy/report.html", context, status=status)
