"""From verb and target to what is asked of the backend: read, decide, write. Pure, so that a call made before need not be prepared again.

What depends on the moment or the place (expiry, validity, address rules, revocation) has no part in it and is looked at every time.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sidecar.dialects.call import Call, GetRows
from sidecar.dialects.rest.other_values import cut_values
from sidecar.dialects.rest.paging import cut_skip
from sidecar.dialects.rest.read import read
from sidecar.errors import Refusal
from sidecar.filters.describe import describe
from sidecar.policy.decide import decide_connector
from sidecar.policy.decision import Decision, Deny
from sidecar.policy.model import Caller, Policy
from sidecar.proxy.alike import Pages, Values, on_page, pages_of, values_of, with_values
from sidecar.proxy.plan import plan
from sidecar.proxy.prepared import NoteCall, Prepared, head_of
from sidecar.proxy.route import Route, route_to
from sidecar.proxy.upstream import header_lines
from sidecar.store.snapshot import AfasToken, Environment, Snapshot

_MOST_REMEMBERED = 2048  # of each kind
_LONGEST_REMEMBERED = 4096  # characters of a target

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Decisions:
    """Remembers, under one snapshot, what was decided about calls for rows, and the rows in words; and the headers that are our own.

    A decision follows from the policy, from the user's attributes and groups, and from what the app connector lists and which filter types
    guard it there; nothing else of the client's question has a part in it. So the key is user (with
    what claims say of him), app connector and GetConnector (in lower case), and none of them can be left out. Under one snapshot a name
    means one app connector, and as long as `Caller.as_of` is the same, one user.
    """

    def __init__(self) -> None:
        self._about_rows: dict[tuple[str, bytes, str, str], tuple[Decision, str]] = {}
        self._own_headers: dict[str, bytes] = {}

    def headers_for(self, environment: Environment, route: Route) -> bytes:
        """As `own_headers`."""
        known = self._own_headers.get(environment.name)
        if known is None:
            known = self._own_headers[environment.name] = own_headers(environment, route)
        return known

    def decide(self, policy: Policy, caller: Caller, call: Call) -> tuple[Decision, str]:
        """As `decide_connector`, with the rows in words (empty for calls without rows and claims)."""
        if not isinstance(call, GetRows):
            decision = decide_connector(policy, caller, call)
            return decision, _in_words(decision)
        connector = call.connector.lower()
        key = (caller.user.name, caller.claimed, caller.app_connector.name, connector)
        known = self._about_rows.get(key)
        if known is None:
            decision = decide_connector(policy, caller, call)
            known = decision, _in_words(decision)
            if connector in caller.app_connector.get_connectors:  # any other name is the client's own
                _remember(self._about_rows, key, known)
        return known


def _in_words(decision: Decision) -> str:
    if isinstance(decision, Deny):
        return ""
    if decision.claim is not None:
        return f"a row of {decision.claim.get_connector} where {describe(decision.claim.rows.predicate)}"
    return "" if decision.rows is None else describe(decision.rows.predicate)


def prepare(
    snapshot: Snapshot, caller: Caller, method: str, target: str, note_call: NoteCall, decisions: Decisions | None = None
) -> Prepared:
    """The prepared call.

    :param decisions: those made before under this snapshot.
    :raises Refusal: where the call can't be read, is not allowed, or can't be put to the backend.
    """
    environment = snapshot.environments[caller.app_connector.environment]
    route = route_to(environment.rest, environment.ca_file)
    call = read(method, target, route.bases, environment.mixed)
    note_call(call)
    decisions = decisions or Decisions()
    decision, predicate = decisions.decide(snapshot.policy, caller, call)
    if isinstance(decision, Deny):
        raise Refusal(decision.reason, decision.detail)
    planned = plan(call, decision, environment.mixed)
    own = decisions.headers_for(environment, route)
    return Prepared(environment, route, call, decision, predicate, own, head_of(route, planned.verb, planned.target, own))


def prepare_confirmed(prepared: Prepared, call: Call) -> Prepared:
    """What was waiting for its claim, ready to be sent.

    :param call: with the ids that were confirmed.
    """
    planned = plan(call, replace(prepared.allowed, claim=None), prepared.environment.mixed)
    return prepared._replace(call=call, head=head_of(prepared.route, planned.verb, planned.target, prepared.own_headers))


def own_headers(environment: Environment, route: Route) -> bytes:
    """The lines of a request to the backend that are the sidecar's own: Host, and the environment's credential if it has one."""
    headers = [(b"Host", route.origin.host_header)]
    if isinstance(environment.credential, AfasToken):
        headers.append((b"Authorization", environment.credential.header_value.encode("latin-1")))
    return header_lines(headers)


class Preparations:
    """Remembers what was prepared under one snapshot, as of one state of users; not what was refused. Bounded; the oldest make room.

    A user is his name and what claims say of him. A call that was made before is found by user, app connector, verb and raw target. One
    that only asks for another page is found by user, app connector, verb and the target's texts before and after the digits of `skip`: its
    page and target are its own, all else is the same. One that only asks for other values is found by user, app connector, verb and the
    target's texts before and after the values.
    Such pages and values themselves are not remembered: most come once, and the cost would be higher than the gain.
    """

    def __init__(self) -> None:
        self._forget(None, 0)

    def _forget(self, snapshot: Snapshot | None, as_of: int) -> None:
        self._snapshot, self._as_of = snapshot, as_of
        self._decisions = Decisions()
        self._prepared: dict[tuple[str, bytes, str, str, str], Prepared] = {}
        self._paged: dict[tuple[str, bytes, str, str, str, str], Prepared | Pages | None] = {}
        self._valued: dict[tuple[str, bytes, str, str, str, str], Prepared | Values | None] = {}

    def prepared(self, snapshot: Snapshot, caller: Caller, method: str, target: str, note_call: NoteCall) -> Prepared:
        """As `prepare`, which is asked only for what is not remembered."""
        if snapshot is not self._snapshot or caller.as_of != self._as_of:
            self._forget(snapshot, caller.as_of)
        user, claimed, app_connector = caller.user.name, caller.claimed, caller.app_connector.name
        key = page = values = None
        paged = cut_skip(target)
        if paged is not None:
            page = (user, claimed, app_connector, method, paged.before, paged.after)
            pages = _alike(self._paged, page, pages_of)
            if pages is not None:
                return on_page(pages, paged.skip, note_call)
        else:
            key = (user, claimed, app_connector, method, target)
            known = self._prepared.get(key)
            if known is not None:
                note_call(known.call)
                return known
        valued = cut_values(target)
        if valued is not None:
            values = (user, claimed, app_connector, method, valued.before, valued.after)
            alike = _alike(self._valued, values, values_of)
            other = None if alike is None else with_values(alike, valued.values, note_call)
            if other is not None:
                return other
        prepared = prepare(snapshot, caller, method, target, note_call, self._decisions)
        if page is not None and page not in self._paged:
            _remember(self._paged, page, prepared)
        if values is not None and values not in self._valued:
            _remember(self._valued, values, prepared)
        if key is not None and len(target) <= _LONGEST_REMEMBERED:
            _remember(self._prepared, key, prepared)
        return prepared


def _alike(memo: dict[_Key, Prepared | _Value | None], key: _Key, texts_of: Callable[[Prepared], _Value | None]) -> _Value | None:
    """What is known of calls like this one; its texts are cut when a second one comes, since many have none."""
    known = memo.get(key)
    if isinstance(known, Prepared):
        known = memo[key] = texts_of(known)
    return known


def _remember(memo: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memo) >= _MOST_REMEMBERED:
        del memo[next(iter(memo))]
    memo[key] = value
