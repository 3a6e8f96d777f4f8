"""The path of a request does not grow unnoticed: counts of calls on fixed inputs, compared with figures in the repository."""

import json
import sys

import pytest

from tests.proxy.call_counts import FIGURES, KINDS, count_calls

_MORE, _LESS = 1.03, 0.9


async def test_a_request_makes_no_more_calls_than_it_did() -> None:
    figures = json.loads(FIGURES.read_text("utf-8"))
    assert figures.keys() == KINDS.keys()
    counts = await count_calls()
    worse = {kind: f"{counts[kind]} calls, {figures[kind]} before" for kind in figures if counts[kind] > figures[kind] * _MORE}
    assert not worse, "if that is worth it, say so by `python -m tests.proxy.call_counts`"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of Python count fewer calls for the same work")
async def test_the_figures_are_those_of_today() -> None:
    figures = json.loads(FIGURES.read_text("utf-8"))
    counts = await count_calls()
    better = {kind: f"{counts[kind]} calls, {figures[kind]} before" for kind in figures if counts[kind] < figures[kind] * _LESS}
    assert not better, "well done: keep it by `python -m tests.proxy.call_counts`"


async def test_what_is_remembered_saves_calls() -> None:
    counts = await count_calls()
    assert counts["the same call again"] < counts["another page"] < counts["another filter value"]
    assert counts["the same call again"] < 0.8 * counts["headers that never came before"]
