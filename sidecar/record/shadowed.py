"""What enforcement would have done with a request that was forwarded in shadow, as the decision log and the metrics see it."""

from dataclasses import dataclass
from enum import StrEnum

from sidecar.errors import Reason


class Would(StrEnum):
    """What would have become of the call."""

    PASS = "pass"  # noqa: S105  no password
    NARROW = "narrow"
    EMPTY = "empty"
    CHECK = "check"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Shadowed:
    """`reason` says why it would have been refused."""

    would: Would
    reason: Reason | None = None

    def fields(self) -> dict[str, str]:
        """As a line of a log tells it."""
        return {"would": self.would, **({} if self.reason is None else {"would_reason": self.reason})}
