"""A crew keeps its places filled, waits before it tries again what just failed, and tells of all workers as of one."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

pytest.importorskip("fcntl")

from sidecar.workers.adding_up import Family
from sidecar.workers.crew import Crew, Patience, _worst_credentials, _worst_database, _worst_issuers
from sidecar.workers.messages import LONGEST, Report
from sidecar.workers.process import WorkerProcess, described

_STATE = {
    "policy": {"version": "v1", "loaded_at": "2026-01-01T00:00:00+00:00"},
    "shadow": ["hours"],
    "last_reload": {"succeeded": True, "errors": []},
}
_REPORT = Report(0, True, _STATE, [Family("c", "", "counter", {("c_total", ()): 1.0})]).encode()
_BEGIN = f"""
import json, socket, time
line = socket.socket(fileno=0)
report = json.loads({_REPORT!r})
line.sendall(json.dumps(report).encode() + b"\\n")
"""
OBEDIENT = f"""{_BEGIN}
for name, report[0] in map(json.loads, line.makefile()):
    if name == "stop":
        break
    line.sendall(json.dumps(report).encode() + b"\\n")
"""
DEAF = f"{_BEGIN}time.sleep(60)"
FAILING = "raise SystemExit(3)"
SHORT_LIVED = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


PATIENT = Patience()


@dataclass
class Launches:
    """Starts a script in each place, and remembers when; `scripts` may change on the way."""

    scripts: dict[int, str]
    times: list[float] = field(default_factory=list)

    async def __call__(self, number: int, on_report: Callable[[], None]) -> WorkerProcess:
        self.times.append(asyncio.get_running_loop().time())
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", self.scripts[number], stdin=theirs.fileno())
        return WorkerProcess(process, *await asyncio.open_unix_connection(sock=ours, limit=LONGEST), on_report)


@contextlib.asynccontextmanager
async def crew_of(launches: Launches, patience: Patience = PATIENT) -> AsyncIterator[Crew]:
    crew = Crew(len(launches.scripts), launches, patience)
    crew.start()
    try:
        yield crew
    finally:
        await crew.stop(0.2)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  looked at from outside
            await asyncio.sleep(0.01)


def pids(crew: Crew) -> list[Any]:
    return [worker.get("pid") for worker in crew.readiness()[1]["workers"]]


def metrics(crew: Crew) -> str:
    registry = CollectorRegistry()
    registry.register(crew)
    return generate_latest(registry).decode()


async def test_it_is_ready_once_all_are_and_then_as_long_as_one_is() -> None:
    async with crew_of(Launches({1: OBEDIENT, 2: OBEDIENT})) as crew:
        assert not crew.readiness()[0]
        await asyncio.wait_for(crew.complete.wait(), 10)
        ready, report = crew.readiness()
        assert ready
        assert report["policy"]["version"] == "v1"
        assert report["policy"]["age_seconds"] > 0
        assert report["last_reload"]["succeeded"]
        assert report["shadow"] == ["hours"]
        assert [worker["policy_version"] for worker in report["workers"]] == ["v1", "v1"]
        before = pids(crew)
        os.kill(before[0], signal.SIGKILL)
        await until(lambda: pids(crew)[0] != before[0])
        assert crew.readiness()[0]
        await until(lambda: crew.readiness()[1]["workers"][0]["ready"])
        assert pids(crew)[1] == before[1]
    assert not crew.readiness()[0]


async def test_what_a_worker_had_counted_outlives_it() -> None:
    async with crew_of(Launches({1: OBEDIENT, 2: OBEDIENT})) as crew:
        await asyncio.wait_for(crew.complete.wait(), 10)
        assert "\nc_total 2.0\n" in metrics(crew)
        os.kill(pids(crew)[1], signal.SIGKILL)
        await until(lambda: "\nc_total 3.0\n" in metrics(crew))
        assert "\nsidecar_worker_ends_total 1.0\n" in metrics(crew)
    assert "\nc_total 3.0\n" in metrics(crew)


async def test_one_that_dies_again_and_again_is_started_at_once_and_then_ever_later() -> None:
    launches = Launches({1: SHORT_LIVED})
    async with crew_of(launches, Patience(longest_pause=0.6)) as crew:
        await until(lambda: len(launches.times) == 5)
        pauses = [later - earlier for earlier, later in pairwise(launches.times)]
        assert pauses[0] < 0.4
        assert pauses[1] >= 0.5
        assert all(0.6 <= pause < 1.2 for pause in pauses[2:])
        assert not crew.gave_up.is_set()


async def test_one_that_cannot_start_ends_it_all_but_only_before_all_have_started() -> None:
    async with crew_of(Launches({1: OBEDIENT, 2: FAILING})) as crew:
        await asyncio.wait_for(crew.gave_up.wait(), 10)
    launches = Launches({1: OBEDIENT})
    async with crew_of(launches) as crew:
        await asyncio.wait_for(crew.complete.wait(), 10)
        launches.scripts[1] = FAILING
        os.kill(pids(crew)[0], signal.SIGKILL)
        await until(lambda: len(launches.times) == 3)
        assert not crew.gave_up.is_set()
        launches.scripts[1] = OBEDIENT
        await until(lambda: crew.readiness()[0])


async def test_one_that_hangs_holds_up_nobody_and_is_replaced() -> None:
    launches = Launches({1: DEAF, 2: OBEDIENT})
    async with crew_of(launches, Patience(answer=0.1, silence=0.3, hang=1.0)) as crew:
        await asyncio.wait_for(crew.complete.wait(), 10)
        launches.scripts[1] = OBEDIENT
        deaf = pids(crew)[0]
        begun = asyncio.get_running_loop().time()
        await crew.fetch()
        assert asyncio.get_running_loop().time() - begun < 0.3
        asking = asyncio.create_task(_keep_asking(crew))
        await until(lambda: not crew.readiness()[0])
        assert [worker["ready"] for worker in crew.readiness()[1]["workers"]] == [False, True]
        assert "\nsidecar_ready_workers 1.0\n" in metrics(crew)
        await until(lambda: pids(crew)[0] not in (deaf, None))
        await until(lambda: crew.readiness()[0])
        asking.cancel()


async def test_one_that_does_not_stop_is_killed() -> None:
    launches = Launches({1: DEAF})
    async with crew_of(launches) as crew:
        await asyncio.wait_for(crew.complete.wait(), 10)
        [pid] = pids(crew)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_stop_does_not_wait_for_a_pause() -> None:
    launches = Launches({1: SHORT_LIVED})
    async with crew_of(launches, Patience(longest_pause=60)):
        await until(lambda: len(launches.times) == 4)
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 0.5


async def test_a_system_that_starts_no_more_processes_is_asked_again_later() -> None:
    launches = Launches({1: OBEDIENT})
    refusals = iter([OSError("no more"), OSError("no more")])

    async def start(number: int, on_report: Callable[[], None]) -> WorkerProcess:
        for refusal in refusals:
            raise refusal
        return await launches(number, on_report)

    crew = Crew(1, start)
    crew.start()
    await asyncio.wait_for(crew.complete.wait(), 10)
    await crew.stop(1)


@pytest.mark.parametrize(
    ("status", "text"), [(0, "exit status 0"), (-9, "killed by SIGKILL"), (3, "exit status 3"), (-250, "killed by signal 250")]
)
def test_an_end_is_told_in_words(status: int, text: str) -> None:
    assert described(status) == text


async def _keep_asking(crew: Crew) -> None:
    while True:
        await crew.fetch()
        await asyncio.sleep(0.05)


def test_of_databases_the_one_that_was_not_heard_for_longest_is_told() -> None:
    good = {"heard_seconds": 0.1, "listening": True, "stale": False, "problem": None}
    away = {"heard_seconds": 901.0, "listening": False, "stale": True, "problem": "gives no answer (OSError)"}
    never = {"heard_seconds": None, "listening": True, "stale": False, "problem": "gives no answer (TimeoutError)"}
    assert _worst_database([good, away, good]) == away
    assert _worst_database([away, never]) == {**never, "listening": False, "stale": True}
    assert _worst_database([good]) == good


def test_of_access_tokens_the_one_that_ends_first_is_told() -> None:
    states = [
        {"backend_credentials": {"A": {"token_seconds": 30, "problem": ""}, "B": {"token_seconds": 5, "problem": ""}}},
        {"backend_credentials": {"A": {"token_seconds": 0, "problem": "down"}}},
        {},
    ]
    assert _worst_credentials(states) == {"A": {"token_seconds": 0, "problem": "down"}, "B": {"token_seconds": 5, "problem": ""}}


def test_of_issuers_the_fewest_and_then_the_oldest_keys_are_told() -> None:
    few, old, new = ({"keys": keys, "age_seconds": age, "problem": None} for keys, age in ((0, None), (3, 900.0), (3, 1.0)))
    assert _worst_issuers([{"issuers": {"A": new, "B": old}}, {"issuers": {"A": few, "B": new}}, {}]) == {"A": few, "B": old}
