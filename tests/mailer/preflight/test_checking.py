"""What a check finds in a mailing as a whole: audience, words, the mail, merge fields, and what is kept of it."""

from __future__ import annotations

import dataclasses

import pytest
from django.utils import timezone, translation

from contacts.models import Attribute
from mailer.fetching import Answer
from mailer.models import Mailing, MailingAct, MailingText, Theme
from mailer.preflight import audience, gate, mails, running
from mailer.preflight.findings import Finding
from mailer.preflight.fingerprint import fingerprint
from mailer.writing import conditions, rendering
from tests.factories import (
    make_contact,
    make_mailing,
    make_mailing_list,
    make_mailing_text,
    make_sender,
    make_subscription,
)
from tests.staff import make_staff

pytestmark = pytest.mark.django_db


def there(url: str) -> Answer:
    return Answer(200, url)


def gone(url: str) -> Answer:
    return Answer(404, url)


def check(mailing: Mailing, fetch=there) -> list[Finding]:
    mailing.refresh_from_db()
    return running.check(mailing, by=None, fetch=fetch)


def codes(mailing: Mailing, *levels: str) -> list[str]:
    return [one.code for one in check(mailing) if one.level in (levels or ("error", "warning", "ok"))]


def with_reader(mailing: Mailing, **fields) -> None:
    make_subscription(make_contact(**fields), mailing.mailing_list)


def said(mailing: Mailing, html: str, **fields) -> None:
    """Let the mailing's text say `html`."""
    text = mailing.texts.get()
    text.blocks = [{"id": "a1", "kind": "text", "html": html}, {"id": "a2", "kind": "footer"}]
    for name, value in fields.items():
        setattr(text, name, value)
    text.save()


@pytest.fixture
def mailing() -> Mailing:
    made = make_mailing(texts=False)
    make_mailing_text(made, preheader="For everybody")
    with_reader(made, first_name="Ann")
    return made


def test_a_mailing_that_is_ready_has_no_error_and_no_warning(mailing):
    assert codes(mailing, "error", "warning") == []
    assert {"audience", "texts_ok", "mail_ok", "look_ok", "field_ok", "domain_not_asked", "links_ok"} == set(
        codes(mailing)
    )


def test_nobody_in_the_audience_blocks():
    assert "nobody" in codes(make_mailing(), "error")


def test_a_mailing_without_list_or_sender_or_text_is_told_and_breaks_nothing(mailing):
    Mailing.objects.filter(pk=mailing.pk).update(sender=None, mailing_list=None)
    MailingText.objects.all().delete()
    found = codes(mailing, "error")
    assert {"no_list", "no_sender", "no_text"} <= set(found)


@pytest.mark.parametrize(
    ("before", "now", "code", "level"),
    [
        (1_000, 300, "jump_down", "error"),
        (100, 300, "jump_up", "error"),
        (400, 300, "no_jump", "ok"),
        (10, 60, "small_jump", "ok"),
    ],
)
def test_a_jump_of_more_than_half_and_more_than_a_hundred_people_needs_a_persons_word(
    before, now, code, level
):
    last = make_mailing()
    Mailing.objects.filter(pk=last.pk).update(status="sent", frozen_at=timezone.now(), audience=before)
    mailing = make_mailing(mailing_list=last.mailing_list)
    (found,) = audience.jump(mailing, now)
    assert (found.code, found.level, found.may_override) == (code, level, level == "error")


