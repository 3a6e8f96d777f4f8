"""Where a backend listens, as the configuration spells it and as connections are kept for it."""

import re
from contextlib import suppress
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORT = re.compile(r"[0-9]{1,5}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?")


class Origin(NamedTuple):
    """Scheme ("http" or "https"), host (IPv6 without brackets) and port; with `ca_file`, only that bundle's authorities are believed."""

    scheme: str
    host: str
    port: int
    ca_file: str | None = None

    @property
    def host_header(self) -> bytes:
        """What goes into Host: no port where it is the scheme's own, IPv6 in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}").encode("ascii")

    @property
    def address(self) -> str:
        """Host and port for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_origin(url: str, ca_file: str | None = None) -> tuple[Origin, str]:
    """The origin and the base path ("" or "/ProfitRestServices", never with a slash at its end).

    :raises ValueError: anything but plain http(s)://host[:port][/path]. The message never repeats the URL, which may hold a password.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS:
        raise ValueError("the address must begin with http:// or https://")
    if "?" in rest or "#" in rest:
        raise ValueError("the address must have no query ('?') and no fragment ('#')")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        raise ValueError("the address must hold no user name or password; a credential has its own place in the configuration")
    host, port = _read_authority(authority)
    return Origin(scheme, host, _DEFAULT_PORTS[scheme] if port is None else port, ca_file), _read_path(slash + path)


def _read_authority(authority: str) -> tuple[str, int | None]:
    bracketed = authority.rfind("]") + 1
    name, colon, port = authority[bracketed:].partition(":")
    host = _read_host(authority[:bracketed] + name)
    if not colon:
        return host, None
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536:
        raise ValueError("the port of the address must be a number from 1 to 65535")
    return host, int(port)


def _read_host(host: str) -> str:
    if host.startswith("[") and "%" not in host:
        with suppress(AddressValueError):
            return str(IPv6Address(host[1:-1]))
    elif _HOST_NAME.fullmatch(host) and len(host) < 254:
        return host.lower()
    raise ValueError(
        "the host of the address must be a name in ASCII (xn--… where it has other letters), an IPv4 address or [an IPv6 address]"
    )


def _read_path(path: str) -> str:
    base = path.removesuffix("/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(base.split("/")):
        raise ValueError("the path of the address must be plain: no escapes, no empty, '.' or '..' segments, no blanks")
    return base
