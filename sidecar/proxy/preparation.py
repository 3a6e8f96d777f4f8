"""From verb and target to what is asked of the backend: read, decide, write. Pure, so that a call made before need not be prepared again.

What depends on the moment or the place (expiry, validity, address rules, revocation) has no part in it and is looked at every time.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.dialects.call import Call
from sidecar.dialects.rest.read import read
from sidecar.errors import Refusal
from sidecar.filters.describe import describe
from sidecar.policy.decide import decide_connector
from sidecar.policy.decision import Allow, Deny
from sidecar.policy.model import Caller
from sidecar.proxy.plan import Plan, plan
from sidecar.proxy.route import Route, route_to
from sidecar.store.snapshot import Environment, Snapshot

_MOST_REMEMBERED = 2048
_LONGEST_REMEMBERED = 4096  # characters of a target


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that follows from policy, caller, verb and target alone."""

    environment: Environment
    route: Route
    call: Call
    allowed: Allow
    plan: Plan
    predicate: str  # the rows that the caller may see, in words


def prepare(snapshot: Snapshot, caller: Caller, method: str, target: str, note_call: Callable[[Call], None]) -> Prepared:
    """The prepared call.

    :param note_call: is told the call as soon as it is read, also when it is refused then.
    :raises Refusal: where the call can't be read, is not allowed, or can't be put to the backend.
    """
    environment = snapshot.environments[caller.app_connector.environment]
    route = route_to(environment.rest, environment.ca_file)
    call = read(method, target, route.bases, environment.mixed)
    note_call(call)
    decision = decide_connector(snapshot.policy, caller, call)
    if isinstance(decision, Deny):
        raise Refusal(decision.reason, decision.detail)
    predicate = "" if decision.rows is None else describe(decision.rows.predicate)
    return Prepared(environment, route, call, decision, plan(call, decision, environment.mixed), predicate)


class Preparations:
    """Remembers prepared calls of one snapshot, by user, app connector, verb and raw target. Bounded; the oldest make room."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._prepared: dict[tuple[str, str, str, str], Prepared] = {}

    def prepared(self, snapshot: Snapshot, caller: Caller, method: str, target: str, note_call: Callable[[Call], None]) -> Prepared:
        """As `prepare`, which is asked only for what is not remembered. Refusals are not remembered."""
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._prepared.clear()
        key = (caller.user.name, caller.app_connector.name, method, target)
        known = self._prepared.get(key)
        if known is None:
            known = prepare(snapshot, caller, method, target, note_call)
            if len(target) > _LONGEST_REMEMBERED:
                return known
            if len(self._prepared) >= _MOST_REMEMBERED:
                del self._prepared[next(iter(self._prepared))]
            self._prepared[key] = known
        else:
            note_call(known.call)
        return known
