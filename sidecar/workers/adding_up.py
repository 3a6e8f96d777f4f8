"""The metrics of several processes as one: what the workers counted is added up, what they are is labelled with their number."""

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

GAUGES: Mapping[str, Callable[[float, float], float]] = {
    "sidecar_in_flight_requests": operator.add,
    "sidecar_backend_connections": operator.add,
    "sidecar_idle_backend_connections": operator.add,
    "sidecar_backend_token_remaining_seconds": min,
    "sidecar_issuer_keys": min,
    "sidecar_issuer_keys_age_seconds": max,
    "sidecar_otp_waiting_mails": operator.add,
    "sidecar_otp_database_heard": min,
    "sidecar_shadow_app_connectors": max,
    "sidecar_tls_certificate_expiry_timestamp_seconds": min,
    "sidecar_tls_certificate_current": min,
    "sidecar_policy_loaded_timestamp_seconds": min,
    "sidecar_policy_last_reload_successful": min,
    "sidecar_policy_database_heard_seconds": max,
    "sidecar_policy_database_listening": min,
    "sidecar_policy_remembered": operator.add,
    "sidecar_policy_stale": max,
}
"""What becomes of two values of a gauge: their sum, or the one that an alert is about."""

_OF_THE_PROCESS = ("process_", "python_")

Sample = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric as it was collected: its name, its meaning, its kind, and its samples by name and labels."""

    name: str
    meaning: str
    kind: str
    samples: Mapping[Sample, float]

    @property
    def counts(self) -> bool:
        """It only ever grows, and what one process counted adds to what another did."""
        return self.kind in ("counter", "histogram") and not self.name.startswith(_OF_THE_PROCESS)


def collected(collector: Collector) -> list[Family]:
    """What a collector has to tell now."""
    return [
        Family(each.name, each.documentation, each.type, {(one.name, tuple(one.labels.items())): float(one.value) for one in each.samples})
        for each in collector.collect()
    ]


def to_plain(families: Iterable[Family]) -> list[Any]:
    """In values that JSON knows."""
    return [[each.name, each.meaning, each.kind, [[*sample, value] for sample, value in each.samples.items()]] for each in families]


def from_plain(plain: Iterable[Any]) -> list[Family]:
    """The families again."""
    return [
        Family(name, meaning, kind, {(sample, tuple((key, text) for key, text in labels)): value for sample, labels, value in samples})
        for name, meaning, kind, samples in plain
    ]


class Tally:
    """Adds up, and keeps what workers that are gone had counted, so that no counter goes backwards."""

    def __init__(self) -> None:
        # Exact numbers: with floating point the sum would depend on the order of adding, and a counter that goes back by its last bit
        # looks to Prometheus like one that began again at 0.
        self._gone: dict[str, tuple[Family, dict[Sample, Fraction]]] = {}

    def keep(self, families: Iterable[Family]) -> None:
        """Take over the counts of a worker that ended; it must not be among the living any more."""
        for family in families:
            if family.counts:
                _, kept = self._gone.setdefault(family.name, (family, {}))
                for sample, value in family.samples.items():
                    kept[sample] = kept.get(sample, Fraction()) + Fraction(value)

    def total(self, living: Mapping[str, Iterable[Family]]) -> Iterator[Metric]:
        """The metrics of all, by the label of each process that is alive."""
        kept = [family for family, _ in self._gone.values()]
        by_name: dict[str, list[tuple[str, Family]]] = {family.name: [] for family in kept}
        kinds = {family.name: family for family in kept}
        for label, families in living.items():
            for family in families:
                by_name.setdefault(family.name, []).append((label, family))
                kinds[family.name] = family
        for name, parts in by_name.items():
            family = kinds[name]
            metric = Metric(name, family.meaning, family.kind)
            for (sample, labels), value in self._samples(family, parts):
                metric.add_sample(sample, dict(labels), value)
            yield metric

    def _samples(self, family: Family, parts: list[tuple[str, Family]]) -> Iterable[tuple[Sample, float]]:
        if family.name.startswith(_OF_THE_PROCESS):
            return [((name, (*labels, ("worker", label))), one) for label, part in parts for (name, labels), one in part.samples.items()]
        if family.counts:
            _, kept = self._gone.get(family.name, (family, {}))
            exact = dict(kept)
            for _, part in parts:
                for sample, value in part.samples.items():
                    exact[sample] = exact.get(sample, Fraction()) + Fraction(value)
            return [(sample, float(value)) for sample, value in exact.items()]
        join = max if family.kind == "info" else GAUGES.get(family.name, operator.add)
        samples: dict[Sample, list[float]] = {}
        for _, part in parts:
            for sample, value in part.samples.items():
                samples.setdefault(sample, []).append(value)
        return [(sample, reduce(join, values)) for sample, values in samples.items()]
