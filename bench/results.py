"""Everything that one run found, and how it is written to `latest.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.core import REPEATED
from bench.growth import Curve
from bench.latency import LatencyRow
from bench.memory import MemoryRow
from bench.peers.peer import Kind
from bench.rounds import Row, ratios_of


@dataclass(slots=True)
class Results:
    """Filled part by part; what was not measured stays empty."""

    machine: str
    python: str
    quick: bool
    taken: str  # when, ISO 8601
    rows: Sequence[Row] = ()
    rows_large: Sequence[Row] = ()
    ladder: Sequence[Row] = ()
    growth: list[Curve] = field(default_factory=list)
    latency: Sequence[LatencyRow] = ()
    memory: Sequence[MemoryRow] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def ratios(rows: Sequence[Row], *, repeated: bool = False) -> dict[str, float]:
    """CPU per request of the sidecar as a multiple of each other's: where every call is new, or where calls are repeated."""
    for row in rows:
        if row.kind == Kind.SIDECAR.value and (row.name == REPEATED) is repeated:
            return ratios_of(row, rows)
    return {}


def as_json(results: Results) -> dict[str, Any]:
    """What `latest.json` holds: machine, python, rows and ratios come first, and are there to stay."""
    found = asdict(results)
    head = {"machine": results.machine, "python": results.python, "rows": found.pop("rows"), "ratios": ratios(results.rows)}
    return {
        **head,
        "ratios_repeated_calls": ratios(results.rows, repeated=True),
        "ratios_200kb": ratios(results.rows_large),
        **{name: value for name, value in found.items() if name not in head},
    }
