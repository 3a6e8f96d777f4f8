"""One call on its way: asked of the backend, its answer passed on piece by piece. Callbacks, no task: this is the path of most requests.

Nothing is gathered, and a slow reader holds the backend back. When the backend's answer breaks off, so does the client's connection:
an answer cut short must never look whole.
"""

import math
from time import perf_counter
from typing import Protocol

from sidecar.errors import Refusal
from sidecar.proxy.answer_headers import relayed_head
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.upstream import Answer, AnswerHead, Backend, DiedUnanswered, Later, Origin, Piece, Watched
from sidecar.record.exchange import Exchange

_CHUNKED = b"Transfer-Encoding: chunked\r\n"
_SMALL = 16_384
"""Bytes that are rather copied than written by themselves."""


class Keeper(Protocol):
    """Who is told how it ended. Exactly one of these is called, once."""

    def done(self, exchange: Exchange) -> None:
        """The answer is on its way, or will never be whole."""

    def refuse(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, refusal: Refusal) -> None:
        """There is no answer to pass on."""

    def fault(self, client: ClientConnection, exchange: Exchange, error: Exception) -> None:
        """Something went wrong here, in the midst of an answer."""


class Forwarding:
    """Begun by `ask`, or by `relay` where the answer was fetched otherwise."""

    __slots__ = (
        "_asked_at",
        "_begun",
        "_chunked",
        "_client",
        "_connection",
        "_exchange",
        "_head",
        "_keeper",
        "_kept",
        "_late_head",
        "_late_heads",
        "_origin",
        "_over",
        "_patience",
        "_pool",
        "_request",
    )

    def __init__(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        pool: Backend,
        late_heads: Later,
        patience: float,
        keeper: Keeper,
    ) -> None:
        """:param patience: seconds that the client may take to make room for more."""
        self._request = request
        self._client = client
        self._exchange = exchange
        self._pool = pool
        self._patience = patience
        self._late_heads = late_heads
        self._keeper = keeper
        self._begun = False
        self._connection: Watched | None = None
        self._kept = True
        self._chunked = False
        self._late_head = b""
        self._over = False
        client.on_lost = self._client_lost

    def ask(self, origin: Origin, head: bytes) -> None:
        """Send a request without body to the backend, and pass its answer on once it comes."""
        self._origin = origin
        self._head = head
        self._asked_at = perf_counter()
        self._connection = self._pool.begin(origin, head, self._look)
        if self._connection is None:
            self._kept = False
            self._client.attend(self._ask_anew())

    def relay(self, answer: Answer) -> None:
        """Pass this answer on."""
        try:
            self._connection, held = answer.hand_over(self._look)
            self._begin(answer.head, held, answer.upstream_seconds, has_body=answer.has_body)
        except Exception as error:
            self._fault(error)

    async def _ask_anew(self) -> None:
        try:
            self._connection = await self._pool.begin_anew(self._origin, self._head, self._look)
        except Refusal as refusal:
            self._end()
            self._keeper.refuse(self._request, self._client, self._exchange, refusal)
        except Exception as error:
            self._fault(error)

    def _look(self, chunk: Piece) -> None:
        """Something happened at the backend's side."""
        connection = self._connection
        if self._over or connection is None:
            return
        try:
            if self._begun:
                if chunk:
                    self._write(chunk)
                self._go_on()
            elif connection.failure is not None:
                self._without_answer(connection, connection.failure)
            elif connection.head is not None:
                self._begin(connection.head, chunk, perf_counter() - self._asked_at, has_body=connection.has_body)
        except Exception as error:
            self._fault(error)

    def _without_answer(self, connection: Watched, failure: Refusal) -> None:
        connection.unwatch()
        self._connection = None
        if isinstance(failure, DiedUnanswered) and self._kept:
            # It was kept, so the backend may just have closed it. Nothing is carried out twice by asking once more.
            self._kept = False
            self._client.attend(self._ask_anew())
        else:
            self._end()
            self._keeper.refuse(self._request, self._client, self._exchange, failure)

    def _begin(self, head: AnswerHead, chunk: Piece, seconds: float, *, has_body: bool) -> None:
        """The head is there, maybe with some of the body."""
        self._begun = True
        client, exchange = self._client, self._exchange
        exchange.status, exchange.backend_seconds = head.status, seconds
        length = head.content_length
        if length is not None:
            framing = b"Content-Length: %d\r\n" % length
        else:
            self._chunked = has_body and self._request.chunks_are_known
            framing = _CHUNKED if self._chunked else b""
        framing += client.connection_line(framed=self._chunked or length is not None or not has_body)
        answer_head = relayed_head(self._request, head, framing, exchange.reference)
        self._late_head = answer_head
        if chunk:
            self._write(chunk)
        self._go_on()
        if self._late_head:
            self._late_heads.add(self._send_head)

    def _go_on(self) -> None:
        """What is next, now that all that has come is handed over."""
        client, connection = self._client, self._connection
        if connection is None or connection.done:
            if self._late_head:
                self._send_head()
            if self._chunked:
                client.write(b"0\r\n\r\n")
            self._end()
            if connection is not None:
                self._pool.settle(connection)
            self._keeper.done(self._exchange)
            client.finish()
        elif connection.failure is not None:
            self._break_off(connection.failure)
        elif client.full:
            client.on_room = self._room
            connection.pause()
            if client.deadline == math.inf:
                client.be_patient(self._patience)
        else:
            connection.await_more()

    def _room(self) -> None:
        """The client takes bytes again."""
        self._client.deadline = math.inf
        self._look(b"")

    # Ends.

    def _break_off(self, failure: Refusal) -> None:
        nothing_sent = bool(self._late_head)
        self._end()
        if nothing_sent:
            self._keeper.refuse(self._request, self._client, self._exchange, failure)
            return
        self._exchange.reason, self._exchange.detail = failure.reason, failure.detail
        self._client.hang_up()
        self._keeper.done(self._exchange)

    def _client_lost(self) -> None:
        self._exchange.detail = "the client went away or stopped reading"
        self._give_up()
        self._keeper.done(self._exchange)

    def _fault(self, error: Exception) -> None:
        """A fault of ours. Without an end the client would wait for ever."""
        self._give_up()
        self._keeper.fault(self._client, self._exchange, error)

    def _give_up(self) -> None:
        self._end()
        if self._connection is not None:
            self._connection.unwatch()
            self._connection.abort()

    def _end(self) -> None:
        self._over = True
        self._late_head = b""  # a clock may still call for it
        self._client.on_lost = self._client.on_room = None

    # Framing of our own.

    def _send_head(self) -> None:
        """The moment is over for which the head waited for the body."""
        head, self._late_head = self._late_head, b""
        if head:
            self._client.write(head)

    def _write(self, chunk: Piece) -> None:
        head, self._late_head = self._late_head, b""
        client, size = self._client, len(chunk)
        self._exchange.sent += size
        if self._chunked:
            client.write(b"%b%x\r\n" % (head, size))
            client.write(chunk)
            client.write(b"\r\n")
        elif head and size < _SMALL:
            client.write(head + chunk)
        else:
            if head:
                client.write(head)
            client.write(chunk)
