"""Mail of the unit tests stays in memory: what matters here is which mails there are and what they say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.utils import translation

from advocacy.models import Campaign, Legislature, Mandate
from mailer import sending
from mailer.models import Delivery
from tests.advocacy.importing import DATA
from tests.factories import make_campaign, make_legislature, make_mandate, make_person


class Outbox:
    """What left by the one door out."""

    def deliver(self) -> list[EmailMultiAlternatives]:
        """Deliver what is due and return it, oldest first."""
        before = len(mail.outbox)
        due = Delivery.objects.filter(status=Delivery.Status.QUEUED).order_by("pk")
        for pk in due.values_list("pk", flat=True):
            sending.deliver(pk)
        return mail.outbox[before:]  # type: ignore[return-value]


@pytest.fixture
def outbox(settings: Any) -> Outbox:
    settings.MAIL_BACKEND = "anymail.backends.test.EmailBackend"
    mail.outbox = []
    return Outbox()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test begins in English: a request in another language leaves that language behind in its thread."""
    with translation.override("en"):
        yield


@pytest.fixture
def parliament(tmp_path: Path) -> Callable[..., Path]:
    """Writes the Popolo file, changed by a function if one is given; returns its path."""

    def write(change: Any = None, name: str = "popolo.json") -> Path:
        data = json.loads((DATA / "popolo.json").read_text())
        if change:
            change(data)
        path = tmp_path / name
        path.write_text(json.dumps(data))
        return path

    return write


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign()


@pytest.fixture
def assembly() -> Legislature:
    return make_legislature(country="KE", name="National Assembly", chamber="lower")


@pytest.fixture
def member(assembly: Legislature) -> Mandate:
    return make_mandate(
        assembly, make_person(name="Achieng Example", native_name="أشينغ"), "achieng@parliament.example"
    )
