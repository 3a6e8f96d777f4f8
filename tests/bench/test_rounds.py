"""Rounds in turn, medians, and ratios."""

import subprocess
from pathlib import Path
from statistics import median

import pytest

from bench import rounds
from bench.latency import latency_row, percentile
from bench.peers.peer import Kind
from bench.processes import Started
from bench.rounds import Contender, Sample, Table, ratios_of, row_of, table_of, take_turns
from bench.wrk import Calls, LoadError


def contender(name: str, *cpu: float, kind: Kind = Kind.PEER) -> Contender:
    samples = [
        Sample(rps=1e6 / each, cpu=each, p50=each, p90=2 * each, p99=3 * each, pss=5e6, busy=1.0, others=each / 1000) for each in cpu
    ]
    no_processes: list[subprocess.Popen[bytes]] = []
    return Contender(name, kind, Started(name, no_processes), 1, Calls(Path("callers")), samples)


def test_everyone_has_his_turn_before_anyone_has_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[tuple[str, int]] = []

    def measured(who: Contender, seconds: int, _core: int) -> Sample:
        order.append((who.name, seconds))
        return contender("", 10).samples[0]

    monkeypatch.setattr(rounds, "measure", measured)
    everyone = [contender("a"), contender("b"), contender("c")]
    take_turns(everyone, rounds=3, seconds=2, core=0, tell=lambda _: None)
    for start in range(0, 12, 3):
        assert {name for name, _ in order[start : start + 3]} == {"a", "b", "c"}
    assert [seconds for _, seconds in order] == [1] * 3 + [2] * 9
    assert [len(each.samples) for each in everyone] == [3, 3, 3], "warming up leaves no sample"
    assert len({order[start][0] for start in (3, 6, 9)}) == 3, "each begins a round once"


def test_who_fails_takes_no_further_part(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def measured(who: Contender, _seconds: int, _core: int) -> Sample:
        calls.append(who.name)
        if who.name == "bad":
            raise LoadError("2 of 9 calls were refused")
        return contender("", 10).samples[0]

    monkeypatch.setattr(rounds, "measure", measured)
    good, bad = contender("good"), contender("bad")
    take_turns([good, bad], rounds=2, seconds=1, core=0, tell=lambda _: None)
    assert bad.failed == "2 of 9 calls were refused"
    assert calls.count("bad") == 1
    assert len(good.samples) == 2


def test_a_row_is_made_of_medians() -> None:
    found = row_of(contender("x", 30, 500, 40))
    assert (found.cpu_us, found.p50_us, found.p99_us, found.pss_mb) == (40, 40, 120, 5.0)
    assert found.rps == pytest.approx(median([1e6 / 30, 1e6 / 500, 1e6 / 40]), abs=0.1)


def test_a_ratio_is_our_cpu_over_theirs() -> None:
    ours = contender("sidecar", 50, kind=Kind.SIDECAR)
    others = [contender("nginx", 25, kind=Kind.LIMIT), contender("node", 200), contender("sidecar, other way", 10, kind=Kind.SIDECAR)]
    assert ratios_of(ours, [ours, *others]) == {"nginx": 2.0, "node": 0.25}


def test_a_ratio_compares_within_a_round_so_that_a_noisy_one_hits_both() -> None:
    ours, theirs = contender("sidecar", 30, 30, 60, kind=Kind.SIDECAR), contender("nginx", 20, 40, 40, kind=Kind.LIMIT)
    assert ratios_of(ours, [theirs]) == {"nginx": 1.5}, "the ratio of the medians is 0.75"


def test_a_table_has_only_those_who_stood_all_their_rounds() -> None:
    ours, theirs, failed = contender("sidecar", 50, 60, kind=Kind.SIDECAR), contender("node", 100, 100), contender("bad", 1)
    failed.failed = "2 of 9 calls were refused"
    found = table_of([ours, theirs, failed])
    assert [row.name for row in found.rows] == ["sidecar", "node"]
    assert found.ratios == {"sidecar": {"node": 0.55}}
    assert found.others == pytest.approx(0.08)


def test_a_table_of_nobody_is_empty() -> None:
    assert table_of([contender("never measured")]) == Table()


@pytest.mark.parametrize(("part", "expected"), [(0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentiles_are_values_that_occurred(part: float, expected: int) -> None:
    assert percentile(range(1, 101), part) == expected


def test_percentiles_of_a_single_value() -> None:
    found = latency_row("x", [7.0])
    assert (found.p50_us, found.p90_us, found.p99_us, found.worst_us) == (7, 7, 7, 7)
