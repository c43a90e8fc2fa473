"""Sign-ups as staff see them: to look at, without the address somebody typed; and the form to copy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.desk import Place, ReadOnly, StaffAdmin, navigation
from accounts.permissions import belongs_through, require, visible
from contacts.lookup import by_address
from contacts.models import MailingList
from mailer.models import SignUp
from mailer.signup.embedding import copies

navigation.add(Place(64, _("Sign-ups"), "admin:mailer_signup_changelist", "mailer.view_signup"))

belongs_through(SignUp, "mailing_list__organisation")

_LATELY = timedelta(days=30)


@admin.register(SignUp)
class SignUpAdmin(ReadOnly, StaffAdmin):
    purpose = _("Who asked for a list by its form, and whether their mailbox confirmed it.")
    empty_words = _("Nobody has signed up by a form yet.")
    newest_first = True
    list_display = ["number", "mailing_list", "created_at", "standing", "source"]
    list_filter = ["source"]
    list_select_related = ["mailing_list"]
    search_fields = ["pk"]
    search_help_text = _("A whole address: where was it typed?")
    fields = [
        "mailing_list", "standing", "created_at", "expires_at", "subscribed_at", "confirmed_at", "denied_at",
        "source", "page", "text", "language",
    ]  # fmt: skip
    readonly_fields = ["standing"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return by_address(queryset, search_term), False

    @admin.display(description=_("status"))
    def standing(self, row: SignUp) -> str:
        if row.denied_at is not None:
            return gettext("“It wasn't me”")
        if row.confirmed_at is not None:
            return gettext("confirmed")
        if row.subscribed_at is not None:
            return gettext("put on the list at once")
        return gettext("waits for an answer") if row.expires_at > timezone.now() else gettext("not answered")

    def get_urls(self) -> list[URLPattern]:
        form = self.admin_site.admin_view(require_GET(self.form_view))
        return [path("form/<int:pk>/", form, name="mailer_signup_form"), *super().get_urls()]

    def form_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The address of a list's form, its HTML for other sites, and what came of it lately."""
        require(request.user, "mailer.view_signup")
        require(request.user, "contacts.view_mailinglist")
        mailing_list = get_object_or_404(visible(request.user, MailingList.objects.all()), pk=pk)
        since = Now() - _LATELY
        counted = SignUp.objects.filter(mailing_list=mailing_list).aggregate(
            waiting=Count(
                "pk",
                filter=Q(confirmed_at=None, denied_at=None, subscribed_at=None, expires_at__gt=Now()),
            ),
            confirmed=Count("pk", filter=Q(confirmed_at__gt=since)),
            denied=Count("pk", filter=Q(denied_at__gt=since)),
        )
        context = {
            **self.admin_site.each_context(request),
            **counted,
            "title": _("Sign-up form"),
            "opts": MailingList._meta,
            "mailing_list": mailing_list,
            "copies": copies(mailing_list),
        }
        return TemplateResponse(request, "staff/sign_up_form.html", context)
