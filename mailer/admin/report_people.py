"""The people of a mailing's report: found, taken away as a file, and settled where no machine knows their fate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import sealed_words
from accounts.desk import key_in, who
from accounts.models import User
from accounts.permissions import may, require, visible
from contacts.admin import export_requests
from contacts.export_requests import AnswerNeeded
from contacts.exporting import CONTENT_TYPES, TooManyExportsError, TooManyRowsError, refusal
from contacts.models import ContactExport, ExportRequest
from mailer.admin import pages
from mailer.admin.report_forms import PeopleForm, SettleForm
from mailer.deeds import Did
from mailer.models import Delivery, Mailing
from mailer.reporting import counting, exporting, people, settling
from mailer.reporting.people import Search
from mailer.reporting.states import State

if TYPE_CHECKING:
    from mailer.admin.mailings import MailingAdmin


@pages.register("report_people", "report/people/")
def report_people(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """The people of the audience who match the search, a page at a time, each in their state with the reason."""
    require(request.user, "mailer.view_delivery")
    if request.method == "POST":
        return sealed_words.answer(request)
    asked = sealed_words.query(request)
    sealed_words.tell_if_ended(request, asked)
    form = PeopleForm(asked, mailing)
    search = form.search()
    context = {
        **desk.page_context(request, mailing, "report", _("People")),
        "form": form,
        "search": search,
        "chips": list(form.chips()),
        "query": form.kept(),
        "page": people.page(mailing, search, request.GET.get("at", ""), reader=who(request)),
        "total": _total(mailing, search),
        "may_export": may(request.user, "contacts.export_contact"),
        "may_see_contacts": may(request.user, "contacts.view_contact"),
        "most_named": people.MOST_NAMED,
    }
    return TemplateResponse(request, "staff/mailings/report_people.html", context)


def _total(mailing: Mailing, search: Search) -> int | None:
    """How many there are, where the bar knows it; None where they would have to be counted one by one."""
    if search != Search(state=search.state):
        return None
    counts = counting.counts(mailing)
    return counts[search.state] if search.state else counts.audience


@pages.register("report_file", "report/file/")
def report_file(
    desk: MailingAdmin, request: HttpRequest, mailing: Mailing
) -> HttpResponse | StreamingHttpResponse:
    """GET says what the file would hold; POST writes the act down and gives the file as it is made."""
    for permission in ("mailer.view_delivery", "contacts.export_contact"):
        require(request.user, permission)
    form = PeopleForm(sealed_words.query(request), mailing)
    search = form.search()
    if form.is_misread():
        # Left out it would narrow nothing: a filter that cannot be read must not become everybody.
        desk.message_user(
            request,
            _("One of the filters cannot be read, so nothing was exported. Please search again."),
            messages.ERROR,
        )
        return HttpResponseRedirect(pages.url(mailing, "report_people"))
    rows, what = people.matching(mailing, search, reader=who(request)), f"mailing {mailing.pk}"
    if request.method == "POST":
        if request.POST.get("act") == "ask" and not search.words:
            export_requests.ask(desk, request, rows, what, form.without_words())
        elif request.POST.get("format") in ContactExport.Format.values:
            try:
                return _file(request, mailing, search, form)
            except (TooManyExportsError, TooManyRowsError, AnswerNeeded) as refused:
                said = export_requests.refusal(refused) or refusal(refused)
                desk.message_user(request, said, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
    context = {
        **desk.page_context(request, mailing, "report", _("Export")),
        "chips": list(form.chips()),
        "query": form.kept(),
        "total": _total(mailing, search),
        "words": search.words,
        **export_requests.context(who(request), rows, what, form.without_words()),
    }
    return TemplateResponse(request, "staff/mailings/report_file.html", context)


def _requested(asked: ExportRequest, user: User) -> tuple[Mailing, PeopleForm] | None:
    """The mailing and filters of a request as `user` reads them; None where they may not, or one cannot be read."""
    key = key_in(asked.what.removeprefix("mailing ")) or 0
    mailing = visible(user, Mailing.objects.filter(pk=key)).first()
    if mailing is None or not may(user, "mailer.view_delivery"):
        return None
    form = PeopleForm(QueryDict(asked.query), mailing)
    form.search()
    return None if form.is_misread() else (mailing, form)


def _requested_rows(asked: ExportRequest, user: User) -> QuerySet[Delivery] | None:
    read = _requested(asked, user)
    return None if read is None else people.matching(read[0], read[1].search(), reader=user)


def _requested_words(asked: ExportRequest, user: User) -> list[str]:
    read = _requested(asked, user)
    if read is None:
        return []
    mailing, form = read
    chosen = [label for label, _rest in form.chips()] or [_("All people")]
    return [_("Mailing: %(name)s") % {"name": mailing.name}, *chosen]


def _page_of(asked: ExportRequest) -> str:
    page = reverse("admin:mailer_mailing_report_file", args=[asked.what.removeprefix("mailing ")])
    return f"{page}?{asked.query}" if asked.query else page


export_requests.register(
    "mailing",
    export_requests.Kind(
        rows=_requested_rows,
        page=_page_of,
        words=_requested_words,
    ),
)


def _file(
    request: HttpRequest, mailing: Mailing, search: Search, filters: PeopleForm
) -> StreamingHttpResponse:
    reader, form, query = who(request), request.POST["format"], filters.without_words()
    asked = None if search.words else export_requests.grant(reader, f"mailing {mailing.pk}", query)
    entry = exporting.begin(reader, form, mailing, search, query=query, asked=asked)
    pieces = exporting.stream(entry, mailing, search, reader)
    answer = StreamingHttpResponse(pieces, content_type=CONTENT_TYPES[ContactExport.Format(form)])
    day = timezone.localdate().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="mailing-{mailing.pk}-{day}.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer


@pages.register("report_unknown", "report/unknown/")
def report_unknown(desk: MailingAdmin, request: HttpRequest, mailing: Mailing) -> HttpResponse:
    """Those of whom nobody knows whether the provider took them, and what a person says of them.

    Safe to repeat: what was settled meanwhile, by a report or by somebody else, is left alone and counted.
    """
    require(request.user, "mailer.settle_delivery")
    form = SettleForm(request.POST if request.method == "POST" else None)
    count = counting.counts(mailing)[State.UNKNOWN]
    if form.is_bound and form.is_valid() and form.fits(count):
        _settle(desk, request, mailing, form)
        return HttpResponseRedirect(pages.url(mailing, "report_unknown"))
    search = Search(state=State.UNKNOWN)
    context = {
        **desk.page_context(request, mailing, "report", _("Whose fate is unknown")),
        "form": form,
        "count": count,
        "must_type": count > SettleForm.TYPE_ABOVE,
        "most": settling.MOST,
        "page": people.page(mailing, search, request.GET.get("at", ""), reader=who(request)),
        "may_see_people": may(request.user, "mailer.view_delivery"),
    }
    return TemplateResponse(request, "staff/mailings/report_unknown.html", context)


def _settle(desk: MailingAdmin, request: HttpRequest, mailing: Mailing, form: SettleForm) -> None:
    sent, why = form.cleaned_data["act"] == form.ARRIVED, form.cleaned_data["why"]
    ticked = [key for text in request.POST.getlist("row") if (key := key_in(text))]
    chosen = None if form.cleaned_data["whom"] == "all" else ticked
    settled = settling.settle(mailing, chosen, sent=sent, by=who(request), why=why)
    count, gone = len(settled.done), settled.gone
    did = Did.MANY_ARRIVED if sent else Did.MANY_SENT_AGAIN
    if count:
        desk.note(request, mailing, did, count=count, example=settled.done[0].pk, why=why)
    sentence = ngettext("%(count)d mail settled.", "%(count)d mails settled.", count) % {"count": count}
    if gone:
        sentence += " " + ngettext(
            "%(count)d had been settled already.", "%(count)d had been settled already.", gone
        ) % {"count": gone}
    desk.message_user(request, sentence, messages.WARNING if gone else messages.SUCCESS)
