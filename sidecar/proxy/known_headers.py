"""Headers that came before, byte for byte: what was found out about them need not be found out again when the next call has the same.

Apps send the same headers with each of their calls; only the first line differs. The HTTP parser stays the only judge of what a request is:
what is known here is that it took exactly these lines for the headers of a GET without a body, to the last byte, behind a first line of
the plainest form. Behind another such line it would take them for the same, since it reads them after it and by themselves.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass

from sidecar.policy.model import Caller
from sidecar.proxy.admission import Revision
from sidecar.proxy.request_headers import RequestHeaders
from sidecar.store.snapshot import Snapshot

_MOST_REMEMBERED = 2048
_MOST_SEEN = 8192

PLAIN_LINE = re.compile(rb"GET (/[A-Za-z0-9\-._~%!$&'()*+,;=:@/?]*) HTTP/1\.1")
"""First lines that have one reading: a path with or without a query, of the characters that RFC 3986 gives them."""


@dataclass(frozen=True, slots=True)
class KnownHeaders:
    """Who sends them, under one snapshot, and what of them the backend gets. Without the token.

    `revision` must still hold (see `admission`), where the caller was found in a database.
    """

    caller: Caller
    headers: RequestHeaders
    keeps_alive: bool
    revision: Revision | None = None


class KnownBlocks:
    """Remembers by the SHA-256 of the lines, in which the token is, and by the origin: the address, and the client's certificate.

    That and the policy are all on which the caller depends, so another snapshot forgets all. Bounded; the oldest make room.
    """

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._blocks: OrderedDict[tuple[bytes, str], KnownHeaders] = OrderedDict()
        self._seen: set[bytes] = set()

    def find(self, snapshot: Snapshot, digest: bytes, origin: str) -> KnownHeaders | None:
        """What is known of these lines."""
        return self._blocks.get((digest, origin)) if snapshot is self._snapshot else None

    def came_before(self, digest: bytes) -> bool:
        """Whether these lines came lately. What comes but once is not worth remembering: it would cost more than it can give."""
        if digest in self._seen:
            return True
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(digest)
        return False

    def remember(self, snapshot: Snapshot, digest: bytes, origin: str, known: KnownHeaders) -> None:
        """Keep what was found out."""
        if snapshot is not self._snapshot:
            self._snapshot, self._blocks = snapshot, OrderedDict()
        if len(self._blocks) >= _MOST_REMEMBERED:
            self._blocks.popitem(last=False)
        self._blocks[digest, origin] = known
