"""What the client gets of the backend's headers: all but those of the connection, and those that would lead around the sidecar."""

from collections.abc import Iterable

from multidict import CIMultiDict

from sidecar.proxy.own_answers import REFERENCE_HEADER

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_LEADS_AROUND = frozenset(
    {
        b"alt-svc",  # would send the client to the backend itself
        b"set-cookie",  # a session of the sidecar's own credential
        b"set-cookie2",
        b"cache-control",  # rewritten: the same address gives each user other rows
        b"content-length",  # set from the framing that was checked
        REFERENCE_HEADER.lower().encode(),
    }
)


def client_headers(headers: Iterable[tuple[bytes, bytes]], reference: str) -> CIMultiDict[str]:
    """The headers of the answer as they go to the client."""
    received = list(headers)
    dropped = _HOP_BY_HOP | _LEADS_AROUND | _nominated(received)
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in received:
        if name.lower() not in dropped and not _leads_elsewhere(name, value):
            kept.add(name.decode("ascii"), _text(value))
    kept["Cache-Control"] = _private(received)
    kept[REFERENCE_HEADER] = reference
    return kept


def _leads_elsewhere(name: bytes, value: bytes) -> bool:
    """Whether it is a Location with a host, which could only be the backend's own."""
    return name.lower() == b"location" and (b"//" in value.partition(b"?")[0] or b"\\" in value)


def _text(value: bytes) -> str:
    """UTF-8 as it stands; old backends also send Latin-1, in file names for instance, which the server then spells in UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _nominated(headers: list[tuple[bytes, bytes]]) -> frozenset[bytes]:
    lists = (value.lower().split(b",") for name, value in headers if name.lower() == b"connection")
    return frozenset(name.strip() for names in lists for name in names)


def _private(headers: list[tuple[bytes, bytes]]) -> str:
    """What the backend says of caching, less all that would let a cache serve one user's rows to another."""
    values = b",".join(value for name, value in headers if name.lower() == b"cache-control").decode("latin-1")
    directives = [directive.strip() for directive in values.split(",") if directive.strip()]
    if {"no-store", "private"} & {directive.lower() for directive in directives}:
        return ", ".join(directives)
    kept = [directive for directive in directives if directive.lower().partition("=")[0] not in ("public", "s-maxage")]
    return ", ".join(["private", *kept])
