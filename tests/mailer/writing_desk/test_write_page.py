"""The page Write of a mailing: its form with and without JavaScript, rights, what two people do to each other."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from mailer.mailings import texts
from mailer.mailings.texts import Content
from mailer.models import Mailing, MailingRevision, MailingText, SavedBlock
from mailer.writing.blocks import clean
from tests.factories import make_mailing, make_mailing_text
from tests.staff import make_organisation, make_staff

pytestmark = pytest.mark.django_db

JSON = {"headers": {"accept": "application/json"}}


@pytest.fixture
def ann() -> User:
    return make_staff("Newsletter editors", first_name="Ann")


@pytest.fixture
def desk(ann) -> Client:
    client = Client()
    client.force_login(ann)
    return client


def page(mailing: Mailing, name: str = "write") -> str:
    return reverse(f"admin:mailer_mailing_{name}", args=[mailing.pk])


def form_of(page: str, mark: str = 'id="writing"') -> dict[str, list[str]]:
    """What a browser would post of the form with this mark in it, without a button."""
    start = page.index(mark)
    form = page[start : page.index("</form>", start)]
    found: dict[str, list[str]] = {}
    for tag in re.finditer(r"<input [^>]*>", form):
        kind, name = _attribute(tag[0], "type"), _attribute(tag[0], "name")
        if not name or (kind in {"checkbox", "radio"} and " checked" not in tag[0]):
            continue
        found.setdefault(name, []).append(_attribute(tag[0], "value") or ("on" if kind == "checkbox" else ""))
    for name, text in re.findall(r'<textarea [^>]*?name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found.setdefault(name, []).append(_unescaped(text))
    for name, options in re.findall(r'<select [^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        found.setdefault(name, []).append(chosen[1] if chosen else "")
    return found


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]*)"', tag)
    return _unescaped(found[1]) if found else ""


def _unescaped(text: str) -> str:
    return html.unescape(text)


def opened(desk: Client, mailing: Mailing) -> dict[str, Any]:
    answer = desk.get(page(mailing))
    assert answer.status_code == 200
    return form_of(answer.content.decode())


def kinds(mailing: Mailing) -> list[str]:
    return [block["kind"] for block in mailing.texts.get(language="en").blocks]


def test_what_is_typed_into_the_plain_form_is_what_the_mailing_says(desk, ann):
    mailing = make_mailing()
    before = mailing.texts.get()
    form = opened(desk, mailing)
    assert desk.post(page(mailing), form).status_code == 302
    text = mailing.texts.get()
    assert text.blocks == _with_defaults(before.blocks), "nothing changed but the fields nobody had filled in"
    form = opened(desk, mailing)
    form["subject"] = ["Write to them  now"]
    form["a2-html"] = ["<p>Dear <b>friend</b>,<script>alert(1)</script></p>"]
    desk.post(page(mailing), form)
    text = mailing.texts.get()
    assert (text.subject, text.changed_by) == ("Write to them now", ann)
    assert text.blocks[1]["html"] == "<p>Dear <strong>friend</strong>,</p>"


def _with_defaults(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return clean(blocks)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("add divider end", ["heading", "text", "button", "divider", "footer"]),
        ("add list after a1", ["heading", "list", "text", "button", "footer"]),
        ("down a1", ["text", "heading", "button", "footer"]),
        ("up a1", ["heading", "text", "button", "footer"]),
        ("copy a3", ["heading", "text", "button", "button", "footer"]),
        ("remove a2", ["heading", "button", "footer"]),
        ("add nothing end", ["heading", "text", "button", "footer"]),
        ("add mjml end", ["heading", "text", "button", "footer"]),
        ("remove \x00", ["heading", "text", "button", "footer"]),
    ],
)
def test_each_button_of_the_form_does_what_it_says_and_saves(desk, act, expected):
    mailing = make_mailing()
    answer = desk.post(page(mailing), {**opened(desk, mailing), "act": [act]}, **JSON)
    assert answer.status_code == 200
    assert kinds(mailing) == expected
    shown = re.findall(r'name="kind-\w+" value="(\w+)"', answer.json()["html"])
    assert shown == expected


def test_a_removed_block_comes_back_where_it_stood_also_from_a_column(desk):
    mailing = make_mailing()
    MailingText.objects.update(
        blocks=[
            {
                "id": "c1",
                "kind": "columns",
                "left": [{"id": "d1", "kind": "heading", "text": "Left"}, {"id": "d2", "kind": "divider"}],
                "right": [],
            }
        ]
    )
    before = _with_defaults(mailing.texts.get().blocks)
    answer = desk.post(page(mailing), {**opened(desk, mailing), "act": "remove d1"})
    assert "“Left” was removed." in answer.content.decode()
    assert [one["id"] for one in mailing.texts.get().blocks[0]["left"]] == ["d2"]
    desk.post(page(mailing), {**form_of(answer.content.decode()), "act": "restore"})
    assert mailing.texts.get().blocks == before


def test_who_saved_second_is_told_keeps_everything_and_chooses_of_each_part(desk, ann):
    ben, mailing = make_staff("Newsletter editors", first_name="Ben"), make_mailing()
    text = mailing.texts.get()
    form = opened(desk, mailing)
    texts.save(text, 1, Content("Ben's subject", "Ben's line", text.blocks, ""), ben)
    form["subject"], form["a1-text"] = ["Ann's subject"], ["Ann's heading"]
    answer = desk.post(page(mailing), form, **JSON)
    assert answer.status_code == 409
    assert "Ben saved this text since you opened it" in answer.json()["wrong"]
    kept = MailingRevision.objects.get(aside=True)
    assert kept.by == ann
    both = desk.get(answer.json()["leads_to"]).content.decode()
    for words in ("Ben&#x27;s subject", "Ann&#x27;s subject", "Ann&#x27;s heading", "Stand with victims"):
        assert words in both
    version = mailing.texts.get().version
    chosen = {"revision": kept.pk, "version": version, "part-a1": "mine", "part-subject": "theirs"}
    assert desk.post(page(mailing, "merge"), chosen).status_code == 302
    now = mailing.texts.get()
    assert (now.subject, now.preheader, now.blocks[0]["text"]) == (
        "Ben's subject",
        "Ben's line",
        "Ann's heading",
    )


def test_an_earlier_text_is_looked_at_and_brought_back(desk, ann):
    mailing = make_mailing()
    text = mailing.texts.get()
    texts.save(text, 1, Content("Worse"), ann)
    earlier = MailingRevision.objects.get()
    shown = desk.get(page(mailing, "history") + f"?language=en&revision={earlier.pk}")
    assert "Make this the text again" in shown.content.decode()
    assert "Dear" in desk.get(page(mailing, "preview") + f"?revision={earlier.pk}").content.decode()
    assert MailingText.objects.get().subject == "Worse", "looking changes nothing"
    desk.post(page(mailing, "history"), {"revision": earlier.pk, "version": 2})
    assert MailingText.objects.get().subject == "Stand with victims"
    other = make_mailing()
    assert desk.post(page(other, "history"), {"revision": earlier.pk, "version": 1}).status_code == 404


@pytest.mark.parametrize("status", ["scheduled", "sending", "sent", "cancelled"])
def test_a_mailing_that_is_not_being_written_is_shown_and_not_changed(desk, status):
    mailing = make_mailing()
    form = opened(desk, mailing)
    Mailing.objects.update(status=status, starts_at="2026-12-01T10:00Z")
    answer = desk.post(page(mailing), {**form, "subject": "Late"}, **JSON)
    assert answer.status_code == 423
    assert mailing.texts.get().subject == "Stand with victims"
    shown = desk.get(page(mailing)).content.decode()
    assert 'name="subject"' not in shown
    assert "sandbox=" in shown


def test_who_may_only_look_at_mailings_writes_in_none(ann):
    mailing, client = make_mailing(), Client()
    client.force_login(make_staff("Newsletter approvers"))
    assert 'name="subject"' not in client.get(page(mailing)).content.decode()
    for name in ("write", "merge", "history", "presence", "paste", "shown", "add_language", "settings"):
        assert client.post(page(mailing, name), {"subject": "Mine"}).status_code == 403, name
    assert mailing.texts.get().subject == "Stand with victims"


def test_an_editor_of_an_organisation_reaches_no_other_organisations_mailing_blocks_or_pictures(ann):
    theirs, mine = make_organisation(), make_organisation()
    mailing = make_mailing(organisation=mine)
    saved = SavedBlock.objects.create(
        name="Theirs", block={"id": "x", "kind": "divider"}, organisation=theirs
    )
    client = Client()
    client.force_login(make_staff("Newsletter editors", organisation=mine))
    client.post(page(mailing), {**opened(client, mailing), "act": f"insert {saved.pk} end"})
    assert kinds(mailing) == ["heading", "text", "button", "footer"]
    other = make_mailing(organisation=theirs)
    for name in ("write", "preview", "history", "settings"):
        assert client.get(page(other, name)).status_code == 404, name


def test_a_kept_block_is_put_into_another_mailing_with_an_id_of_its_own(desk, ann):
    first, second = make_mailing(), make_mailing()
    desk.post(page(first), {**opened(desk, first), "act": "keep a3"})
    saved = SavedBlock.objects.get()
    assert (saved.name, saved.saved_by) == ("Write to them", ann)
    desk.post(page(second), {**opened(desk, second), "act": f"insert {saved.pk} after a1"})
    blocks = second.texts.get().blocks
    assert [block["kind"] for block in blocks] == ["heading", "button", "text", "button", "footer"]
    assert blocks[1]["id"] != "a3"


def test_mjml_is_written_by_whom_it_was_given_to_and_survives_the_others(desk):
    mailing = make_mailing()
    source = "<mj-section><mj-column><mj-text>By hand</mj-text></mj-column></mj-section>"
    MailingText.objects.update(blocks=[{"id": "m1", "kind": "mjml", "source": source}])
    form = opened(desk, mailing)
    assert "m1-source" not in form
    forged = {**form, "m1-source": "<mj-raw>mine</mj-raw>", "subject": "New"}
    desk.post(page(mailing), forged)
    text = mailing.texts.get()
    assert (text.subject, text.blocks[0]["source"]) == ("New", source)
    unsealed = {**opened(desk, mailing), "sealed-m1": "forged", "block": ["m1"], "kind-m1": "mjml"}
    desk.post(page(mailing), unsealed)
    assert mailing.texts.get().blocks == []
    chief = Client()
    chief.force_login(make_staff("superuser"))
    chief.post(page(mailing), {**opened(chief, mailing), "act": "add mjml end"})
    assert kinds(mailing) == ["mjml"]


def test_a_rule_about_who_sees_a_block_is_made_on_its_own_page_and_cannot_be_forged(desk):
    mailing = make_mailing()
    rule = {
        "language": "en", "block": "a3", "how-0": "all", "part": "1", "in-1": "0",
        "field-1": "country", "asked-1": "any_of", "value-1-country": "KE",
    }  # fmt: skip
    form = desk.get(page(mailing, "shown") + "?language=en&block=a3")
    assert form.status_code == 200
    names = re.findall(r'<option value="([a-z_.]*country[a-z_]*)"', form.content.decode())
    rule["field-1"] = names[0]
    step = desk.post(page(mailing, "shown"), {**rule, "act": "look"}).content.decode()
    rule["asked-1"] = re.search(r'name="asked-1".*?value="(\w+)" selected', step, re.DOTALL)[1]
    value = re.search(r'name="(value-1-\w+)"', step)[1]
    del rule["value-1-country"]
    answer = desk.post(page(mailing, "shown"), {**rule, value: "KE", "act": "save"})
    assert answer.status_code == 302, answer.content.decode()
    tree = mailing.texts.get().blocks[2]["shown_to"]
    assert "KE" in str(tree)
    shown = desk.get(page(mailing)).content.decode()
    assert "Only for:" in shown
    desk.post(page(mailing), {**form_of(shown), "subject": "Kept"})
    assert mailing.texts.get().blocks[2]["shown_to"] == tree
    desk.post(page(mailing), {**opened(desk, mailing), "shown-a3": '{"all": []}'})
    assert "shown_to" not in mailing.texts.get().blocks[2]


def test_a_language_is_added_translated_and_removed(desk):
    mailing = make_mailing()
    desk.post(page(mailing, "add_language"), {"language": "fr"})
    desk.post(page(mailing, "add_language"), {"language": "no such"})
    assert sorted(mailing.texts.values_list("language", flat=True)) == ["en", "fr"]
    french = desk.get(page(mailing) + "?language=fr")
    assert "not complete yet" in french.content.decode()
    desk.post(page(mailing), {**form_of(french.content.decode()), "subject": "Avec les victimes"})
    assert mailing.texts.get(language="fr").subject == "Avec les victimes"
    assert mailing.texts.get(language="en").subject == "Stand with victims"
    for language in ("en", "fr"):
        desk.post(page(mailing, "remove_language"), {"language": language})
    assert [text.language for text in mailing.texts.all()] == ["en"]


def test_two_who_have_it_open_are_told_of_each_other(desk, ann):
    mailing, ben = make_mailing(), Client()
    ben.force_login(make_staff("Newsletter editors", first_name="Ben"))
    first = {"tab": str(uuid.uuid4()), "language": "en"}
    assert desk.post(page(mailing, "presence"), first).json() == {"others": []}
    told = ben.post(page(mailing, "presence"), {"tab": str(uuid.uuid4()), "language": "xx"}).json()
    assert told == {"others": ["Ann has this open (English)."]}
    assert "Ben has this open." in desk.get(page(mailing)).content.decode()
    desk.post(page(mailing, "presence"), {**first, "gone": "1"})
    assert "Ann" not in ben.get(page(mailing)).content.decode().partition('id="others"')[2][:200]
    assert desk.post(page(mailing, "presence"), {"tab": "x"}).status_code == 400


def test_more_than_a_mail_can_hold_is_refused_in_words_and_changes_nothing(desk):
    mailing = make_mailing()
    form = opened(desk, mailing)
    form |= {"block": [f"x{n}" for n in range(250)], **{f"kind-x{n}": ["divider"] for n in range(250)}}
    answer = desk.post(page(mailing), form, **JSON)
    assert answer.status_code == 422
    assert "may hold 200 blocks" in answer.json()["wrong"]
    assert kinds(mailing) == ["heading", "text", "button", "footer"]


def test_a_mailing_without_a_text_is_opened_and_written(desk):
    mailing = make_mailing(texts=False)
    form = opened(desk, mailing)
    assert not mailing.texts.exists(), "looking writes nothing"
    desk.post(page(mailing), {**form, "subject": "First", "act": "add heading end"})
    assert (mailing.texts.get().subject, kinds(mailing)) == ("First", ["heading"])


def test_what_comes_from_word_is_clean_before_it_stands_in_the_text(desk):
    mailing = make_mailing()
    word = '<p class=MsoNormal style="mso-list:l0"><b onclick="x()">Now</b><o:p></o:p></p><script>1</script>'
    answer = desk.post(page(mailing, "paste"), {"html": word, "as": "rich"}).json()
    assert answer["html"] == "<p><strong>Now</strong></p>"


def test_languages_of_texts_do_not_mix(desk, ann):
    mailing = make_mailing()
    make_mailing_text(mailing, "fr", subject="Bonjour")
    form = opened(desk, mailing)
    desk.post(page(mailing), {**form, "language": "fr", "version": 1, "subject": "Salut"})
    assert {text.language: text.subject for text in mailing.texts.all()} == {
        "en": "Stand with victims",
        "fr": "Salut",
    }


def test_a_wrong_field_in_the_subject_is_told_while_it_is_written(desk):
    mailing = make_mailing()
    form = opened(desk, mailing)
    form["subject"] = ["{{ first_nam | Friend }}, stand with victims"]
    answer = desk.post(page(mailing), form, headers={"Accept": "application/json"}).json()
    assert [(one["field"], one["words"]) for one in answer["problems"]] == [
        ("subject", "There is no merge field of the name first_nam.")
    ]
    text = desk.get(page(mailing)).content.decode()
    assert 'href="#subject"' in text
    assert "There is no merge field of the name first_nam." in text
