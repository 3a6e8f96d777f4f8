"""Policy in a database, from a hundred users to a million: time to ready, memory, a known caller, a first look-up, a flood of strangers."""

import asyncio
import contextlib
import hashlib
import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from bench import work
from bench.arena import USERS, Arena, LeftOut
from bench.crowd import gather
from bench.latency import LatencyRow, latency_row, open_loop
from bench.peers.peer import Command, Kind, Peer, Place
from bench.peers.python import PYTHON
from bench.rounds import Contender, Row, row_of, take_turns
from bench.under_test import server
from bench.wrk import Calls, LoadError, make_load

SIZES, QUICK_SIZES = (100, 10_000, 100_000, 1_000_000), (100, 10_000)
_ROUNDS, _SECONDS = 5, 1
_COLD = 600
_STRANGERS = 40_000  # more than a sidecar remembers of those that it does not know
_FLOOD_SECONDS = 4


@dataclass(frozen=True, slots=True)
class DatabaseRow:
    """One size on one database; times in microseconds unless said.

    `cold` are first calls of a token, and `again` the second ones of the same, with the proxy's CPU for each. `others` is the 99th
    percentile of known callers at a constant rate, while as many connections as in the flood make calls that are known, and in the flood.
    """

    name: str
    ready_seconds: float
    ready_cpu_seconds: float
    at_rest_mb: float
    known: Row
    cold_p50: float
    cold_p99: float
    cold_cpu: float
    again_p50: float
    again_p99: float
    again_cpu: float
    others_p99: float
    others_in_flood_p99: float
    strangers_per_second: float
    after_flood_mb: float


@dataclass(slots=True)
class _Trial:
    name: str
    users: int
    ready: float
    ready_cpu: float
    at_rest: float
    contender: Contender


def measure_policy_database(arena: Arena) -> list[DatabaseRow]:
    """A row for each size, on SQLite and on PostgreSQL."""
    rows: list[DatabaseRow] = []
    with contextlib.ExitStack() as stack:
        for kind in ("SQLite", "PostgreSQL"):
            try:
                urls = _sqlite(arena) if kind == "SQLite" else stack.enter_context(_postgresql())
                rows += _measure(arena, kind, urls)
            except (LeftOut, OSError, ImportError) as reason:
                arena.left_out[f"policy in {kind}"] = str(reason) or type(reason).__name__
    return rows


def _sqlite(arena: Arena) -> Iterator[str]:
    while True:
        yield f"sqlite:///{arena.stage.new_folder('policy')}/policy.db"


@contextlib.contextmanager
def _postgresql() -> Iterator[Iterator[str]]:
    from tests.databases import new_on  # brings a server along, which only the tests have
    from tests.postgres import running_postgres

    def urls(server: str) -> Iterator[str]:
        while True:
            yield asyncio.run(new_on(server))

    with running_postgres() as url:
        yield urls(url)


def _measure(arena: Arena, kind: str, urls: Iterator[str]) -> Iterator[DatabaseRow]:
    trials: list[_Trial] = []
    try:
        for users, url in zip(QUICK_SIZES if arena.quick else SIZES, urls, strict=False):
            name = f"{kind}, {users:,} users"
            arena.tell(f"{name}: gathering the crowd")
            asyncio.run(gather(url, users))
            trials.append(_started(arena, name, users, url))
        # All sizes take turns, so that they share the quiet and the noisy moments.
        take_turns([each.contender for each in trials], _ROUNDS, _SECONDS, arena.stage.cores.load, arena.tell)
        for trial in trials:
            yield _row(arena, trial)
    finally:
        for trial in trials:
            arena.close(trial.contender)


