"""A client of plain sockets: sends exactly the bytes of a test, and reads answers as strictly as it can."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

PATIENCE = 10.0
"""Seconds after which a test gives up; nothing waits for them when all is well."""


class BrokenOffError(Exception):
    """The connection ended before the answer did. `so_far` is what came."""

    def __init__(self, so_far: bytes) -> None:
        super().__init__(so_far[:200])
        self.so_far = so_far


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `interim` holds the status of each 1xx before it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    interim: tuple[int, ...] = ()

    def header(self, name: str) -> str:
        """The values of a header, joined by commas; "" without it."""
        return ", ".join(value for each, value in self.headers if each.lower() == name.lower())

    @property
    def reference(self) -> str:
        return self.header("X-Sidecar-Reference")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def rows(self) -> list[dict[str, str | None]]:
        assert self.status == 200, (self.status, self.body)
        rows: list[dict[str, str | None]] = self.json["rows"]
        return rows


class Wire:
    """One connection to the sidecar."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self._held = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, data: bytes) -> Answer:
        """Send and read the answer."""
        self.send(data)
        return self.answer(data.split(b" ", 1)[0].decode("latin-1"))

    def answer(self, verb: str = "GET") -> Answer:
        """The next answer.

        :raises BrokenOffError: the connection ended within it.
        """
        interim: list[int] = []
        while True:
            status, headers = self.head()
            if status >= 200:
                break
            interim.append(status)
        fields = {name.lower(): value for name, value in headers}
        assert not ("content-length" in fields and "transfer-encoding" in fields)
        if verb == "HEAD" or status in (204, 304):
            body = b""
        elif fields.get("transfer-encoding", "").lower() == "chunked":
            body = self._chunks()
        elif "content-length" in fields:
            body = self.take(int(fields["content-length"]))
        else:
            body = self.rest()
        return Answer(status, headers, body, tuple(interim))

    def head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Status and headers of the next head, 1xx included."""
        line, *fields = self._until(b"\r\n\r\n").decode("utf-8").removesuffix("\r\n\r\n").split("\r\n")
        version, status = line.split(" ")[:2]
        assert version in ("HTTP/1.1", "HTTP/1.0"), line
        return int(status), tuple((name, value.strip()) for name, _, value in (each.partition(":") for each in fields))

    def take(self, size: int) -> bytes:
        """So many bytes."""
        while len(self._held) < size:
            self._more()
        taken, self._held = self._held[:size], self._held[size:]
        return taken

    def rest(self) -> bytes:
        """Everything up to an orderly end.

        :raises BrokenOffError: the end was not orderly.
        """
        while True:
            try:
                data = self.socket.recv(65_536)
            except ConnectionError:
                raise BrokenOffError(self._held) from None
            if not data:
                taken, self._held = self._held, b""
                return taken
            self._held += data

    def ends(self) -> bytes:
        """What still comes until the sidecar closes, in whatever way. Fails by time-out if it does not."""
        try:
            return self.rest()
        except BrokenOffError as broken:
            return broken.so_far

    def _chunks(self) -> bytes:
        chunks: list[bytes] = []
        while size := int(self._until(b"\r\n"), 16):
            chunks.append(self.take(size))
            assert self.take(2) == b"\r\n"
        assert self.take(2) == b"\r\n"
        return b"".join(chunks)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._held:
            self._more()
        head, _, self._held = self._held.partition(mark)
        return head + mark

    def _more(self) -> None:
        try:
            data = self.socket.recv(65_536)
        except ConnectionError:
            raise BrokenOffError(self._held) from None
        if not data:
            raise BrokenOffError(self._held)
        self._held += data


def request(verb: str, target: str, authorization: str | None, *headers: str, body: bytes | None = None, version: str = "1.1") -> bytes:
    """The bytes of an ordinary request."""
    lines = [f"{verb} {target} HTTP/{version}", "Host: app.example"]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    lines += headers
    if body is not None and not _announces(headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def _announces(headers: Iterable[str]) -> bool:
    return any(header.lower().startswith(("content-length", "transfer-encoding")) for header in headers)


def chunked(body: bytes, size: int = 1000) -> bytes:
    """The body in chunks."""
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
