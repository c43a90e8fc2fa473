"""Asking the DNS, with an end; tests put a function in its place."""

from __future__ import annotations

from collections.abc import Callable

import dns.exception
import dns.rdatatype
import dns.resolver

SECONDS = 4.0

# Name and type to what stands there: TXT records as one text each, others as the DNS writes them; [] for nothing.
Lookup = Callable[[str, str], list[str]]


class NoAnswer(Exception):  # noqa: N818 - what happened
    """The DNS did not answer: nothing is known about the name."""


def live(name: str, kind: str) -> list[str]:
    """What the DNS holds now. Raises NoAnswer."""
    try:
        answers = dns.resolver.resolve(f"{name}.", kind, lifetime=SECONDS)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, UnicodeError) as error:
        raise NoAnswer(name) from error
    if answers.rdtype == dns.rdatatype.TXT:
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answers]
    return [record.to_text() for record in answers]