def _started(arena: Arena, name: str, users: int, url: str) -> _Trial:
    def commands(place: Place) -> list[Command]:
        file = place.folder / "config.yaml"
        file.write_text(json.dumps({**server(place), "policy": {"database": url}}, indent=1))
        return [[PYTHON, "-m", "sidecar", "run", "-c", file, "--log-format", "json"]]

    calls = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    began = time.monotonic()
    contender = arena.open(Peer(name, Kind.SIDECAR, commands, (PYTHON,)), calls)
    _await_first_answer(contender.port)
    seconds, started = time.monotonic() - began, contender.started
    return _Trial(name, users, seconds, started.cpu_seconds(), started.pss_bytes() / 1e6, contender)


def _row(arena: Arena, trial: _Trial) -> DatabaseRow:
    if trial.contender.failed:
        raise LeftOut(trial.contender.failed)
    port = trial.contender.port
    arena.tell(f"{trial.name}: first look-ups")
    (cold, cold_cpu), (again, again_cpu) = _first_and_second_calls(trial)
    arena.tell(f"{trial.name}: a flood of strangers")
    known = Calls(arena.callers, least=work.ANSWER_BYTES[work.HOURS])
    strangers = Calls(_strangers(arena), refused=True)
    others, _ = _while(arena, port, known)
    flooded, per_second = _while(arena, port, strangers)
    after = trial.contender.started.pss_bytes() / 1e6
    return DatabaseRow(
        trial.name,
        round(trial.ready, 2),
        round(trial.ready_cpu, 2),
        round(trial.at_rest, 1),
        row_of(trial.contender),
        cold.p50_us,
        cold.p99_us,
        round(cold_cpu),
        again.p50_us,
        again.p99_us,
        round(again_cpu),
        others,
        flooded,
        round(per_second),
        round(after, 1),
    )


def _while(arena: Arena, port: int, calls: Calls) -> tuple[float, float]:
    """What known callers wait (the 99th percentile) while this load is on, and how many calls a second that makes."""
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(make_load, port, replace(calls, connections=16), _FLOOD_SECONDS, arena.stage.cores.load)
        time.sleep(0.5)
        measured = open_loop(arena, port, _FLOOD_SECONDS - 1)
        return latency_row("others", measured).p99_us, load.result().rps


def _strangers(arena: Arena) -> Path:
    file = arena.stage.folder / "strangers"
    if not file.exists():
        names = (hashlib.sha256(f"bench: stranger {number}".encode()).hexdigest() for number in range(_STRANGERS))
        file.write_text("".join(f"{work.authorization_of(name)}\n" for name in names))
    return file


def _first_and_second_calls(trial: _Trial) -> tuple[tuple[LatencyRow, float], tuple[LatencyRow, float]]:
    """Calls of tokens that were not seen before, one after the other, and then of the same again: latencies, and the proxy's CPU for each.

    Where there are no more users than callers, all have been seen.
    """
    least = USERS if trial.users > USERS else 0
    step = max((trial.users - least) // _COLD, 1)
    tokens = [token.authorization for number in range(least, trial.users, step) for token in islice(work.tokens_of(number), 1)][:_COLD]
    connection = http.client.HTTPConnection("127.0.0.1", trial.contender.port, timeout=30)

    def turn(name: str) -> tuple[LatencyRow, float]:
        before = trial.contender.started.cpu_seconds()
        measured = [_timed(connection, each) for each in tokens]
        return latency_row(name, measured), (trial.contender.started.cpu_seconds() - before) / len(tokens) * 1e6

    try:
        return turn("cold"), turn("again")
    finally:
        connection.close()


def _timed(connection: http.client.HTTPConnection, authorization: str) -> float:
    began = time.perf_counter()
    connection.request("GET", work.target_of(work.HOURS) + "0", headers={"Authorization": authorization})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise LoadError(f"a call was answered with {answer.status}")
    return (time.perf_counter() - began) * 1e6


def _await_first_answer(port: int) -> None:
    """Until a caller is served: that is what ready means here."""
    authorization = next(work.tokens_of(0)).authorization
    until = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            _timed(connection, authorization)
            return
        except (LoadError, OSError) as problem:
            if time.monotonic() > until:
                raise LeftOut(f"no caller was served: {problem}") from None
            time.sleep(0.02)
        finally:
            connection.close()
