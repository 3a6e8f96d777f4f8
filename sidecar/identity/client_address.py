"""Where a request really comes from: the socket's peer, or what trusted proxies say of those before them."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from sidecar.policy.model import Network


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address that rules are applied to.

    From right to left, each hop vouches for the one before it as long as it is trusted itself; the first that is not, is the client.
    An entry that is no address ends the walk there, since nothing before it can be believed.

    :param peer: the socket's peer.
    :param forwarded_for: the values of X-Forwarded-For, in order of the headers.
    :param trusted: networks of the trusted proxies; nobody by default.
    """
    hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
    address = _plain(peer)
    while hops and _is_among(address, trusted):
        claimed = _plain(hops.pop())
        if claimed is None:
            return ""
        address = claimed
    return address or peer


@lru_cache(maxsize=4096)
def _plain(text: str) -> str | None:
    """The address without port, brackets or zone, IPv4 where it is IPv4 in IPv6's clothes; None if it is none."""
    candidate = text.split("%", 1)[0]
    if candidate.startswith("["):
        candidate = candidate[1:].split("]", 1)[0]
    elif candidate.count(":") == 1:
        candidate = candidate.split(":", 1)[0]
    try:
        address = ip_address(candidate)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether the connection comes from a trusted proxy."""
    return _is_among(_plain(peer), trusted)


def _is_among(address: str | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(ip_address(address) in network for network in trusted)
