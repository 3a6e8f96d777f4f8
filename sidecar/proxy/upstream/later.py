"""Things to be done a little later, all together, by one timer.

What many connections write in one turn of the event loop is written together at its end: whoever is waked by the first of it then finds the
rest as well, and is not waked again for each.
"""

import asyncio
from collections.abc import Callable


class Later:
    """Calls back at the end of the event loop's turn, or after some time. Belongs to the loop in which it is first used."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._callbacks: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def add(self, callback: Callable[[], None]) -> None:
        """Have this called, whether it will still have something to do then or not."""
        if not self._callbacks:
            if self._loop is None:  # asking for it each time would cost a system call
                self._loop = asyncio.get_running_loop()
            if self._seconds:
                self._loop.call_later(self._seconds, self._call_all)
            else:
                self._loop.call_soon(self._call_all)
        self._callbacks.append(callback)

    def _call_all(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()
