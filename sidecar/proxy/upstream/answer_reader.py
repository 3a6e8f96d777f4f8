"""Turns the bytes of one answer, however packets cut them, into a head and pieces of body. Holds no socket."""

import re
from collections.abc import Callable

from sidecar.proxy.upstream.answer_head import AnswerHead, broken, read_answer_head
from sidecar.proxy.upstream.framing import ChunkedFraming, CloseFraming, Framing, LengthFraming, Piece

_MOST_INTERIM_HEADS = 8
_SMALL = 16_384
"""Bytes that are rather copied than viewed."""
_BARE_LF = re.compile(rb"(?<!\r)\n")


class AnswerReader:
    """Fed with what arrives after a request was sent.

    :ivar head: None until it is complete; heads with a status of 1xx are passed over.
    :ivar begun: whether a byte of answer came.
    :ivar done: whether the answer is whole.
    :ivar has_body: False where an answer ends at its head by nature: to HEAD, and with status 204 or 304 (RFC 9112 6.3).
    """

    __slots__ = ("_bodyless", "_framing", "_held", "_interim_heads", "_max_head", "_read", "begun", "done", "has_body", "head")

    def __init__(self, max_head: int, read: Callable[[bytes], AnswerHead] = read_answer_head, *, bodyless_answer: bool) -> None:
        """
        :param max_head: bytes.
        :param read: `read_answer_head`, or one who remembers what that found.
        """
        self._max_head = max_head
        self._read = read
        self._bodyless = bodyless_answer
        self._held = b""
        self._interim_heads = 0
        self._framing: Framing | None = None
        self.head: AnswerHead | None = None
        self.begun = False
        self.done = False
        self.has_body = False

    @property
    def reusable(self) -> bool:
        """Whether the connection can serve another request once the answer is whole: nobody may be in doubt where it ended."""
        head, framing = self.head, self._framing
        if head is None or framing is None or framing.surplus or not framing.done or not head.keep_alive:
            return False
        if self.has_body:
            return head.chunked or head.content_length is not None
        # A backend that wrongly sends the body that this head announces would have it read as the next answer.
        return not head.chunked and not head.content_length

    def feed(self, data: bytes) -> Piece:
        """The bytes of the body that `data` brings, maybe none.

        :raises Refusal: BACKEND_BROKEN.
        """
        self.begun = True
        rest = self._read_head(data) if self._framing is None else data
        framing = self._framing
        if framing is None or rest is None:
            return b""
        body = framing.feed(rest) if rest else b""
        self.done = framing.done
        return body

    def end(self) -> None:
        """The backend sends no more.

        :raises Refusal: BACKEND_BROKEN where that cuts the answer short.
        """
        if self._framing is None:
            raise broken("it ended before its head did")
        self._framing.end()
        self.done = self._framing.done

    def _read_head(self, data: bytes) -> Piece | None:
        """What follows the head; None while that is not complete."""
        while True:
            held, seen = data, 0
            if self._held:
                held, seen = self._held + data, len(self._held)
            end = held.find(b"\r\n\r\n", max(0, seen - 3) if seen else 0, self._max_head)
            if end < 0:
                self._hold(held, seen)
                return None
            head = self._read(held[: end + 2])
            self._held = b""
            if head.status >= 200:
                self.head = head
                self.has_body = not self._bodyless and head.status not in (204, 304)
                self._framing = self._framing_of(head)
                return held[end + 4 :] if len(held) - end < _SMALL else memoryview(held)[end + 4 :]
            data = held[end + 4 :]
            self._pass_over(head)

    def _hold(self, held: bytes, seen: int) -> None:
        if len(held) >= self._max_head:
            raise broken("its head is too large")
        # Said at once instead of by a time-out: another protocol, or one whose lines end in LF.
        if not held.startswith(b"HTTP/1."[: len(held)]) or _BARE_LF.search(held, seen):
            raise broken("it is not HTTP/1.1")
        self._held = held

    def _pass_over(self, head: AnswerHead) -> None:
        self._interim_heads += 1
        if head.status == 101:
            raise broken("it switches to a protocol that nobody asked for")
        if head.is_framed:
            raise broken("an interim head (1xx) that announces a body")
        if self._interim_heads > _MOST_INTERIM_HEADS:
            raise broken("too many interim heads (1xx)")

    def _framing_of(self, head: AnswerHead) -> Framing:
        if not self.has_body:
            return LengthFraming(0)
        if head.chunked:
            return ChunkedFraming(self._max_head)
        return CloseFraming() if head.content_length is None else LengthFraming(head.content_length)
