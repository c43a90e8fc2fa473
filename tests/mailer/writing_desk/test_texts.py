"""Several people write one mailing: versions, what is kept aside, history, languages, who has it open."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from dataclasses import replace

import pytest
import time_machine
from django.db import connection

from mailer.mailings import beginning, presence, texts
from mailer.mailings.texts import ClosedError, Content, OvertakenError
from mailer.models import Mailing, MailingAct, MailingRevision, MailingText
from tests.factories import make_mailing
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def text_of(mailing: Mailing) -> MailingText:
    return mailing.texts.get()


def said(text: MailingText, subject: str) -> Content:
    return replace(Content.of(text), subject=subject)


def test_a_save_against_an_older_version_changes_nothing_and_is_kept_aside():
    ann, ben, text = make_staff(), make_staff(), text_of(make_mailing())
    texts.save(text, 1, said(text, "Ann's"), ann)
    for wanted in (
        "Ben's",
        "Ben's, longer",
    ):  # typing goes on before he sees it: one row of his, with the latest
        with pytest.raises(OvertakenError) as told:
            texts.save(text, 1, said(text, wanted), ben)
    assert (told.value.text.subject, told.value.text.changed_by) == ("Ann's", ann)
    text.refresh_from_db()
    assert (text.subject, text.version) == ("Ann's", 2)
    aside = MailingRevision.objects.get(aside=True)
    assert (aside.content["subject"], aside.by) == ("Ben's, longer", ben)
    texts.restore(text, 2, aside, ben)
    text.refresh_from_db()
    assert text.subject == "Ben's, longer"
    assert "Ann's" in [one.content["subject"] for one in text.revisions.filter(aside=False)]


def test_a_save_whose_answer_was_lost_may_come_again():
    ann, text = make_staff(), text_of(make_mailing())
    first = texts.save(text, 1, said(text, "Now"), ann)
    again = texts.save(text, 1, said(text, "Now"), ann)
    assert (first.version, again.version) == (2, 2)
    assert not MailingRevision.objects.filter(aside=True).exists()


def test_a_revision_is_kept_of_every_two_minutes_of_typing_and_of_every_change_of_hands():
    ann, ben, text = make_staff(), make_staff(), text_of(make_mailing())
    MailingText.objects.update(changed_at=NOON)
    with time_machine.travel(NOON, tick=False) as clock:
        for version in range(1, 61):
            texts.save(text, version, said(text, f"Ann's {version}"), ann)
            clock.shift(5)
    kept = text.revisions.count()
    assert 2 <= kept <= 4, "five minutes of typing"
    texts.save(text, 61, said(text, "Ben's"), ben)
    assert text.revisions.order_by("-version")[0].content["subject"] == "Ann's 60"


@pytest.mark.parametrize("status", ["scheduled", "sending", "sent", "cancelled"])
def test_a_mailing_that_is_not_being_written_takes_no_text(status):
    mailing = make_mailing(starts_at=NOON)
    Mailing.objects.update(status=status)
    text = text_of(mailing)
    for write in (
        lambda: texts.save(text, 1, said(text, "Late"), make_staff()),
        lambda: texts.add_language(mailing, "fr", make_staff()),
    ):
        with pytest.raises(ClosedError):
            write()
    assert text_of(mailing).subject == text.subject


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_writes_and_the_other_is_told():
    text = text_of(make_mailing())
    results: list[str] = []

    def write(subject: str) -> None:
        try:
            texts.save(text, 1, said(text, subject), users[subject])
            results.append("written")
        except OvertakenError:
            results.append("aside")
        finally:
            connection.close()

    users = {"Ann's": make_staff(), "Ben's": make_staff()}
    threads = [threading.Thread(target=write, args=[subject]) for subject in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["aside", "written"]
    everywhere = {text_of(text.mailing).subject, MailingRevision.objects.get(aside=True).content["subject"]}
    assert everywhere == set(users)


def test_a_language_begins_as_a_copy_of_the_main_one_which_is_never_removed():
    ann, mailing = make_staff(), make_mailing()
    french = texts.add_language(mailing, "fr", ann)
    assert Content.of(french).blocks == text_of_language(mailing, "en").blocks
    assert texts.add_language(mailing, "fr", ann) == french
    assert not texts.remove_language(text_of_language(mailing, "en"))
    assert texts.remove_language(french)
    assert [text.language for text in mailing.texts.all()] == ["en"]


def text_of_language(mailing: Mailing, language: str) -> MailingText:
    return mailing.texts.get(language=language)


def test_a_copy_of_a_past_mailing_says_the_same_to_the_same_people_and_changes_alone():
    ann, past = make_staff(), make_mailing()
    texts.add_language(past, "fr", ann)
    Mailing.objects.update(status="sent", slug="november")
    past.refresh_from_db()
    copy = beginning.duplicate(past, name="December news", user=ann)
    assert (copy.status, copy.based_on, copy.slug) == ("draft", past, None)
    assert sorted(text.language for text in copy.texts.all()) == ["en", "fr"]
    assert list(copy.include_lists.all()) == list(past.include_lists.all())
    assert copy.acts.get().what == MailingAct.What.CREATED
    text = text_of_language(copy, "en")
    texts.save(text, 1, said(text, "December"), ann)
    assert text_of_language(past, "en").subject == "Stand with victims"


def test_each_editor_is_told_of_the_others_until_they_are_gone():
    ann, ben, mailing = make_staff(), make_staff(), make_mailing()
    tab = uuid.uuid4()
    with time_machine.travel(NOON, tick=False) as clock:
        presence.seen(mailing, ann, tab, "en")
        presence.seen(mailing, ann, uuid.uuid4(), "en")  # a second tab is still Ann
        assert [one.user for one in presence.seen(mailing, ben, uuid.uuid4(), "fr")] == [ann]
        assert [one.user for one in presence.seen(mailing, ann, tab, "en")] == [ben]
        clock.shift(80)
        assert list(presence.others(mailing, ann)) == []
    presence.gone(mailing, ann, tab)
    assert not mailing.present.filter(tab=tab).exists()
