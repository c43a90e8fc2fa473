"""manage.py read_mailbox: fetch what came back into the mailbox of bounces, and read it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from mailer import inbound
from mailer.inbound import applying, mailboxes


class Command(BaseCommand):
    help = inbound.__doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BOUNCE_MAILBOX_URL:
            raise CommandError(
                "BOUNCE_MAILBOX_URL is not set. Example: imaps://user:password@mail.example.org/INBOX"
            )
        try:
            new = mailboxes.read(settings.BOUNCE_MAILBOX_URL)
        except mailboxes.MailboxError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{new} new, {applying.read_all()} read")
