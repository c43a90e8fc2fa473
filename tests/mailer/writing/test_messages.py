from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from mailer.models import MailingMessage, Message
from mailer.writing import conditions, messages
from tests.factories import make_mailing, make_mailing_text, make_sender
from tests.mailer.writing.samples import block

pytestmark = pytest.mark.django_db

KENYA = {"field": "country", "is": "is", "value": ["KE"]}


def two_languages():
    mailing = make_mailing(texts=False, sender=make_sender(reply_to="office@epistle.example"))
    make_mailing_text(
        mailing, "en", blocks=[block("text"), {**block("button"), "shown_to": KENYA}], preheader="Read this"
    )
    make_mailing_text(mailing, "fr", subject="Avec les victimes", blocks=[block("text")])
    mailing.conditions = conditions.of(mailing)
    mailing.save(update_fields=["conditions"])
    return mailing


def test_each_group_gets_the_message_in_its_language_with_the_blocks_meant_for_it():
    mailing = two_languages()
    found = messages.freeze_messages(mailing, [("en", 0), ("en", 1), ("fr", 0)])
    assert "Write to them" not in found["en", 0].message.html
    assert "Write to them" in found["en", 1].message.html
    assert found["fr", 0].message.subject == "Avec les victimes"
    message = found["en", 1].message
    assert (message.sender, message.preheader) == (mailing.sender, "Read this")
    assert message.reply_to == "office@epistle.example"


def test_freezing_again_writes_nothing_anew_and_a_corrected_version_leaves_the_first():
    mailing = two_languages()
    first = messages.message_for(mailing, "en")
    assert messages.message_for(mailing, "en").pk == first.pk
    mailing.texts.filter(language="en").update(subject="Corrected")
    second = messages.message_for(mailing, "en", version=2)
    assert second.message.subject == "Corrected"
    assert first.message.subject == "Stand with victims"
    assert MailingMessage.objects.count() == Message.objects.count() == 2


def test_a_text_that_cannot_be_sent_stops_the_freeze_with_its_language_and_leaves_no_message():
    mailing = two_languages()
    mailing.texts.filter(language="fr").update(blocks=[{**block("button"), "url": ""}])
    with pytest.raises(ValidationError) as refused:
        messages.freeze_messages(mailing, [("en", 0), ("fr", 0)])
    assert refused.value.messages == ["French: Block 1 (Button), Leads to: Nothing is written here yet."]
    assert not Message.objects.exists()


def test_a_corrected_text_can_name_no_new_group_of_people():
    mailing = two_languages()
    messages.message_for(mailing, "en")
    other = {"field": "country", "is": "is", "value": ["FR"]}
    mailing.texts.filter(language="en").update(blocks=[{**block("button"), "shown_to": other}])
    with pytest.raises(ValidationError, match="was fixed when the mailing started"):
        messages.message_for(mailing, "en", version=2)


def test_where_clicks_are_counted_the_links_are_led_through_our_own_address():
    mailing = two_languages()
    mailing.track_clicks = True
    mailing.save(update_fields=["track_clicks"])
    html = messages.message_for(mailing, "en", part=1).message.html
    assert "https://epistle.example/write/" not in html
    assert "https://epistle.example/write/" in mailing.links.values_list("url", flat=True)


def test_no_mail_can_be_frozen_that_says_not_from_where_it_comes():
    mailing = two_languages()
    mailing.sender.postal_address = " "
    with pytest.raises(ValidationError, match="no sender with a postal address"):
        messages.message_for(mailing, "en")
