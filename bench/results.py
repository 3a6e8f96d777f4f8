"""Everything that one run found, and how it is written to `latest.json`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.core import HEADLINE
from bench.goals import judge
from bench.growth import Curve
from bench.latency import LatencyRow
from bench.memory import MemoryRow
from bench.policy_database import DatabaseRow
from bench.rounds import Row, Table


@dataclass(slots=True)
class Results:
    """Filled part by part; what was not measured stays empty."""

    machine: str
    python: str
    quick: bool
    taken: str  # when, ISO 8601
    small: Table = field(default_factory=Table)
    large: Table = field(default_factory=Table)
    tls: Table = field(default_factory=Table)
    ladder: Sequence[Row] = ()
    growth: list[Curve] = field(default_factory=list)
    latency: Sequence[LatencyRow] = ()
    memory: Sequence[MemoryRow] = ()
    policy_database: Sequence[DatabaseRow] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


def as_json(results: Results) -> dict[str, Any]:
    """What `latest.json` holds: machine, python, rows and ratios come first, and are there to stay.

    `ratios` are those of the headline; under `tables` stand those of every way to run the sidecar.
    """
    found = asdict(results)
    tables = {name: found.pop(name) for name in ("small", "large", "tls")}
    return {
        "machine": found.pop("machine"),
        "python": found.pop("python"),
        "rows": tables["small"].pop("rows"),
        "ratios": tables["small"]["ratios"].get(HEADLINE, {}),
        "goals": [
            {"against": each.against, **each.goal._asdict(), "ratios": each.ratios, "verdicts": each.verdicts}
            for each in judge(results.small, results.large)
        ],
        "tables": tables,
        **found,
    }
