"""A call as it is prepared before anything moves: all that follows from policy, caller, verb and target alone."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.dialects.call import Call
from sidecar.policy.decision import Allow
from sidecar.proxy.plan import Plan
from sidecar.proxy.route import Route
from sidecar.proxy.upstream import request_line
from sidecar.store.snapshot import Environment

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


def head_of(route: Route, planned: Plan, own_headers: bytes) -> bytes:
    """The beginning of the request to the backend, as `Prepared.head`."""
    return b"" if planned.target is None else request_line(planned.verb, f"{route.base_path}{planned.target}") + own_headers
