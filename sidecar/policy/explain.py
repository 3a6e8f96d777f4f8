"""The decision step by step: the same functions as `decide`, with every condition's outcome kept instead of the first failure."""

from dataclasses import dataclass
from datetime import datetime

from sidecar.dialects.call import Call
from sidecar.errors import Reason
from sidecar.policy.decide import CONDITIONS, decide
from sidecar.policy.decision import Decision
from sidecar.policy.model import Caller, Policy


@dataclass(frozen=True, slots=True)
class Step:
    """One condition: what it asks, and why it fails (None if it holds)."""

    condition: str
    failure: Reason | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every condition, and the decision that follows."""

    steps: tuple[Step, ...]
    decision: Decision


def explain(policy: Policy, caller: Caller, call: Call, now: datetime) -> Explanation:
    """Why the call would be allowed or denied."""
    steps = tuple(Step(_first_sentence(condition.__doc__), condition(caller, now)) for condition in CONDITIONS)
    return Explanation(steps, decide(policy, caller, call, now))


def _first_sentence(docstring: str | None) -> str:
    return (docstring or "").strip().splitlines()[0].rstrip(".")
