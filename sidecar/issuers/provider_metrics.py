"""What the metrics tell of identity providers: how fetching their keys went, and how old those at hand are."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.issuers.providers import Providers


class ProviderMetrics(Collector):
    """Looks at the providers when scraped."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        fetches = CounterMetricFamily(
            "sidecar_issuer_key_fetches", "Fetches of issuers' keys, by issuer and outcome.", labels=["issuer", "outcome"]
        )
        keys = GaugeMetricFamily("sidecar_issuer_keys", "Keys of the issuer that are at hand and count.", labels=["issuer"])
        age = GaugeMetricFamily("sidecar_issuer_keys_age_seconds", "Seconds since they were last fetched.", labels=["issuer"])
        for state in self._providers.state():
            fetches.add_metric([state.issuer, "success"], state.fetched)
            fetches.add_metric([state.issuer, "failure"], state.failed)
            keys.add_metric([state.issuer], state.keys)
            if state.age_seconds is not None:
                age.add_metric([state.issuer], state.age_seconds)
        yield fetches
        yield keys
        yield age
