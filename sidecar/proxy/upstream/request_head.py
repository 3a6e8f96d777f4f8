"""The head of a request to the backend, written so that it can be read in one way only."""

import re
from collections.abc import Iterable

from sidecar.proxy.upstream.fields import Fields, read_fields

_METHOD = re.compile(r"[A-Z]+")
_TARGET = re.compile(r"/[!\"$-~]*")  # printable ASCII without '#'


def request_head(method: str, target: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Request line, headers as given (framing and Host are the caller's), and the empty line.

    :param target: path and query, escaped, beginning with a slash.
    :raises ValueError: something that would read back as other than what is meant. The message names no value, which may be secret.
    """
    return b"%b%b\r\n" % (request_line(method, target), header_lines(headers))


def request_line(method: str, target: str) -> bytes:
    """The first line of a head, with its CRLF.

    :raises ValueError: as `request_head`.
    """
    if not _METHOD.fullmatch(method):
        raise ValueError("a method consists of capital letters")
    if not _TARGET.fullmatch(target):
        raise ValueError("a target begins with '/' and holds printable ASCII only, no blanks and no '#'")
    return f"{method} {target} HTTP/1.1\r\n".encode("ascii")


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The headers as lines, each with its CRLF.

    :raises ValueError: as `request_head`.
    """
    fields = tuple(headers)
    block = _spell(fields)
    # What is written is read back: a value with CRLF makes two fields, one with blanks at its ends another value.
    if read_fields(block) != fields:
        unfit = next(name for name, value in fields if read_fields(_spell(((name, value),))) != ((name, value),))
        raise ValueError(f"header {unfit!r} has a name or a value that cannot be sent")
    return block


def _spell(fields: Fields) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in fields])
