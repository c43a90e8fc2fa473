"""The list of pages is whole: an address nobody looks at is noticed."""

from __future__ import annotations

import pytest

from tests.pages import NO_PAGE, PUBLIC, public_url_names
from tests.staff_pages import STAFF


def test_every_public_address_is_a_page_of_the_list_or_is_said_to_be_none():
    listed = {page.of for page in PUBLIC} | NO_PAGE.keys()
    unknown = public_url_names() - listed
    assert unknown == set(), "add them to PUBLIC or NO_PAGE in tests/pages.py"
    assert listed - public_url_names() == set(), "no address has these names any more"


@pytest.mark.parametrize("pages", [PUBLIC, STAFF], ids=["public", "staff"])
def test_no_two_pages_share_a_name(pages):
    names = [page.what for page in pages]
    assert sorted(names) == sorted(set(names))
    assert all(name == name.lower() and " " not in name for name in names)
