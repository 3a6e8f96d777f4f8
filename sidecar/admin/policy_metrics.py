"""What the metrics tell of the policy: its version, its age, and how the last reload went."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.store.reload import PolicyStore


class PolicyMetrics(Collector):
    """Looks at the store when scraped."""

    def __init__(self, store: PolicyStore) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        store = self._store
        if store.snapshot is not None:
            yield InfoMetricFamily("sidecar_policy", "The policy in force.", value={"version": store.snapshot.policy.version})
            in_shadow = len(store.snapshot.policy.in_shadow)
            yield GaugeMetricFamily("sidecar_shadow_app_connectors", "App connectors of which nothing is refused or narrowed.", in_shadow)
            loaded = store.snapshot.loaded_at.timestamp()
            yield GaugeMetricFamily("sidecar_policy_loaded_timestamp_seconds", "When the policy in force was loaded.", value=loaded)
        if store.last_reload is not None:
            succeeded = float(store.last_reload.succeeded)
            yield GaugeMetricFamily("sidecar_policy_last_reload_successful", "1 if the last reload took effect, else 0.", value=succeeded)
        reloads = CounterMetricFamily("sidecar_policy_reloads", "Attempts to load the policy, by result.", labels=["result"])
        reloads.add_metric(["success"], store.reloads_succeeded)
        reloads.add_metric(["failure"], store.reloads_failed)
        yield reloads
