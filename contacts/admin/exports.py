"""Taking people away as a file: what the list or a segment shows, by a right of its own, and the log of who did."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.desk import Place, ReadOnly, StaffAdmin, key_in, navigation, own_organisation, who
from accounts.permissions import require, visible
from contacts import exporting, searching
from contacts.admin.contact_forms import SearchForm
from contacts.exporting import TooManyExportsError, TooManyRowsError
from contacts.models import Contact, ContactExport, Segment
from contacts.searching import Search
from contacts.segments import compiling
from contacts.segments.trees import RuleError

navigation.add(
    Place(
        68, gettext_lazy("Exports"), "admin:contacts_contactexport_changelist", "contacts.view_contactexport"
    )
)


@admin.register(ContactExport)
class ContactExportAdmin(ReadOnly, StaffAdmin):
    newest_first = True
    list_display = ["at", "by", "what", "format", "rows", "mailing_list", "segment", "searched"]
    list_display_links = ["at"]
    list_filter = ["format"]
    list_select_related = ["by", "mailing_list", "segment"]
    fields = ["at", "by", "what", "format", "rows", "mailing_list", "segment", "searched"]


def export_view(request: HttpRequest, desk: StaffAdmin) -> HttpResponse | StreamingHttpResponse:
    """GET says how many people it would be; POST writes the act down and gives the file as it is made.

    The query is that of the list of contacts, and `segment` the number of a segment.
    """
    require(request.user, "contacts.export_contact")
    form = SearchForm(request.GET, who(request))
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
    if request.method == "POST" and request.POST.get("format") in ContactExport.Format.values:
        try:
            return _file(request, rows, search, segment)
        except (TooManyExportsError, TooManyRowsError) as refused:
            desk.message_user(request, exporting.refusal(refused), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
    context = {
        **desk.admin_site.each_context(request),
        "title": _("Export"),
        "opts": desk.opts,
        "chips": list(form.chips()),
        "segment": segment,
        "total": searching.total(rows),
    }
    return TemplateResponse(request, "staff/contacts/export.html", context)


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
    request: HttpRequest, rows: models.QuerySet[Contact], search: Search, segment: Segment | None
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
    )
    answer = StreamingHttpResponse(
        exporting.stream(entry, rows), content_type=exporting.CONTENT_TYPES[ContactExport.Format(form)]
    )
    day = timezone.localdate().isoformat()
    answer["Content-Disposition"] = f'attachment; filename="contacts-{day}.{form}"'
    answer["Cache-Control"] = "no-store"
    return answer
