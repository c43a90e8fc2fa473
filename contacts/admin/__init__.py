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

belongs_through(Consent, "mailing_list__organisation")
# A consent to another organisation's list is that organisation's to know, whosever the contact is.
belongs_through(Consent, "contact__organisation", only_without="mailing_list")
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
