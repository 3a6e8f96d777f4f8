"""Whether whoever sends a JWT has the key to which it is bound: the DPoP proof that comes with each request, looked at whatever is
remembered of the token. Each counts once.
"""

from collections.abc import Callable, Sequence

from sidecar.errors import Reason, Refusal
from sidecar.identity.dpop_proof import Request, check_proof, normalised
from sidecar.issuers.proofs_seen import ProofsSeen


class Possession:
    """Belongs to one event loop."""

    def __init__(self, seen: ProofsSeen, clock: Callable[[], float], ticks: Callable[[], float]) -> None:
        """
        :param clock: seconds since 1970.
        :param ticks: seconds that only go forward, the same for all who share `seen`.
        """
        self._seen = seen
        self._clock = clock
        self._ticks = ticks

    def proof_with(self, header: bytes | None, method: str, target: str) -> "RequestProof":
        """What a request brought.

        :param header: the value of its DPoP header.
        :param target: as sent.
        """
        return RequestProof(self, header, method, target)

    def check(self, key: bytes, token: bytes, header: bytes | None, request: Request) -> None:
        """Raise unless the header proves the key for this token and request; from then on it proves nothing.

        :raises Refusal: DPOP_PROOF or DPOP_REPLAYED.
        """
        if header is None:
            raise Refusal(Reason.DPOP_PROOF, "there is no DPoP header")
        self._seen.take(check_proof(header, token, key, request, self._clock()), self._ticks())


class RequestProof:
    """The proof of one request. A request may be judged several times, and its proof counts once: so what it has proven is kept here."""

    __slots__ = ("_header", "_method", "_possession", "_proven", "_target")

    def __init__(self, possession: Possession, header: bytes | None, method: str, target: str) -> None:
        self._possession = possession
        self._header = header
        self._method = method
        self._target = target
        self._proven: tuple[bytes, bytes] | None = None

    def check(self, key: bytes, token: bytes, public_urls: Sequence[str]) -> None:
        """Raise unless it proves this key, for this token and the request with which it came.

        :param public_urls: under which clients know the sidecar. What they say in `Host` is nothing: whoever has a proof that was meant for
            another server would say that server's name.
        :raises Refusal: DPOP_PROOF or DPOP_REPLAYED.
        """
        if self._proven == (key, token):
            return
        path = self._target.partition("?")[0]
        found = (normalised(url + path) for url in public_urls) if path.startswith("/") else ()
        request = Request(self._method, frozenset(url for url in found if url is not None))
        self._possession.check(key, token, self._header, request)
        self._proven = key, token
