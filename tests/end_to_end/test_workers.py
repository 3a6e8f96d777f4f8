"""The real command with several workers: they share the work, one that dies is replaced, and in all else they are one sidecar."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.configuration import ENVIRON, authorization, configuration, write
from tests.end_to_end.harness.faults import OK
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Answer, BrokenOffError, Wire, request

pytestmark = pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="an address can't be shared here")

ASK = request("GET", rows_target(), authorization("j.devries"))
ARGUMENTS = ("--workers", "2", "--log-format", "json")


@pytest.fixture
def stage(own_stage: OwnStage) -> Stage:
    return own_stage()


def settings_file(stage: Stage, folder: Path, **changes: Any) -> Path:
    """A configuration for the command, with the stage's backend."""
    file = folder / "run.yaml"
    write(file, {**configuration(stage.backend.port), **changes})
    return file


def admin(running: Program, path: str) -> Answer:
    with Wire(int(running.admin_url.rpartition(":")[2])) as wire:
        return wire.ask(request("GET", path, None))


def ready(running: Program) -> Any:
    return admin(running, "/readyz").json


def metric(running: Program, name: str) -> float:
    """The sum over all labels."""
    text = admin(running, "/metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def pids(running: Program) -> list[int]:
    """Of the workers there are now, by number."""
    return [worker["pid"] for worker in ready(running)["workers"] if worker["ready"]]


def ask(running: Program, data: bytes = ASK) -> int:
    with running.wire() as wire:
        return wire.ask(data).status


def wires_of(running: Program, stack: ExitStack) -> dict[int, Wire]:
    """An idle connection to each worker, by its process id."""
    found: dict[int, Wire] = {}
    workers = pids(running)
    for _ in range(200):
        wire = stack.enter_context(running.wire())
        port = wire.socket.getsockname()[1]
        owner = next((pid for pid in workers if _has_connection(pid, running.port, port)), None)
        if owner is None or owner in found:
            wire.close()
            continue
        found[owner] = wire
        if len(found) == len(workers):
            return found
    raise AssertionError(f"connections reach {len(found)} workers of {len(workers)} only")


def _has_connection(pid: int, ours: int, theirs: int) -> bool:
    """Whether this process has accepted the connection; waits until somebody has."""
    wanted = f":{ours:04X} ", f":{theirs:04X} "
    inode = "0"
    deadline = time.monotonic() + 5
    while inode == "0" and time.monotonic() < deadline:
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if f"{fields[1]} ".endswith(wanted[0]) and f"{fields[2]} ".endswith(wanted[1]):
                inode = fields[9]
    links = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if each.is_symlink()]  # noqa: PTH115
    return f"socket:[{inode}]" in links


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Gate:
    """A script that keeps every request waiting until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()

    async def __call__(self, visit: Visit, _received: Received) -> None:
        await self.opened.wait()
        await visit.say(OK + b"Content-Length: 2\r\n\r\n{}")


linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc, and elsewhere connections are not divided evenly")


@linux
def test_every_worker_serves_and_the_metrics_of_all_add_up_even_after_one_was_killed(stage: Stage, tmp_path: Path) -> None:
    with program(tmp_path, settings_file(stage, tmp_path), ARGUMENTS) as running, ExitStack() as stack:

        def all_counted(asked: int) -> bool:
            return metric(running, "sidecar_requests_total") == metric(running, "sidecar_backend_seconds_count") == asked

        def replaced(before: list[int]) -> bool:
            return len(set(pids(running)) - set(before)) == 1

        asked = 0
        for _ in range(2):
            for wire in wires_of(running, stack).values():
                for _ in range(3):
                    assert wire.ask(ASK).status == 200
                    asked += 1
            assert [ask(running) for _ in range(20)] == [200] * 20
            asked += 20
            wait_for(partial(all_counted, asked))
            before = pids(running)
            os.kill(before[0], signal.SIGKILL)
            wait_for(partial(replaced, before))
            assert all_counted(asked)
        assert metric(running, "sidecar_worker_ends_total") == 2
        assert metric(running, "sidecar_ready_workers") == 2
    lines = [json.loads(line) for line in (tmp_path / "stdout").read_text().splitlines()]
    assert len(lines) == asked


@linux
def test_a_worker_that_is_killed_takes_no_request_of_another_with_it(stage: Stage, tmp_path: Path) -> None:
    stage.backend.script = gate = Gate()
    with program(tmp_path, settings_file(stage, tmp_path), ARGUMENTS) as running, ExitStack() as stack:
        wires = wires_of(running, stack)
        for wire in wires.values():
            wire.send(ASK)
        wait_for(lambda: len(stage.backend.received) == 2)
        victim, survivor = wires
        os.kill(victim, signal.SIGKILL)
        running.wait_for("killed by SIGKILL")
        wait_for(lambda: len(pids(running)) == 2)
        assert victim not in pids(running)
        assert survivor in pids(running)
        stage.loop.call_soon_threadsafe(gate.opened.set)
        assert wires[survivor].answer().body == b"{}"
        with pytest.raises(BrokenOffError):
            wires[victim].answer()
        assert [ask(running) for _ in range(20)] == [200] * 20


@linux
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_drain(stage: Stage, tmp_path: Path, number: int) -> None:
    stage.backend.script = gate = Gate()
    with program(tmp_path, settings_file(stage, tmp_path), ARGUMENTS) as running, ExitStack() as stack:
        wires = wires_of(running, stack)
        for wire in wires.values():
            wire.send(ASK)
        wait_for(lambda: metric(running, "sidecar_in_flight_requests") == 2)
        # As Ctrl-C in a terminal does, and some service managers: everybody is told, not only the supervisor.
        for pid in [*wires, running.process.pid]:
            os.kill(pid, number)
        wait_for(lambda: _refused(running))
        assert not ready(running)["ready"]
        stage.loop.call_soon_threadsafe(gate.opened.set)
        assert [wire.answer().body for wire in wires.values()] == [b"{}", b"{}"]
        assert running.ends() == 0
        assert not any(map(alive, wires))


def test_a_worker_that_hangs_holds_up_neither_health_nor_metrics(stage: Stage, tmp_path: Path) -> None:
    with program(tmp_path, settings_file(stage, tmp_path), ARGUMENTS) as running:
        stuck = pids(running)[0]
        os.kill(stuck, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            assert metric(running, "sidecar_workers") == 2
            assert admin(running, "/livez").status == 200
            assert time.monotonic() - begun < 2
        finally:
            os.kill(stuck, signal.SIGCONT)


@linux
def test_a_revocation_holds_everywhere_and_a_bad_file_changes_nothing_anywhere(stage: Stage, tmp_path: Path) -> None:
    file = settings_file(stage, tmp_path)
    with program(tmp_path, file, ARGUMENTS) as running, ExitStack() as stack:
        wires = wires_of(running, stack)
        before = ready(running)["policy"]["version"]
        file.write_text("users: {a: {e-mail: x}}\n")
        wait_for(lambda: metric(running, "sidecar_policy_reloads_total") == 4)
        assert metric(running, "sidecar_policy_last_reload_successful") == 0
        assert {worker["policy_version"] for worker in ready(running)["workers"]} == {before}
        assert not ready(running)["last_reload"]["succeeded"]
        assert [wire.ask(ASK).status for wire in wires.values()] == [200, 200]
        content = configuration(stage.backend.port)
        content["app_connectors"]["hours"]["tokens"].pop(0)
        write(file, content)
        changed = time.monotonic()
        for wire in wires.values():
            while wire.ask(ASK).status == 200:
                time.sleep(0.01)
        assert time.monotonic() - changed < 2  # one second is promised, the other is for a busy machine
        assert [ask(running) for _ in range(20)] == [401] * 20
        assert len({worker["policy_version"] for worker in ready(running)["workers"]} | {before}) == 2


def test_hang_up_reloads_all(stage: Stage, tmp_path: Path) -> None:
    with program(tmp_path, settings_file(stage, tmp_path), ARGUMENTS) as running:
        before = metric(running, "sidecar_policy_reloads_total")
        running.signal(signal.SIGHUP)
        wait_for(lambda: metric(running, "sidecar_policy_reloads_total") == before + 2)


@linux
def test_workers_whose_supervisor_was_killed_drain_and_end(stage: Stage, tmp_path: Path) -> None:
    stage.backend.script = gate = Gate()
    with program(tmp_path, settings_file(stage, tmp_path), ARGUMENTS) as running, ExitStack() as stack:
        wires = wires_of(running, stack)
        for wire in wires.values():
            wire.send(ASK)
        wait_for(lambda: len(stage.backend.received) == 2)
        running.process.kill()
        running.ends()
        wait_for(lambda: _refused(running))
        assert all(map(alive, wires))
        stage.loop.call_soon_threadsafe(gate.opened.set)
        assert [wire.answer().body for wire in wires.values()] == [b"{}", b"{}"]
        wait_for(lambda: not any(map(alive, wires)))


@pytest.mark.parametrize("first", ["1", "2"])
@pytest.mark.parametrize("second", ["1", "2"])
def test_a_second_sidecar_on_the_same_address_fails(stage: Stage, tmp_path: Path, first: str, second: str) -> None:
    with program(tmp_path, settings_file(stage, tmp_path), ("--workers", first)) as running:
        file = settings_file(stage, tmp_path, listen=f"127.0.0.1:{running.port}")
        done = _run_to_its_end(file, second)
        assert done.returncode == 3
        assert "could not start" in done.stderr
        assert "address already in use" in done.stderr
        assert ask(running) == 200


def test_a_configuration_that_cannot_be_used_is_told_once_and_nothing_starts(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("users: {a: {e-mail: x}}\n")
    done = _run_to_its_end(file, "2")
    assert done.returncode == 3
    assert done.stderr.count("e-mail") == 1
    assert "worker started" not in done.stderr


def test_a_worker_that_replaces_another_keeps_what_holds_until_a_restart(stage: Stage, tmp_path: Path) -> None:
    file = settings_file(stage, tmp_path)
    with program(tmp_path, file, ARGUMENTS) as running:
        settings_file(stage, tmp_path, listen="127.0.0.1:9", limits={"head": 1024})
        wait_for(lambda: metric(running, "sidecar_policy_reloads_total") == 4)
        for pid in (before := pids(running)):
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: len(set(pids(running)) - set(before)) == 2)
        long = request("GET", rows_target(), authorization("j.devries"), f"User-Agent: {'x' * 2000}")
        assert ask(running, long) == 200
        assert "was changed, which needs a restart" in running.said


def test_workers_import_nothing_from_the_folder_they_are_started_in(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the wrong place')")
    file = settings_file(stage, tmp_path)
    path = os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])
    command = [sys.executable, "-P", "-m", "sidecar", "run", "-c", str(file), *ARGUMENTS]
    environ = {**os.environ, **ENVIRON, "PYTHONPATH": path}
    with subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if b'"admin"' in line or b"wrong place" in line)
        process.terminate()
        process.stderr.read()
    assert b"wrong place" not in said
    assert process.returncode == 0


def _run_to_its_end(file: Path, workers: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sidecar", "run", "-c", str(file), "--workers", workers]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=20, check=False, cwd=Path(__file__).parents[2], env={**os.environ, **ENVIRON}
    )


def _refused(running: Program) -> bool:
    try:
        socket.create_connection(("127.0.0.1", running.port), 1).close()
    except OSError:
        return True
    return False
