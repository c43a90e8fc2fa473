"""Who mails come from, at the desk."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, StaffAdmin, navigation
from mailer.models import Sender

navigation.add(Place(53, _("Senders"), "admin:mailer_sender_changelist", "mailer.view_sender"))


@admin.register(Sender)
class SenderAdmin(StaffAdmin):
    list_display = ["name", "address", "organisation", "postal_address"]
    list_select_related = ["organisation"]
    search_fields = ["name", "address"]
    autocomplete_fields = ["organisation"]
