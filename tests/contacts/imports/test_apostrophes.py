"""A cell that an export made harmless comes back as it was."""

from __future__ import annotations

import pytest

from accounts.formulas import harmless
from contacts.imports.cleaning.addresses import AddressReader
from contacts.imports.cleaning.people import clean_line, clean_text
from contacts.imports.cleaning.words import Rejected


@pytest.mark.parametrize("text", ["=1+1", "@home", "+254 700", "-5", "'quoted'", "plain"])
def test_a_text_comes_back_from_an_export_as_it_was(text):
    assert clean_line(harmless(text), 100, [].append) == text
    assert clean_text(harmless(text), 100, [].append) == text


@pytest.mark.parametrize("address", ["+ann@example.org", "=ann@example.org", "-ann@example.org"])
def test_an_address_comes_back_from_an_export_as_it_was(address):
    assert AddressReader("secret").read(harmless(address))[0] == address


def test_an_apostrophe_makes_no_person_of_a_rejected_address():
    with pytest.raises(Rejected):
        AddressReader("secret").read(harmless("@example.org"))
