"""Whether what comes from an address is what its host says."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_guarded(url: str) -> bool:
    """Whether nobody on the way can read or exchange it: over https, or without leaving this machine."""
    try:
        parts = urlsplit(url)
        if parts.scheme.lower() == "https":
            return bool(parts.hostname)
        if parts.scheme.lower() != "http":
            return False
        return parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
