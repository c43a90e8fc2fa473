"""The staff desk of contacts, by subject. Importing this package fills the desk."""

from accounts.permissions import belongs_through
from contacts.admin import (
    contacts,
    erasures,
    exports,
    imports,
    list_rights,
    lists,
    searching,
    segments,
    suppressions,
    written,
)
from contacts.models import Consent, ListRight, Subscription

belongs_through(Consent, "contact__organisation", "mailing_list__organisation")
belongs_through(Subscription, "mailing_list__organisation")
belongs_through(ListRight, "user__organisation")

__all__ = [
    "contacts",
    "erasures",
    "exports",
    "imports",
    "list_rights",
    "lists",
    "searching",
    "segments",
    "suppressions",
    "written",
]
