"""A call of an app connector in shadow: the backend is asked what the app asked for, and what enforcement would have made of it is told.

What is understood is written anew from its parsed pieces, without narrowing; what is not is passed on as it came, as far as it has one
reading.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sidecar.dialects.call import Action, Call, GetRows, Metainfo, Update
from sidecar.dialects.rest.passing import pass_on
from sidecar.dialects.rest.read import read
from sidecar.dialects.rest.write import verb_of, write_call, write_rows
from sidecar.errors import Reason, Refusal
from sidecar.filters.describe import describe
from sidecar.filters.predicate import Predicate
from sidecar.policy.decide import decide_connector
from sidecar.policy.decision import Allow, Claim, Deny
from sidecar.policy.model import Caller
from sidecar.policy.shadow import unmet_in_shadow
from sidecar.proxy.ownership_question import targets_of
from sidecar.proxy.plan import plan
from sidecar.proxy.preparation import own_headers
from sidecar.proxy.prepared import NoteCall
from sidecar.proxy.route import Route, route_to
from sidecar.proxy.upstream import request_line
from sidecar.record.shadowed import Shadowed, Would
from sidecar.store.snapshot import Environment, Snapshot

_VERBS = frozenset({"GET", "POST", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class ShadowedCall:
    """`call` is None where it was not understood, `rows` where policy says nothing about its rows. `head` is as for `Prepared`."""

    environment: Environment
    route: Route
    call: Call | None
    outcome: Shadowed
    connector: str  # canonical; empty where it is not listed
    rows: Predicate | None
    head: bytes = field(repr=False)

    @property
    def predicate(self) -> str:
        """The rows that the caller might see, in words."""
        return "" if self.rows is None else describe(self.rows)


def shadow(snapshot: Snapshot, caller: Caller, method: str, target: str, now: datetime, note_call: NoteCall) -> ShadowedCall:
    """What is to be asked, and what would have been.

    :param note_call: is told the call, where it is understood.
    :raises Refusal: for what is never forwarded, and for conditions that are in force in shadow too.
    """
    in_force, unmet = unmet_in_shadow(caller, now)
    if in_force is not None:
        raise Refusal(in_force)
    if method not in _VERBS:
        raise Refusal(Reason.VERB_NOT_SERVED, f"{method[:20]} is not served here; use GET, POST, PUT or DELETE")
    environment = snapshot.environments[caller.app_connector.environment]
    route = route_to(environment.rest, environment.ca_file)
    as_it_came = pass_on(target, route.bases)
    call: Call | None = None
    rows: Predicate | None = None
    connector = ""
    try:
        call = read(method, target, route.bases, environment.mixed)
        note_call(call)
        decision = decide_connector(snapshot.policy, caller, call)
        if isinstance(decision, Allow):
            connector = decision.connector
            rows = decision.rows.predicate if decision.rows is not None and isinstance(call, GetRows) else None
            outcome = _planned(call, decision, environment)
        else:
            outcome = Shadowed(Would.REFUSE, decision.reason)
    except Refusal as refusal:
        outcome = Shadowed(Would.REFUSE, refusal.reason)
    if unmet is not None:
        outcome = Shadowed(Would.REFUSE, unmet)
    written = None if call is None else _as_asked(call, connector or getattr(call, "connector", ""), environment)
    verb, below = written or (method, as_it_came)
    head = request_line(verb, f"{route.base_path}{below}") + own_headers(environment, route)
    return ShadowedCall(environment, route, call, outcome, connector, rows, head)


def with_actions(shadowed: ShadowedCall, snapshot: Snapshot, caller: Caller, actions: frozenset[Action]) -> Shadowed:
    """What would have become of an update with these actions in its body."""
    if isinstance(shadowed.call, Update) and shadowed.outcome.reason is None:
        decision = decide_connector(snapshot.policy, caller, replace(shadowed.call, actions=actions))
        if isinstance(decision, Deny):
            return Shadowed(Would.REFUSE, decision.reason)
    return shadowed.outcome


def would_check(claim: Claim, environment: Environment) -> Shadowed:
    """What would have become of a call with a claim: whose it is, is not asked in shadow."""
    asks = targets_of(claim, environment.mixed)
    return Shadowed(Would.CHECK) if asks else Shadowed(Would.REFUSE, Reason.FILE_NOT_OWNED)


def _planned(call: Call, decision: Allow, environment: Environment) -> Shadowed:
    if decision.claim is not None:
        return would_check(decision.claim, environment)
    planned = plan(call, decision, environment.mixed)
    if planned.target is None:
        return Shadowed(Would.EMPTY)
    is_narrowed = decision.rows is not None and not decision.rows.predicate.is_everything
    return Shadowed(Would.NARROW if is_narrowed or isinstance(call, Metainfo) else Would.PASS)


def _as_asked(call: Call, connector: str, environment: Environment) -> tuple[str, str] | None:
    """Verb and target of the call as it was asked; None where it can't be written anew."""
    try:
        if not isinstance(call, GetRows):
            return verb_of(call), write_call(call, connector)
        return None if call.filter.is_nothing else ("GET", write_rows(call, connector, call.filter, environment.mixed))
    except Refusal:
        return None
