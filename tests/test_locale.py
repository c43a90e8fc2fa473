"""What people read is complete in every language of the house."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog, Message

from config import translations

# What a translation must hand through unchanged: merge fields, slots of format strings, tags of HTML.
_PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\{\s*\w+[^{}]*\}\}|\{\w*\}|</?[a-z]+")
pytestmark = pytest.mark.parametrize("language", translations.languages())


def texts(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


def key(message: Message) -> tuple[str | None, object]:
    return message.context, message.id


def test_every_text_of_the_sources_stands_in_the_catalogue_and_no_other(language: str):
    ours, found = translations.read(language), translations.found()
    assert {key(message) for message in texts(ours)} == {key(message) for message in texts(found)}, (
        "run: .venv/bin/python manage.py make_messages"
    )


def test_every_text_is_translated_and_none_is_a_guess(language: str):
    missing = [
        message.id
        for message in texts(translations.read(language))
        if not translations.is_translated(message)
    ]
    assert missing == []


def test_translations_keep_every_placeholder_and_tag(language: str):
    wrong = []
    for message in texts(translations.read(language)):
        plural = isinstance(message.id, list | tuple)
        wanted = placeholders(message.id[-1] if plural else message.id)
        forms = message.string if plural else [message.string]
        for form in forms:
            # "One letter" needs no number, so a form of a plural may lack one; it may never have another.
            agrees = set(placeholders(form)) <= set(wanted) if plural else placeholders(form) == wanted
            if not agrees:
                wrong.append((message.id, form))
        if plural and placeholders(forms[-1]) != wanted:
            wrong.append((message.id, forms[-1]))
    assert wrong == []


def placeholders(text: str) -> list[str]:
    """Merge fields by name: what stands after | is a fallback, to be translated."""
    return sorted(found.split("|")[0].strip("{} ") for found in _PLACEHOLDERS.findall(text))


@pytest.mark.django_db
def test_every_field_at_the_desk_has_a_name_that_can_be_translated(language: str):
    """A field without a name of its own is shown as its column is called, in every language."""
    from django.contrib import admin

    unnamed = []
    for model, desk in admin.site._registry.items():
        if model._meta.app_label not in {"advocacy", "mailer"}:
            continue
        shown = {
            *desk.list_display,
            *(name for _title, part in desk.fieldsets or [] for name in part["fields"]),
        }
        shown |= set(desk.fields or [])
        names = {name for one in shown for name in (one if isinstance(one, tuple | list) else [one])}
        unnamed += [
            f"{model.__name__}.{field.name}"
            for field in model._meta.get_fields()
            if field.name in names and isinstance(getattr(field, "verbose_name", None), str)
        ]
    assert unnamed == []
