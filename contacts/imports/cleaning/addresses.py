"""The address in a cell, as people paste them, by the rules of `contacts.address_rules`, but ten times as fast.

Nearly all addresses are letters, digits and a few signs at a domain met before. For those the answer is put together
from the local part, whose grammar is one pattern, and the domain, which another pattern or the rules themselves judged
once; all others go the whole way. tests/contacts/imports/test_cleaning_addresses.py proves that both roads agree.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache

from accounts.formulas import restored
from contacts import address_rules
from contacts.address_rules import MAX_LOCAL, NotAnAddress, Parts
from contacts.imports.cleaning.words import Rejected

# dot-atom of RFC 5322 §3.2.3 in ASCII, and a domain without anything that needs more than small letters.
_ORDINARY = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@([A-Za-z0-9.-]{1,189})\Z"
)
# Labels of RFC 1123 under a top-level domain of letters; "??--" is kept for encoded names (RFC 5890 §2.3.1).
_PLAIN_DOMAIN = re.compile(r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63})\Z")
_MAILTO = re.compile(r"mailto:\s*", re.IGNORECASE)
_NAMED = re.compile(r"([^<>]*)<([^<>]*)>\Z", re.DOTALL)
_BETWEEN = re.compile(r"[\s,;|/]+")
_KEPT_DOMAINS = 100_000
# RFC 2142: the same mailbox in any capitals, so that email-validator gives them in small letters.
WRITTEN_SMALL = frozenset(
    [
        "info",
        "marketing",
        "sales",
        "support",
        "abuse",
        "noc",
        "security",
        "postmaster",
        "hostmaster",
        "usenet",
        "news",
        "webmaster",
        "www",
        "uucp",
        "ftp",
    ]
)


class AddressReader:
    """Reads addresses and makes their keyed hash; remembers the domains it met."""

    def __init__(self, secret: str) -> None:
        self._domains: dict[
            str, str
        ] = {}  # as written → in small letters; "" for those that go the whole way
        self._inner, self._outer = _begun_hmac(secret.encode())

    def read(self, cell: str) -> tuple[str, str, str]:
        """Given form and key of the address in a cell, and the name that stood with it, mostly "".

        Raises Rejected: missing, invalid, multiple or control_character.
        """
        if cell[:1] == "'":
            cell = restored(cell)
        found = _ORDINARY.match(cell)
        if found is not None:
            local, written = found.groups()
            domain = self._domains.get(written)
            if domain is None:
                domain = self._judge(written)
            # 64 octets here and 189 in the pattern keep within the limits of the rules.
            if domain and len(local) <= MAX_LOCAL:
                small = local.lower()
                if small == local:
                    key = f"{local}@{domain}"
                    return key, key, ""
                if small not in WRITTEN_SMALL:
                    return f"{local}@{domain}", f"{small}@{domain}", ""
        return self._read_slowly(cell)

    def hash_of(self, key: str) -> str:
        """The keyed hash of a key in hexadecimal: `contacts.addresses.hash_key`."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(key.encode())
        outer.update(inner.digest())
        return outer.hexdigest()

    def _judge(self, written: str) -> str:
        """The domain in small letters if the rules take it and change nothing else; "" for all others."""
        if len(self._domains) >= _KEPT_DOMAINS:
            self._domains.clear()
        small = written.lower()
        plain = _PLAIN_DOMAIN.match(small)
        if plain is not None and plain[1] not in _reserved():
            self._domains[written] = small
            return small
        try:
            found = address_rules.read(f"a@{written}")
            kept = small if found.given == found.key == f"a@{small}" else ""
        except NotAnAddress:
            kept = ""
        self._domains[written] = kept
        return kept

    def _read_slowly(self, cell: str) -> tuple[str, str, str]:
        if "\0" in cell:
            raise Rejected("control_character")
        text, name = unwrap(cell)
        try:
            found = address_rules.read(text)
        except NotAnAddress as error:
            if error.fault == "missing":
                raise Rejected("missing") from error
            raise Rejected("multiple" if several(text) else "invalid") from error
        return found.given, found.key, name


@cache
def _reserved() -> frozenset[str]:
    """Top-level domains under which something is not for mail (IANA's special-use names): looked at one by one."""
    from email_validator import SPECIAL_USE_DOMAIN_NAMES

    return frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


def unwrap(cell: str) -> tuple[str, str]:
    """The address in `mailto:…`, `<…>` and `Name <…>`, trimmed, and the name. Nothing else is repaired."""
    text = cell.strip(address_rules.EDGES)
    name = ""
    if (named := _NAMED.match(text)) is not None:
        name, text = named[1].strip(address_rules.EDGES + "\"'"), named[2].strip(address_rules.EDGES)
    text = _MAILTO.sub("", text, count=1) if _MAILTO.match(text) else text
    return text.strip(address_rules.EDGES), name


def several(text: str) -> bool:
    """Whether the text is two or more addresses with something between them."""
    pieces = [piece for piece in _BETWEEN.split(text[:2_000]) if piece]
    return sum("@" in piece.strip("@<>()[]\"'") for piece in pieces) > 1


def read(cell: str) -> Parts:
    """The address in a cell without a hash; for single values. Raises Rejected as AddressReader.read."""
    given, key, _ = AddressReader("").read(cell)
    return Parts(given, key, key.rpartition("@")[2])


def _begun_hmac(secret: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    """HMAC-SHA-256 (RFC 2104) begun with the secret and the prefix of our keys: 1 µs an address instead of 2."""
    if len(secret) > 64:
        secret = hashlib.sha256(secret).digest()
    block = secret.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + b"address:")
    return inner, hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
