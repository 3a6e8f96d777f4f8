"""From verb and target to what is asked of the backend: read, decide, write. Pure, so that a call made before need not be prepared again.

What depends on the moment or the place (expiry, validity, address rules, revocation) has no part in it and is looked at every time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, TypeVar

from sidecar.dialects.call import Call, GetRows, Page
from sidecar.dialects.rest.paging import cut_skip
from sidecar.dialects.rest.read import read
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.errors import Refusal
from sidecar.filters.describe import describe
from sidecar.policy.decide import decide_connector
from sidecar.policy.decision import Allow, Decision, Deny
from sidecar.policy.model import Caller, Policy
from sidecar.proxy.plan import Plan, plan, plan_page
from sidecar.proxy.route import Route, route_to
from sidecar.proxy.upstream import header_lines, request_line
from sidecar.store.snapshot import AfasToken, Environment, Snapshot

_MOST_REMEMBERED = 2048  # of each kind
_LONGEST_REMEMBERED = 4096  # characters of a target
_MOST_DIGITS = 9  # of a `skip` in a target that `cut_skip` cuts

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

NoteCall = Callable[[Call], None]
"""Is told the call as soon as it is known, also when it is refused then."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that follows from policy, caller, verb and target alone.

    `head` is the beginning of the request to the backend, without its last lines: those headers that pass. Empty where there is nothing
    to ask, or not before a claim is confirmed. `own_headers` are the lines in it behind the first: Host, and the environment's own
    credential if it has one.
    """

    environment: Environment
    route: Route
    call: Call
    allowed: Allow
    plan: Plan
    predicate: str  # the rows that the caller may see, in words
    own_headers: bytes = field(repr=False)
    head: bytes = field(repr=False)


class _Pages(NamedTuple):
    """A call for a page, and its target and head for the backend up to the digits of `skip` and behind them.

    The texts are empty where it is not sure that another number leaves all the rest as it is.
    """

    known: Prepared
    target_before: str = ""
    target_after: str = ""
    head_before: bytes = b""
    head_after: bytes = b""


class Decisions:
    """Remembers, under one snapshot, what was decided about calls for rows, and the rows in words; and the headers that are our own.

    A decision follows from the policy, from the user's attributes and groups, and from what the app connector lists and which filter types
    guard it there; nothing else of the client's question has a part in it. So the key is user, app connector and GetConnector (in lower
    case), and none of them can be left out. Under one snapshot a name means one user, and one app connector.
    """

    def __init__(self) -> None:
        self._about_rows: dict[tuple[str, str, str], tuple[Decision, str]] = {}
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
        key = (caller.user.name, caller.app_connector.name, connector)
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
    return Prepared(environment, route, call, decision, planned, predicate, own, _head(route, planned, own))


def prepare_confirmed(prepared: Prepared, call: Call) -> Prepared:
    """What was waiting for its claim, ready to be sent.

    :param call: with the ids that were confirmed.
    """
    planned = plan(call, replace(prepared.allowed, claim=None), prepared.environment.mixed)
    return replace(prepared, call=call, plan=planned, head=_head(prepared.route, planned, prepared.own_headers))


def own_headers(environment: Environment, route: Route) -> bytes:
    """The lines of a request to the backend that are the sidecar's own: Host, and the environment's credential if it has one."""
    headers = [(b"Host", route.origin.host_header)]
    if isinstance(environment.credential, AfasToken):
        headers.append((b"Authorization", environment.credential.header_value.encode("latin-1")))
    return header_lines(headers)


def _head(route: Route, planned: Plan, own_headers: bytes) -> bytes:
    return b"" if planned.target is None else request_line(planned.verb, f"{route.base_path}{planned.target}") + own_headers


class Preparations:
    """Remembers what was prepared under one snapshot. Bounded; the oldest make room. Calls that were refused are not remembered.

    A call that was made before is found by user, app connector, verb and raw target. One that only asks for another page is found by user,
    app connector, verb and the target's texts before and after the digits of `skip`: its page and target are its own, all else is the same.
    Pages themselves are not remembered: most come once, and the cost would be higher than the gain.
    """

    def __init__(self) -> None:
        self._forget(None)

    def _forget(self, snapshot: Snapshot | None) -> None:
        self._snapshot = snapshot
        self._decisions = Decisions()
        self._prepared: dict[tuple[str, str, str, str], Prepared] = {}
        self._paged: dict[tuple[str, str, str, str, str], Prepared] = {}
        self._pages: dict[tuple[str, str, str, str, str], _Pages] = {}

    def prepared(self, snapshot: Snapshot, caller: Caller, method: str, target: str, note_call: NoteCall) -> Prepared:
        """As `prepare`, which is asked only for what is not remembered."""
        if snapshot is not self._snapshot:
            self._forget(snapshot)
        key = (caller.user.name, caller.app_connector.name, method, target)
        known = self._prepared.get(key)
        if known is not None:
            note_call(known.call)
            return known
        paged = cut_skip(target)
        asked = None if paged is None else (caller.user.name, caller.app_connector.name, method, paged.before, paged.after)
        if paged is not None and asked is not None:
            pages = self._pages.get(asked)
            if pages is None and asked in self._paged:
                pages = _pages_of(self._paged[asked])
                _remember(self._pages, asked, pages)
            if pages is not None and isinstance(pages.known.call, GetRows):
                return _on_page(pages, pages.known.call, paged.skip, note_call)
        prepared = prepare(snapshot, caller, method, target, note_call, self._decisions)
        if len(target) <= _LONGEST_REMEMBERED:
            _remember(self._prepared, key, prepared)
        if asked is not None:
            _remember(self._paged, asked, prepared)
        return prepared


def _pages_of(prepared: Prepared) -> _Pages:
    target, spelled = prepared.plan.target, prepared.plan.spelled
    if target is None or not isinstance(prepared.call, GetRows):
        return _Pages(prepared)
    before, name, rest = target.partition("?skip=")
    after = rest.lstrip("0123456789")
    # With any number of digits, the query must be short enough for the first spelling, and so get that.
    if not name or not after.endswith(spelled[0]) or len(target) - len(before) + _MOST_DIGITS > LONGEST_QUERY:
        return _Pages(prepared)
    before += name
    head = prepared.head
    start = head.index(b"?skip=") + len(name)
    end = start + len(rest) - len(after)
    return _Pages(prepared, before, after, head[:start], head[end:])


def _on_page(pages: _Pages, call: GetRows, skip: int, note_call: NoteCall) -> Prepared:
    known = pages.known
    call = GetRows(call.connector, call.filter, call.order, Page(skip, call.page.take))
    note_call(call)
    own = known.own_headers
    if pages.head_before:
        planned = Plan(known.plan.verb, f"{pages.target_before}{skip}{pages.target_after}", known.plan.narrowed, known.plan.spelled)
        head = b"%b%d%b" % (pages.head_before, skip, pages.head_after)
    else:
        planned = plan_page(call, known.allowed, known.plan)
        head = _head(known.route, planned, own)
    return Prepared(known.environment, known.route, call, known.allowed, planned, known.predicate, own, head)


def _remember(memo: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    if len(memo) >= _MOST_REMEMBERED:
        del memo[next(iter(memo))]
    memo[key] = value
