"""What the metrics tell of access tokens for backends: how fetching them went, and how long those at hand hold."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.proxy.backend_credentials import BackendCredentials


class CredentialMetrics(Collector):
    """Looks at the credentials when scraped."""

    def __init__(self, credentials: BackendCredentials) -> None:
        self._credentials = credentials

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        fetches = CounterMetricFamily(
            "sidecar_backend_token_fetches", "Fetches of access tokens, by environment and outcome.", labels=["environment", "outcome"]
        )
        for labels, count in self._credentials.fetches.items():
            fetches.add_metric(labels, count)
        yield fetches
        remaining = GaugeMetricFamily(
            "sidecar_backend_token_remaining_seconds", "How long the access token at hand still holds.", labels=["environment"]
        )
        for environment, seconds in self._credentials.seconds_left().items():
            remaining.add_metric([environment], seconds)
        yield remaining
