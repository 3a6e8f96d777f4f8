"""Counts and times in plain numbers, turned into Prometheus metrics only when somebody scrapes them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from sidecar.record.checked import Checked
from sidecar.record.exchange import Exchange

_BOUNDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)

_CLASSES = tuple(f"{hundreds}xx" for hundreds in range(10))


class Histogram:
    """Seconds, counted in fixed buckets."""

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(_BOUNDS, seconds)] += 1
        self.total += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, as Prometheus wants them."""
        running, buckets = 0, []
        for bound, count in zip((*(str(bound) for bound in _BOUNDS), "+Inf"), self.counts, strict=True):
            running += count
            buckets.append((bound, float(running)))
        return buckets


class Metrics(Collector):
    """Everything that is counted. Gauges that others keep are asked for when scraped."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str]] = Counter()  # decision, reason, status class
        self.shadowed: Counter[tuple[str, str]] = Counter()  # what would have become of it, reason
        self.checked_answers: Counter[str] = Counter()  # by result
        self.checked_rows: Counter[str] = Counter()
        self.ownership: Counter[tuple[str, str]] = Counter()  # result, source
        self.in_flight = 0
        self.bytes_sent = 0
        self.added = Histogram()
        self.backend = Histogram()
        self.gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def observe(self, exchange: Exchange) -> None:
        """Count a finished exchange."""
        self.requests[exchange.outcome, exchange.reason or "", _CLASSES[exchange.status // 100]] += 1
        self.bytes_sent += exchange.sent
        if exchange.backend_seconds is not None:
            self.backend.observe(exchange.backend_seconds)
        if exchange.shadowed is not None:
            self.shadowed[exchange.shadowed.would, exchange.shadowed.reason or ""] += 1
        if exchange.checked is not None:
            self._count(exchange.checked)

    def _count(self, checked: Checked) -> None:
        self.checked_answers[checked.result] += 1
        self.checked_rows["good"] += checked.rows - checked.violating - checked.unjudgeable
        self.checked_rows["violating"] += checked.violating
        self.checked_rows["unjudgeable"] += checked.unjudgeable

    def collect(self) -> Iterator[Metric]:
        """The metrics as they stand; called by the Prometheus client."""
        requests = CounterMetricFamily(
            "sidecar_requests", "Requests by decision, reason and status class.", labels=["decision", "reason", "status"]
        )
        for labels, count in self.requests.items():
            requests.add_metric(labels, count)
        yield requests
        ownership = CounterMetricFamily(
            "sidecar_ownership_checks", "Whether something is its caller's, by result and source.", labels=["result", "source"]
        )
        for (result, source), number in self.ownership.items():
            ownership.add_metric([result, source], number)
        yield ownership
        yield CounterMetricFamily("sidecar_sent_bytes", "Bytes of answer bodies sent to clients.", value=self.bytes_sent)
        shadowed = CounterMetricFamily(
            "sidecar_shadowed_requests", "Requests in shadow, by what enforcement would have done and why.", labels=["would", "reason"]
        )
        for would_and_reason, count in self.shadowed.items():
            shadowed.add_metric(would_and_reason, count)
        yield shadowed
        for name, meaning, counts in (
            ("sidecar_checked_answers", "Answers that the row guard looked at, by the worst that it found.", self.checked_answers),
            ("sidecar_checked_rows", "Rows that the row guard judged, by result.", self.checked_rows),
        ):
            checked = CounterMetricFamily(name, meaning, labels=["result"])
            for result, count in counts.items():
                checked.add_metric([result], count)
            yield checked
        yield GaugeMetricFamily("sidecar_in_flight_requests", "Requests being served.", value=self.in_flight)
        yield HistogramMetricFamily(
            "sidecar_added_seconds",
            "Time from the request's head to its being sent to the backend.",
            buckets=self.added.buckets(),
            sum_value=self.added.total,
        )
        yield HistogramMetricFamily(
            "sidecar_backend_seconds",
            "Time from sending to the backend until its answer's head.",
            buckets=self.backend.buckets(),
            sum_value=self.backend.total,
        )
        for name, (meaning, value) in self.gauges.items():
            yield GaugeMetricFamily(name, meaning, value=value())
