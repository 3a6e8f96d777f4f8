"""The head of a backend's answer: status, headers, and what they say of the body's framing. Pure."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.fields import Fields, read_fields

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
_MOST_DIGITS = 18
_NO_OPTIONS: frozenset[bytes] = frozenset()


@dataclass(slots=True)
class AnswerHead:
    """A head whose framing has one reading: `content_length` or `chunked` or neither, never both.

    Several answers may have the same one, so nobody changes it.

    :ivar names: of the headers, in small letters.
    :ivar connection: what the Connection headers list, in small letters.
    :ivar for_client: what of it goes on to clients, by whether they speak HTTP/1.1, once that was found out. Without the length, so it is
        shared with heads that differ in that alone.
    """

    status: int
    phrase: bytes
    headers: Fields
    names: list[bytes]
    content_length: int | None
    chunked: bool
    keep_alive: bool
    connection: frozenset[bytes] = frozenset()
    for_client: dict[bool, bytes] = field(default_factory=dict, compare=False, repr=False)

    def with_length(self, digits: bytes) -> "AnswerHead":
        """The head with another number in its only Content-Length.

        :param digits: of it, as many as `read_answer_head` takes.
        """
        place = self.names.index(b"content-length")
        headers = (*self.headers[:place], (self.headers[place][0], digits), *self.headers[place + 1 :])
        return AnswerHead(
            self.status, self.phrase, headers, self.names, int(digits), self.chunked, self.keep_alive, self.connection, self.for_client
        )

    @property
    def is_framed(self) -> bool:
        """Whether the head says where the body ends; if not, it ends with the connection."""
        return self.chunked or self.content_length is not None

    @property
    def is_coded(self) -> bool:
        """Whether the body has a content coding, so that its bytes are not what they say."""
        codings = [value for name, (_, value) in zip(self.names, self.headers, strict=True) if name == b"content-encoding"]
        return any(coding.strip().lower() != b"identity" for coding in codings)


def read_answer_head(block: bytes) -> AnswerHead:
    """The head, from the status line up to the CRLF of the last field; without the empty line.

    :raises Refusal: BACKEND_BROKEN; the detail holds nothing of the backend's bytes.
    """
    line, _, rest = block.partition(b"\r\n")
    match = _STATUS_LINE.fullmatch(line)
    if match is None:
        raise broken("its status line is not that of HTTP/1.0 or HTTP/1.1")
    fields = read_fields(rest)
    if fields is None:
        raise broken("a header of its answer is not well-formed")
    minor, status, phrase = match.groups()
    names = [name.lower() for name, _ in fields]
    length, chunked = _content_length(names, fields), _is_chunked(names, fields)
    if chunked and length is not None:
        raise broken("both Content-Length and Transfer-Encoding")
    if chunked and minor == b"0":
        # RFC 9112 6.1: whoever speaks 1.0 cannot mean it, so the framing is unknown.
        raise broken("an HTTP/1.0 answer with Transfer-Encoding")
    options = _connection_options(names, fields)
    keep_alive = b"close" not in options and (minor == b"1" or b"keep-alive" in options)
    return AnswerHead(int(status), phrase or b"", fields, names, length, chunked, keep_alive, options)


def _content_length(names: list[bytes], fields: Fields) -> int | None:
    count = names.count(b"content-length")
    if not count:
        return None
    if count > 1:
        raise broken("more than one Content-Length")
    value = fields[names.index(b"content-length")][1]
    if not value.isdigit() or len(value) > _MOST_DIGITS:
        raise broken("a Content-Length that is not a number")
    return int(value)


def _is_chunked(names: list[bytes], fields: Fields) -> bool:
    count = names.count(b"transfer-encoding")
    if count and (count > 1 or fields[names.index(b"transfer-encoding")][1].lower() != b"chunked"):
        raise broken("a Transfer-Encoding other than one 'chunked'")
    return bool(count)


def _connection_options(names: list[bytes], fields: Fields) -> frozenset[bytes]:
    if b"connection" not in names:
        return _NO_OPTIONS
    if names.count(b"connection") == 1:
        return _options(fields[names.index(b"connection")][1])
    return _options(b",".join([value for name, (_, value) in zip(names, fields, strict=True) if name == b"connection"]))


@lru_cache(maxsize=64)
def _options(value: bytes) -> frozenset[bytes]:
    return frozenset(option.strip(b" \t") for option in value.lower().split(b","))


def broken(problem: str) -> Refusal:
    """The refusal for an answer that cannot be believed."""
    return Refusal(Reason.BACKEND_BROKEN, f"the backend's answer is not usable: {problem}")
