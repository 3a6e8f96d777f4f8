"""A call as it is prepared before anything moves: all that follows from policy, caller, verb and target alone."""

from collections.abc import Callable
from typing import NamedTuple

from sidecar.dialects.call import Call
from sidecar.policy.decision import Allow
from sidecar.proxy.route import Route
from sidecar.proxy.upstream import request_line
from sidecar.store.snapshot import Environment

NoteCall = Callable[[Call], None]
"""Is told the call as soon as it is known, also when it is refused then."""


class Prepared(NamedTuple):
    """Everything that follows from policy, caller, verb and target alone. A tuple, because one is made for most requests.

    `call` is what is asked. Where the head was written around that of another call (see `alike`), it is that other one, since nobody needs
    it any more: of the same kind, to the same connector, with its own page and values.

    `head` is the beginning of the request to the backend, without its last lines: those headers that pass. Empty where there is nothing
    to ask, or not before a claim is confirmed. `own_headers` are the lines in it behind the first: Host, and the environment's own
    credential if it has one.
    """

    environment: Environment
    route: Route
    call: Call
    allowed: Allow
    predicate: str  # the rows that the caller may see, in words
    own_headers: bytes
    head: bytes

    def __repr__(self) -> str:
        """Without what may hold a credential."""
        return f"Prepared(environment={self.environment!r}, call={self.call!r}, allowed={self.allowed!r}, predicate={self.predicate!r})"


def head_of(route: Route, verb: str, target: str | None, own_headers: bytes) -> bytes:
    """The beginning of the request to the backend, as `Prepared.head`.

    :param target: below the environment's base path; None where there is nothing to ask.
    """
    return b"" if target is None else request_line(verb, f"{route.base_path}{target}") + own_headers
