"""Messages whose sender is not known before their end, since his token stands in them: how much of those is held at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from sidecar.errors import Reason, Refusal

LARGEST = 4_194_304
"""Bytes of such a message."""
_SMALL = 65_536
MOST_LARGE = 16


class Strangers:
    """Counts the large ones, from their head to the moment when their sender is known. Small ones, which most are, always find room."""

    def __init__(self) -> None:
        self._large = 0

    @contextmanager
    def room(self, length: int | None) -> Iterator[int]:
        """Room for a message; gives how many bytes of it may be read.

        :param length: as its head has it; None where that does not tell.
        :raises Refusal: TOO_MUCH_FROM_STRANGERS.
        """
        if length is not None and length <= _SMALL:
            yield _SMALL
            return
        if self._large >= MOST_LARGE:
            raise Refusal(Reason.TOO_MUCH_FROM_STRANGERS)
        self._large += 1
        try:
            yield LARGEST
        finally:
            self._large -= 1
