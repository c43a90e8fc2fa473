"""One address, one key, one hash: and a clear word for everything that is not an address."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from contacts import addresses


@pytest.mark.parametrize(
    ("typed", "given_form", "key", "domain"),
    [
        ("eve+news@example.com", "eve+news@example.com", "eve+news@example.com", "example.com"),
        ("  Eve@Example.COM\t", "Eve@example.com", "eve@example.com", "example.com"),
        (
            "eve@münchen.example",
            "eve@münchen.example",
            "eve@xn--mnchen-3ya.example",
            "xn--mnchen-3ya.example",
        ),
        (
            "eve@xn--mnchen-3ya.example",
            "eve@münchen.example",
            "eve@xn--mnchen-3ya.example",
            "xn--mnchen-3ya.example",
        ),
        ("o'hara@example.org", "o'hara@example.org", "o'hara@example.org", "example.org"),
        ("STRASSE@example.org", "STRASSE@example.org", "strasse@example.org", "example.org"),
        ("\ufeffeve@example.org\u200b", "eve@example.org", "eve@example.org", "example.org"),
    ],
)
def test_an_address_is_kept_as_given_and_compared_by_its_key(typed, given_form, key, domain):
    found = addresses.parse(typed)
    assert (found.given, found.key, found.domain) == (given_form, key, domain)
    assert found.mailable.endswith("@" + domain)
    assert len(found.hash) == 32


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "missing"),
        (" \u00a0", "missing"),
        ("eve", "invalid"),
        ("eve@localhost", "invalid"),
        ("eve@[192.0.2.1]", "invalid"),
        ("eve@example.org\r\nTo: other@evil.test", "invalid"),
        ("eve@exam\u00adple.org", "invalid"),
        ("eve\u0000@example.org", "invalid"),
        ("eve@example.org, mallory@example.com", "multiple"),
        ("eve@example.orgmallory@example.com", "multiple"),
        ("eve@example..org", "invalid"),
        ("Eve <eve@example.org>", "invalid"),
        ("x" * 65 + "@example.org", "too_long"),
        ("x@" + "y" * 60 + ".example" * 40, "too_long"),
        ("b" * 100_000 + "@example.org", "too_long"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(typed, code):
    start = time.perf_counter()
    with pytest.raises(ValidationError) as refused:
        addresses.parse(typed)
    assert refused.value.code == code
    assert time.perf_counter() - start < 1  # hostile case s-016 allows a second


@given(st.text(max_size=300))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    try:
        found = addresses.parse(text)
    except ValidationError:
        return
    assert "\n" not in found.mailable
    assert "\r" not in found.mailable
    assert addresses.parse(found.given).key == found.key


def test_the_hash_depends_on_our_key(settings):
    before = addresses.hash_key("eve@example.org")
    settings.ADDRESS_HASH_KEY = "another"
    assert addresses.hash_key("eve@example.org") != before
