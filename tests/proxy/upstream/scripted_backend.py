"""A backend that does what a test's script says, byte by byte, over real sockets; and what tests of the upstream side share."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream import Origin, Pool, Timeouts, request_head

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TIMEOUTS = Timeouts(connect=2, head=2, idle=2)


class Visit:
    """One connection, as the backend sees it."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """The head of the next request.

        :raises asyncio.IncompleteReadError: there is none.
        """
        return await self.reader.readuntil(b"\r\n\r\n")

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Until the other side closes."""
        while await self.reader.read(65_536):
            pass


Script = Callable[[Visit], Awaitable[None]]


class ScriptedBackend:
    """Runs the script for each connection and closes it at the script's end."""

    def __init__(self, script: Script) -> None:
        self.origin = Origin("http", "127.0.0.1", 0)
        self.visits: list[Visit] = []
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, context: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0, ssl=context)
        self.origin = Origin("https" if context else "http", "127.0.0.1", self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        visit = Visit(len(self.visits) + 1, reader, writer)
        self.visits.append(visit)
        try:
            await self._script(visit)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()


def says(*answers: bytes) -> Script:
    """Each request of a connection gets the next of the answers; after the last, the connection is closed."""

    async def script(visit: Visit) -> None:
        for answer in answers:
            await visit.request()
            await visit.say(answer)

    return script


async def answers_for_ever(visit: Visit) -> None:
    """Each request gets "ok"."""
    while True:
        await visit.request()
        await visit.say(OK)


def get(target: str = "/", verb: str = "GET") -> bytes:
    return request_head(verb, target, [(b"Host", b"backend.example")])


def post(body: bytes) -> bytes:
    return request_head("POST", "/", [(b"Host", b"backend.example"), (b"Content-Length", b"%d" % len(body))])


async def fetch(pool: Pool, origin: Origin, head: bytes | None = None, body: bytes = b"") -> tuple[int, bytes]:
    """Status and whole body."""
    answer = await pool.send(origin, get() if head is None else head, body)
    whole = await answer.read(1_000_000_000)
    assert whole is not None
    return answer.status, whole


async def reason_of(attempt: Awaitable[object]) -> Reason:
    """Why something is refused. Fails when it is not."""
    try:
        result = await attempt
    except Refusal as refusal:
        return refusal.reason
    raise AssertionError(f"not refused: {result!r}")


async def until(condition: Callable[[], bool]) -> None:
    """Wait, two seconds at most, for what another task brings about."""
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110  what is waited for is a count, not an event
            await asyncio.sleep(0.005)
