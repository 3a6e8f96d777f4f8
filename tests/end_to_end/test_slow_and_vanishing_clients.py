"""Clients that dawdle, vanish or stop reading cost nothing but their own connection."""

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.harness.configuration import BASE, Configuration, authorization
from tests.end_to_end.harness.faults import floods, stalls
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Wire, chunked, request

UPDATE = f"{BASE}/connectors/PtRealization"
MINE = authorization("j.devries")
HEAD = ("Content-Type: application/json",)


def strict(content: Configuration) -> None:
    content["timeouts"] = {"client": 0.3, "keep_alive": 0.4, "drain": 1}


def test_a_head_that_does_not_come_ends_the_connection(own_stage: OwnStage) -> None:
    stage = own_stage(strict)
    whole = request("GET", rows_target(), MINE)
    beginnings = (b"", b"\r\n", whole[:10], whole[:-2])
    wires = [stage.wire() for _ in beginnings]
    for wire, beginning in zip(wires, beginnings, strict=True):
        wire.send(beginning)
    for wire in wires:
        with wire:
            assert wire.ends() == b""
    with stage.wire() as wire:
        assert wire.ask(whole).status == 200
        wire.send(whole[:-2])
        assert wire.ends() == b""
    assert len(stage.backend.take()) == 1


def test_dripping_a_head_wins_no_time(own_stage: OwnStage) -> None:
    stage = own_stage(strict)
    started = time.monotonic()
    with stage.wire() as wire, pytest.raises(ConnectionError):  # noqa: PT012  sends until it can't
        for byte in request("GET", rows_target(), MINE, f"X-A: {'x' * 500}"):
            wire.send(bytes([byte]))
            time.sleep(0.02)
    assert time.monotonic() - started < 5
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    ("framing", "beginning", "rest"),
    [
        ("Content-Length: 100", b"", b"x" * 100),
        ("Content-Length: 100", b'{"a"', b"x" * 96),
        ("Transfer-Encoding: chunked", b"", b"0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b'4\r\n{"a"\r\n', b"0\r\n\r\n"),
    ],
)
def test_a_body_that_does_not_come_is_refused(own_stage: OwnStage, framing: str, beginning: bytes, rest: bytes) -> None:
    stage = own_stage(strict)
    with stage.wire() as wire:
        answer = wire.ask(request("POST", UPDATE, MINE, *HEAD, framing) + beginning)
        assert answer.status == 408
        assert stage.decision(answer.reference)["reason"] == "body_incomplete"
        wire.send(rest + request("GET", rows_target(), MINE))
        assert wire.ends() == b""
    assert stage.backend.take() == []


@pytest.mark.parametrize("user", [None, "j.devries"])
def test_the_unread_body_of_a_refused_request_is_never_taken_for_a_request(stage: Stage, user: str | None) -> None:
    inner = request("GET", rows_target("Profit_Countries"), authorization("m.jansen"))
    proof = authorization(user) if user else None
    for data in (
        request("POST", f"{BASE}/connectors/NotMine", proof, *HEAD, body=inner),
        request("POST", f"{BASE}/connectors/NotMine", proof, *HEAD, "Transfer-Encoding: chunked", body=chunked(inner, 50)),
        request("POST", f"{BASE}/connectors/NotMine", proof, *HEAD, f"Content-Length: {len(inner) + 9}", body=inner),
    ):
        head, mark, body = data.partition(b"\r\n\r\n")
        with stage.wire() as wire:
            answer = wire.ask(head + mark)
            assert answer.status == (403 if user else 401)
            wire.send(body + b"x" * 9 + inner)
            assert wire.ends() == b""
    assert stage.backend.take() == []


