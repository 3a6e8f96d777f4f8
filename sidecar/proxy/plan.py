"""What is to be done for an allowed call: ask the backend this, or answer that no row is left. The last pure step before bytes move."""

from dataclasses import dataclass

from sidecar.dialects.call import Call, GetRows, RunReport
from sidecar.dialects.rest.write import spell_filter, verb_of, write_call, write_spelled_rows
from sidecar.filters.compact import MixedSeparators
from sidecar.filters.predicate import Predicate
from sidecar.policy.decision import Allow
from sidecar.policy.narrow import narrow
from sidecar.policy.special import narrow_report


@dataclass(frozen=True, slots=True)
class Plan:
    """The request for the backend, its target below the environment's base path.

    `target` is None where the narrowed question has no answer but the empty one, and while a claim is not confirmed. `narrowed` is None
    for calls without rows. `spelled` is the narrowed filter as `spell_filter` gives it, for the same question about another page.
    """

    verb: str
    target: str | None
    narrowed: Predicate | None = None
    spelled: tuple[str, ...] = ()


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
        spelled = spell_filter(narrowed, mixed)
        return Plan("GET", write_spelled_rows(call, allowed.connector, spelled), narrowed, spelled)
    if allowed.claim is not None:
        return Plan(verb_of(call), None)
    if isinstance(call, RunReport):
        call = narrow_report(call, allowed)
    return Plan(verb_of(call), write_call(call, allowed.connector))


def plan_page(call: GetRows, allowed: Allow, planned: Plan) -> Plan:
    """The plan for a call that differs from a planned one in its page only.

    :raises Refusal: QUERY_TOO_LONG where the narrowed question can't be put.
    """
    target = None if planned.target is None else write_spelled_rows(call, allowed.connector, planned.spelled)
    return Plan(planned.verb, target, planned.narrowed, planned.spelled)
