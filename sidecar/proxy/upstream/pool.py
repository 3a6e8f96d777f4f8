"""Sends requests to backends over connections that are kept open between them."""

import asyncio
import time

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.answer import Answer
from sidecar.proxy.upstream.connect import connect
from sidecar.proxy.upstream.connection import Connection, DiedUnanswered, Limits, Timeouts, Watcher
from sidecar.proxy.upstream.known_heads import KnownHeads
from sidecar.proxy.upstream.later import Later
from sidecar.proxy.upstream.origin import Origin

_REPEATABLE = (b"GET ", b"HEAD ", b"OPTIONS ")


class Pool:
    """Belongs to the event loop in which it is first used.

    :param idle_seconds: after which a connection that nobody used is closed; within a second more.
    :param max_idle_per_origin: how many are kept; over it, the one unused for longest goes.
    :param max_head: bytes of an answer's head, and of a chunked body's trailers.
    :param read_buffer: bytes of one answer that wait for its reader before the backend is held back.
    """

    def __init__(
        self,
        timeouts: Timeouts,
        *,
        idle_seconds: float = 60.0,
        max_idle_per_origin: int = 64,
        max_head: int = 65_536,
        read_buffer: int = 262_144,
    ) -> None:
        self._timeouts = timeouts
        self._limits = Limits(max_head, read_buffer)
        self._idle_seconds = idle_seconds
        self._max_idle = max_idle_per_origin
        self._tick = min(1.0, min(timeouts.head, timeouts.idle, idle_seconds) / 4)
        self._open: set[Connection] = set()
        self._idle: dict[Origin, list[Connection]] = {}
        self._clock: asyncio.TimerHandle | None = None
        self._closed = False
        self._later = Later()
        self._known_heads = KnownHeads()

    @property
    def open_connections(self) -> int:
        """How many there are, in use or not."""
        return len(self._open)

    @property
    def idle_connections(self) -> int:
        """How many of them wait for a request."""
        return sum(map(len, self._idle.values()))

    def begin(self, origin: Origin, head: bytes, watcher: Watcher) -> Connection | None:
        """Send a request without body at once where a kept connection is free; None where one must be opened.

        :param watcher: as for `Connection.begin`. Once the answer is `done`, give the connection to `settle`. `DiedUnanswered` calls for
            `begin_anew`.
        """
        connection = self._take(origin)
        if connection is not None:
            connection.begin(head, watcher, self._later)
        return connection

    async def begin_anew(self, origin: Origin, head: bytes, watcher: Watcher) -> Connection:
        """As `begin`, on a new connection.

        :raises Refusal: BACKEND_UNREACHABLE, BACKEND_CONNECT_TIMEOUT; DRAINING once the pool is closed.
        """
        connection = await self._connect(origin)
        connection.begin(head, watcher, self._later)
        return connection

    def settle(self, connection: Connection) -> None:
        """What becomes of a connection whose answer is read."""
        if self._closed or not connection.reusable:
            connection.unwatch()
            connection.abort()
            return
        connection.rest()
        idle = self._idle.get(connection.origin)
        if idle is None:
            idle = self._idle[connection.origin] = []
        idle.append(connection)
        if len(idle) > self._max_idle:
            idle.pop(0).abort()

    async def send(self, origin: Origin, head: bytes, body: bytes = b"", *, bodyless_answer: bool = False) -> Answer:
        """Send a request; the answer as soon as its head is there.

        A request is repeated once, on a new connection, only if nothing can be carried out twice by that: it has no body, its
        verb only asks, and a kept connection ended before a byte of answer came.

        :param head: as `request_head` makes it, with the framing that fits `body`.
        :param bodyless_answer: the request is a HEAD.
        :raises Refusal: BACKEND_UNREACHABLE, BACKEND_CONNECT_TIMEOUT, BACKEND_HEAD_TIMEOUT, BACKEND_IDLE_TIMEOUT (it stopped
            reading the request), BACKEND_BROKEN; DRAINING once the pool is closed.
        """
        began = time.perf_counter()
        connection = self._take(origin)
        if connection is not None:
            try:
                answer_head = await connection.ask(head, body, bodyless_answer=bodyless_answer)
            except DiedUnanswered:
                if body or not head.startswith(_REPEATABLE):
                    raise
                connection = None
        if connection is None:
            connection = await self._connect(origin)
            answer_head = await connection.ask(head, body, bodyless_answer=bodyless_answer)
        return Answer(answer_head, connection, self.settle, time.perf_counter() - began)

    async def close(self) -> None:
        """Drop all connections, also those in use, and wait until they are gone."""
        self._closed = True
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None
        dropped = list(self._open)
        for connection in dropped:
            connection.abort()
        if dropped:
            await asyncio.wait([connection.lost for connection in dropped])

    def _take(self, origin: Origin) -> Connection | None:
        """The kept connection that was used last: the likeliest to be open, and the others get a chance to age."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
            connection.abort()
        return None

    async def _connect(self, origin: Origin) -> Connection:
        self._refuse_when_closed()
        connection = await connect(
            origin, lambda: Connection(origin, self._timeouts, self._limits, self._forget, self._known_heads), self._timeouts.connect
        )
        if not connection.lost.done():
            self._open.add(connection)
            if self._clock is None:
                self._clock = asyncio.get_running_loop().call_later(self._tick, self._look_around)
        try:
            self._refuse_when_closed()
        except Refusal:
            connection.abort()
            raise
        return connection

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Refusal(Reason.DRAINING)

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        idle = self._idle.get(connection.origin, [])
        if connection in idle:
            idle.remove(connection)

    def _look_around(self) -> None:
        """End what takes too long, and close what nobody used for long. One timer for all, and none while nothing is open."""
        self._clock = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in [each for each in self._open if each.deadline <= now]:
            connection.expire()
        for idle in self._idle.values():
            while idle and idle[0].rested_at <= now - self._idle_seconds:
                idle.pop(0).abort()
        if self._open:
            self._clock = loop.call_later(self._tick, self._look_around)