def test_a_body_over_the_limit_is_refused_before_it_is_all_there(own_stage: OwnStage) -> None:
    def small(content: Configuration) -> None:
        content["limits"] = {"body": 1000}

    stage = own_stage(small)
    fitting = b'{"a":"' + b"x" * 992 + b'"}'
    assert stage.call("POST", UPDATE, fitting).status == 201
    for data in (
        request("POST", UPDATE, MINE, *HEAD, "Content-Length: 1001"),
        request("POST", UPDATE, MINE, *HEAD, "Content-Length: 99999999999"),
        request("POST", UPDATE, MINE, *HEAD, "Content-Length: 18446744073709551615"),
        request("POST", UPDATE, MINE, *HEAD, "Transfer-Encoding: chunked", body=b"fffffff\r\n" + b"x" * 1001),
    ):
        with stage.wire() as wire:
            answer = wire.ask(data)
            assert answer.status == 413
            assert stage.decision(answer.reference)["reason"] == "body_too_large"
    assert len(stage.backend.take()) == 1


def vanish(wire: Wire) -> None:
    """Tear the connection down, as a phone does that loses its network."""
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def leave(wire: Wire) -> None:
    wire.close()


@pytest.mark.parametrize("go", [vanish, leave])
def test_when_the_client_is_gone_the_backend_is_let_go(stage: Stage, go: Callable[[Wire], None]) -> None:
    for beginning in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000):
        stage.backend.script = stalls(beginning)
        wire = stage.wire()
        wire.send(request("GET", rows_target(), MINE))
        if beginning:
            wire.head()
        wait_for(lambda: bool(stage.backend.received))
        visit = stage.backend.visits[-1]
        assert not visit.gone.is_set()
        go(wire)
        wait_for(visit.gone.is_set)
        stage.backend.take()
    wait_for(lambda: "sidecar_in_flight_requests 0.0" in stage.admin("/metrics")[1])


@pytest.mark.parametrize("go", [vanish, leave])
def test_a_client_that_vanishes_within_its_body_has_written_nothing(stage: Stage, go: Callable[[Wire], None]) -> None:
    for framing, part in (("Content-Length: 100", b'{"a":1}'), ("Transfer-Encoding: chunked", b'7\r\n{"a":1}\r\n')):
        wire = stage.wire()
        wire.send(request("POST", UPDATE, MINE, *HEAD, framing) + part)
        wait_for(lambda: "sidecar_in_flight_requests 1.0" in stage.admin("/metrics")[1])
        go(wire)
        wait_for(lambda: "sidecar_in_flight_requests 0.0" in stage.admin("/metrics")[1])
    assert stage.backend.take() == []


SIZE = 300_000_000
"""Bytes of an answer that nobody would want to hold."""


def test_a_slow_reader_holds_the_backend_back_and_not_the_memory(stage: Stage) -> None:
    stage.backend.script = floods(SIZE)
    before = resident()
    with stage.wire(receive_buffer=8192) as wire:
        wire.send(request("GET", rows_target(), MINE))
        wire.head()
        visit = stage.backend.visits[-1]
        said = -1
        while said != visit.said:  # until it is held back
            said = visit.said
            time.sleep(0.1)
        assert said < 30_000_000
        assert resident() - before < 60_000_000
        while visit.said == said:
            wire.take(100_000)
    wait_for(visit.gone.is_set)


def test_a_client_that_stops_reading_is_dropped_in_the_end(own_stage: OwnStage) -> None:
    stage = own_stage(strict)
    stage.backend.script = floods(SIZE)
    with stage.wire(receive_buffer=8192) as wire:
        wire.send(request("GET", rows_target(), MINE))
        wire.head()
        line = stage.decision_where(lambda line: line["status"] == 200)
        assert "stopped reading" in line["detail"]
        wait_for(stage.backend.visits[-1].gone.is_set)


def resident() -> int:
    """Bytes of memory of this process, backend, sidecar and test together."""
    status = Path("/proc/self/statm")
    if not status.exists():
        pytest.skip("needs /proc")
    return int(status.read_text().split()[1]) * 4096
