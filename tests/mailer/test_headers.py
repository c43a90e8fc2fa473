"""The headers that make a mail of a mailing a list's mail: RFC 8058, 2369 and 2919, each exactly once."""

from __future__ import annotations

import re
from email import message_from_string, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Organisation
from mailer import headers
from mailer.models import Mailing
from tests.factories import make_delivery, make_mailing, make_mailing_list, make_message, make_sender

pytestmark = pytest.mark.django_db

ARABIC = "أخبار التحالف من أجل المحكمة"


def headers_of(mailing: Mailing, **message: str) -> dict[str, str]:
    return headers.mailing_headers(mailing, make_message(**message))


def filled(found: dict[str, str]) -> str:
    """A mail with these headers, the slots filled as a road does."""
    text = "".join(f"{name}: {value}\r\n" for name, value in found.items()) + "\r\n"
    for slot in headers.PERSONAL_SLOTS:
        text = text.replace("{{ " + slot + " }}", "https://epistle.example/x")
    return text


def test_a_mailing_says_once_how_to_leave_in_one_click():
    found = headers_of(make_mailing())
    assert found["List-Unsubscribe"] == "<{{ unsubscribe_link }}>, <{{ unsubscribe_mailto }}>"
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert found["Precedence"] == "bulk"
    assert "Auto-Submitted" not in found
    parsed = message_from_string(filled(found), policy=policy.SMTP)
    assert sorted(name.lower() for name in parsed) == sorted({name.lower() for name in found})
    assert not parsed.defects


def test_only_the_slots_of_a_person_stand_in_the_headers():
    found = headers_of(make_mailing())
    slots = re.findall(r"\{\{ (\w+) \}\}", "".join(found.values()))
    assert sorted(slots) == sorted(headers.PERSONAL_SLOTS)


def test_the_id_of_a_list_stays_when_staff_rename_it():
    mailing = make_mailing()
    before = headers_of(mailing)["List-Id"]
    assert mailing.mailing_list is not None
    mailing.mailing_list.name, mailing.mailing_list.slug = "Other news", "other"
    after = headers_of(mailing)["List-Id"]
    assert (
        before.rpartition(" ")[2]
        == after.rpartition(" ")[2]
        == f"<list-{mailing.mailing_list.pk}.epistle.example>"
    )
    assert after.startswith("Other news <")


@pytest.mark.parametrize(
    "name", ["News", 'The "Peace, now" list (weekly)', ARABIC, ARABIC * 6, "x" * 200, "  "]
)
def test_the_id_of_a_list_is_short_ascii_and_reads_as_its_name(name: str):
    mailing_list = make_mailing_list(name=name)
    value = headers.list_id(mailing_list)
    assert value.isascii()
    assert len(value) < 255
    shown, address = parseaddr(str(make_header(decode_header(value))))
    assert address == f"list-{mailing_list.pk}.epistle.example"
    assert shown == name[:60].strip() or (shown == "" and len(name) > 60)


def test_a_name_with_a_line_break_becomes_no_header():
    mailing = make_mailing(mailing_list=make_mailing_list(name="News\r\nBcc: everybody@example.org"))
    with pytest.raises(ValidationError):
        headers_of(mailing)


def test_a_mailing_without_its_list_or_sender_has_no_headers():
    mailing = make_mailing()
    for missing in ({"mailing_list": None}, {"sender": None}):
        incomplete = Mailing(
            pk=mailing.pk, **{"mailing_list": mailing.mailing_list, "sender": mailing.sender, **missing}
        )
        with pytest.raises(ValidationError):
            headers_of(incomplete)


def test_feedback_is_grouped_by_mailing_and_organisation_and_names_nobody():
    organisation = Organisation.objects.create(name="Kenya", slug="kenya")
    own, house = make_mailing(organisation=organisation), make_mailing()
    assert headers_of(own)["Feedback-ID"] == f"m{own.pk}:o{organisation.pk}:newsletter:epistleexample"
    assert headers_of(house)["Feedback-ID"] == f"m{house.pk}:house:newsletter:epistleexample"


def test_the_owner_of_a_list_is_who_gets_its_answers():
    mailing = make_mailing(sender=make_sender(address="news@example.org", reply_to="100%us@example.org"))
    assert headers_of(mailing)["List-Owner"] == "<mailto:100%25us@example.org>"


def test_only_an_open_list_says_how_to_join(settings):
    settings.SITE_URL = "https://act.example.org"
    hidden, open_list = (
        make_mailing(),
        make_mailing(mailing_list=make_mailing_list(slug="news", is_public=True)),
    )
    assert not {"List-Subscribe", "List-Archive"} & headers_of(hidden).keys()
    assert "List-Archive" not in headers_of(
        make_mailing(mailing_list=open_list.mailing_list, in_archive=False)
    )
    found = headers_of(open_list, language="fr")
    assert found["List-Subscribe"] == "<https://act.example.org/fr/lists/news/>"
    assert found["List-Archive"] == "<https://act.example.org/fr/archive/news/>"
    assert found["List-Help"] == "<https://act.example.org/fr/preferences/>"
    assert headers_of(open_list, language="sw")["List-Help"] == "<https://act.example.org/en/preferences/>"


def test_the_message_id_is_the_same_for_every_try_of_a_delivery():
    delivery = make_delivery()
    assert headers.message_id(delivery) == headers.message_id(delivery)
    assert re.fullmatch(rf"<{delivery.pk}\.[0-9a-f]{{24}}@epistle\.example>", headers.message_id(delivery))
