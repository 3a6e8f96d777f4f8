"""How many wrong signatures came from where lately. To look at one takes some tenths of a millisecond, in which nobody else is served."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from math import ceil

from sidecar.errors import Reason, Refusal

MOST = 50
WINDOW_SECONDS = 10.0
_MOST_PLACES = 4_096


class Forgeries:
    """Counts by address, of IPv6 by the network of 64 bits that one customer has. Bounded; the oldest make room."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """:param clock: seconds that only go forward."""
        self._clock = clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, address: str) -> None:
        """Refuse to look at one more signature.

        :raises Refusal: JWT_TOO_MANY_FORGED.
        """
        begun, count = self._counts.get(_place(address), (0.0, 0))
        left = begun + WINDOW_SECONDS - self._clock()
        if count >= MOST and left > 0:
            raise Refusal(Reason.JWT_TOO_MANY_FORGED, retry_after=ceil(left))

    def add(self, address: str) -> None:
        """One more from there."""
        place, now = _place(address), self._clock()
        begun, count = self._counts.pop(place, (now, 0))
        if now - begun >= WINDOW_SECONDS:
            begun, count = now, 0
        if len(self._counts) >= _MOST_PLACES:
            self._counts.popitem(last=False)
        self._counts[place] = begun, count + 1


def _place(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ip_network((ip_address(address), 64), strict=False))
    except ValueError:
        return address
