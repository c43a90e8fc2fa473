"""A mailing that has started gets its address and its words for strangers, once, and those stay."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from mailer.archive import publishing
from mailer.models import Mailing, MailingMessage
from mailer.writing import messages
from tests.factories import make_mailing, make_mailing_text
from tests.mailer.archive.conftest import Publish

pytestmark = pytest.mark.django_db

DAY = dt.datetime(2026, 11, 22, 9, tzinfo=dt.UTC)
ARABIC = "قفوا مع الضحايا"


@pytest.mark.parametrize(
    ("subject", "slug"),
    [
        ("Stand with victims: «now»!", "2026-11-22-stand-with-victims-now"),
        ("{{ first_name | Friend }}, écrivez à Genève", "2026-11-22-friend-ecrivez-a-geneve"),
        (ARABIC, "2026-11-22"),
        ("🎉", "2026-11-22"),
        ("../../staff/?a=1&b=%00", "2026-11-22-staffa1b00"),
        ("word " * 39, "2026-11-22-" + "word-" * 13 + "word"),
    ],
)
def test_the_address_is_made_of_the_day_and_the_subject(publish: Publish, subject: str, slug: str):
    assert publish({"en": {"subject": subject}}, started_at=DAY).slug == slug


def test_a_subject_in_another_script_borrows_the_words_of_one_in_latin_letters(publish: Publish):
    mailing = publish(
        {"ar": {"subject": ARABIC}, "fr": {"subject": "Aux victimes"}}, language="ar", started_at=DAY
    )
    assert mailing.slug == "2026-11-22-aux-victimes"


def test_mailings_that_say_the_same_on_one_day_are_numbered(publish: Publish):
    slugs = [publish(started_at=DAY).slug for _time in range(3)]
    assert slugs == [f"2026-11-22-stand-with-victims{end}" for end in ("", "-2", "-3")]


def test_an_address_once_given_stays(publish: Publish):
    mailing = publish(started_at=DAY)
    mailing.texts.update(subject="Something else")
    assert not publishing.publish(mailing)
    mailing.refresh_from_db()
    assert mailing.slug == "2026-11-22-stand-with-victims"


def test_every_complete_language_is_there_and_no_unfinished_one(publish: Publish):
    mailing = publish(
        {
            "en": {},
            "fr": {"subject": "Aux côtés des victimes", "blocks": []},
            "es": {"subject": "Con las víctimas"},
        }
    )
    codes = MailingMessage.objects.filter(mailing=mailing, part=0).values_list("language", flat=True)
    assert "en" in codes
    assert "fr" not in codes


def test_a_sweep_publishes_what_has_started_and_nothing_else():
    started, draft = make_mailing(status="sending"), make_mailing()
    Mailing.objects.filter(pk=started.pk).update(started_at=DAY, frozen_at=DAY)
    assert publishing.publish_due() == 1
    assert publishing.publish_due() == 0
    started.refresh_from_db()
    draft.refresh_from_db()
    assert started.slug
    assert draft.slug is None


def test_a_corrected_text_is_what_strangers_read_from_then_on():
    mailing = make_mailing(status="sending")
    make_mailing_text(mailing, "fr", subject="Aux victimes")
    now = timezone.now()
    Mailing.objects.filter(pk=mailing.pk).update(started_at=now, frozen_at=now)
    mailing.refresh_from_db()
    messages.freeze_messages(mailing, [("en", 0)])
    publishing.publish(mailing)
    first = set(mailing.messages.values_list("language", "version"))
    mailing.texts.filter(language="en").update(subject="Corrected")
    messages.freeze_messages(mailing, [("en", 1)], version=2)
    assert publishing.publish_due() == 1
    assert set(mailing.messages.filter(part=0).values_list("language", "version")) == first | {
        (language, 2) for language, _version in first
    }
    assert mailing.messages.get(language="en", part=0, version=2).message.subject == "Corrected"
    assert publishing.publish_due() == 0
