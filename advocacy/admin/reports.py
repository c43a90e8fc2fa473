"""What offices reported about letters they got."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.desk import Need, Place, ReadOnly, StaffAdmin, navigation, needs
from accounts.models import User
from accounts.permissions import may, visible
from advocacy import reports
from advocacy.models import Report

navigation.add(
    Place(25, _("Reports from offices"), "admin:advocacy_report_changelist", "advocacy.view_report")
)


@admin.register(Report)
class ReportAdmin(ReadOnly, StaffAdmin):
    purpose = _("What offices tell us by the link at the foot of a letter: it is abusive, or they want none.")
    empty_words = _("No office has reported a letter.")
    newest_first = True
    list_display = ["number", "kind", "campaign", "person", "words", "created_at", "handled_at"]
    list_filter = ["kind", ("handled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["letter__campaign", "letter__person"]
    fields = ["kind", "words", "letter", "created_at", "handled_at", "handled_by"]
    actions = ["mark_as_dealt_with"]

    @admin.display(description=_("campaign"))
    def campaign(self, report: Report) -> str:
        return report.letter.campaign.name

    @admin.display(description=_("representative"))
    def person(self, report: Report) -> str:
        return report.letter.person.name

    @admin.action(description=_("Mark as dealt with"), permissions=["handle"])
    def mark_as_dealt_with(self, request: HttpRequest, queryset: models.QuerySet[Report]) -> None:
        assert isinstance(request.user, User)  # noqa: S101 (admin_view lets nobody else in)
        count = sum(reports.handle(report, request.user) for report in queryset)
        text = ngettext("%d report dealt with.", "%d reports dealt with.", count) % count
        self.message_user(request, text, messages.SUCCESS)

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "change")


@needs.add
def open_reports(user: User) -> Iterable[Need]:
    if not may(user, "advocacy.view_report"):
        return
    count = visible(user, Report.objects.filter(handled_at=None)).count()
    yield Need(
        count=count,
        sentence=ngettext("%d office reported a letter", "%d offices reported a letter", count) % count,
        link=str(_("read")),
        url=f"{reverse('admin:advocacy_report_changelist')}?handled_at__isempty=1",
        urgent=True,
    )
