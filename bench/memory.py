"""Whether memory stays flat: a huge answer, a huge upload, a reader who doesn't read, and thousands of idle connections."""

import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from bench import work
from bench.arena import Arena, LeftOut
from bench.endless_backend import EndlessBackend
from bench.processes import Started
from bench.rounds import Contender
from bench.under_test import sidecar
from bench.wrk import Calls

IDLE_CONNECTIONS = 10_000
_SAMPLE_EVERY = 0.05
_SLOW_READER_WAITS = 3.0
_HUGE = 1024**3
_PIECE = memoryview(bytearray(262_144))


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """The most memory (PSS) that the sidecar was seen with, what it must stay under, and what else was seen."""

    name: str
    peak_mb: float
    must_mb: float
    seen: str


def room_for_connections(each: int = 1) -> int:
    """How many connections a process may have that opens this many files for each of them; raises the limit as far as it goes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return (most - 500) // each


def measure_memory(arena: Arena) -> list[MemoryRow]:
    """A row for each; every one with a sidecar of its own."""
    rows = []
    for name, measured in (
        ("1 GB answer", _huge_answer),
        ("1 GB upload", _huge_upload),
        ("a reader who stops reading a 1 GB answer", _slow_reader),
        (f"{IDLE_CONNECTIONS:,} idle connections", _idle_connections),
    ):
        arena.tell(f"memory: {name}")
        try:
            rows.append(measured(arena, name))
        except (LeftOut, OSError) as reason:
            arena.left_out[f"memory: {name}"] = str(reason)
    return rows


class _Watch:
    """Looks at the memory of processes now and then."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self._next = 0.0
        self.peak = 0

    def look(self, *, at_once: bool = False) -> None:
        if at_once or time.monotonic() >= self._next:
            self.peak = max(self.peak, self._started.pss_bytes())
            self._next = time.monotonic() + _SAMPLE_EVERY


@contextmanager
def _sidecar(arena: Arena) -> Iterator[Contender]:
    contender = arena.open(sidecar(), Calls(arena.callers))
    try:
        yield contender
    finally:
        arena.close(contender)


def _huge_answer(arena: Arena, name: str) -> MemoryRow:
    with _sidecar(arena) as contender:
        watch, began = _Watch(contender.started), time.monotonic()
        with _asked(contender.port, work.EXPORT) as client:
            received = _read(client, work.ANSWER_BYTES[work.EXPORT], watch.look)
        watch.look(at_once=True)
        if received < work.ANSWER_BYTES[work.EXPORT]:
            raise LeftOut(f"only {received} bytes arrived")
        speed = received / (time.monotonic() - began) / 1e6
        return MemoryRow(name, watch.peak / 1e6, 100, f"{received:,} bytes at {speed:,.0f} MB/s")


def _huge_upload(arena: Arena, name: str) -> MemoryRow:
    head = f"POST {work.BASE}/connectors/PtRealization HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {_authorization()}\r\n"
    with _sidecar(arena) as contender:
        watch, sent, answer = _Watch(contender.started), 0, b""
        with socket.create_connection(("127.0.0.1", contender.port), timeout=10) as client:
            client.sendall(f"{head}Content-Type: application/json\r\nContent-Length: {_HUGE}\r\n\r\n".encode())
            try:
                while sent < _HUGE:
                    sent += client.send(_PIECE[: _HUGE - sent])
                    watch.look()
            except OSError:
                pass  # refused: that is one way to keep memory flat
            try:
                answer = client.recv(65_536)
            except OSError:
                answer = b"(the connection was reset)"
        watch.look(at_once=True)
        told = answer.partition(b"\r\n")[0].decode("latin-1")
        return MemoryRow(name, watch.peak / 1e6, 100, f"{sent:,} bytes taken; {told or 'connection closed'}")


def _slow_reader(arena: Arena, name: str) -> MemoryRow:
    with EndlessBackend() as backend, _sidecar(replace(arena, backend=replace(arena.backend, port=backend.port))) as contender:
        watch = _Watch(contender.started)
        with _asked(contender.port, work.EXPORT) as client:
            _read(client, 65_536, watch.look)
            until = time.monotonic() + _SLOW_READER_WAITS
            while time.monotonic() < until:
                watch.look()
                time.sleep(_SAMPLE_EVERY)
            held = backend.sent
        until = time.monotonic() + _SLOW_READER_WAITS
        while not backend.ended and time.monotonic() < until:
            time.sleep(_SAMPLE_EVERY)
        let_go = "let go of the backend when he left" if backend.ended else "did NOT let go of the backend when he left"
        return MemoryRow(name, watch.peak / 1e6, 100, f"the backend was held back at {held:,} bytes; {let_go}")


def _idle_connections(arena: Arena, name: str) -> MemoryRow:
    count = min(IDLE_CONNECTIONS, room_for_connections())
    clients: list[socket.socket] = []
    with _sidecar(arena) as contender:
        watch = _Watch(contender.started)
        watch.look(at_once=True)
        at_rest = watch.peak
        try:
            for _ in range(count):
                client = _asked(contender.port, work.HOURS)
                clients.append(client)
                _read(client, work.ANSWER_BYTES[work.HOURS], watch.look)
            time.sleep(1)
            watch.look(at_once=True)
            each = (watch.peak - at_rest) / count
            alive = sum(_still_open(client) for client in clients)
        finally:
            for client in clients:
                client.close()
        return MemoryRow(name, watch.peak / 1e6, 300, f"{alive:,} still open, {each:,.0f} bytes each over {at_rest / 1e6:.0f} MB at rest")


def _still_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False


def _authorization() -> str:
    return next(work.tokens_of(7)).authorization


def _asked(port: int, connector: str) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(f"GET {work.target_of(connector)}0 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {_authorization()}\r\n\r\n".encode())
    return client


def _read(client: socket.socket, size: int, look: Callable[[], None]) -> int:
    """Take the head and this many bytes of the body; gives how many came."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(65_536)
        if not data:
            raise LeftOut("no answer")
        head += data
    if not head.startswith(b"HTTP/1.1 200"):
        raise LeftOut(head.partition(b"\r\n")[0].decode("latin-1"))
    received = len(head.partition(b"\r\n\r\n")[2])
    while received < size:
        count = client.recv_into(_PIECE)
        if not count:
            break
        received += count
        look()
    return received
