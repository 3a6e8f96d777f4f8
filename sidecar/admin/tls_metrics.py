"""What the metrics tell of the certificates that ports show: when they expire, and whether they are those of the files."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.store.tls_watch import TlsWatch


class TlsMetrics(Collector):
    """Looks at the watch when scraped."""

    def __init__(self, watch: TlsWatch) -> None:
        self._watch = watch

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        expiry = GaugeMetricFamily(
            "sidecar_tls_certificate_expiry_timestamp_seconds", "When the certificate that a port shows expires.", labels=["listener"]
        )
        current = GaugeMetricFamily(
            "sidecar_tls_certificate_current", "1 if it is the one in the files, 0 if those can't be used.", labels=["listener"]
        )
        for name, shown in self._watch.shown.items():
            expiry.add_metric([name], shown.tls.not_after.timestamp())
            current.add_metric([name], float(not shown.problem))
        yield expiry
        yield current
