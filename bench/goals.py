"""What the sidecar promises: CPU per request as a multiple of each other's, in one run, with policy, decision log and metrics on."""

from enum import StrEnum
from typing import NamedTuple


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

    REACHED = "wanted"
    ENOUGH = "good enough"
    MISSED = "missed"
    NONE = ""


def verdict(goal: Goal | None, ratio: float) -> Verdict:
    """How the ratio stands; `NONE` where nothing was promised."""
    if goal is None:
        return Verdict.NONE
    if ratio <= goal.want:
        return Verdict.REACHED
    return Verdict.ENOUGH if ratio <= goal.must else Verdict.MISSED
