"""GETs that came before, to the last byte and from the same origin: what was asked, by whom, and that the policy allows it, need not be
found out again.

It is remembered of what `known_headers` has served already, so all that is said there holds here; and nothing is remembered that depends
on the moment or the place: the caller's conditions are looked at for each call.
"""

from dataclasses import dataclass

from sidecar.policy.model import Caller
from sidecar.proxy.admission import Revision
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.prepared import Prepared
from sidecar.store.snapshot import Snapshot

_MOST_REMEMBERED = 2048
_MOST_SEEN = 8192


@dataclass(frozen=True, slots=True)
class KnownCall:
    """Who calls, with what request, and what was prepared for it. Without the token. `revision` is as in `KnownHeaders`."""

    caller: Caller
    request: ClientRequest
    prepared: Prepared
    revision: Revision | None = None


class KnownCalls:
    """Remembers by the first line, the SHA-256 of the header lines, in which the token is, and the origin: address and certificate.

    That and the policy are all on which it depends, so another snapshot forgets all. Bounded; the oldest make room.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._calls: dict[tuple[bytes, bytes, str], KnownCall] = {}
        self._seen: set[int] = set()

    def find(self, snapshot: Snapshot, line: bytes, digest: bytes, origin: str) -> KnownCall | None:
        """What is known of this call."""
        return self._calls.get((line, digest, origin)) if snapshot is self._snapshot else None

    def came_before(self, line: bytes, digest: bytes) -> bool:
        """Whether this call came lately. Most come once, and to remember those would cost more than it could give."""
        number = hash((line, digest))  # two calls with the same would only have one of them remembered early
        if number in self._seen:
            return True
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(number)
        return False

    def remember(self, snapshot: Snapshot, line: bytes, digest: bytes, origin: str, call: KnownCall) -> None:
        """Keep what was found out."""
        if snapshot is not self._snapshot:
            self._snapshot, self._calls = snapshot, {}
        if len(self._calls) >= _MOST_REMEMBERED:
            del self._calls[next(iter(self._calls))]
        self._calls[line, digest, origin] = call
