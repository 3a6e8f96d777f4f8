"""Where a body ends: by its length, by its last chunk, or with the connection. Pure, and indifferent to how packets cut the bytes."""

import re
from enum import Enum, auto
from typing import Protocol

from sidecar.proxy.upstream.answer_head import broken
from sidecar.proxy.upstream.fields import read_fields

_LONGEST_SIZE_LINE = 1024
# An extension means nothing and is passed over, but only where it can hide nothing: no control characters, so no bare CR or LF.
_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:;[\t\x20-\x7e\x80-\xff]*)?")


Piece = bytes | memoryview
"""Some of a body; a view where copying would cost more than it is worth."""


class Framing(Protocol):
    """Takes the bytes after a head; `done` once the body is whole, `surplus` when bytes came that are not part of it."""

    done: bool
    surplus: bool

    def feed(self, data: Piece) -> Piece:
        """The bytes of the body that `data` brings, maybe none.

        :raises Refusal: BACKEND_BROKEN where the framing is.
        """
        ...

    def end(self) -> None:
        """The backend sends no more.

        :raises Refusal: BACKEND_BROKEN where that cuts the body short.
        """
        ...


class LengthFraming:
    """A body of so many bytes."""

    __slots__ = ("_left", "done", "surplus")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length
        self.surplus = False

    def feed(self, data: Piece) -> Piece:
        left = self._left - len(data)
        if left > 0:
            self._left = left
            return data
        self.done = True
        if not left:
            self._left = 0
            return data
        self.surplus = True
        body, self._left = data[: self._left], 0
        return body

    def end(self) -> None:
        if not self.done:
            raise broken("it ended before its Content-Length")


class CloseFraming:
    """A body up to the end of the connection."""

    __slots__ = ("done", "surplus")

    def __init__(self) -> None:
        self.done = False
        self.surplus = False

    def feed(self, data: Piece) -> Piece:
        return data

    def end(self) -> None:
        self.done = True


class _Expect(Enum):
    SIZE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILER = auto()
    NOTHING = auto()


class ChunkedFraming:
    """A chunked body (RFC 9112 7.1): sizes in hex, CRLF only; extensions and trailers are checked and dropped."""

    __slots__ = ("_expect", "_held", "_left", "_trailer_room", "done", "surplus")

    def __init__(self, max_trailers: int) -> None:
        self._expect = _Expect.SIZE
        self._held = b""
        self._left = 0
        self._trailer_room = max_trailers
        self.done = False
        self.surplus = False

    def feed(self, data: Piece) -> Piece:
        data = self._held + data
        position = 0
        pieces: list[bytes] = []
        while position < len(data):
            match self._expect:
                case _Expect.DATA:
                    piece = data[position : position + self._left]
                    pieces.append(piece)
                    position += len(piece)
                    self._left -= len(piece)
                    if not self._left:
                        self._expect = _Expect.DATA_END
                case _Expect.NOTHING:
                    self.surplus = True
                    break
                case _:
                    line = self._line(data, position)
                    if line is None:
                        break
                    position += len(line) + 2
                    self._take(line)
        self._held = data[position:] if not self.done else b""
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def end(self) -> None:
        if not self.done:
            raise broken("it ended before its last chunk")

    def _line(self, data: bytes, start: int) -> bytes | None:
        """The line that begins at `start`, without its CRLF; None while it is not complete."""
        room = self._room()
        end = data.find(b"\r\n", start, start + room + 2)
        if end >= 0:
            return data[start:end]
        if len(data) - start >= room + 2 or not _may_become_line(data, start):
            raise broken("a line of its chunked framing is too long or does not end in CRLF")
        return None

    def _room(self) -> int:
        match self._expect:
            case _Expect.SIZE:
                return _LONGEST_SIZE_LINE
            case _Expect.TRAILER:
                return self._trailer_room
            case _:
                return 0

    def _take(self, line: bytes) -> None:
        if self._expect is _Expect.DATA_END:
            self._expect = _Expect.SIZE
        elif self._expect is _Expect.SIZE:
            match = _SIZE_LINE.fullmatch(line)
            if match is None:
                raise broken("a chunk's size is not a hexadecimal number")
            self._left = int(match[1], 16)
            self._expect = _Expect.DATA if self._left else _Expect.TRAILER
        elif not line:
            self._expect = _Expect.NOTHING
            self.done = True
        elif read_fields(line + b"\r\n") is None:
            raise broken("a trailer is not well-formed")
        else:
            self._trailer_room = max(0, self._trailer_room - len(line) - 2)


def _may_become_line(data: bytes, start: int) -> bool:
    """Whether the bytes from `start`, in which there is no CRLF, can still be the beginning of a line."""
    cr = data.find(b"\r", start)
    return data.find(b"\n", start) < 0 and cr in (-1, len(data) - 1)
