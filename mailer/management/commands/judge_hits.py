"""Apply the rules that tell people from machines to what was followed: `manage.py judge_hits`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from mailer.links import verdicts


class Command(BaseCommand):
    """Judges all hits of the last 30 days anew, after the rules or SCANNER_NETWORKS changed; figures follow."""

    help = "Judge anew which clicks and openings of the last 30 days were people's; safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        verdicts.judge_waiting(timedelta(0))
        mails = verdicts.judge_anew()
        self.stdout.write(f"judged the hits of {mails} mails")
