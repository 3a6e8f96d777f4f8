"""What the metrics tell of the policy: its version, its age, and how the last reload went."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.store.reload import PolicyStore

if TYPE_CHECKING:
    from sidecar.store.policy_watch import PolicyWatch  # brings SQLAlchemy along


class PolicyMetrics(Collector):
    """Looks at the store when scraped."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        store = self._store
        if store.in_force is not None:
            yield InfoMetricFamily("sidecar_policy", "The policy in force.", value={"version": store.in_force.policy.version})
            in_shadow = len(store.in_force.policy.in_shadow)
            yield GaugeMetricFamily("sidecar_shadow_app_connectors", "App connectors of which nothing is refused or narrowed.", in_shadow)
            loaded = store.in_force.loaded_at.timestamp()
            yield GaugeMetricFamily("sidecar_policy_loaded_timestamp_seconds", "When the policy in force was loaded.", value=loaded)
        if store.last_reload is not None:
            succeeded = float(store.last_reload.succeeded)
            yield GaugeMetricFamily("sidecar_policy_last_reload_successful", "1 if the last reload took effect, else 0.", value=succeeded)
        reloads = CounterMetricFamily("sidecar_policy_reloads", "Attempts to load the policy, by result.", labels=["result"])
        reloads.add_metric(["success"], store.reloads_succeeded)
        reloads.add_metric(["failure"], store.reloads_failed)
        yield reloads
        if store.watch is not None:
            yield from _of_the_database(store, store.watch)


def _of_the_database(store: PolicyStore, watch: "PolicyWatch") -> Iterator[Metric]:
    looks = CounterMetricFamily("sidecar_policy_database_looks", "Looks at the database of policy, by result.", labels=["result"])
    looks.add_metric(["success"], watch.looks_succeeded)
    looks.add_metric(["failure"], watch.looks_failed)
    yield looks
    if watch.directory is not None:
        unsound = "Rows of users and tokens that made no sense, each counted when it was found."
        yield CounterMetricFamily("sidecar_policy_unsound_rows", unsound, watch.directory.unsound)
        remembered = "Users and tokens that are remembered."
        yield GaugeMetricFamily("sidecar_policy_remembered", remembered, value=watch.directory.remembered)
    seconds = store.heard_seconds
    if seconds is not None:
        meaning = "Seconds since the database of policy was heard."
        yield GaugeMetricFamily("sidecar_policy_database_heard_seconds", meaning, value=seconds)
    listening = "1 if the database of policy notifies of changes, 0 if only looking at it tells."
    yield GaugeMetricFamily("sidecar_policy_database_listening", listening, value=float(watch.listening))
    stale = "1 if the database of policy was not heard for so long that nobody is served, else 0."
    yield GaugeMetricFamily("sidecar_policy_stale", stale, value=float(store.is_stale))
