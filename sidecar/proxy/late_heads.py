"""Heads of answers that wait a moment for the beginning of their bodies.

Backends often send the two in two packets, one right behind the other. Sent on together they cost the client and the sidecar one write and
one read instead of two.
"""

import asyncio
from collections.abc import Callable

_MOMENT = 0.002
"""Seconds that a head waits at most; a body that takes longer is one that somebody may wish to see begin."""


class LateHeads:
    """One timer for all heads that wait. Belongs to the event loop in which it is first used."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, send: Callable[[], None]) -> None:
        """Have `send` called in a moment, whether there is still something to send then or not."""
        if not self._waiting:
            if self._loop is None:
                self._loop = asyncio.get_running_loop()
            self._loop.call_later(_MOMENT, self._send_all)
        self._waiting.append(send)

    def _send_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for send in waiting:
            send()
