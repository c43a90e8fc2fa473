"""What the lists of the desk are called, what they say they are for, and what they say while they are empty."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import strip_tags
from django.utils.text import capfirst

from accounts.desk import StaffAdmin, navigation
from accounts.lists import title_of
from tests.staff import make_staff

pytestmark = pytest.mark.django_db

PAGES = {f"{model._meta.label_lower.replace('.', '_')}": page for model, page in admin.site._registry.items()}
ITS_OWN = "contacts_contact"  # the address book has a page of its own


def part(html: str, start: str, end: str) -> str:
    return " ".join(unescape(strip_tags(html.partition(start)[2].partition(end)[0])).split())


def test_every_list_has_one_name_says_what_it_is_for_and_what_to_do_while_it_is_empty():
    client, wrong = Client(), []
    client.force_login(make_staff("superuser"))
    for name, page in PAGES.items():
        answer = client.get(reverse(f"admin:{name}_changelist"))
        html, title = answer.content.decode(), title_of(page.opts)
        names = {
            "title": part(html, "<title>", "</title>"),
            "heading": part(html, "<h1", "</h1>").partition(">")[2],
            "way": part(html, '<div class="breadcrumbs">', "</div>"),
        }
        if names != {"title": f"{title} · Epistle", "heading": title, "way": f"Home › {title}"}:
            wrong.append((name, names))
        if not part(html, '<p class="desk-lead">', "</p>").endswith("."):
            wrong.append((name, "does not say what it is for"))
        if "There is nothing here yet." in html:
            wrong.append((name, "does not say what to do while it is empty"))
    assert wrong == []


def test_the_head_line_calls_a_list_as_the_list_calls_itself():
    lists = {f"admin:{name}_changelist": title_of(page.opts) for name, page in PAGES.items()}
    called = {place.url_name: str(place.label) for place in navigation if place.url_name in lists}
    assert called == {name: lists[name] for name in called}
    assert len(called) > 30


def test_what_may_be_added_says_so_in_a_sentence_of_its_own():
    """“Add %s” with a name put in is wrong in most languages."""
    request = RequestFactory().get("/")
    request.user = make_staff("superuser")
    silent = [
        name
        for name, page in PAGES.items()
        if isinstance(page, StaffAdmin)
        and name != ITS_OWN
        and page.has_add_permission(request)
        and not page.add_words
    ]
    assert silent == []


def test_the_words_of_a_list_are_translated_when_they_are_shown():
    said = [
        (name, field)
        for name, page in PAGES.items()
        for field in ("list_title", "purpose", "add_words", "empty_words")
        if (words := getattr(page, field, "")) and not isinstance(words, Promise)
    ]
    assert said == []


def test_a_page_below_a_list_is_called_by_its_row_then_the_list_then_the_site():
    client, user = Client(), make_staff("superuser", first_name="Ann")
    client.force_login(user)
    html = client.get(reverse("admin:accounts_user_change", args=[user.pk])).content.decode()
    assert part(html, "<title>", "</title>") == f"{user} · Staff · Epistle"
    html = client.get(reverse("admin:accounts_organisation_add")).content.decode()
    assert part(html, "<title>", "</title>") == "Add an organisation · Organisations · Epistle"
    assert re.search(r"<h1[^>]*>Add an organisation</h1>", html)


def test_every_name_of_rows_begins_with_a_small_letter_so_that_it_can_stand_in_a_sentence():
    """A total says “3 campaigns”; the head of a page makes the first letter large by itself."""
    large = [
        name
        for name, page in PAGES.items()
        if capfirst(str(page.opts.verbose_name_plural)) == str(page.opts.verbose_name_plural)
    ]
    assert large == []
