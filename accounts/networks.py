"""Where a visitor comes from, as far as we want to know: the network, and that only as a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest


def network_of(request: HttpRequest) -> str:
    """The visitor's network as a keyed hash: an IPv4 /24 or an IPv6 /48, never the address itself. "" if unknown."""
    network = plain_network_of(request)
    if not network:
        return ""
    key = settings.ADDRESS_HASH_KEY.encode()
    return hmac.new(key, f"network:{network}".encode(), hashlib.sha256).hexdigest()[:32]


def plain_network_of(request: HttpRequest) -> str:
    """The visitor's network, for example 192.0.2.0/24: for what is judged by where it comes from, and soon forgotten."""
    try:
        address = ipaddress.ip_address(_client_address(request))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _client_address(request: HttpRequest) -> str:
    """The address of the visitor: what the nearest trusted proxy saw, never what the visitor says of himself."""
    proxies: int = settings.TRUSTED_PROXIES
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(seen) >= proxies:
        return seen[-proxies].strip("[]")
    return str(request.META.get("REMOTE_ADDR", ""))
