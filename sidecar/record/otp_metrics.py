"""What the metrics tell of one-time passwords: how many of what, the mail that waits, and whether the database is heard."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class OtpMetrics(Collector):
    """Counts, and what others are asked for when scraped; they are there without one-time passwords too, and empty."""

    def __init__(self) -> None:
        self.happenings: Counter[tuple[str, str]] = Counter()  # operation, outcome
        self.letters: Callable[[], int] | None = None
        self.hears: Callable[[], bool] | None = None

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        happenings = CounterMetricFamily("sidecar_otp", "Operations of one-time passwords, and mails.", labels=["operation", "outcome"])
        for labels, count in self.happenings.items():
            happenings.add_metric(labels, count)
        yield happenings
        letters = GaugeMetricFamily("sidecar_otp_waiting_mails", "Mails with one-time passwords that are not sent yet.")
        if self.letters is not None:
            letters.add_metric([], self.letters())
        yield letters
        heard = GaugeMetricFamily("sidecar_otp_database_heard", "1 if the database of issued tokens answered lately, else 0.")
        if self.hears is not None:
            heard.add_metric([], float(self.hears()))
        yield heard
