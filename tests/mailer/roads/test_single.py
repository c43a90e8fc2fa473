"""The road for providers without batches: the same mail as the door for single mails would write, one by one."""

from __future__ import annotations

import pytest
from django.core import mail

from mailer import roads
from mailer.providers import Answer
from tests.factories import make_message, make_sender

pytestmark = pytest.mark.django_db


def test_each_person_gets_their_own_values_links_and_message_id(outbox):
    message = make_message(
        subject="News for {{ first_name | friend }}",
        text="Dear {{ first_name | friend }}, {{ unsubscribe_link }}",
        html="<p>Dear {{ first_name | friend }}</p>",
    )
    content = roads.Content(message, {"List-Unsubscribe": "<{{ unsubscribe_link }}>"})
    people = [
        roads.Recipient(
            1, "ann@example.net", {"first_name": "<Ann>", "unsubscribe_link": "https://x.example/1"}
        ),
        roads.Recipient(2, "bob@example.net", {"first_name": "", "unsubscribe_link": "https://x.example/2"}),
        roads.Recipient(
            3, "eve@example.net", {"first_name": "Eve\r\nBcc: all@x.example", "unsubscribe_link": ""}
        ),
        roads.Recipient(4, "dan@example.net", {}),
    ]
    with roads.open_road(make_sender()) as road:
        outcomes = road.ask(content, people)
    assert [outcome.answer for outcome in outcomes] == [Answer.ACCEPTED] * 2 + [Answer.REFUSED] * 2
    ann, bob = mail.outbox
    assert (ann.subject, bob.subject) == ("News for <Ann>", "News for friend")
    assert ann.alternatives[0][0] == "<p>Dear &lt;Ann&gt;</p>"
    assert bob.extra_headers["List-Unsubscribe"] == "<https://x.example/2>"
    assert ann.extra_headers["Message-ID"] != bob.extra_headers["Message-ID"]
    assert bob.metadata == {"delivery_id": "2"}
