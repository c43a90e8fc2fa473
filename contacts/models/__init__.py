"""Whom we may write to: people, the lists they chose, what they agreed to, and addresses we must leave alone."""

from contacts.models.erasures import Erasure
from contacts.models.imports import Import, ImportBatch, ImportChange, ImportChunk, ImportMapping, ImportRow
from contacts.models.lists import Consent, ListRight, MailingList, Subscription
from contacts.models.people import Attribute, Contact, ContactChange
from contacts.models.segments import ContactExport, ExportRequest, Segment
from contacts.models.suppressions import Lift, Suppression

__all__ = [
    "Attribute",
    "Consent",
    "Contact",
    "ContactChange",
    "ContactExport",
    "Erasure",
    "ExportRequest",
    "Import",
    "ImportBatch",
    "ImportChange",
    "ImportChunk",
    "ImportMapping",
    "ImportRow",
    "Lift",
    "ListRight",
    "MailingList",
    "Segment",
    "Subscription",
    "Suppression",
]
