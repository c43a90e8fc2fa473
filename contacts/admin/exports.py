"""Taking people away as a file: what the list or a segment shows, by a right of its own, and the log of who did."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sealed_words
from accounts.desk import Place, ReadOnly, StaffAdmin, key_in, navigation, own_organisation, who
from accounts.models import User
from accounts.permissions import require, sees_all, visible
from contacts import exporting, searching
from contacts.admin import export_requests
from contacts.admin.contact_forms import SearchForm
from contacts.export_requests import AnswerNeeded
from contacts.exporting import TooManyExportsError, TooManyRowsError
from contacts.models import Contact, ContactExport, ExportRequest, Segment
from contacts.searching import Search
from contacts.segments import compiling, within
from contacts.segments.trees import RuleError

navigation.add(
    Place(
        68, gettext_lazy("Exports"), "admin:contacts_contactexport_changelist", "contacts.view_contactexport"
    )
)


@admin.register(ContactExport)
class ContactExportAdmin(ReadOnly, StaffAdmin):
    purpose = gettext_lazy("The files of people that staff took away: who, when, and how many people.")
    empty_words = gettext_lazy("Nobody took people away as a file yet.")
    newest_first = True
    list_display = ["at", "by", "what", "format", "rows", "mailing_list", "segment", "searched"]
    list_display_links = ["at"]
    list_filter = ["format"]
    list_select_related = ["by", "mailing_list", "segment"]
    fields = ["at", "by", "what", "format", "rows", "mailing_list", "segment", "searched"]

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.request_view)
        return [
            path("requests/<int:asked>/", page, name="contacts_contactexport_request"),
            *super().get_urls(),
        ]

    def request_view(self, request: HttpRequest, asked: int) -> HttpResponse:
        """A large file that somebody asks for, and a second person's answer."""
        return export_requests.request_view(request, asked, self)


def export_view(request: HttpRequest, desk: StaffAdmin) -> HttpResponse | StreamingHttpResponse:
    """GET says how many people it would be; POST writes the act down and gives the file as it is made.

    The query is that of the list of contacts, and `segment` the number of a segment.
    """
    require(request.user, "contacts.export_contact")
    form = SearchForm(sealed_words.query(request), who(request))
    search, segment = form.search(), _segment(request)
    if form.is_misread():
        # Left out it would narrow nothing: a list that is gone must not become everybody.
        desk.message_user(
            request,
            _("One of the filters cannot be read, so nothing was exported. Please search again."),
            messages.ERROR,
        )
        return HttpResponseRedirect(reverse("admin:contacts_contact_changelist"))
    try:
        rows = _chosen(request, desk, search, segment)
    except RuleError as error:
        desk.message_user(request, str(error), messages.ERROR)
        return HttpResponseRedirect(reverse("admin:contacts_contact_changelist"))
    if request.method == "POST":
        if request.POST.get("act") == "ask" and not search.words:
            export_requests.ask(desk, request, rows, "", query_of(form, segment))
        elif request.POST.get("format") in ContactExport.Format.values:
            try:
                return _file(request, rows, search, segment, query_of(form, segment))
            except (TooManyExportsError, TooManyRowsError, AnswerNeeded) as refused:
                said = export_requests.refusal(refused) or exporting.refusal(refused)
                desk.message_user(request, said, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())
    context = {
        **desk.admin_site.each_context(request),
        "title": _("Export"),
        "opts": desk.opts,
        "chips": list(form.chips()),
        "segment": segment,
        "total": searching.total(rows),
        "words": search.words,
        **export_requests.context(who(request), rows, "", query_of(form, segment)),
    }
    return TemplateResponse(request, "staff/contacts/export.html", context)


def query_of(form: SearchForm, segment: Segment | None) -> str:
    """The filters as a request for a second person's yes keeps them: always written alike, and no words searched for."""
    kept = QueryDict(form.kept(), mutable=True)
    for name in ("q", sealed_words.NAME, "sort"):
        kept.pop(name, None)
    if segment is not None:
        kept["segment"] = str(segment.pk)
    return urlencode(sorted(kept.lists()), doseq=True)


def _requested(asked: ExportRequest, user: User) -> tuple[SearchForm, Segment | None] | None:
    """The filters of a request as `user` reads them; None where one is not theirs, gone, or was changed since."""
    query = QueryDict(asked.query)
    form, segment = SearchForm(query, user), None
    form.search()
    if "segment" in query:
        key = key_in(query["segment"]) or 0
        segment = visible(user, Segment.objects.filter(pk=key)).first()
        if segment is None:
            return None
        used = Segment.objects.filter(pk__in=within.used_by(segment))
        if used.filter(updated_at__gt=asked.at).exists():
            return None
    return None if form.is_misread() else (form, segment)


def _requested_rows(asked: ExportRequest, user: User) -> models.QuerySet[Contact] | None:
    read = _requested(asked, user)
    if read is None:
        return None
    form, segment = read
    try:
        rows = Contact.objects.all() if segment is None else compiling.queryset(segment)
    except RuleError:
        return None
    return form.search().among(visible(user, rows))


def _requested_words(asked: ExportRequest, user: User) -> list[str]:
    read = _requested(asked, user)
    if read is None:
        return []
    form, segment = read
    named = [_("Segment: %(name)s") % {"name": segment.name}] if segment else []
    chosen = named + [label for label, _rest in form.chips()]
    return chosen or [_("All people") if sees_all(asked.by) else _("All people they see")]


export_requests.register(
    "",
    export_requests.Kind(
        rows=_requested_rows,
        page=lambda asked: f"{reverse('admin:contacts_contact_export')}?{asked.query}".rstrip("?"),
        words=_requested_words,
    ),
)


def _segment(request: HttpRequest) -> Segment | None:
    key = key_in(request.GET.get("segment", ""))
    if "segment" not in request.GET:
        return None
    # A segment that is gone must not become everybody.
    return get_object_or_404(visible(request.user, Segment.objects.all()), pk=key or 0)


def _chosen(
    request: HttpRequest, desk: StaffAdmin, search: Search, segment: Segment | None
) -> models.QuerySet[Contact]:
    rows: models.QuerySet[Contact] = (
        desk.get_queryset(request) if segment is None else visible(request.user, compiling.queryset(segment))
    )
    return search.among(rows)


def _file(
    request: HttpRequest,
    rows: models.QuerySet[Contact],
    search: Search,
    segment: Segment | None,
    query: str,
) -> StreamingHttpResponse:
    form = request.POST["format"]
    entry = exporting.begin(
        who(request),
        form,
        rows,
        organisation=own_organisation(request),
        mailing_list=search.mailing_list,
        segment=segment.pk if segment else None,
        searched=search.is_narrowed(),
        query=query,
        asked=None if search.words else export_requests.grant(who(request), "", query),
    )
    answer = StreamingHttpResponse(
        exporting.stream(entry, rows), content_type=exporting.CONTENT_TYPES[ContactExport.Format(form)]
    )
    day = timezone.localdate().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="contacts-{day}.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer
