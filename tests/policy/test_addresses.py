"""Which client addresses an app connector's rule lets in."""

from ipaddress import ip_network

import pytest

from sidecar.policy.decide import allows
from sidecar.policy.model import AddressRule


def rule(allow: str = "", deny: str = "") -> AddressRule:
    return AddressRule(tuple(map(ip_network, allow.split())), tuple(map(ip_network, deny.split())))


@pytest.mark.parametrize(
    ("addresses", "inside", "outside"),
    [
        (rule(), "192.0.2.1 2001:db8::1 unknown", ""),
        (rule(allow="192.0.2.0/24"), "192.0.2.0 192.0.2.255 ::ffff:192.0.2.7", "192.0.3.0 192.0.1.255 2001:db8::1 ::192.0.2.7"),
        (rule(allow="192.0.2.7"), "192.0.2.7", "192.0.2.6 192.0.2.8"),
        (rule(allow="2001:db8::/32"), "2001:db8::1 2001:DB8:ffff::", "2001:db9::1 192.0.2.1 ::ffff:192.0.2.1"),
        (rule(allow="192.0.2.0/24 2001:db8::/32"), "192.0.2.1 2001:db8::1", "198.51.100.1"),
        (rule(deny="192.0.2.0/24"), "198.51.100.1 2001:db8::1", "192.0.2.1 ::ffff:192.0.2.1 ::ffff:c000:201"),
        (rule(deny="2001:db8::/32"), "192.0.2.1 2001:db9::1", "2001:db8::1 2001:db8::1%eth0"),
        (rule(allow="192.0.2.0/24", deny="192.0.2.7"), "192.0.2.6", "192.0.2.7"),
        (rule(allow="192.0.2.7", deny="192.0.2.0/24"), "", "192.0.2.7 192.0.2.6"),
        (rule(allow="0.0.0.0/0"), "192.0.2.1 ::ffff:192.0.2.1", "2001:db8::1"),
        (rule(allow="::/0"), "2001:db8::1", "192.0.2.1 ::ffff:192.0.2.1"),
        (rule(deny="0.0.0.0/0 ::/0"), "", "192.0.2.1 2001:db8::1"),
        # a rule that is itself written in the mapped form
        (rule(allow="::ffff:192.0.2.0/120"), "192.0.2.1 ::ffff:192.0.2.1", "192.0.3.1 2001:db8::1"),
        (rule(deny="::ffff:192.0.2.0/120"), "192.0.3.1", "192.0.2.1 ::ffff:192.0.2.1"),
    ],
)
def test_deny_beats_allow_and_any_allow_shuts_out_all_others(addresses: AddressRule, inside: str, outside: str) -> None:
    assert [address for address in inside.split() if not allows(addresses, address)] == []
    assert [address for address in outside.split() if allows(addresses, address)] == []


@pytest.mark.parametrize(
    "address", ["", "unknown", "192.0.2.1:80", " 192.0.2.1", "192.0.2.01", "0xC0000201", "3221225985", "[2001:db8::1]", "localhost"]
)
def test_where_there_is_a_rule_an_address_that_cannot_be_read_is_not_let_in(address: str) -> None:
    assert not allows(rule(allow="0.0.0.0/0 ::/0"), address)
    assert not allows(rule(deny="198.51.100.0/24"), address)
