"""Where a visitor comes from: the network, never the address, and only what our own proxies saw."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from mailer.visitors import network_of


def post(ip: str = "198.51.100.7"):
    return RequestFactory().post("/", REMOTE_ADDR=ip)


def test_neighbours_are_one_network_and_no_address_is_kept():
    network = network_of(post("198.51.100.7"))
    assert network == network_of(post("198.51.100.250"))
    assert network == network_of(post("::ffff:198.51.100.9"))
    assert network != network_of(post("198.51.101.7"))
    assert network_of(post("2001:db8:1::1")) == network_of(post("2001:db8:1:ffff::1"))
    assert network_of(post("2001:db8:1::1")) != network_of(post("2001:db8:2::1"))
    assert "198" not in network[:3]
    assert len(network) == 32
    assert network_of(post("unix:")) == ""


@pytest.mark.parametrize(
    ("proxies", "seen", "counts"),
    [
        (0, "203.0.113.9", "198.51.100.7"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "192.0.2.1, 203.0.113.9", "203.0.113.9"),
        (2, "192.0.2.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "10.0.0.1", "198.51.100.7"),
    ],
)
def test_only_what_our_own_proxies_saw_is_believed(settings, proxies, seen, counts):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().post("/", REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR=seen)
    assert network_of(request) == network_of(post(counts))
