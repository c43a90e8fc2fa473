"""Every label that staff read at the desk is one that can be translated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages.catalog import Message
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, help_text_for_field, label_for_field
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import translation

from accounts.models import User
from config import translations
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

# Called the same in every language.
NAMES = {
    "Bluesky",
    "CSV",
    "Excel",
    "Facebook",
    "JSON",
    "LinkedIn",
    "Mastodon",
    "Telegram",
    "WhatsApp",
    "X",
}
# Their rows are written on pages of their own, and no page draws the form that Django makes of the model.
PAGES_OF_THEIR_OWN = {"contacts.contact", "contacts.import", "contacts.segment", "mailer.mailing"}

Label = tuple[str, Any]  # where it stands, and its text


def of_list(page: Any, request: HttpRequest) -> Iterator[Label]:
    """The heads of the columns, the filters with their choices, the hint of the search, and the actions."""
    changes = page.get_changelist_instance(request)
    changes.add_facets = False  # the words alone, without how many rows a choice leaves
    for column in page.get_list_display(request):
        yield f"column {column}", label_for_field(column, page.model, page)
    for spec in changes.filter_specs:
        name = ", ".join(map(str, spec.expected_parameters()))
        yield f"filter {name}", spec.title
        for choice in spec.choices(changes):
            yield f"filter {name}: choice {choice['query_string']}", choice["display"]
    yield "hint of the search", page.search_help_text
    for name, (_do, _name, words) in page.get_actions(request).items():
        yield f"action {name}", words


def of_form(page: Any, request: HttpRequest, row: Any) -> Iterator[Label]:
    """The parts of the form, its fields with their hints and choices, and the forms inside it."""
    fieldsets = page.get_fieldsets(request, row)
    for title, options in fieldsets:
        yield f"part of the form with {options['fields']}", title
        yield f"words above {options['fields']}", options.get("description")
    form = page.get_form(request, row, change=row is not None)
    yield from of_fields(page, form, flatten_fieldsets(fieldsets))
    for inline in page.get_inline_instances(request, row):
        yield f"{inline.opts.model_name} below", inline.verbose_name
        yield f"{inline.opts.model_name} below, many", inline.verbose_name_plural
        form = inline.get_formset(request, row).form
        fields = flatten_fieldsets(inline.get_fieldsets(request, row))
        yield from ((f"{inline.opts.model_name}: {at}", text) for at, text in of_fields(inline, form, fields))


def of_fields(page: Any, form: Any, names: list[str]) -> Iterator[Label]:
    for name in names:
        field = form.base_fields.get(name)
        if field is None:  # only shown
            yield f"field {name}", label_for_field(name, page.model, page)
            yield f"hint of {name}", help_text_for_field(name, page.model)
            continue
        yield f"field {name}", field.label
        yield f"hint of {name}", field.help_text
        if not hasattr(field, "queryset"):  # rows are called as people call them
            yield from (
                (f"choice {value} of {name}", words) for value, words in getattr(field, "choices", ())
            )


def of_page(page: Any, request: HttpRequest) -> Iterator[Label]:
    yield from of_list(page, request)
    if page.opts.label_lower not in PAGES_OF_THEIR_OWN:
        yield from of_form(page, request, page.model(pk=1))
        if page.has_add_permission(request):
            yield from of_form(page, request, None)


def labels_in(language: str, user: User) -> dict[str, str]:
    request = RequestFactory().get("/")
    request.user = user
    with translation.override(language):
        return {
            f"{page.opts.label_lower}: {where}": str(text or "")
            for page in admin.site._registry.values()
            for where, text in of_page(page, request)
        }


def waiting_for_a_translator() -> set[str]:
    """What the sources mark for translation and the catalogue lacks, in small letters: `test_locale.py` sees to it."""
    done = {_words(message) for message in translations.read("ar") if translations.is_translated(message)}
    return {_words(message) for message in translations.found()} - done


def _words(message: Message) -> str:
    form = message.id[0] if isinstance(message.id, tuple | list) else message.id
    return str(form).casefold()


def test_no_label_of_the_desk_is_english_in_every_language():
    """A field without a name of its own is called as its column is; a plain string is never translated."""
    user = make_staff("superuser", username="1")  # a name without letters: the log can be filtered by it
    english, arabic = labels_in("en", user), labels_in("ar", user)
    assert len(english) > 1000
    same = {
        where: text
        for where, text in english.items()
        if text == arabic.get(where) and re.search("[A-Za-z]", text) and text not in NAMES
    }
    waiting = waiting_for_a_translator() if same else set()
    assert {where: text for where, text in same.items() if text.casefold() not in waiting} == {}
