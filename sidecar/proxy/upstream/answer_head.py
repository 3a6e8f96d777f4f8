"""The head of a backend's answer: status, headers, and what they say of the body's framing. Pure."""

import re
from dataclasses import dataclass

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.fields import Fields, read_fields

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?")
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """A head whose framing has one reading: `content_length` or `chunked` or neither, never both."""

    status: int
    phrase: bytes
    headers: Fields
    content_length: int | None
    chunked: bool
    keep_alive: bool

    @property
    def is_interim(self) -> bool:
        """1xx: the answer itself is still to come."""
        return self.status < 200

    @property
    def is_framed(self) -> bool:
        """Whether the head says where the body ends; if not, it ends with the connection."""
        return self.chunked or self.content_length is not None


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
    length, chunked, options = _read_framing(fields)
    if chunked and minor == b"0":
        # RFC 9112 6.1: whoever speaks 1.0 cannot mean it, so the framing is unknown.
        raise broken("an HTTP/1.0 answer with Transfer-Encoding")
    keep_alive = b"close" not in options and (minor == b"1" or b"keep-alive" in options)
    return AnswerHead(int(status), phrase or b"", fields, length, chunked, keep_alive)


def _read_framing(fields: Fields) -> tuple[int | None, bool, list[bytes]]:
    """Length, whether it is chunked, and the options of Connection."""
    length: int | None = None
    chunked = False
    options: list[bytes] = []
    for name, value in fields:
        match name.lower():
            case b"content-length":
                if length is not None:
                    raise broken("more than one Content-Length")
                if not value.isdigit() or len(value) > _MOST_DIGITS:
                    raise broken("a Content-Length that is not a number")
                length = int(value)
            case b"transfer-encoding":
                if chunked or value.lower() != b"chunked":
                    raise broken("a Transfer-Encoding other than one 'chunked'")
                chunked = True
            case b"connection":
                options += [option.strip(b" \t") for option in value.lower().split(b",")]
    if chunked and length is not None:
        raise broken("both Content-Length and Transfer-Encoding")
    return length, chunked, options


def broken(problem: str) -> Refusal:
    """The refusal for an answer that cannot be believed."""
    return Refusal(Reason.BACKEND_BROKEN, f"the backend's answer is not usable: {problem}")
