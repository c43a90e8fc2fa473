"""The page of an expression that only its writer has: what became of it, other words, a picture, and taking it down."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from limits import RateLimitItemPerMinute

from accounts import budgets
from advocacy.expressions import links, pictures, standing, writing
from advocacy.expressions.forms import PictureForm, WordsForm
from advocacy.models import Campaign, Expression
from advocacy.views.expressions import gone_is_one_page
from mailer.visitors import private, public_form, public_upload, see_other

# Each is decoded and drawn anew.
PICTURES = RateLimitItemPerMinute(10, 60)


@private
@gone_is_one_page
@require_safe
def own(request: HttpRequest, token: str) -> HttpResponse:
    return _show(request, links.read(links.OWN, token))


@public_form
@private
@gone_is_one_page
@require_POST
def change(request: HttpRequest, token: str) -> HttpResponse:
    """Other words; they are looked at before they are public."""
    expression = links.read(links.OWN, token)
    form = WordsForm(request.POST)
    if form.is_valid():
        try:
            changed = writing.change(expression, form.words)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _back(token, "changed" if changed else "same")
    return _show(request, expression, words=form, status=422)


@public_upload
@private
@gone_is_one_page
@require_http_methods(["GET", "HEAD", "POST"])
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """GET is the picture as its writer sees it, published or not; POST brings another."""
    expression = links.read(links.OWN, token)
    if request.method != "POST":
        return pictures.answer(request, expression, is_public=False)  # type: ignore[return-value]
    form = PictureForm(request.POST, request.FILES)
    if not budgets.within(PICTURES, "advocacy", "expression-pictures", str(expression.pk)):
        form.add_error("file", _("These are many pictures. Please try again in an hour."))
    if form.is_valid():
        try:
            writing.put_picture(expression, form.cleaned_data["file"], form.cleaned_data["alt"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _back(token, "picture")
    return _show(request, expression, picture=form, status=422)


@public_form
@private
@gone_is_one_page
@require_POST
def remove_picture(request: HttpRequest, token: str) -> HttpResponse:
    writing.remove_picture(links.read(links.OWN, token))
    return _back(token, "removed")


@public_form
@private
@gone_is_one_page
@require_POST
def take_down(request: HttpRequest, token: str) -> HttpResponse:
    """At once and for good."""
    writing.take_down(links.read(links.OWN, token))
    return _back(token, "down")


def _back(token: str, done: str) -> HttpResponse:
    answer = see_other("advocacy:expression_own", token)
    answer["Location"] += f"?done={done}"
    return answer


def _show(
    request: HttpRequest,
    expression: Expression,
    *,
    words: WordsForm | None = None,
    picture: PictureForm | None = None,
    status: int = 200,
) -> HttpResponse:
    is_open = expression.status in writing.OPEN and expression.campaign.status != Campaign.Status.CLOSED
    context = {
        "campaign": expression.campaign,
        "expression": expression,
        "standing": standing.of(expression),
        "token": links.token(links.OWN, expression),
        "is_open": is_open,
        "can_take_down": expression.status in writing.OPEN,
        "page": links.page(expression, expression.mail_language),
        "words": words or WordsForm(initial=WordsForm.initial_of(expression)),
        "picture": picture or PictureForm(),
        "problems": [*(words.problems if words else []), *(picture.problems if picture else [])],
        "failed": "words" if words else "picture" if picture else "",
        "done": request.GET.get("done", ""),
    }
    return render(request, "advocacy/expressions/own.html", context, status=status)
