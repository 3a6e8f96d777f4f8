"""What the sidecar adds to the time of a call while 500 calls a second come in, whether earlier ones were answered or not."""

import itertools
import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from bench.arena import Arena, LeftOut
from bench.peers import nginx
from bench.peers.peer import Command, Kind
from bench.peers.python import PYTHON
from bench.processes import ROOT, pinned
from bench.rounds import Contender
from bench.under_test import sidecar
from bench.work import HOURS, target_of
from bench.wrk import Calls, LoadError

RATE = 500
_ROUNDS, _SECONDS = 3, 5
_first_numbers = itertools.count(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class LatencyRow:
    """Microseconds from the moment at which a call was due until its answer's last byte."""

    name: str
    p50_us: float
    p90_us: float
    p99_us: float
    worst_us: float


def percentile(ordered: Sequence[float], part: float) -> float:
    """The smallest value that at least this part (0 to 1) of the ordered values does not exceed."""
    return ordered[max(math.ceil(len(ordered) * part), 1) - 1]


def latency_row(name: str, measured: Sequence[float]) -> LatencyRow:
    """Percentiles of latencies in microseconds."""
    ordered = sorted(measured)
    return LatencyRow(name, percentile(ordered, 0.5), percentile(ordered, 0.9), percentile(ordered, 0.99), ordered[-1])


def measure_latency(arena: Arena) -> list[LatencyRow]:
    """Direct, through nginx that only forwards, and through the sidecar; in turns."""
    calls = Calls(arena.callers)
    contenders = [Contender("direct, no proxy", Kind.LIMIT, arena.backend.started, arena.backend.port, calls)]
    opened: list[Contender] = []
    try:
        for peer in (nginx.FORWARDS, sidecar()):
            try:
                opened.append(arena.open(peer, calls))
            except LeftOut as reason:
                arena.left_out[f"latency: {peer.name}"] = str(reason)
        contenders += opened
        measured: dict[str, list[float]] = {each.name: [] for each in contenders}
        for turn in range(_ROUNDS + 1):
            for each in [each for each in contenders if each.name in measured]:
                arena.tell(f"{RATE} calls a second: {each.name}")
                try:
                    round_of_it = open_loop(arena, each.port, _SECONDS if turn else 1)
                except LoadError as problem:
                    # Its better rounds alone would tell of another proxy than this one.
                    arena.left_out[f"latency: {each.name}"] = str(problem)
                    del measured[each.name]
                    continue
                if turn:
                    measured[each.name] += round_of_it
        return [latency_row(name, values) for name, values in measured.items() if values]
    finally:
        for each in opened:
            arena.close(each)


def open_loop(arena: Arena, port: int, seconds: int) -> list[float]:
    """Microseconds of each call at a constant rate.

    :raises LoadError: when an answer was missing or wrong.
    """
    arguments = [str(port), target_of(HOURS), str(arena.callers), str(RATE), str(seconds), str(next(_first_numbers))]
    command: Command = [PYTHON, "-m", "bench.open_loop", *arguments]
    try:
        done = subprocess.run(  # noqa: S603  made by this program
            pinned(command, [arena.stage.cores.load]), cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds + 60
        )
    except subprocess.TimeoutExpired:
        raise LoadError("the open loop did not come to an end") from None
    if done.returncode:
        raise LoadError(done.stderr.strip()[-300:])
    measured: list[float] = json.loads(done.stdout)
    return measured
