"""Who mails come from, at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.desk import Place, navigation
from mailer.admin.sender_domain import DomainPage
from mailer.models import Sender

navigation.add(Place(53, _("Senders"), "admin:mailer_sender_changelist", "mailer.view_sender"))


@admin.register(Sender)
class SenderAdmin(DomainPage):
    purpose = _("In whose name mail leaves: a name, an address and its domain.")
    add_words = _("Add a sender")
    empty_words = _("No sender yet. A mailing needs one before it can leave.")
    list_display = ["name", "address", "domain", "organisation", "postal_address"]
    list_select_related = ["organisation"]
    search_fields = ["name", "address"]
    autocomplete_fields = ["organisation"]
    readonly_fields = ["domain"]
    fields = [
        "name", "address", "organisation", "postal_address", "reply_to", "road", "per_second", "per_day",
        "dkim_selectors", "domain",
    ]  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The domain of a sender that is being added is not known yet."""
        return [name for name in self.fields if obj is not None or name != "domain"]
