"""The treacherous backend: keeps every request byte by byte, and serves whatever it can make a sense of."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.end_to_end.harness.question import Habits, Question, rows_of, understand
from tests.end_to_end.harness.soap import WSDL, answer_message, understand_message

BACKEND_TOKEN_DATA = "B0" * 32
FILE = bytes(range(256)) * 8
METAINFO = {
    "updateConnectors": [{"id": "PTREALIZATION", "description": "Nacalculatie"}, {"id": "KnPerson", "description": "hidden"}],
    "getConnectors": [
        {"id": name, "description": f"about {name}"} for name in ("Profit_Hours", "Profit_Secret", "Profit_Unguarded", "PROFIT_COUNTRIES")
    ],
    "info": {"envid": "O99999ZZ", "appName": "the sidecar's own", "group": "secret group", "tokenExpiry": "0"},
}


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came: nothing decoded, nothing in another order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int

    def values(self, name: str) -> list[str]:
        """Values of a header, in order."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]


@dataclass(slots=True)
class Visit:
    """A connection to the backend, in the hands of a script."""

    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    said: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, data: bytes) -> None:
        """Send, as far as the other side makes room."""
        self.writer.write(data)
        await self.writer.drain()
        self.said += len(data)


Script = Callable[[Visit, Received], Awaitable[None]]
"""Answers one request in its own way; the connection stays open unless it closes it."""


class TreacherousBackend:
    """Lives in the stage's event loop; what it recorded may be looked at from elsewhere.

    :ivar script: answers instead of the backend, while it is set.
    :ivar received: all requests since the last `take`.
    """

    def __init__(self) -> None:
        self.habits = Habits()
        self.script: Script | None = None
        self.received: list[Received] = []
        self.visits: list[Visit] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def take(self) -> list[Received]:
        """What came since the last time."""
        taken, self.received = self.received, []
        return taken

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0, limit=1 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop, whatever is still open."""
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
            while not writer.is_closing():
                received = await _read_request(reader, visit.number)
                self.received.append(received)
                if self.script is not None:
                    await self.script(visit, received)
                else:
                    await visit.say(self._answer(received))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            visit.gone.set()
            self._tasks.discard(task)
            writer.close()

    def _answer(self, received: Received) -> bytes:
        if received.target.partition("?")[0].lower().endswith(".asmx"):
            status, kind, body = self._soap(received)
            return b"HTTP/1.1 %d Fine\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (status, kind, len(body), body)
        question = understand(received.method, received.target, received.headers, self.habits)
        status, kind, body = self._content(question)
        length = b"" if status == 304 else b"Content-Length: %d\r\n" % len(body)
        return b"HTTP/1.1 %d Fine\r\nContent-Type: %s\r\n%s\r\n%s" % (status, kind, length, body)

    def _soap(self, received: Received) -> tuple[int, bytes, bytes]:
        if received.method == "GET":
            return 200, b"text/xml", WSDL.replace("BACKEND", f"127.0.0.1:{self.port}").encode()
        return 200, b"text/xml; charset=utf-8", answer_message(understand_message(received.target, received.body), self.habits)

    def _content(self, question: Question) -> tuple[int, bytes, bytes]:
        word = question.words[0].lower() if question.words else ""
        if question.connector:
            rows = rows_of(question, self.habits)
            page = {name: int(question.parameters.get(name, default)) for name, default in (("skip", "0"), ("take", "100"))}
            return 200, b"application/json", json.dumps({**page, "rows": rows}, separators=(",", ":")).encode()
        if word == "metainfo" and len(question.words) == 1:
            return 200, b"application/json", json.dumps(METAINFO).encode()
        if word in ("fileconnector", "imageconnector", "subjectconnector", "reportconnector"):
            return 200, b"application/octet-stream", FILE
        if question.verb == "POST":
            return 201, b"application/json", b'{"results":{}}'
        return 200, b"application/json", b'{"version":"22.22.5"}' if word == "profitversion" else b"{}"


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Received:
    """One request; framing is read laxly, as an old server would.

    :raises asyncio.IncompleteReadError: there is none.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _version = line.split(" ")
    headers = tuple((name, value.strip(" \t")) for name, _, value in (each.partition(":") for each in fields))
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    body = await reader.readexactly(int(lengths[0])) if lengths else b""
    return Received(method, target, headers, body, connection)
