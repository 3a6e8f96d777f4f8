"""Load in a closed loop: wrk with one thread, each connection asking again as soon as it has its answer."""

import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.processes import pinned
from bench.work import HOURS, target_of

_SCRIPT = Path(__file__).with_name("wrk.lua")
_first_numbers = itertools.cycle(range(1_000_000, 900_000_000, 1_000_000))


class LoadError(Exception):
    """The load could not be made, or its answers were not what they must be."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What is asked: a GetConnector by callers in turn, every call with another number in its target, or all with the same.

    :param callers: file with an Authorization value in each line.
    :param target: the request target up to the number.
    :param after: the rest of the target.
    :param least: bytes that an answer has at least.
    :param refused: every call is to be refused, because the price of that is wanted.
    """

    callers: Path
    target: str = target_of(HOURS)
    after: str = ""
    repeated: bool = False
    least: int = 0
    connections: int = 32
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it; latencies in microseconds."""

    requests: int
    seconds: float
    p50: int
    p90: int
    p99: int

    @property
    def rps(self) -> float:
        return self.requests / self.seconds


def parse(output: str, least: int, *, refused: bool = False) -> Load:
    """The line that `wrk.lua` writes at the end.

    :param least: bytes that each answer must have had on average.
    :param refused: whether every call, instead of none, must have been refused.
    :raises LoadError: when there is no such line, or answers were others than that, broken or too short.
    """
    for line in output.splitlines():
        if line.startswith("MEASURED "):
            requests, size, micros, p50, p90, p99, refusals, broken = map(int, line.split()[1:])
            if not requests:
                raise LoadError("no call was answered")
            if refusals != (requests if refused else 0) or broken:
                raise LoadError(f"{refusals} of {requests} calls were refused and {broken} broke")
            if size < least * requests:
                raise LoadError(f"answers had {size // requests} bytes, and must have {least}")
            return Load(requests, micros / 1e6, p50, p90, p99)
    raise LoadError(f"wrk said: {output.strip()[-300:]}")


def make_load(port: int, calls: Calls, seconds: int, core: int) -> Load:
    """Ask the proxy at this port for a while, from this core.

    :raises LoadError: see `parse`.
    """
    # What is asked again must have been asked in the rounds before, or each round would begin with calls that are new.
    number, step = (0, 0) if calls.repeated else (next(_first_numbers), 1)
    command: Sequence[str | Path] = [
        *("wrk", "--threads", "1", "--connections", str(calls.connections), "--duration", f"{seconds}s", "--timeout", "30s"),
        *("--script", _SCRIPT, f"http://127.0.0.1:{port}/", "--"),
        *(calls.target, str(number), str(step), calls.callers, calls.after),
    ]
    try:
        done = subprocess.run(  # noqa: S603  made by this program
            pinned(command, [core]), capture_output=True, text=True, check=False, timeout=seconds + 60
        )
    except subprocess.TimeoutExpired:
        raise LoadError("wrk did not come to an end") from None
    return parse(done.stdout + done.stderr, calls.least, refused=calls.refused)
