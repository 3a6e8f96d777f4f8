"""Proofs that were taken already: each counts once in this process. Bounded; where there is no room, nobody is believed."""

from collections import OrderedDict

from sidecar.errors import Reason, Refusal
from sidecar.identity.dpop_proof import AHEAD, OLDEST

_MOST = 100_000
_KEPT = OLDEST + AHEAD
"""Seconds: the latest `iat` that is taken, until it is too old."""


class ProofsSeen:
    """Belongs to one event loop."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def take(self, proof: bytes, ticks: float) -> None:
        """Take a proof that was checked, by what stands for it.

        :param ticks: seconds that only go forward.
        :raises Refusal: DPOP_REPLAYED, or DPOP_PROOF where so many came that they can't be told apart any more.
        """
        while self._seen and next(iter(self._seen.values())) <= ticks:
            self._seen.popitem(last=False)
        if proof in self._seen:
            raise Refusal(Reason.DPOP_REPLAYED)
        if len(self._seen) >= self._most:
            raise Refusal(Reason.DPOP_PROOF, "too many proofs came within a minute", retry_after=1)
        self._seen[proof] = ticks + _KEPT
