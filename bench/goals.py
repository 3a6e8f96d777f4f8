"""What the sidecar promises: CPU per request as a multiple of each other's, in one run, with policy, decision log and metrics on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bench.core import HEADLINE, NEW_VALUES, REPEATED
from bench.rounds import Table


class Goal(NamedTuple):
    """At most these multiples."""

    must: float
    want: float


GOALS = {
    "nginx, forwards only": Goal(2.5, 1.3),
    "nginx + Lua": Goal(1.6, 1.0),
    "Go ReverseProxy": Goal(0.8, 0.45),
    "Envoy, forwards only": Goal(0.8, 0.45),
    "aiohttp Application + ClientSession": Goal(0.2, 0.12),
    "Envoy + external authorizer": Goal(0.25, 0.15),
    "Starlette + httpx": Goal(0.04, 0.02),
    "mitmproxy script": Goal(0.04, 0.02),
}
"""By name of the peer."""

LARGE_ANSWER_GOALS = {"nginx, forwards only": Goal(1.3, 1.3)}
"""The same for answers of 200 KB."""


class Verdict(StrEnum):
    """How a ratio stands to its goal."""

    REACHED = "want met"
    ENOUGH = "must met, want not"
    MISSED = "must NOT met"


def verdict(goal: Goal, ratio: float) -> Verdict:
    """How the ratio stands."""
    if ratio <= goal.want:
        return Verdict.REACHED
    return Verdict.ENOUGH if ratio <= goal.must else Verdict.MISSED


JUDGED = (HEADLINE, NEW_VALUES, REPEATED)
"""The rows that are held against the goals."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One goal, with the ratio that each row reached and how it stands; a row that was not measured is not there."""

    against: str
    goal: Goal
    ratios: Mapping[str, float]
    verdicts: Mapping[str, Verdict]


def judge(small: Table, large: Table) -> Iterator[Judged]:
    """Every goal whose peer was measured."""
    kinds: Sequence[tuple[Mapping[str, Goal], Table, str]] = ((GOALS, small, ""), (LARGE_ANSWER_GOALS, large, ", 200 KB answers"))
    for goals, table, addition in kinds:
        for peer, goal in goals.items():
            ratios = {name: table.ratios[name][peer] for name in JUDGED if peer in table.ratios.get(name, {})}
            if ratios:
                yield Judged(peer + addition, goal, ratios, {name: verdict(goal, ratio) for name, ratio in ratios.items()})
