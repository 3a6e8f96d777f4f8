"""A request's headers, read in one pass: which have two readings, and which the backend gets.

A list of what passes, not of what doesn't: alternative spellings of our own names, session headers of which nobody knows what they
open, and whatever a `Connection` header nominates never reach the backend (wire reference 1.3).
"""

import re
from enum import IntFlag

from sidecar.errors import Reason, Refusal

RawHeaders = tuple[tuple[bytes, bytes], ...]

PASSED = frozenset(
    {
        b"accept",
        b"accept-charset",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"content-type",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"integrationid",
        b"pragma",
        b"range",
        b"sendfileasbinary",
        b"traceparent",
        b"tracestate",
        b"user-agent",
        b"x-correlation-id",
        b"x-request-id",
    }
)

_AT_MOST_ONCE = frozenset(
    {
        b"authorization",
        b"client-cert",
        b"dpop",
        b"host",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"transfer-encoding",
        b"expect",
        b"sendfileasbinary",
        b"range",
        b"soapaction",
    }
)
_OVERRIDES = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override", b"x-original-method"})
_READ_HERE = frozenset(
    {b"accept-encoding", b"range", b"if-range", b"if-none-match", b"if-modified-since", b"if-match", b"if-unmodified-since"}
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""All but CR and LF, which are counted."""


class _Kind(IntFlag):
    """What is to be done with a header."""

    PASS = 1
    ONCE = 2
    OVERRIDE = 4
    SWITCH = 8  # of the protocol
    CONNECTION = 16
    FORWARDED_FOR = 32


def _kinds() -> dict[bytes, int]:
    kinds: dict[bytes, int] = {b"upgrade": _Kind.SWITCH, b"connection": _Kind.CONNECTION, b"x-forwarded-for": _Kind.FORWARDED_FOR}
    for names, kind in ((PASSED, _Kind.PASS), (_AT_MOST_ONCE, _Kind.ONCE), (_OVERRIDES, _Kind.OVERRIDE)):
        for name in names:
            kinds[name] = kinds.get(name, 0) | kind
    return {name: int(kind) for name, kind in kinds.items()}


_KINDS = _kinds()
_PASS, _ONCE, _OVERRIDE, _SWITCH, _CONNECTION = map(int, (_Kind.PASS, _Kind.ONCE, _Kind.OVERRIDE, _Kind.SWITCH, _Kind.CONNECTION))


class RequestHeaders:
    """What the sidecar makes of a request's headers. Reading never fails; `check` tells what is wrong.

    :ivar size: bytes of all names and values.
    :ivar forwarded_for: the values of X-Forwarded-For, in order.
    """

    __slots__ = ("_for_backend", "_problem", "_single", "forwarded_for", "passed", "size")

    def __init__(self, headers: RawHeaders) -> None:
        self._problem: Refusal | None = None
        self._single: dict[bytes, bytes] = {}
        self._for_backend: bytes | None = None
        self.forwarded_for: list[str] = []
        self.passed: list[tuple[bytes, bytes]] = []
        size = 0
        for name, value in headers:
            size += len(name) + len(value)
            lower = name.lower()
            kind = _KINDS.get(lower)
            if kind is None:
                if b"_" in lower:
                    self._note_alias(lower.replace(b"_", b"-"))
                continue
            if kind & _ONCE:
                if lower in self._single:
                    self._note(_repeated(lower))
                self._single[lower] = value
            if kind & _PASS:
                self.passed.append((name, value))
            elif kind > _ONCE:
                self._note_unusual(kind, value)
        self.size = size

    def check(self) -> None:
        """Refuse what has two readings or would change the meaning of the request.

        :raises Refusal: REPEATED_HEADER, METHOD_OVERRIDE, UPGRADE_REFUSED or MALFORMED_HTTP.
        """
        if self._problem is not None:
            raise self._problem

    def check_size(self, limit: int) -> None:
        """Bound the whole of the header fields; the parser bounds each.

        :raises Refusal: HEAD_TOO_LARGE.
        """
        if self.size > limit:
            raise Refusal(Reason.HEAD_TOO_LARGE, f"header fields may have {limit} bytes in all")

    def get(self, name: bytes) -> bytes | None:
        """The value of a header that may occur at most once, by its name in small letters; None without it."""
        return self._single.get(name)

    def text(self, name: bytes) -> str | None:
        """The same as text, each byte a character."""
        value = self._single.get(name)
        return None if value is None else value.decode("latin-1")

    def without_token(self) -> "RequestHeaders":
        """The same, to be kept for longer than a token should be."""
        other = RequestHeaders(())
        other.passed = self.passed
        other._single = {name: value for name, value in self._single.items() if name != b"authorization"}
        return other

    def for_backend(self, *, with_body: bool = False, answer_is_read: bool = False) -> bytes:
        """The lines that pass, each ending in CRLF.

        :param answer_is_read: the sidecar reads the answer itself, so that it must be whole and in plain coding.
        :raises Refusal: MALFORMED_HTTP for control characters in a value, which the parser leaves to others to judge.
        """
        ordinary = not with_body and not answer_is_read
        if ordinary and self._for_backend is not None:
            return self._for_backend
        passed = self.passed
        if answer_is_read:
            passed = [header for header in passed if header[0].lower() not in _READ_HERE]
        if not with_body and b"content-type" in self._single:
            passed = [header for header in passed if header[0].lower() != b"content-type"]
        block = b"".join([b"%b: %b\r\n" % header for header in passed])
        if _CONTROLS.search(block) or not block.count(b"\n") == block.count(b"\r") == len(passed):
            raise Refusal(Reason.MALFORMED_HTTP, "a header's value holds control characters")
        if ordinary:
            self._for_backend = block
        return block + b"Accept-Encoding: identity\r\n" if answer_is_read else block

    def _note(self, problem: Refusal) -> None:
        self._problem = self._problem or problem

    def _note_alias(self, plain: bytes) -> None:
        """A name with underscores, which CGI-like backends take for the one with hyphens."""
        kind = _KINDS.get(plain, 0)
        if kind & _ONCE:
            self._note(_repeated(plain))
        elif kind & (_OVERRIDE | _SWITCH):
            self._note_unusual(kind, b"")

    def _note_unusual(self, kind: int, value: bytes) -> None:
        if kind & _OVERRIDE:
            self._note(Refusal(Reason.METHOD_OVERRIDE, "headers that override the verb are not served; use the verb itself"))
        elif kind & _SWITCH or (kind & _CONNECTION and b"upgrade" in value.lower()):
            self._note(Refusal(Reason.UPGRADE_REFUSED, "switching protocols is not served"))
        elif not kind & _CONNECTION:
            self.forwarded_for.append(value.decode("latin-1"))


def _repeated(name: bytes) -> Refusal:
    return Refusal(Reason.REPEATED_HEADER, f"{name.decode()} must occur once, spelled so")
