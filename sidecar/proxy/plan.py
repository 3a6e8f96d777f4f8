"""What is to be done for an allowed call: ask the backend this, or answer that no row is left. The last pure step before bytes move."""

from dataclasses import dataclass

from sidecar.dialects.call import Call, GetRows, RunReport
from sidecar.dialects.rest.write import verb_of, write_call, write_rows
from sidecar.filters.compact import MixedSeparators
from sidecar.filters.predicate import Predicate
from sidecar.policy.decision import Allow
from sidecar.policy.narrow import narrow
from sidecar.policy.special import narrow_report


@dataclass(frozen=True, slots=True)
class Plan:
    """The request for the backend, its target below the environment's base path.

    `target` is None where the narrowed question has no answer but the empty one, and while a claim is not confirmed. `narrowed` is None
    for calls without rows.
    """

    verb: str
    target: str | None
    narrowed: Predicate | None = None


def plan(call: Call, allowed: Allow, mixed: MixedSeparators) -> Plan:
    """The plan for a call that was allowed.

    :param allowed: while it has a claim there is nothing to send; once that is confirmed, hand it in without.
    :param mixed: how the environment's backend reads compact filters with both separators.
    :raises Refusal: FILTER_TOO_LARGE or QUERY_TOO_LONG where the narrowed question can't be put; REPORT_WITHOUT_ROWS.
    """
    if isinstance(call, GetRows):
        if allowed.rows is None:
            raise TypeError("a call for rows is allowed together with its rows")
        narrowed = narrow(call.filter, allowed.rows.predicate)
        if narrowed.is_nothing:
            return Plan("GET", None, narrowed)
        return Plan("GET", write_rows(call, allowed.connector, narrowed, mixed), narrowed)
    if allowed.claim is not None:
        return Plan(verb_of(call), None)
    if isinstance(call, RunReport):
        call = narrow_report(call, allowed)
    return Plan(verb_of(call), write_call(call, allowed.connector))
