"""Making tables, where others may be making the same ones at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable

from sidecar.database.unavailable import Unavailable

_ATTEMPTS = 5
_PAUSE = 0.2


async def until_made(make: Callable[[], Awaitable[None]]) -> None:
    """Do it, and again if that failed: whoever was too late finds it made on looking again.

    Of two that make the same table one fails, and so does one of two that open a new file of SQLite, about once in two hundred times.

    :raises Unavailable: it failed each time.
    """
    for attempt in range(_ATTEMPTS):
        try:
            await make()
            return
        except Unavailable:
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(_PAUSE)
