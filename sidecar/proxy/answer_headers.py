"""The head of an answer as it goes to the client: the backend's headers, less those of the connection and those that lead around the
sidecar, with framing of our own."""

import time
from email.utils import formatdate
from functools import lru_cache

from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.own_answers import REFERENCE_HEADER, OwnAnswer
from sidecar.proxy.upstream import AnswerHead
from sidecar.proxy.upstream.fields import Fields

_DROPPED = frozenset(
    {
        # Of the connection.
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        # Leads around the sidecar.
        b"alt-svc",  # would send the client to the backend itself
        b"refresh",
        b"set-cookie",  # a session of the sidecar's own credential
        b"set-cookie2",
        b"onlinesessionid",  # maybe one as well (wire reference 1.3)
        b"authorization",  # the credential itself, where something between here and the backend shows what it got
        b"content-length",  # set from the framing that was checked
        REFERENCE_HEADER.lower().encode(),
    }
)
_REWRITTEN = frozenset({b"cache-control", b"location"})
_DROPPED_OR_REWRITTEN = _DROPPED | _REWRITTEN
_KNOWN_OPTIONS = frozenset({b"close", b"keep-alive"})
_REFERENCE = REFERENCE_HEADER.encode()


def relayed_head(request: ClientRequest, head: AnswerHead, framing: bytes, reference: str) -> bytes:
    """The head of a backend's answer for the client.

    :param framing: the line or lines that say where the body ends and what becomes of the connection.
    """
    passed = head.for_client.get(request.chunks_are_known)
    if passed is None:
        passed = _passed(request, head)
        if _has_date(head):
            head.for_client[request.chunks_are_known] = passed
        else:
            passed += _date(int(time.time()))
    return b"%b%b: %b\r\n%b\r\n" % (passed, _REFERENCE, reference.encode("ascii"), framing)


def _passed(request: ClientRequest, head: AnswerHead) -> bytes:
    """The status line and the lines that go on, as they are or rewritten."""
    names, headers = head.names, head.headers
    dropped = _DROPPED_OR_REWRITTEN
    if not head.connection <= _KNOWN_OPTIONS:
        dropped = dropped | head.connection
    lines = [b"%b: %b\r\n" % header for name, header in zip(names, headers, strict=True) if name not in dropped]
    passed = b"".join(lines)
    if not passed.isascii():
        passed = b"".join(map(_in_utf_8, lines))
    return b"%b%b%b%b" % (
        _status_line(request, head.status, head.phrase),
        passed,
        _location(names, headers) if b"location" in names else b"",
        _private(_joined(names, headers) if b"cache-control" in names else b""),
    )


def _has_date(head: AnswerHead) -> bool:
    """Whether the backend's own date goes on."""
    return b"date" in head.names and b"date" not in head.connection


def _joined(names: list[bytes], headers: Fields) -> bytes:
    return b",".join([value for name, (_, value) in zip(names, headers, strict=True) if name == b"cache-control"])


def _location(names: list[bytes], headers: Fields) -> bytes:
    """Where it has a host, that could only be the backend's own."""
    values = [value for name, (_, value) in zip(names, headers, strict=True) if name == b"location"]
    return b"".join([b"Location: %b\r\n" % _in_utf_8(value) for value in values if not _leads_elsewhere(value)])


def own_head(request: ClientRequest | None, answer: OwnAnswer, connection: bytes) -> bytes:
    """The head of an answer of our own.

    :param request: None where the bytes were no request.
    :param connection: the line that says what becomes of the connection, or nothing.
    """
    lines = [_status_line(request, answer.status, answer.phrase)]
    lines += [f"{name}: {value}\r\n".encode("ascii") for name, value in answer.headers]
    if answer.status != 204:
        lines.append(b"Content-Length: %d\r\n" % len(answer.body))
    lines += (_date(int(time.time())), connection, b"\r\n")
    return b"".join(lines)


def _status_line(request: ClientRequest | None, status: int, phrase: bytes) -> bytes:
    minor = b"1" if request is None or request.chunks_are_known else b"0"
    return b"HTTP/1.%b %d %b\r\n" % (minor, status, phrase)


def _leads_elsewhere(location: bytes) -> bool:
    return b"//" in location.partition(b"?")[0] or b"\\" in location


def _in_utf_8(value: bytes) -> bytes:
    """As it stands where it is UTF-8; old backends also send Latin-1, in file names for instance."""
    try:
        value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1").encode()
    return value


@lru_cache(maxsize=64)
def _private(received: bytes) -> bytes:
    """What the backend says of caching, less all that would let a cache serve one user's rows to another: the same address gives each
    user other rows."""
    directives = [directive.strip() for directive in received.split(b",") if directive.strip()]
    if not {b"no-store", b"private"} & {directive.lower() for directive in directives}:
        directives = [each for each in directives if each.lower().partition(b"=")[0] not in (b"public", b"s-maxage")]
        directives.insert(0, b"private")
    return b"Cache-Control: " + b", ".join(directives) + b"\r\n"


@lru_cache(maxsize=2)
def _date(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode("ascii")
