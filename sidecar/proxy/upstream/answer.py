"""A backend's answer: its head, and its body piece by piece as it comes."""

from collections.abc import Callable

from sidecar.proxy.upstream.answer_head import AnswerHead
from sidecar.proxy.upstream.connection import Connection, Watcher


class Answer:
    """Must be read to its end or aborted: until then it occupies a connection.

    :ivar headers: as received: order kept, names as spelled, values without the blanks around them.
    :ivar content_length: what the head says; also where there is no body (HEAD, 304).
    :ivar has_body: False for answers that by nature end at their head: to HEAD, and 204 and 304.
    :ivar upstream_seconds: from the request's handing over, a connection's opening included, to this head.
    """

    __slots__ = ("_connection", "_settle", "content_length", "has_body", "head", "headers", "phrase", "status", "upstream_seconds")

    def __init__(self, head: AnswerHead, connection: Connection, settle: Callable[[Connection], None], upstream_seconds: float) -> None:
        self.status = head.status
        self.phrase = head.phrase
        self.head = head
        self.headers = head.headers
        self.content_length = head.content_length
        self.has_body = connection.has_body
        self.upstream_seconds = upstream_seconds
        self._settle = settle
        self._connection: Connection | None = connection
        self._let_go_when_spent(connection)

    def hand_over(self, watcher: Watcher) -> tuple[Connection | None, bytes]:
        """The connection, for callbacks, with what is there of the body; None where the answer is spent. It is no longer this one's."""
        connection, self._connection = self._connection, None
        return connection, b"" if connection is None else connection.hand_over(watcher)

    async def next_chunk(self) -> bytes:
        """Some bytes of the body without its transfer coding, with its content coding; empty at the true end.

        :raises Refusal: BACKEND_BROKEN, the body is cut short or badly framed; BACKEND_IDLE_TIMEOUT, it stood still.
        """
        connection = self._connection
        if connection is None:
            return b""
        chunk = await connection.next_chunk()
        self._let_go_when_spent(connection)
        return chunk

    async def read(self, limit: int) -> bytes | None:
        """The whole body; None where it has more than `limit` bytes, and the rest is not read.

        :raises Refusal: as `next_chunk`.
        """
        chunks: list[bytes] = []
        room = limit
        while chunk := await self.next_chunk():
            room -= len(chunk)
            if room < 0:
                self.abort()
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    def abort(self) -> None:
        """Drop the connection, unless the answer is read to its end. What is left of it can't be read any more."""
        if self._connection is not None:
            self._connection.abort()

    def _let_go_when_spent(self, connection: Connection) -> None:
        if connection.spent:
            self._connection = None
            self._settle(connection)
