"""What the metrics tell of the administration API: how many requests, and how they ended."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class AdministrationMetrics(Collector):
    """Counts; it is there without the API too, and empty."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        requests = CounterMetricFamily(
            "sidecar_administration_requests", "Requests to the administration API, by result.", labels=["result"]
        )
        for result, count in self.results.items():
            requests.add_metric([result], count)
        yield requests
