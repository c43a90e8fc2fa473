"""The log of erasures, to be kept away from the backups: `manage.py export_erasures > erasures.jsonl`."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.dateparse import parse_datetime

from contacts.models import Erasure


def _moment(text: str) -> Any:
    found = parse_datetime(text)
    if found is None or found.tzinfo is None:
        raise ValueError("not a moment with its time zone")
    return found


class Command(BaseCommand):
    help = (
        "Prints the log of erasures: one JSON object a line, with the moment and the keyed hash, no address. Keep it "
        "outside the backups, and give it to replay_erasures after one was restored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=_moment, help="only later ones, such as 2026-01-31T00:00:00Z")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Erasure.objects.order_by("pk")
        if options["since"]:
            rows = rows.filter(at__gte=options["since"])
        for address_hash, at in rows.values_list("address_hash", "at").iterator():
            self.stdout.write(json.dumps({"at": at.isoformat(), "hash": bytes(address_hash).hex()}))
