"""DKIM keys as they stand in the DNS (RFC 6376 §3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

LEAST_BITS = 1_024  # RFC 8301: a receiver must not take less
ADVISED_BITS = 2_048


@dataclass(frozen=True, slots=True)
class Key:
    """state: ok, revoked or broken. bits: of an RSA key; 256 for Ed25519, which is as good as a long one."""

    state: str
    bits: int = 0
    is_ed25519: bool = False
    is_test: bool = False


def read(text: str) -> Key:
    """The key that a record holds."""
    parts = [part.partition("=") for part in text.split(";") if part.strip()]
    tags = {name.strip().lower(): "".join(value.split()) for name, _sign, value in parts}
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return Key("broken")
    if not tags["p"]:
        return Key("revoked")
    is_test = "y" in tags.get("t", "").split(":")
    try:
        raw = base64.b64decode(tags["p"], validate=True)
        if tags.get("k", "rsa").lower() == "ed25519":
            return Key("ok" if len(raw) == 32 else "broken", 256, is_ed25519=True, is_test=is_test)
        key = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return Key("broken")
    return Key("ok", key.key_size, is_test=is_test) if isinstance(key, RSAPublicKey) else Key("broken")
