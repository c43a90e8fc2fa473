"""The public words of mailing lists by language, for the page "Languages" of the desk."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import may, visible
from contacts.completeness import Row, Section, Standing, sections
from contacts.models import MailingList

_PARTS = ("name", "description")  # the consent has a sentence of the house in every language
MOST_LISTS = 200


@sections.add
def lists(user: User) -> Iterable[Section]:
    """Name and description of each list that people can find."""
    if not may(user, "contacts.view_mailinglist"):
        return
    shown = visible(user, MailingList.objects.filter(is_public=True)).order_by("name")[:MOST_LISTS]
    note = _("A list without a name in a language is called by its English one.")
    yield Section(300, _("Mailing lists that are open to everybody"), [_row(one) for one in shown], note)


def _row(mailing_list: MailingList) -> Row:
    url = reverse("admin:contacts_mailinglist_change", args=[mailing_list.pk])
    codes = dict.fromkeys([*(code for code, _name in settings.LANGUAGES), *mailing_list.texts])
    return Row(mailing_list.name, {code: _standing(mailing_list, code, url) for code in codes})


def _standing(mailing_list: MailingList, code: str, url: str) -> Standing:
    words = mailing_list.texts.get(code, {})
    there = sum(bool(str(words.get(part, "")).strip()) for part in _PARTS)
    return Standing(there, len(_PARTS), url)
