"""The open loop counts a call's time from when it was due, not from when it could be sent."""

import itertools
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from bench.open_loop import BrokenAnswerError, latencies, requests_to

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def server(answer: bytes = ANSWER, *, stalls_at: int = -1) -> Iterator[int]:
    """Answers one connection, and stands still for 0.3 s before one of the answers; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                for number in itertools.count():
                    if not connection.recv(65_536):
                        return
                    if number == stalls_at:
                        time.sleep(0.3)
                    connection.sendall(answer)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        thread.join(2)


def asked(count: int) -> Iterator[bytes]:
    return itertools.islice(requests_to("/x?skip=", ["AfasToken x"]), count)


def test_a_moment_in_which_the_server_stands_still_is_felt_by_all_who_were_due_in_it() -> None:
    with server(stalls_at=20) as port:
        measured = latencies(port, asked(200), rate=500, count=200, connections=1)
    assert len(measured) == 200
    # 0.3 s at 500 a second: 150 calls were due in it. One connection that only asks when it is free would have felt it once.
    assert sum(latency > 0.05 for latency in measured) > 90


def test_calls_are_made_at_the_rate_asked_for() -> None:
    with server() as port:
        began = time.perf_counter()
        latencies(port, asked(50), rate=200, count=50, connections=1)
        assert time.perf_counter() - began >= 49 / 200


@pytest.mark.parametrize("answer", [b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nhello"])
def test_an_answer_that_is_none_ends_the_measurement(answer: bytes) -> None:
    with server(answer) as port, pytest.raises(BrokenAnswerError):
        latencies(port, asked(5), rate=500, count=5, connections=1)


def test_callers_take_turns_and_every_call_is_new() -> None:
    first, second, third = itertools.islice(requests_to("/x?skip=", ["one", "two"]), 3)
    assert first.startswith(b"GET /x?skip=1 ")
    assert b"Authorization: two" in second
    assert b"Authorization: one" in third
    assert third.startswith(b"GET /x?skip=3 ")
    assert next(requests_to("/x?skip=", ["one"], 2_000_001)).startswith(b"GET /x?skip=2000001 "), "no round repeats another's calls"
