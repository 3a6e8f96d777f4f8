"""Rounds in turn: everyone is measured for a moment, then everyone again, so that a noisy minute hits all; medians count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.peers.peer import Kind
from bench.processes import Started
from bench.wrk import Calls, Load, LoadError, make_load


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one contender; CPU of the proxy per request and latencies in microseconds, memory in bytes after the round."""

    rps: float
    cpu: float
    p50: float
    p90: float
    p99: float
    pss: float


@dataclass(slots=True)
class Contender:
    """Someone who is measured: running, with what is asked of him. `failed` says why he no longer takes part."""

    name: str
    kind: Kind
    started: Started
    port: int
    calls: Calls
    samples: list[Sample] = field(default_factory=list)
    failed: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians over the rounds; `latest.json` has these keys."""

    name: str
    kind: str
    rps: float
    cpu_us: float
    p50_us: float
    p90_us: float
    p99_us: float
    pss_mb: float


def measure(contender: Contender, seconds: int, core: int) -> Sample:
    """One round.

    :raises LoadError: when an answer was missing or wrong.
    """
    before = contender.started.cpu_seconds()
    load: Load = make_load(contender.port, contender.calls, seconds, core)
    used = contender.started.cpu_seconds() - before
    return Sample(load.rps, used / load.requests * 1e6, load.p50, load.p90, load.p99, contender.started.pss_bytes())


def take_turns(
    contenders: Sequence[Contender], rounds: int, seconds: int, core: int, tell: Callable[[str], None], *, warm_up: int = 1
) -> None:
    """Fill the contenders' samples. Each round begins with another one; who fails takes no further part."""
    for turn in range(-1 if warm_up else 0, rounds):
        for position in range(len(contenders)):
            contender = contenders[(position + turn) % len(contenders)]
            if contender.failed:
                continue
            tell(f"{'warming up' if turn < 0 else f'round {turn + 1} of {rounds}'}: {contender.name}")
            try:
                sample = measure(contender, warm_up if turn < 0 else seconds, core)
            except LoadError as problem:
                contender.failed = str(problem)
                continue
            if turn >= 0:
                contender.samples.append(sample)


def row_of(contender: Contender) -> Row:
    """The medians of a contender that has samples."""
    samples = contender.samples
    return Row(
        name=contender.name,
        kind=contender.kind.value,
        rps=round(median(sample.rps for sample in samples), 1),
        cpu_us=round(median(sample.cpu for sample in samples), 2),
        p50_us=median(sample.p50 for sample in samples),
        p90_us=median(sample.p90 for sample in samples),
        p99_us=median(sample.p99 for sample in samples),
        pss_mb=round(median(sample.pss for sample in samples) / 1e6, 1),
    )


def ratios_of(row: Row, rows: Sequence[Row]) -> dict[str, float]:
    """By name of the others, how much CPU per request this one takes as a multiple of theirs."""
    others = [other for other in rows if other.kind != Kind.SIDECAR.value and other.cpu_us]
    return {other.name: round(row.cpu_us / other.cpu_us, 3) for other in others}
