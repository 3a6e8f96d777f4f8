"""The real command with its policy in a database: several workers are one sidecar in this too, and what can't be is told and ends it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sidecar.policy_database.migrate import migrate
from tests.databases import sqlite_in
from tests.end_to_end.harness.configuration import ENVIRON, authorization, configuration, write
from tests.end_to_end.harness.in_database import by_hand, from_database
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.stage import OwnStage, Stage, wait_for
from tests.end_to_end.harness.wire import Wire, request

ASK = request("GET", rows_target(), authorization("j.devries"))
TWO = ("--workers", "2", "--log-format", "json")
BUSY = 60.0  # seconds, in which a machine with other things to do starts two processes
shared = pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="an address can't be shared here")


@pytest.fixture
def stage(own_stage: OwnStage) -> Stage:
    """For its backend."""
    return own_stage()


def settings_file(stage: Stage, folder: Path, database: str) -> Path:
    content = configuration(stage.backend.port)
    from_database(database)(content)
    write(folder / "run.yaml", content)
    return folder / "run.yaml"


def ready(running: Program) -> Any:
    with Wire(int(running.admin_url.rpartition(":")[2])) as wire:
        return wire.ask(request("GET", "/readyz", None)).json


def statuses(running: Program, times: int = 12) -> set[int]:
    """Of calls on connections of their own, so that each worker gets some."""
    found = set()
    for _ in range(times):
        with running.wire() as wire:
            found.add(wire.ask(ASK).status)
    return found


@shared
def test_a_revocation_by_hand_holds_in_every_worker(stage: Stage, tmp_path: Path, policy_url: str) -> None:
    with program(tmp_path, settings_file(stage, tmp_path, policy_url), TWO) as running:
        wait_for(lambda: ready(running)["ready"], BUSY)
        assert statuses(running) == {200}
        told = ready(running)["policy_database"]
        assert (told["kind"], told["stale"], told["problem"]) == (policy_url.partition(":")[0], False, None)
        asyncio.run(by_hand(policy_url, "DELETE FROM policy_tokens WHERE user_name = 'j.devries'"))
        wait_for(lambda: statuses(running) == {401})


@shared
def test_a_worker_that_replaces_another_keeps_the_database_of_the_start(stage: Stage, tmp_path: Path, policy_url: str) -> None:
    other = sqlite_in(tmp_path)
    asyncio.run(migrate(other))
    with program(tmp_path, settings_file(stage, tmp_path, policy_url), TWO) as running:
        wait_for(lambda: ready(running)["ready"], BUSY)
        settings_file(stage, tmp_path, other)
        running.wait_for("policy.database: was changed, which needs a restart")
        before = [worker["pid"] for worker in ready(running)["workers"]]
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: sum(each["ready"] and each["pid"] not in before for each in ready(running)["workers"]) == 2, BUSY)
        assert statuses(running) == {200}


@pytest.mark.parametrize("arguments", [(), pytest.param(TWO, marks=shared)])
def test_a_server_that_is_away_is_waited_for(stage: Stage, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    url = f"postgresql://postgres@/policy?host={tmp_path}"
    if arguments:  # the supervisor tells nothing of its address before all workers are ready
        file = settings_file(stage, tmp_path, url)
        command = [sys.executable, "-m", "sidecar", "run", "-c", str(file), *arguments]
        with subprocess.Popen(command, env={**os.environ, **ENVIRON}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            assert any(b"waiting for the database of policy" in line for line in process.stderr)
            process.terminate()
            process.stderr.read()
        assert process.returncode == 0
        return
    with program(tmp_path, settings_file(stage, tmp_path, url)) as running:
        assert statuses(running) == {503}
        assert "waiting for the database of policy" in running.said
        assert not ready(running)["ready"]


@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=shared)])
def test_a_database_without_tables_is_told_with_the_remedy_and_nothing_starts(stage: Stage, tmp_path: Path, workers: str) -> None:
    url = sqlite_in(tmp_path)
    Path(url.removeprefix("sqlite:///")).touch(mode=0o600)
    command = [sys.executable, "-m", "sidecar", "run", "-c", str(settings_file(stage, tmp_path, url)), "--workers", workers]
    done = subprocess.run(command, env={**os.environ, **ENVIRON}, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "policy.database: has no tables of policy (`sidecar db init` makes them)" in " ".join(done.stderr.split())
    assert "worker started" not in done.stderr
