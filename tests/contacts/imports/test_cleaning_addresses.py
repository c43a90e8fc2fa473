"""The quick road to an address and the rules themselves say the same of every text."""

from __future__ import annotations

import string

import pytest
from django.core.exceptions import ValidationError
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from accounts.formulas import restored
from contacts import addresses
from contacts.imports.cleaning.addresses import WRITTEN_SMALL, AddressReader, unwrap
from contacts.imports.cleaning.words import Rejected

reader = AddressReader("k")

# Nearly ordinary: most are addresses, many by a hair not.
ATOM = st.text("abzAZ019!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=70)
LOCAL = st.one_of(
    st.lists(ATOM, min_size=1, max_size=3).map(".".join),
    st.sampled_from(
        ["info", "INFO", "Postmaster", "abuse", ".a", "a.", "a..b", "x" * 64, "x" * 65, '"a b"', ""]
    ),
    st.text("aA.é\u0301ßΣς😀 ", max_size=5),
)
LABEL = st.one_of(
    st.text("abzAZ09-", min_size=1, max_size=64),
    st.sampled_from(["xn--bcher-kva", "bücher", "例え", "ab--c", "a--b", "-a", "a-", "a" * 63]),
)
DOMAIN = st.one_of(
    st.tuples(
        st.lists(LABEL, max_size=4),
        st.sampled_from(
            [
                "org",
                "COM",
                "test",
                "invalid",
                "localhost",
                "local",
                "home.arpa",
                "onion",
                "1",
                "o-g",
                "c",
                "xn--p1ai",
            ]
        ),
    ).map(lambda parts: ".".join([*parts[0], parts[1]])),
    st.sampled_from(["example..org", ".example.org", "example.org.", "[192.0.2.1]", "", "exa_mple.org"]),
    st.integers(170, 250).map(
        lambda length: ("a" * 60 + ".") * (length // 61) + "b" * (length % 61 + 1) + ".org"
    ),
)


@settings(max_examples=1_000, deadline=None)
@given(LOCAL, DOMAIN)
@example("Info", "Example.org")
@example("x" * 64, ("a" * 61 + ".") * 3 + "org")
@example("a", "EXAMPLE.ORG")
@example("a", "xn--bcher-kva.example.org")
def test_the_quick_road_takes_and_refuses_what_the_rules_do_and_gives_the_same_key(local, domain):
    text = f"{local}@{domain}"
    assume(restored(text) == text)  # the apostrophe that an export set before a formula is taken off again
    try:
        found = addresses.parse(text)
    except ValidationError:
        with pytest.raises(Rejected):
            reader.read(text)
        return
    assert reader.read(text) == (found.given, found.key, "")
    assert reader.read(text) == (found.given, found.key, "")  # the second time the domain is known


@settings(max_examples=300, deadline=None)
@given(st.text(string.printable + "é\u200b\u00a0<>@", max_size=80))
def test_what_stands_in_a_cell_is_judged_after_the_clean_up_and_nothing_else_is_repaired(cell):
    unwrapped, _ = unwrap(cell)
    try:
        found = addresses.parse(unwrapped)
    except ValidationError:
        with pytest.raises(Rejected):
            reader.read(cell)
        return
    assert reader.read(cell)[:2] == (found.given, found.key)


@given(st.text(min_size=1, max_size=200), st.text(max_size=100))
def test_the_hash_is_the_one_by_which_the_site_remembers_an_address(secret, key):
    from contacts import address_rules

    secret, key = (text.encode("utf-8", "ignore").decode() for text in (secret, key))
    assert AddressReader(secret).hash_of(key) == address_rules.keyed_hash(secret, key).hex()


def test_the_hash_is_the_sites(settings):
    found = AddressReader(settings.ADDRESS_HASH_KEY).hash_of("eve@example.org")
    assert bytes.fromhex(found) == addresses.hash_key("eve@example.org")


def test_the_mailboxes_written_small_are_those_of_the_library():
    assert frozenset(CASE_INSENSITIVE_MAILBOX_NAMES) == WRITTEN_SMALL


@pytest.mark.parametrize(
    ("cell", "given_form", "name"),
    [
        ("mailto:Eve@example.org", "Eve@example.org", ""),
        ("MAILTO: eve@example.org", "eve@example.org", ""),
        ("<eve@example.org>", "eve@example.org", ""),
        ('"Eve Stone" <eve@example.org>', "eve@example.org", "Eve Stone"),
        ("Eve Stone <mailto:eve@example.org>", "eve@example.org", "Eve Stone"),
        ("\ufeff\u200beve@example.org\u00a0\r\n", "eve@example.org", ""),
    ],
)
def test_an_address_is_taken_out_of_what_mail_programs_put_around_it(cell, given_form, name):
    assert reader.read(cell) == (given_form, given_form.lower(), name)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "missing"),
        ("\u00a0 \u200b", "missing"),
        ("<>", "missing"),
        ("eve@example.org,", "invalid"),
        ("eve@example,org", "invalid"),
        ("eve@example.org?subject=hi", "invalid"),
        ("eve@lee@example.org", "invalid"),
        ("eve@example.org and more", "invalid"),
        ("eve@example.org, bob@example.org", "multiple"),
        ("eve@example.org;bob@example.org", "multiple"),
        ("Eve <eve@example.org>, Bob <bob@example.org>", "multiple"),
        ("eve@example.org\nbob@example.org", "multiple"),
        ("eve\0@example.org", "control_character"),
        ("\0\0", "control_character"),
        ("e" * 1_000_000 + "@example.org", "invalid"),
    ],
)
def test_what_is_not_one_address_is_refused_with_its_reason(cell, reason):
    with pytest.raises(Rejected) as refused:
        reader.read(cell)
    assert refused.value.reason == reason
