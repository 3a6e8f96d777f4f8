"""Metrics of several processes in one: counts are added exactly, never go backwards, and every gauge has its own meaning."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from sidecar.admin.app import Readiness
from sidecar.errors import Reason
from sidecar.record.decision_log import LogFormat
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.metrics import Metrics
from sidecar.service import serve
from sidecar.store.reload import PolicyStore
from sidecar.workers.adding_up import GAUGES, Family, Tally, collected, from_plain, to_plain
from tests.databases import sqlite_in
from tests.store.policy_in_database import in_database

CONFIG = 'listen: 127.0.0.1:0\nenvironments: {E: {rest: "http://127.0.0.1:9/rest", credential: {passthrough: true}}}\n'


class Given(Collector):
    """A collector of what a test made."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> list[Metric]:
        return self._metrics


def text_of(metrics: Iterable[Metric]) -> str:
    registry = CollectorRegistry()
    registry.register(Given(metrics))
    return generate_latest(registry).decode()


def counted(*statuses: int) -> Metrics:
    metrics = Metrics()
    for status in statuses:
        metrics.observe(Exchange(outcome=Outcome.ALLOW, status=status, sent=10, backend_seconds=0.003))
    return metrics


def test_one_process_alone_comes_out_as_it_is() -> None:
    metrics = counted(200, 200, 500)
    metrics.observe(Exchange(outcome=Outcome.DENY, reason=Reason.USER_BLOCKED, status=403))
    assert text_of(Tally().total({"1": from_plain(to_plain(collected(metrics)))})) == text_of(metrics.collect())


def test_counts_and_histograms_are_added() -> None:
    both, one, other = counted(200, 404, 200), counted(200, 404), counted(200)
    assert text_of(Tally().total({"1": collected(one), "2": collected(other)})) == text_of(both.collect())


def test_what_a_worker_that_is_gone_had_counted_stays_and_what_it_was_does_not() -> None:
    gone = counted(200, 404)
    gone.in_flight = 7
    tally = Tally()
    tally.keep(collected(gone))
    text = text_of(tally.total({"1": collected(counted(200))}))
    assert 'sidecar_requests_total{decision="allow",reason="",status="2xx"} 2.0' in text
    assert 'sidecar_requests_total{decision="allow",reason="",status="4xx"} 1.0' in text
    assert "sidecar_backend_seconds_count 3.0" in text
    assert "sidecar_in_flight_requests 0.0" in text
    assert "sidecar_requests_total" in text_of(tally.total({}))


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1e6)), max_size=40), st.randoms(use_true_random=False))
def test_no_counter_ever_goes_backwards(growth: list[tuple[int, float]], chance: object) -> None:
    """Not even by the last bit of a floating-point number, which Prometheus would take for a new beginning."""

    def families(value: float) -> list[Family]:
        return [Family("c", "", "counter", {("c_total", ()): value})]

    tally, living, last = Tally(), {0: 0.0, 1: 0.0, 2: 0.0}, 0.0
    for number, more in growth:
        if chance.random() < 0.3:  # type: ignore[attr-defined]
            tally.keep(families(living[number]))
            living[number] = 0.0
        else:
            living[number] += more
        [metric] = tally.total({str(each): families(value) for each, value in living.items()})
        assert metric.samples[0].value >= last
        last = metric.samples[0].value


@pytest.mark.parametrize(
    ("name", "values", "joined"),
    [
        ("sidecar_in_flight_requests", (2.0, 3.0), 5.0),
        ("sidecar_policy_loaded_timestamp_seconds", (2.0, 3.0), 2.0),
        ("sidecar_policy_last_reload_successful", (1.0, 0.0), 0.0),
    ],
)
def test_gauges_become_what_an_alert_is_about(name: str, values: tuple[float, float], joined: float) -> None:
    living = {str(number): [Family(name, "", "gauge", {(name, ()): value})] for number, value in enumerate(values)}
    [metric] = Tally().total(living)
    assert metric.samples[0].value == joined


def test_policies_that_differ_are_both_told() -> None:
    def policy(version: str) -> list[Family]:
        return [Family("sidecar_policy", "", "info", {("sidecar_policy_info", (("version", version),)): 1.0})]

    text = text_of(Tally().total({"1": policy("old"), "2": policy("new"), "3": policy("new")}))
    assert 'sidecar_policy_info{version="old"} 1.0' in text
    assert 'sidecar_policy_info{version="new"} 1.0' in text


def test_what_a_process_uses_is_told_of_each() -> None:
    family = Family("process_cpu_seconds", "", "counter", {("process_cpu_seconds_total", ()): 1.5})
    tally = Tally()
    tally.keep([family])
    text = text_of(tally.total({"1": [family], "supervisor": [family]}))
    assert 'process_cpu_seconds_total{worker="1"} 1.5' in text
    assert 'process_cpu_seconds_total{worker="supervisor"} 1.5' in text


async def test_every_gauge_of_the_service_has_a_rule(tmp_path: Path) -> None:
    store = PolicyStore([await in_database(tmp_path, sqlite_in(tmp_path), yaml.safe_load(CONFIG))], {})
    await store.start()
    found: list[Family] = []

    @contextlib.asynccontextmanager
    async def exposed(_readiness: Readiness, registry: CollectorRegistry) -> AsyncIterator[str]:
        found.extend(collected(registry))
        yield ""

    try:
        assert store.settings is not None
        async with serve(store.settings, store, LogFormat.TEXT, len, exposed=exposed) as running:
            assert running.admin_url == ""
    finally:
        await store.stop()
    ours: Callable[[Family], bool] = lambda family: family.name.startswith("sidecar_")  # noqa: E731
    assert {family.name for family in found if ours(family) and family.kind == "gauge"} == GAUGES.keys()
    assert {family.kind for family in found if ours(family)} == {"counter", "histogram", "info", "gauge"}
