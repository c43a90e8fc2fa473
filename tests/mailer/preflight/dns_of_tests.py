"""A DNS made of a table, in place of the real one."""

from __future__ import annotations

import base64

from mailer.preflight.dns_lookup import NoAnswer

Zone = dict[tuple[str, str], list[str]]


def dns(zone: Zone, *, silent: str = ""):
    """A look-up in `zone`; of names that contain `silent` nothing is known."""

    def lookup(name: str, kind: str) -> list[str]:
        if silent and silent in name:
            raise NoAnswer(name)
        return zone.get((name, kind), [])

    return lookup


def rsa_key(bits: int, *, bare: bool = False) -> str:
    """A record with an RSA key of so many bits (its numbers are made up)."""
    modulus = (1 << (bits - 1)) | 1
    raw = modulus.to_bytes(bits // 8 + 1, "big")
    key = _der(0x30, _der(0x02, raw) + _der(0x02, b"\x01\x00\x01"))
    algorithm = _der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    der = key if bare else _der(0x30, algorithm + _der(0x03, b"\0" + key))
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    count = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | count]) + size.to_bytes(count, "big") + content
