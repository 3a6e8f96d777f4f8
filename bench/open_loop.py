"""Load in an open loop: so many calls a second, come what may, as from many users who don't wait for each other.

A call's latency counts from the moment at which it was due, also when no connection was free for it then. A closed loop would simply
have asked later, and not have noticed that a user waited (coordinated omission).

Run as a process of its own:
`python -m bench.open_loop <port> <target> <file with Authorization values> <calls a second> <seconds> <first number>`
"""

import gc
import itertools
import json
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

_CONNECTIONS = 64
_PATIENCE = 10.0


class BrokenAnswerError(Exception):
    """An answer was refused, or broke off."""


class _Connection:
    """One connection with at most one call on its way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = b""
        self._missing = -1  # bytes of the body still to come; below zero while the head is incomplete

    def send(self, request: bytes) -> None:
        self._head, self._missing = b"", -1
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; True when the answer is complete.

        :raises BrokenAnswerError: when it is no answer with 200 and a length.
        """
        data = self.socket.recv(262_144)
        if not data:
            raise BrokenAnswerError("the connection was closed")
        if self._missing < 0:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return False
            if not head.startswith(b"HTTP/1.1 200"):
                raise BrokenAnswerError(head[:60].decode("latin-1"))
            self._missing = _length(head) - len(body)
        else:
            self._missing -= len(data)
        return self._missing == 0


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise BrokenAnswerError("an answer without Content-Length")


def latencies(port: int, requests: Iterator[bytes], rate: float, count: int, connections: int = _CONNECTIONS) -> list[float]:
    """Make `count` calls at `rate` a second.

    :returns: seconds from each call's due moment until the last byte of its answer.
    :raises BrokenAnswerError: at the first answer that is none.
    """
    idle = [_Connection(port) for _ in range(connections)]
    everyone = idle.copy()
    busy: dict[socket.socket, tuple[_Connection, float]] = {}
    waiting: deque[float] = deque()
    measured: list[float] = []
    clock: Callable[[], float] = time.perf_counter
    start = clock() + 0.05
    scheduled = 0
    try:
        while len(measured) < count:
            now = clock()
            while scheduled < count and start + scheduled / rate <= now:
                waiting.append(start + scheduled / rate)
                scheduled += 1
            while waiting and idle:
                connection = idle.pop()
                connection.send(next(requests))
                busy[connection.socket] = connection, waiting.popleft()
            patience = max(start + scheduled / rate - clock(), 0) if scheduled < count else _PATIENCE
            # select, because it alone waits to the microsecond; epoll counts in milliseconds.
            readable, _, _ = select.select(list(busy), [], [], patience)
            if not readable and scheduled == count and patience:
                raise BrokenAnswerError("an answer did not come")
            for each in readable:
                connection, due = busy[each]
                if connection.receive():
                    measured.append(clock() - due)
                    del busy[each]
                    idle.append(connection)
    finally:
        for connection in everyone:
            connection.socket.close()
    return measured


def requests_to(target: str, authorizations: list[str], first: int = 1) -> Iterator[bytes]:
    """Calls by the callers in turn, each with another number at the target's end."""
    for number, authorization in zip(itertools.count(first), itertools.cycle(authorizations)):
        headers = f"Host: 127.0.0.1\r\nAuthorization: {authorization}\r\nAccept: application/json\r\n"
        yield f"GET {target}{number} HTTP/1.1\r\n{headers}\r\n".encode()


def _main() -> None:
    port, target, callers, rate, seconds, first = sys.argv[1:]
    with suppress(OSError):
        # The kernel may otherwise wake a sleeper 50 µs late, to save power.
        Path("/proc/self/timerslack_ns").write_text("1")
    gc.disable()
    try:
        requests = requests_to(target, Path(callers).read_text().split("\n")[:-1], int(first))
        measured = latencies(int(port), requests, float(rate), int(float(rate) * float(seconds)))
    except (BrokenAnswerError, OSError) as problem:
        raise SystemExit(f"open loop: {problem}") from None
    print(json.dumps([round(each * 1e6, 1) for each in measured]))


if __name__ == "__main__":
    _main()
