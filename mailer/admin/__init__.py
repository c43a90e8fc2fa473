"""The staff desk of mail, by subject. Importing this package fills the desk.

A page of a mailing is a module of its own that registers itself (see `pages`); it is named here.
"""

from mailer.admin import deliveries, mailings, senders, signups

__all__ = [
    "deliveries",
    "mailings",
    "senders",
    "signups",
]
