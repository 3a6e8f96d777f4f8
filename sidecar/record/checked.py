"""What the row guard found in one answer, as the decision log and the metrics see it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Checked:
    """Numbers of rows that were judged; `problem` says what made the answer unreadable from some place on, if anything did."""

    rows: int
    violating: int
    unjudgeable: int
    problem: str = ""

    @property
    def result(self) -> str:
        """The worst that was found, as a label."""
        if self.violating:
            return "violating"
        if self.problem:
            return "unreadable"
        return "unjudgeable" if self.unjudgeable else "good"

    def fields(self) -> dict[str, Any]:
        """As a line of a log tells it."""
        counts = {"rows_checked": self.rows, "rows_violating": self.violating, "rows_unjudgeable": self.unjudgeable}
        return {**counts, "rows_problem": self.problem} if self.problem else counts