def test_overruling_a_jump_does_not_overrule_one_twice_as_large():
    last = make_mailing()
    Mailing.objects.filter(pk=last.pk).update(status="sent", frozen_at=timezone.now(), audience=1_000)
    mailing = make_mailing(mailing_list=last.mailing_list)
    keys = [audience.jump(mailing, total)[0].key for total in (2_000, 2_100, 9_000, 300)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_a_correction_is_not_compared_with_the_last_mailing_of_the_list():
    last = make_mailing()
    Mailing.objects.filter(pk=last.pk).update(status="sent", frozen_at=timezone.now(), audience=5_000)
    mailing = make_mailing(mailing_list=last.mailing_list, relation="correction", based_on=last)
    assert audience.jump(mailing, 10) == []


def test_an_address_with_letters_the_provider_cannot_take_is_counted(mailing):
    with_reader(mailing, address="zoë@example.org", first_name="Zoë")
    found = {one.code: one for one in check(mailing)}
    assert found["not_ascii"].values["people"] == 1
    assert found["not_ascii"].level == "warning"


def test_an_empty_subject_blocks_and_an_empty_preview_line_warns(mailing):
    mailing.texts.update(subject="", preheader="")
    assert "gap" in codes(mailing, "error")
    assert "no_preheader" in codes(mailing, "warning")


def test_a_picture_without_words_blocks_and_leads_to_its_block(mailing):
    text = mailing.texts.get()
    text.blocks = [{"id": "p1", "kind": "picture", "src": "https://bus42.org/bus.png"}, *text.blocks]
    text.save()
    (found,) = [one for one in check(mailing) if one.level == "error"]
    assert (found.code, found.block) == ("gap", "p1")


def test_a_language_that_falls_short_of_the_main_one_warns_and_one_without_text_says_who_reads_what(mailing):
    make_mailing_text(mailing, "fr", subject="Pour les victimes", preheader="À tous", blocks=[])
    with_reader(mailing, first_name="Luz", language="es")
    found = check(mailing)
    assert any(one.code == "gap" and one.language == "fr" and one.level == "error" for one in found)
    (instead,) = [one for one in found if one.code == "without_language"]
    assert instead.words == "1 person reads Spanish, and gets English."


def test_merge_fields_are_counted_on_the_real_audience_and_by_language(mailing):
    Attribute.objects.create(key="town", name="Town")
    said(mailing, "<p>{{ first_name | friend }} {{ last_name }} of {{ attribute_town }}, {{ country }}</p>")
    make_mailing_text(
        mailing, "fr", preheader="x", blocks=[{"id": "a1", "kind": "text", "html": "<p>{{ last_name }}</p>"}]
    )
    with_reader(mailing, first_name="", last_name="Lee", country="KE", attributes={"town": "Kisumu"})
    with_reader(mailing, first_name="", last_name="", country="", attributes={"town": ""})
    with_reader(mailing, first_name="Luc", last_name="", language="fr")
    found = {
        (one.values["field"], one.language): (one.code, one.values["people"])
        for one in check(mailing)
        if one.group == "fields"
    }
    assert found == {
        ("attribute_town", "en"): ("without_value", 2),
        ("country", "en"): ("without_value", 2),
        ("first_name", "en"): ("with_fallback", 2),
        ("last_name", "en"): ("without_value", 2),
        ("last_name", "fr"): ("without_value", 1),
    }


def test_a_field_once_without_a_fallback_is_one_without(mailing):
    said(mailing, "<p>{{ first_name | friend }}</p>", subject="For {{ first_name }}")
    with_reader(mailing, first_name="")
    assert "without_value" in codes(mailing, "warning")


def test_a_mail_that_gmail_would_cut_off_warns(mailing):
    said(mailing, f"<p>{'long ' * 9_000}</p><p>{'longer ' * 9_000}</p>"[:49_000] + "</p>")
    text = mailing.texts.get()
    text.blocks = [
        *text.blocks[:1],
        {**text.blocks[0], "id": "a3"},
        {**text.blocks[0], "id": "a4"},
        text.blocks[1],
    ]
    text.save()
    assert "large" in codes(mailing, "warning")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"html": "x" * 1_000_001}, "too_large"),
        ({"html": "<p>No way out.</p>"}, "no_unsubscribe"),
        ({"text": "No way out."}, "no_unsubscribe"),
        ({"text": " "}, "no_plain"),
        ({"html": "{{ unsubscribe_link }}"}, "postal_not_shown"),
    ],
)
def test_a_mail_that_lacks_what_the_law_or_a_provider_asks_for_blocks(mailing, changed, code):
    """Our own rendering adds these; an expert's block or a text written by hand may not."""
    mail = rendering.render(mailing.texts.get(), part=conditions.ALL)
    found = mails.of_mail(mailing, "en", dataclasses.replace(mail, **changed))
    assert code in [one.code for one in found if one.level == "error"]


def test_a_sender_without_a_postal_address_blocks(mailing):
    mailing.sender.postal_address = ""
    mailing.sender.save()
    assert "no_postal" in codes(mailing, "error")


def test_colours_nobody_can_read_warn(mailing):
    Theme.objects.create(accent="#ffff00", paper="#ffffff")
    assert "contrast" in codes(mailing, "warning")


# --- what is kept


