"""A backend that answers one call with 1 GB as quickly as it is let, and counts what it got rid of."""

import contextlib
import socket
from threading import Thread
from types import TracebackType

SIZE = 1024**3
_PIECE = b" " * 65_536


class EndlessBackend:
    """Serves one connection while it is entered. `sent` grows; `ended` is set once the reader has gone or has everything."""

    def __init__(self) -> None:
        self.sent = 0
        self.ended = False
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve, daemon=True)

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    def __enter__(self) -> "EndlessBackend":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while not self.ended:
                connection, _ = self._listening.accept()
                with connection, contextlib.suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65_536)
            if not data:
                return  # somebody who only looked whether it listens
            head += data
        try:
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {SIZE}\r\n\r\n".encode())
            while self.sent < SIZE:
                self.sent += connection.send(_PIECE)
        finally:
            self.ended = True
