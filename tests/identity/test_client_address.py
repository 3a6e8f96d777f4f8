"""The address that rules see: the socket's peer, unless trusted proxies vouch for another."""

from ipaddress import ip_network

import pytest

from sidecar.identity.client_address import client_address

PROXY = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["192.0.2.66", "198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.1", ["192.0.2.1, unknown"], ""),
        ("10.0.0.1", [""], ""),
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
    ],
)
def test_each_trusted_hop_vouches_for_the_one_before(peer: str, forwarded: list[str], expected: str) -> None:
    assert client_address(peer, forwarded, PROXY) == expected


def test_nobody_is_trusted_by_default() -> None:
    assert client_address("127.0.0.1", ["192.0.2.1"], []) == "127.0.0.1"
