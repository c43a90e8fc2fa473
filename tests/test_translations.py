"""The tool that finds texts and compiles their translations."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client

from config import languages, translations


@pytest.fixture
def house(tmp_path: Path, monkeypatch) -> Path:
    """A small tree of sources beside which the catalogues are made."""
    (tmp_path / "advocacy").mkdir()
    (tmp_path / "advocacy/letters.py").write_text(
        "from django.utils.translation import gettext as _, ngettext, pgettext\n"
        '_("Sent")\n'
        'ngettext("%(n)d letter", "%(n)d letters", 2)\n'
        'pgettext("of a letter", "State")\n'
    )
    (tmp_path / "templates/email").mkdir(parents=True)
    (tmp_path / "templates/page.html").write_text(
        "<p>it's</p>\n  {% load i18n %}\n<h1>{% translate 'Hello' %}</h1>\n    <b>\n"
        "  {% blocktranslate trimmed count n=total with name=who %}\n    {{ n }} for\n    {{ name }}\n"
        "  {% plural %}\n    {{ n }} for all of {{ name }}\n  {% endblocktranslate %}\n</b>"
    )
    (tmp_path / "templates/email/body.txt").write_text('{% translate "Sent" %}')
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "LOCALE", tmp_path / "locale")
    return tmp_path


def test_texts_are_found_in_python_and_in_templates_with_plurals_and_contexts(house: Path):
    found = {(message.context, message.id) for message in translations.found() if message.id}
    assert found == {
        (None, "Sent"),
        (None, ("%(n)d letter", "%(n)d letters")),
        ("of a letter", "State"),
        (None, "Hello"),
        (None, ("%(n)s for %(name)s", "%(n)s for all of %(name)s")),
    }


def test_a_translation_survives_and_a_text_that_is_gone_goes(house: Path):
    assert translations.make(begin="fr") == {"fr": 5}
    po = translations.po_file("fr")
    po.write_text(po.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "Bonjour"'))
    (house / "advocacy/letters.py").write_text("")
    assert translations.make()["fr"] == 2
    assert 'msgstr "Bonjour"' in po.read_text()
    assert "State" not in po.read_text()


def test_a_second_run_changes_no_byte(house: Path):
    translations.make(begin="fr")
    before = {path: path.read_bytes() for path in house.rglob("*.po")}
    translations.make()
    assert {path: path.read_bytes() for path in house.rglob("*.po")} == before


def test_what_is_compiled_is_what_gettext_reads_and_only_changes_are_compiled(house: Path):
    for language in ("fr", "ar"):
        translations.make(begin=language)
    po = translations.po_file("ar")
    po.write_text(po.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "مرحبا"'))
    assert translations.compile() == 2
    with po.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Hello") == "مرحبا"
    assert translations.compile() == 0
    later = po.stat().st_mtime + 10
    os.utime(po, (later, later))
    assert translations.compile() == 1


# --- a language more ----------------------------------------------------------------------------------------


def test_a_language_is_begun_by_one_command_and_known_by_its_folder_from_then_on(house: Path, capsys):
    call_command("make_messages", "--language", "pt_BR")
    assert capsys.readouterr().out == "pt-br: 5 texts to translate\n"
    po = house / "locale/pt_BR/LC_MESSAGES/django.po"
    assert "plural=(n > 1)" in po.read_text()
    assert translations.languages() == ["pt-br"]
    assert translations.make() == {"pt-br": 5}


@pytest.mark.parametrize("typed", ["en", "klingon", "../etc", "x y"])
def test_no_catalogue_is_begun_for_what_is_no_language_or_english(house: Path, typed: str):
    with pytest.raises(CommandError, match="is no language to translate into"):
        call_command("make_messages", "--language", typed)
    assert not (house / "locale").exists()


def test_progress_counts_texts_with_all_their_forms_and_sees_a_change(house: Path):
    translations.make(begin="fr")
    assert translations.progress("fr") == (0, 5)
    po = translations.po_file("fr")
    po.write_text(po.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "Bonjour"'))
    assert translations.progress("fr") == (1, 5)
    po.write_text(po.read_text().replace('msgid "Hello"', '#, fuzzy\nmsgid "Hello"'))
    assert translations.progress("fr") == (0, 5), "a guess is no translation"
    assert translations.progress("sw") == (0, 0)


def test_the_languages_of_the_pages_are_english_and_those_with_a_catalogue(house: Path):
    for code in ("ps", "fr", "zh-hans"):
        translations.make(begin=code)
    (house / "locale/empty").mkdir()
    folder = house / "locale"
    assert languages.offered(folder) == [
        ("en", "English"),
        ("fr", "French"),
        ("ps", "Pashto"),
        ("zh-hans", "Chinese (Simplified)"),
    ]
    assert languages.offered(folder, ["ps", "en"]) == [("ps", "Pashto"), ("en", "English")]
    assert languages.right_to_left(["en", "ps", "fr"]) == ["ps"]
    with pytest.raises(ImproperlyConfigured, match="EPISTLE_LANGUAGES names 'sw'"):
        languages.offered(folder, ["sw"])


@pytest.mark.django_db
def test_a_made_up_catalogue_is_a_language_of_the_pages_without_a_line_of_code(tmp_path: Path, settings):
    """Pashto: written from right to left, and unknown to Django."""
    po = tmp_path / "ps/LC_MESSAGES/django.po"
    po.parent.mkdir(parents=True)
    po.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "All campaigns"\nmsgstr "ټول کمپاینونه"\n'
    )
    with po.with_suffix(".mo").open("wb") as file, po.open("rb") as source:
        translations.write_mo(file, translations.read_po(source, locale="ps"))
    settings.LANGUAGES = languages.offered(tmp_path)
    settings.LANGUAGES_BIDI = languages.right_to_left(["ps"])
    settings.LOCALE_PATHS = [tmp_path]
    html = Client().get("/ps/privacy/").content.decode()
    assert '<html lang="ps" dir="rtl">' in html
    assert "ټول کمپاینونه" in html
    assert "پښتو" in Client().get("/en/privacy/").content.decode(), "the chooser names it as its readers do"