def test_a_check_is_kept_with_the_fingerprint_of_what_it_was_about(mailing):
    found = check(mailing)
    mailing.refresh_from_db()
    assert mailing.preflight_print == fingerprint(mailing)
    assert mailing.preflight_at is not None
    assert list(running.standing(mailing).findings) == found
    assert gate.look(mailing, 1).obstacle == ""
    act = mailing.acts.get(what=MailingAct.What.CHECKED)
    assert act.detail["errors"] == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda mailing: mailing.texts.update(subject="Another"),
        lambda mailing: mailing.texts.update(blocks=[]),
        lambda mailing: make_mailing_text(mailing, "fr"),
        lambda mailing: mailing.include_lists.add(make_mailing_list()),
        lambda mailing: mailing.exclude_lists.add(make_mailing_list()),
        lambda mailing: Mailing.objects.update(leave_out={"any": []}),
        lambda mailing: Mailing.objects.update(sender=make_sender()),
        lambda mailing: Mailing.objects.update(track_clicks=True),
        lambda mailing: type(mailing.sender).objects.update(postal_address="elsewhere"),
        lambda mailing: Theme.objects.create(accent="#123456"),
    ],
)
def test_whatever_is_changed_makes_the_check_and_an_approval_worthless(mailing, change):
    check(mailing)
    before = fingerprint(mailing)
    Mailing.objects.update(approved_at=timezone.now(), approved_print=before)
    change(mailing)
    mailing.refresh_from_db()
    assert fingerprint(mailing) != before
    seen = gate.look(mailing, 20_000)
    assert (seen.obstacle, seen.is_approved) == ("unchecked", False)


def test_a_segment_whose_rule_is_changed_is_another_audience(mailing):
    from contacts.models import Segment

    inner = Segment.objects.create(name="Inner", rule={"field": "language", "is": "one_of", "value": ["fr"]})
    outer = Segment.objects.create(
        name="Outer", rule={"not": {"field": "segment", "is": "in", "value": inner.pk}}
    )
    mailing.exclude_segments.add(outer)
    before = fingerprint(mailing)
    assert fingerprint(mailing) == before
    Segment.objects.filter(pk=inner.pk).update(rule={"field": "language", "is": "one_of", "value": ["es"]})
    assert fingerprint(mailing) != before


def test_people_who_come_and_go_do_not_make_a_check_worthless(mailing):
    check(mailing)
    before = fingerprint(mailing)
    with_reader(mailing, first_name="Ben")
    assert fingerprint(mailing) == before


def test_of_two_who_ask_at_once_one_check_is_begun_and_an_overtaken_one_writes_nothing(mailing):
    user = make_staff("Newsletter editors")
    assert running.begin(mailing, user)
    assert not running.begin(mailing, user)
    old = mailing.preflight["run"]
    Mailing.objects.update(preflight={**mailing.preflight, "beat": "2020-01-01T00:00:00+00:00"})
    mailing.refresh_from_db()
    assert running.standing(mailing).is_lost
    assert running.begin(mailing, user)
    new = mailing.preflight["run"]
    running.work(mailing.pk, old)
    mailing.refresh_from_db()
    assert (mailing.preflight["run"], mailing.preflight["state"]) == (new, "waiting")
    running.work(mailing.pk, new)
    mailing.refresh_from_db()
    assert mailing.preflight["state"] == "done"


def test_a_check_asked_for_while_the_broker_is_away_is_rung_for_again(
    mailing, no_broker, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert running.begin(mailing, make_staff("Newsletter editors"))
    assert running.standing(mailing).state == "waiting"
    assert running.sweep() == 0


def test_the_sweeper_rings_for_a_check_that_no_worker_has_taken_up(mailing):
    running.begin(mailing, make_staff("Newsletter editors"))
    assert running.sweep() == 1
    check(mailing)
    assert running.sweep() == 0


def test_findings_are_said_in_the_language_of_whoever_reads_them(mailing):
    found = next(one for one in check(mailing) if one.code == "audience")
    assert found.words == "1 person would get it."
    with translation.override("fr"):
        assert found.as_json()["code"] == "audience"


def test_an_error_is_overruled_once_with_a_reason_and_stays_so_in_the_next_check(mailing):
    user = make_staff("Newsletter senders")
    found = next(one for one in check(mailing, gone) if one.code == "link_missing")
    assert gate.look(mailing, 1).obstacle == "findings"
    assert not gate.overrule(mailing, found.key, user, "   ")
    assert not gate.overrule(mailing, "no such key", user, "why not")
    assert gate.overrule(mailing, found.key, user, "It opens on Monday.")
    assert not gate.overrule(mailing, found.key, user, "Twice")
    check(mailing, gone)
    mailing.refresh_from_db()
    assert gate.look(mailing, 1).obstacle == ""
    act = mailing.acts.get(what=MailingAct.What.OVERRIDDEN)
    assert (act.by, act.why, act.detail["values"]["url"]) == (
        user,
        "It opens on Monday.",
        found.values["url"],
    )


def test_what_may_not_be_overruled_is_not():
    mailing = make_mailing()
    found = next(one for one in check(mailing) if one.code == "nobody")
    assert not gate.overrule(mailing, found.key, make_staff("superuser"), "I insist")
    assert gate.look(mailing, 0).open_errors == 1
