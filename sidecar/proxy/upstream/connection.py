"""One connection to a backend. It carries one request and its answer at a time, and holds neither more than it must nor a doubt."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.answer_head import AnswerHead, broken
from sidecar.proxy.upstream.answer_reader import AnswerReader
from sidecar.proxy.upstream.inbox import Inbox
from sidecar.proxy.upstream.origin import Origin

_PIECE = 65_536
"""Bytes of a request's body between two looks at what the backend says."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect (with TLS); from the request's last byte to the answer's head; without progress in a body."""

    connect: float
    head: float
    idle: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes: of an answer's head; of an answer's body that wait for whoever reads it, before the backend is held back."""

    head: int
    read_buffer: int


class DiedUnanswered(Refusal):
    """The connection ended before a byte of answer came. For a kept one that says little: the backend may just have closed it."""

    def __init__(self) -> None:
        super().__init__(Reason.BACKEND_BROKEN, "the backend closed the connection without an answer")


class Connection(asyncio.Protocol):
    """At rest until `ask`; then `next_chunk` until `spent`; then `rest`, where `reusable`, or `abort`.

    :ivar lost: done once the connection is closed.
    :ivar rested_at: loop time of the last `rest`, kept by the pool.
    """

    def __init__(self, origin: Origin, timeouts: Timeouts, limits: Limits, when_lost: Callable[["Connection"], None]) -> None:
        self.origin = origin
        self.rested_at = 0.0
        self._timeouts = timeouts
        self._limits = limits
        self._when_lost = when_lost
        self._loop = asyncio.get_running_loop()
        self.lost = self._loop.create_future()
        self._transport: asyncio.Transport
        self._inbox: Inbox
        self._reader: AnswerReader | None = None
        self._failure: Refusal | None = None
        self._writing_paused = False
        self._sent = False
        self._waiter: asyncio.Future[None] | None = None

    # What the pool and an answer ask of it.

    @property
    def usable(self) -> bool:
        """At rest and, as far as is known, open."""
        return self._reader is None and self._failure is None and not self._transport.is_closing()

    @property
    def spent(self) -> bool:
        """Whether the answer is whole and handed out to its last byte."""
        return self._reader is not None and self._reader.done and not self._inbox and self._failure is None

    @property
    def reusable(self) -> bool:
        """Whether it may serve another request: the answer has a certain end, the request is sent, and both sides keep it open."""
        return (
            self.spent
            and self._sent
            and self._reader is not None
            and self._reader.reusable
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()
        )

    @property
    def has_chunk(self) -> bool:
        """Whether some of the body is there and not yet handed out."""
        return bool(self._inbox)

    @property
    def has_body(self) -> bool:
        """Whether the answer is of a kind that has a body."""
        return self._reader is not None and self._reader.has_body

    async def ask(self, head: bytes, body: bytes, *, bodyless_answer: bool) -> AnswerHead:
        """Send a request and wait for the head of its answer.

        :raises Refusal: and the connection is gone; DiedUnanswered where not a byte of answer came.
        """
        self._reader = reader = AnswerReader(self._limits.head, bodyless_answer=bodyless_answer)
        self._sent = False
        try:
            await self._send(reader, head, body)
            deadline = self._loop.time() + self._timeouts.head
            while reader.head is None:
                await self._wait(deadline, Reason.BACKEND_HEAD_TIMEOUT, "the backend did not answer in time")
            # A body that is already known to be broken is better refused now than when its head is on its way to the client.
            self._raise_failure()
        except BaseException:
            self.abort()
            raise
        return reader.head

    async def next_chunk(self) -> bytes:
        """Some bytes of the body; empty at its true end.

        :raises Refusal: BACKEND_BROKEN when it is cut short, BACKEND_IDLE_TIMEOUT when it stood still; the connection is gone.
        """
        deadline = self._loop.time() + self._timeouts.idle
        while not self._inbox:
            if self.spent:
                return b""
            try:
                await self._wait(deadline, Reason.BACKEND_IDLE_TIMEOUT, "the backend's answer stood still")
            except BaseException:
                self.abort()
                raise
        return self._inbox.take()

    def rest(self) -> None:
        """Forget the answer that is spent. From here on a single byte that arrives ends the connection."""
        self._reader = None

    def abort(self) -> None:
        """Drop it; what is queued is lost, and whoever still waits is told."""
        self._inbox.clear()
        self._fail(broken("it was given up"))

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The transport opens, after TLS."""
        self._transport = cast("asyncio.Transport", transport)
        self._inbox = Inbox(self._transport, self._limits.read_buffer)

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer. Without a question they are nobody's, and would be taken for the answer to the next one."""
        if self._failure is not None:
            return
        if self._reader is None:
            self._fail(broken("it came before a request"))
            return
        try:
            chunk = self._reader.feed(data)
        except Refusal as refusal:
            self._fail(refusal)
            return
        if chunk:
            self._inbox.put(chunk)
        if chunk or self._reader.head is not None:
            self._wake()

    def eof_received(self) -> None:
        """The backend sends no more; returning None lets the transport close."""
        reader = self._reader
        if reader is not None and reader.begun and not reader.done and self._failure is None and self._is_true_end():
            try:
                reader.end()
            except Refusal as refusal:
                self._fail(refusal)
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed, by whomever. What ends here without `eof_received` and before its end is cut short."""
        reader = self._reader
        if self._failure is None and not (reader is not None and reader.done):
            begun = reader is not None and reader.begun
            self._failure = broken("its connection broke off") if begun else DiedUnanswered()
        self.lost.set_result(None)
        self._wake()
        self._when_lost(self)

    def pause_writing(self) -> None:
        """The backend takes less than is sent."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writing_paused = False
        self._wake()

    # Sending.

    async def _send(self, reader: AnswerReader, head: bytes, body: bytes) -> None:
        """Hand the request to the transport, with an ear open: a backend may answer before it has read everything, and close."""
        self._raise_failure()
        if len(body) <= _PIECE:
            self._transport.write(head + body if body else head)
            rest = memoryview(b"")
        else:
            self._transport.write(head)
            rest = memoryview(body)
        while reader.head is None:
            await self._until_writable(reader)
            if not rest:
                break
            self._transport.write(rest[:_PIECE])
            rest = rest[_PIECE:]
            # Reading goes first: a write to a backend that has answered and closed fails, and takes the answer along.
            await asyncio.sleep(0)
            self._raise_failure()
        if rest and reader.head is not None and reader.head.status < 300 and reader.head.keep_alive:
            # No refusal, so it still wants the rest (RFC 9112 9.5); the transport sends it while the answer is read.
            self._transport.write(rest)
            rest = rest[:0]
        self._sent = not rest

    async def _until_writable(self, reader: AnswerReader) -> None:
        while self._writing_paused and reader.head is None:
            deadline = self._loop.time() + self._timeouts.idle
            await self._wait(deadline, Reason.BACKEND_IDLE_TIMEOUT, "the backend stopped reading the request")

    # Ends.

    def _is_true_end(self) -> bool:
        """Over TLS only `close_notify` ends an answer; a bare end of TCP may be somebody's cut (RFC 9112 9.8)."""
        tls = self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or not tls.read(1)
        except ssl.SSLError as error:
            return isinstance(error, ssl.SSLZeroReturnError)

    def _fail(self, refusal: Refusal) -> None:
        if self._failure is None:
            self._failure = refusal
        self._transport.abort()
        self._wake()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # Waiting: one waiter at most, woken by whatever happens, with one deadline.

    async def _wait(self, deadline: float, reason: Reason, problem: str) -> None:
        """Until something happens.

        :raises Refusal: the connection failed, now or before; `reason` where nothing came until `deadline` (loop time).
        """
        self._raise_failure()
        self._waiter = self._loop.create_future()
        timer = self._loop.call_at(deadline, self._expire, reason, problem)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _expire(self, reason: Reason, problem: str) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._fail(Refusal(reason, problem))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
