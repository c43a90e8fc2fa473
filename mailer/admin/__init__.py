"""The staff desk of mail, by subject. Importing this package fills the desk.

A page of a mailing is a module of its own that registers itself (see `pages`); it is named here.
"""

from mailer.admin import (
    comparing,
    deliveries,
    designs,
    mailing_approval,
    mailing_audience,
    mailing_check,
    mailing_confirm,
    mailing_forms,
    mailing_history,
    mailing_languages,
    mailing_paste,
    mailing_preview,
    mailing_send,
    mailing_shown,
    mailing_write,
    mailings,
    pictures,
    report,
    report_links,
    report_people,
    senders,
    signups,
)

__all__ = [
    "comparing",
    "deliveries",
    "designs",
    "mailing_approval",
    "mailing_audience",
    "mailing_check",
    "mailing_confirm",
    "mailing_forms",
    "mailing_history",
    "mailing_languages",
    "mailing_paste",
    "mailing_preview",
    "mailing_send",
    "mailing_shown",
    "mailing_write",
    "mailings",
    "pictures",
    "report",
    "report_links",
    "report_people",
    "senders",
    "signups",
]
