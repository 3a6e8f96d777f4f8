"""One connection to a backend. It carries one request and its answer at a time, and holds neither more than it must nor a doubt."""

import asyncio
import math
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.answer_head import AnswerHead, broken
from sidecar.proxy.upstream.answer_reader import AnswerReader
from sidecar.proxy.upstream.framing import Piece
from sidecar.proxy.upstream.inbox import Inbox
from sidecar.proxy.upstream.known_heads import KnownHeads
from sidecar.proxy.upstream.later import Later
from sidecar.proxy.upstream.origin import Origin

_PIECE = 65_536
"""Bytes of a request's body between two looks at what the backend says."""
_NO_HEAD = (Reason.BACKEND_HEAD_TIMEOUT, "the backend did not answer in time")
_STOOD_STILL = (Reason.BACKEND_IDLE_TIMEOUT, "the backend's answer stood still")
_STOPPED_READING = (Reason.BACKEND_IDLE_TIMEOUT, "the backend stopped reading the request")


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


def _nobody(_chunk: Piece) -> None:
    """Watches a connection in which nobody is interested."""


Watcher = Callable[[Piece], None]
"""Is told whenever something happened, with what came of the body, maybe nothing; then looks at `failure`, `head` and `done`."""


class Connection(asyncio.Protocol):
    """At rest until asked; then busy until the answer is read; then `rest`, where `reusable`, or `abort`.

    It can be used by a coroutine, which waits (`ask`, `next_chunk` until `spent`), or by callbacks, which are told (`begin`, or
    `hand_over` in the midst, until `done`). Both see the same states.

    :ivar lost: done once the connection is closed.
    :ivar rested_at: loop time of the last `rest`.
    :ivar failure: why it is of no more use. What came before is still handed out.
    :ivar deadline: loop time after which the pool calls `expire`.
    """

    __slots__ = (
        "_inbox",
        "_late",
        "_limits",
        "_loop",
        "_paused",
        "_read_head",
        "_reader",
        "_sent",
        "_timeouts",
        "_transport",
        "_unsent",
        "_waiter",
        "_watcher",
        "_when_lost",
        "_writing_paused",
        "deadline",
        "failure",
        "lost",
        "origin",
        "rested_at",
    )

    def __init__(
        self,
        origin: Origin,
        timeouts: Timeouts,
        limits: Limits,
        when_lost: Callable[["Connection"], None],
        known_heads: KnownHeads | None = None,
    ) -> None:
        """:param known_heads: shared with other connections."""
        self.origin = origin
        self.rested_at = 0.0
        self._timeouts = timeouts
        self._limits = limits
        self._when_lost = when_lost
        self._read_head = (known_heads or KnownHeads()).read
        self._loop = asyncio.get_running_loop()
        self.lost = self._loop.create_future()
        self._transport: asyncio.Transport
        self._inbox: Inbox
        self._reader: AnswerReader | None = None
        self.failure: Refusal | None = None
        self._writing_paused = False
        self._sent = False
        self._unsent = b""
        self._paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._watcher: Watcher = _nobody
        self._late = _NO_HEAD
        self.deadline = math.inf

    # What the pool and an answer ask of it.

    @property
    def usable(self) -> bool:
        """At rest and, as far as is known, open."""
        return self._reader is None and self.failure is None and not self._transport.is_closing()

    @property
    def spent(self) -> bool:
        """Whether the answer is whole and handed out to its last byte."""
        return self._reader is not None and self._reader.done and not self._inbox.size and self.failure is None

    @property
    def reusable(self) -> bool:
        """Whether it may serve another request: the answer has a certain end, the request is sent, and both sides keep it open."""
        return (
            self._sent
            and self.failure is None
            and self._reader is not None
            and self._reader.reusable
            and not self._inbox.size
            and not self._transport.is_closing()
            and not self._transport.get_write_buffer_size()
        )

    @property
    def head(self) -> AnswerHead | None:
        """The answer's head, once it is there."""
        return None if self._reader is None else self._reader.head

    @property
    def done(self) -> bool:
        """Whether the answer has come to its true end."""
        return self._reader is not None and self._reader.done

    @property
    def has_body(self) -> bool:
        """Whether the answer is of a kind that has a body."""
        return self._reader is not None and self._reader.has_body

    async def ask(self, head: bytes, body: bytes, *, bodyless_answer: bool) -> AnswerHead:
        """Send a request and wait for the head of its answer.

        :raises Refusal: and the connection is gone; DiedUnanswered where not a byte of answer came.
        """
        self._reader = reader = AnswerReader(self._limits.head, self._read_head, bodyless_answer=bodyless_answer)
        self._sent = False
        self._watcher = self._keep
        try:
            await self._send(reader, head, body)
            deadline = self._loop.time() + self._timeouts.head
            while reader.head is None:
                await self._wait(deadline, _NO_HEAD)
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
        while not self._inbox.size:
            if self.spent:
                return b""
            try:
                await self._wait(deadline, _STOOD_STILL)
            except BaseException:
                self.abort()
                raise
        return self._inbox.take()

    def begin(self, head: bytes, watcher: Watcher, later: Later) -> None:
        """Send a request without body, at the end of this turn of the loop; what comes of it is told to `watcher`."""
        self._reader = AnswerReader(self._limits.head, self._read_head, bodyless_answer=False)
        self._sent = True
        self._late = _NO_HEAD
        self.deadline = self._loop.time() + self._timeouts.head
        self._watcher = watcher
        self._unsent = head
        later.add(self._send_unsent)

    def _send_unsent(self) -> None:
        head, self._unsent = self._unsent, b""
        if head and self.failure is None:
            self._transport.write(head)

    def hand_over(self, watcher: Watcher) -> bytes:
        """What is there of the body; from now on `watcher` is told of more."""
        self._watcher = watcher
        held: list[bytes] = []
        while self._inbox.size:
            held.append(self._inbox.take())
        return b"".join(held)

    def await_more(self) -> None:
        """Give the backend time for more of the body."""
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self._late = _STOOD_STILL
        self.deadline = self._loop.time() + self._timeouts.idle

    def pause(self) -> None:
        """Hold the backend back: nobody takes more for now, and that is not its fault."""
        self.deadline = math.inf
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def unwatch(self) -> None:
        """Tell nobody any more."""
        self._watcher = _nobody

    def rest(self) -> None:
        """Forget the answer that is spent. From here on a single byte that arrives ends the connection."""
        self._reader = None
        self._watcher = _nobody
        self.deadline = math.inf
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        self.rested_at = self._loop.time()

    def expire(self) -> None:
        """The time is over for what is waited for."""
        self.deadline = math.inf
        self._fail(Refusal(*self._late))

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
        reader = self._reader
        if self.failure is not None:
            return
        if reader is None:
            self._fail(broken("it came before a request"))
            return
        if self._unsent:
            # Nobody's either. What is to be sent was not, so it can be asked elsewhere.
            self._fail(DiedUnanswered())
            return
        try:
            chunk = reader.feed(data)
        except Refusal as refusal:
            self._fail(refusal)
            return
        if chunk or reader.head is not None:
            self._watcher(chunk)

    def eof_received(self) -> None:
        """The backend sends no more; returning None lets the transport close."""
        reader = self._reader
        if reader is not None and reader.begun and not reader.done and self.failure is None and self._is_true_end():
            try:
                reader.end()
            except Refusal as refusal:
                self._fail(refusal)
            self._watcher(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed, by whomever. What ends here without `eof_received` and before its end is cut short."""
        reader = self._reader
        if self.failure is None and not (reader is not None and reader.done):
            begun = reader is not None and reader.begun
            self.failure = broken("its connection broke off") if begun else DiedUnanswered()
        self.lost.set_result(None)
        self._watcher(b"")
        self._when_lost(self)

    def pause_writing(self) -> None:
        """The backend takes less than is sent."""
        self._writing_paused = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writing_paused = False
        self._watcher(b"")

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
            await self._wait(deadline, _STOPPED_READING)

    # Ends.

    def _is_true_end(self) -> bool:
        """Over TLS only `close_notify` ends an answer; a bare end of TCP may be somebody's cut (RFC 9112 9.8)."""
        tls = self._transport.get_extra_info("ssl_object")
        try:
            return tls is None or not tls.read(1)
        except ssl.SSLError as error:
            return isinstance(error, ssl.SSLZeroReturnError)

    def _fail(self, refusal: Refusal) -> None:
        if self.failure is None:
            self.failure = refusal
        self._transport.abort()
        self._watcher(b"")

    def _raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    # Waiting: by whatever happens, and with one deadline.

    async def _wait(self, deadline: float, late: tuple[Reason, str]) -> None:
        """Until something happens.

        :raises Refusal: the connection failed, now or before; `late` where nothing came until `deadline` (loop time).
        """
        self._raise_failure()
        waiter = self._loop.create_future()
        self._waiter = waiter
        self._late, self.deadline = late, deadline
        try:
            await waiter
        finally:
            self._waiter, self.deadline = None, math.inf

    def _keep(self, chunk: Piece) -> None:
        """Watches for a coroutine, which may be waiting."""
        if chunk:
            self._inbox.put(bytes(chunk))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
