"""What is written: `latest.json` with its fixed keys, the chart, and the tables."""

import io
import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from bench.chart import draw
from bench.core import HEADLINE, NEW_VALUES, REPEATED, TLS
from bench.goals import GOALS, LARGE_ANSWER_GOALS, Goal, Verdict, judge, verdict
from bench.growth import Curve, Point
from bench.latency import LatencyRow
from bench.memory import MemoryRow
from bench.peers import PEERS
from bench.policy_database import DatabaseRow
from bench.report import show
from bench.results import Results, as_json
from bench.rounds import Row, Table

NGINX = Row("nginx, forwards only", "limit", 30_000, 30, 900, 2_000, 3_500, 4, 0.91)
SIDECAR = Row(HEADLINE, "sidecar", 15_000, 60, 1_900, 3_000, 8_900, 60, 1.0)
SIDECAR_REPEATED = replace(SIDECAR, name=REPEATED, cpu_us=45)
STARLETTE = Row("Starlette + httpx", "peer", 320, 3_000, 84_000, 200_000, 415_000, 33, 1.0)
ROWS = [NGINX, SIDECAR, SIDECAR_REPEATED, STARLETTE]
RATIOS = {
    HEADLINE: {"nginx, forwards only": 2.0, "Starlette + httpx": 0.02},
    REPEATED: {"nginx, forwards only": 1.3, "Starlette + httpx": 0.05},
}
SMALL = Table(ROWS, RATIOS, 0.021)
LARGE = Table([NGINX, SIDECAR], {HEADLINE: {"nginx, forwards only": 2.0}})


@pytest.fixture
def results() -> Results:
    found = Results("a <machine>", "CPython", quick=True, taken="2026-01-01T00:00:00+00:00", small=SMALL, large=LARGE)
    found.tls = Table([replace(SIDECAR, name=TLS)], {TLS: {}})
    found.ladder = [NGINX]
    found.growth = [Curve("users", [Point("100", SIDECAR), Point("1,000", SIDECAR, "refused with 414")])]
    found.latency = [LatencyRow("direct", 100, 200, 300, 400), LatencyRow("sidecar", 180, 300, 500, 900)]
    found.memory = [MemoryRow("1 GB answer", 56, 100, "all of it"), MemoryRow("1 GB upload", 560, 100, "refused")]
    found.policy_database = [
        DatabaseRow("SQLite, 100 users", 0.7, 0.6, 78, SIDECAR, 2_000, 4_000, 500, 700, 900, 100, 3_000, 3_100, 9_000, 90),
        DatabaseRow("SQLite, 1,000,000 users", 2.7, 0.8, 80, SIDECAR, 2_100, 4_100, 510, 710, 910, 110, 3_010, 3_110, 9_010, 190),
    ]
    found.left_out = {"Node undici": "not installed"}
    return found


def written(results: Results) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(as_json(results)))
    return found


def test_the_file_has_the_keys_on_which_others_rely(results: Results) -> None:
    found = written(results)
    assert list(found)[:4] == ["machine", "python", "rows", "ratios"]
    for row in found["rows"]:
        assert {"name", "kind", "rps", "cpu_us", "p50_us", "p99_us", "pss_mb"} <= row.keys()
        assert row["kind"] in {"sidecar", "peer", "limit"}


def test_the_ratios_are_those_of_calls_that_are_new(results: Results) -> None:
    found = written(results)
    assert found["ratios"] == RATIOS[HEADLINE]
    assert found["tables"]["small"]["ratios"][REPEATED] == RATIOS[REPEATED]


def test_every_goal_is_written_with_what_was_reached(results: Results) -> None:
    nginx = written(results)["goals"][0]
    assert (nginx["against"], nginx["must"], nginx["want"]) == ("nginx, forwards only", 2.5, 1.3)
    assert nginx["ratios"] == {HEADLINE: 2.0, REPEATED: 1.3}
    assert nginx["verdicts"] == {HEADLINE: "must met, want not", REPEATED: "want met"}


def test_without_a_sidecar_there_are_no_ratios(results: Results) -> None:
    results.small = Table([NGINX, STARLETTE])
    found = written(results)
    assert found["ratios"] == {}
    assert [goal["against"] for goal in found["goals"]] == ["nginx, forwards only, 200 KB answers"]


def test_the_chart_is_a_picture_with_a_longer_bar_for_who_takes_longer() -> None:
    picture = ElementTree.fromstring(draw(ROWS, "CPU & more", "a <machine>"))  # noqa: S314  drawn a moment ago
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in picture.iter(f"{space}text")]
    assert {"CPU & more", "a <machine>", "Starlette + httpx", "3,000 µs"} <= set(texts)
    bars = [float(bar.attrib["width"]) for bar in picture.iter(f"{space}rect") if bar.attrib.get("height") == "22"]
    assert len(bars) == len(ROWS)
    assert bars == sorted(bars)
    assert bars[0] < bars[-1]


def test_the_tables_tell_everything_that_was_found(results: Results) -> None:
    output = io.StringIO()
    show(results, Console(file=output, width=200))
    told = output.getvalue()
    for expected in (
        "Starlette + httpx",
        "2: must met, want not",
        "1.3: want met",
        "2: must NOT met",
        TLS,
        "Strangers took 2.1% of the proxies' core",
        "refused with 414",
        "+80",
        "560",
        "SQLite, 1,000,000 users",
        "2.70",
        "4,100",
        "█" * 12,
        "left out: Node undici: not installed",
    ):
        assert expected in told


def test_the_tables_can_be_shown_without_a_part_that_failed(results: Results) -> None:
    results.small = Table([STARLETTE])
    results.latency = ()
    show(results, Console(file=io.StringIO(), width=200))


@pytest.mark.parametrize(
    ("ratio", "expected"), [(1.3, Verdict.REACHED), (1.31, Verdict.ENOUGH), (2.5, Verdict.ENOUGH), (2.51, Verdict.MISSED)]
)
def test_a_ratio_stands_to_its_goal(ratio: float, expected: Verdict) -> None:
    assert verdict(Goal(must=2.5, want=1.3), ratio) is expected


def test_a_goal_whose_peer_was_not_measured_is_not_judged() -> None:
    judged = list(judge(Table(ROWS, {NEW_VALUES: {"nginx + Lua": 1.7, "Node undici": 0.5}}), Table()))
    assert [(each.against, dict(each.verdicts)) for each in judged] == [("nginx + Lua", {NEW_VALUES: Verdict.MISSED})]


def test_every_goal_is_about_a_peer_that_there_is() -> None:
    names = [peer.name for peer in PEERS]
    assert GOALS.keys() | LARGE_ANSWER_GOALS.keys() <= set(names)
    assert len(set(names)) == len(names)
