"""Rounds in turn: everyone is measured for a moment, then everyone again, so that a noisy minute hits all.

Medians count. A ratio is taken within each round, where both had the same neighbours, and then its median.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.accounting import core_seconds
from bench.peers.peer import Kind
from bench.processes import Started
from bench.wrk import Calls, Load, LoadError, make_load


@dataclass(frozen=True, slots=True)
class Sample:
    """One round of one contender; CPU of the proxy per request and latencies in microseconds, memory in bytes after the round.

    `busy` is how many cores' time the proxy took; `others` how much of the proxy's core somebody else took meanwhile (0 to 1).
    """

    rps: float
    cpu: float
    p50: float
    p90: float
    p99: float
    pss: float
    busy: float
    others: float


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
    """Medians over the rounds; `latest.json` has these keys. `busy` near 1: the proxy could not have answered more on its core."""

    name: str
    kind: str
    rps: float
    cpu_us: float
    p50_us: float
    p90_us: float
    p99_us: float
    pss_mb: float
    busy: float


def measure(contender: Contender, seconds: int, core: int) -> Sample:
    """One round.

    :raises LoadError: when an answer was missing or wrong.
    """
    own = contender.started.core
    all_before = 0.0 if own is None else core_seconds(own)
    before = contender.started.cpu_seconds()
    load: Load = make_load(contender.port, contender.calls, seconds, core)
    used = contender.started.cpu_seconds() - before
    others = 0.0 if own is None else max(core_seconds(own) - all_before - used, 0)
    figures = load.rps, used / load.requests * 1e6, load.p50, load.p90, load.p99
    return Sample(*figures, contender.started.pss_bytes(), used / load.seconds, others / load.seconds)


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
        busy=round(median(sample.busy for sample in samples), 2),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """Those who stood all their rounds. `ratios` has, by name of a way to run the sidecar and then by name of each other, how much CPU per
    request that takes as a multiple of theirs; `others` is the share of the proxies' core that strangers took."""

    rows: Sequence[Row] = ()
    ratios: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    others: float = 0.0


def table_of(contenders: Sequence[Contender]) -> Table:
    """What the rounds of these contenders gave."""
    good = [each for each in contenders if each.samples and not each.failed]
    if not good:
        return Table()
    ratios = {each.name: ratios_of(each, good) for each in good if each.kind is Kind.SIDECAR}
    return Table([row_of(each) for each in good], ratios, round(median(sample.others for each in good for sample in each.samples), 3))


def ratios_of(ours: Contender, everyone: Sequence[Contender]) -> dict[str, float]:
    """By name of the others, how much CPU per request this one takes as a multiple of theirs: the median of the rounds' ratios."""
    return {
        other.name: round(median(mine.cpu / theirs.cpu for mine, theirs in zip(ours.samples, other.samples, strict=True)), 3)
        for other in everyone
        if other.kind is not Kind.SIDECAR and all(sample.cpu for sample in other.samples)
    }
