"""The real command, told to stop or to reload: what is in flight gets its time, what comes after is refused, and the end always comes."""

import asyncio
import os
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.configuration import BASE, authorization, configuration, write
from tests.end_to_end.harness.faults import OK, drips, floods, stalls
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import BrokenOffError, Wire, request

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent")

MINE = authorization("j.devries")
ASK = request("GET", rows_target(), MINE)
UPDATE = f"{BASE}/connectors/PtRealization"


@pytest.fixture
def stage(own_stage: OwnStage) -> Stage:
    return own_stage()


def started(stage: Stage, folder: Path, **timeouts: float) -> Path:
    """A configuration for the command, with the stage's backend."""
    content = configuration(stage.backend.port)
    content["timeouts"] |= timeouts
    file = folder / "run.yaml"
    write(file, content)
    return file


def refuses_connections(running: Program) -> bool:
    try:
        socket.create_connection(("127.0.0.1", running.port), 1).close()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_slow_answer_is_finished_while_new_connections_are_refused(stage: Stage, tmp_path: Path, number: int) -> None:
    stage.backend.script = drips(20, 0.05)
    with program(tmp_path, started(stage, tmp_path, drain=10)) as running, running.wire() as wire, running.wire() as idle:
        wire.send(ASK)
        wire.head()
        running.signal(number)
        wait_for(lambda: refuses_connections(running))
        assert idle.ends() == b""
        assert running.process.poll() is None
        assert wire.take(20) == b"x" * 20
        assert wire.ends() == b""
        assert running.ends() == 0
        assert "stopped" in running.said


def test_an_answer_that_has_not_begun_is_finished_too(stage: Stage, tmp_path: Path) -> None:
    go_on = asyncio.Event()

    async def waits(visit: Visit, _received: Received) -> None:
        await go_on.wait()
        await visit.say(OK + b"Content-Length: 2\r\n\r\n{}")

    stage.backend.script = waits
    with program(tmp_path, started(stage, tmp_path, drain=10)) as running, running.wire() as wire:
        wire.send(ASK)
        wait_for(lambda: bool(stage.backend.received))
        running.signal(signal.SIGTERM)
        wait_for(lambda: refuses_connections(running))
        stage.loop.call_soon_threadsafe(go_on.set)
        assert wire.answer().body == b"{}"
        assert wire.ends() == b""
        assert running.ends() == 0


@pytest.mark.parametrize(
    ("framing", "first", "second"),
    [
        ("Content-Length: 7", b'{"a"', b":1}"),
        ("Transfer-Encoding: chunked", b'4\r\n{"a"\r\n', b"3\r\n:1}\r\n0\r\n\r\n"),
    ],
)
def test_a_write_whose_body_is_on_its_way_is_finished(stage: Stage, tmp_path: Path, framing: str, first: bytes, second: bytes) -> None:
    with program(tmp_path, started(stage, tmp_path, drain=10)) as running, running.wire() as wire:
        wire.send(request("POST", UPDATE, MINE, "Content-Type: application/json", framing) + first)
        _until_in_flight(running)
        running.signal(signal.SIGTERM)
        wait_for(lambda: refuses_connections(running))
        wire.send(second)
        assert wire.answer("POST").status == 201
        assert wire.ends() == b""
        assert running.ends() == 0
    assert [received.body for received in stage.backend.received] == [b'{"a":1}']


def test_a_slow_reader_gets_the_last_of_its_answer(stage: Stage, tmp_path: Path) -> None:
    size = 8_000_000
    stage.backend.script = floods(size)
    with program(tmp_path, started(stage, tmp_path, drain=10)) as running, running.wire(receive_buffer=4096) as wire:
        wire.send(ASK)
        wire.head()
        running.signal(signal.SIGTERM)
        wait_for(lambda: refuses_connections(running))
        assert wire.take(size) == b"x" * size
        assert running.ends() == 0


def test_the_end_comes_when_patience_is_over(stage: Stage, tmp_path: Path) -> None:
    """Whether the backend stalls, a client does not read, or a body does not come."""
    endless, stalling = floods(300_000_000), stalls(OK + b"Content-Length: 9\r\n\r\n1")

    async def script(visit: Visit, received: Received) -> None:
        await (stalling if "Countries" in received.target else endless)(visit, received)

    stage.backend.script = script
    with program(tmp_path, started(stage, tmp_path, drain=0.3)) as running, ExitStack() as stack:
        wires = [stack.enter_context(running.wire(receive_buffer=4096)) for _ in range(3)]
        wires[0].send(ASK)
        wires[1].send(request("GET", rows_target("Profit_Countries"), MINE))
        wires[2].send(request("POST", UPDATE, MINE, "Content-Type: application/json", "Content-Length: 9") + b"{")
        _until_in_flight(running, 3)
        told = time.monotonic()
        running.signal(signal.SIGTERM)
        assert running.ends() == 0
        assert time.monotonic() - told < 6
        for wire in wires:
            with pytest.raises(BrokenOffError):
                wire.take(300_000_000)


def test_a_second_signal_does_no_harm(stage: Stage, tmp_path: Path) -> None:
    stage.backend.script = drips(10, 0.05)
    with program(tmp_path, started(stage, tmp_path, drain=10)) as running, running.wire() as wire:
        wire.send(ASK)
        wire.head()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            running.signal(number)
        assert wire.take(10) == b"x" * 10
        assert running.ends() == 0


def test_hang_up_reloads_at_once_and_drops_nobody(stage: Stage, tmp_path: Path) -> None:
    with program(tmp_path, started(stage, tmp_path)) as running, running.wire() as wire:
        assert wire.ask(ASK).status == 200
        before = running.said.count("policy loaded")
        running.signal(signal.SIGHUP)
        wait_for(lambda: running.said.count("policy loaded") > before)
        assert wire.ask(ASK).status == 200


def test_it_does_not_start_with_a_configuration_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("users: {a: {e-mail: x}}\n")
    with pytest.raises(AssertionError), program(tmp_path, file) as running:
        running.wait_for("never")
    assert "e-mail" in (tmp_path / "stderr").read_text()


def _until_in_flight(running: Program, count: int = 1) -> None:
    with Wire(int(running.admin_url.rpartition(":")[2])) as admin:
        wait_for(lambda: b"sidecar_in_flight_requests %d.0" % count in admin.ask(request("GET", "/metrics", None)).body)
