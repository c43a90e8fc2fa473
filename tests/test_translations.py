"""The tool that finds texts and compiles their translations."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest

from config import translations


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
    assert translations.make() == {"fr": 5, "es": 5, "ar": 5}
    po = translations.po_file("fr")
    po.write_text(po.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "Bonjour"'))
    (house / "advocacy/letters.py").write_text("")
    assert translations.make()["fr"] == 2
    assert 'msgstr "Bonjour"' in po.read_text()
    assert "State" not in po.read_text()


def test_a_second_run_changes_no_byte(house: Path):
    translations.make()
    before = {path: path.read_bytes() for path in house.rglob("*.po")}
    translations.make()
    assert {path: path.read_bytes() for path in house.rglob("*.po")} == before


def test_what_is_compiled_is_what_gettext_reads_and_only_changes_are_compiled(house: Path):
    translations.make()
    po = translations.po_file("ar")
    po.write_text(po.read_text().replace('msgid "Hello"\nmsgstr ""', 'msgid "Hello"\nmsgstr "مرحبا"'))
    assert translations.compile() == 3
    with po.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Hello") == "مرحبا"
    assert translations.compile() == 0
    later = po.stat().st_mtime + 10
    os.utime(po, (later, later))
    assert translations.compile() == 1
