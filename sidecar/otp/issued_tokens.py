"""Finds issued tokens by digest, mostly without asking the database, and hears within a second of those that were taken away.

Found tokens are remembered, bounded. A number in the database grows whenever a token may be gone; it is looked at twice a second, and when
it is another one, everything is forgotten. Without an answer for `DEAF_SECONDS` nothing that is remembered counts any more.
"""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.otp.issued_token import IssuedToken
from sidecar.otp.token_rows import current_revision, find_tokens

POLL_SECONDS = 0.5
DEAF_SECONDS = 10.0
"""How long a replica that can't reach the database goes on with what it knows: the bound on revocation there."""

_SECONDS_FOR_AN_ANSWER = 5.0
_MOST_REMEMBERED = 16_384
_MOST_AT_ONCE = 500  # digests in one question
_MOST_WAITING = 10_000


class IssuedTokens:
    """Belongs to one event loop. Unknown tokens are not remembered, so whoever invents them can't push out those that are."""

    def __init__(self, database: Database, *, poll: float = POLL_SECONDS, deaf: float = DEAF_SECONDS) -> None:
        self._database = database
        self._poll = poll
        self._deaf = deaf
        self._revision = -1
        self._revised = float("-inf")  # monotonic seconds, as the next
        self._heard = float("-inf")
        self._remembered: OrderedDict[bytes, IssuedToken] = OrderedDict()
        self._waiting: dict[bytes, asyncio.Future[IssuedToken | None]] = {}
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def hears(self) -> bool:
        """Whether the database answered lately, so that revocations are known."""
        return time.monotonic() - self._heard < self._deaf

    @property
    def revision(self) -> int:
        """Another number means that what `find` gave before may be gone; nobody may remember a token across a change of it."""
        return self._revision

    async def start(self) -> None:
        """Look once, and keep looking.

        :raises Unavailable: the database doesn't answer.
        """
        await self._look()
        self._tasks = [asyncio.create_task(self._listen(), name="token revision"), asyncio.create_task(self._ask(), name="token look-up")]

    async def stop(self) -> None:
        """Stop looking; nothing is known afterwards."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._heard = float("-inf")
        self._answer_all(Unavailable("stopped"))

    def remembered(self, digest: bytes) -> IssuedToken | None:
        """The token, if that is known without asking. For the quick way of a request; None says nothing about the token."""
        return self._remembered.get(digest) if self.hears else None

    async def find(self, digest: bytes) -> IssuedToken | None:
        """The token, or None if there is none. Whether it has expired is for the caller's conditions to say.

        :raises Unavailable: nobody can say now.
        """
        known = self.remembered(digest)
        if known is not None:
            return known
        waiting = self._waiting.get(digest)
        if waiting is None:
            if not self._tasks or len(self._waiting) >= _MOST_WAITING:
                raise Unavailable("too many questions" if self._tasks else "stopped")
            waiting = self._waiting[digest] = asyncio.get_running_loop().create_future()
            self._wanted.set()
        return await asyncio.shield(waiting)  # others may wait for the same answer

    def revised(self, number: int) -> None:
        """A token was taken away or given out here, which made this the revision: no need to wait for the next look."""
        self._adopt(number, time.monotonic())

    async def _listen(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            with suppress(Exception):  # whatever it is: what is not heard of ends by itself, but the listening must not
                await self._look()

    async def _look(self) -> None:
        async with asyncio.timeout(_SECONDS_FOR_AN_ANSWER), self._database.looking() as connection:
            asked = time.monotonic()
            self._adopt(await current_revision(connection), asked)

    def _adopt(self, number: int, asked: float) -> bool:
        """What was known before a change is worth nothing. An answer is as old as its question: False if it was overtaken by a change."""
        if number != self._revision:
            if asked < self._revised:
                return False
            self._remembered.clear()
            self._revision, self._revised = number, asked
        self._heard = max(self._heard, asked)
        return True

    async def _ask(self) -> None:
        """One question at a time, for all who came while the last one was under way: a flood makes questions longer, not more."""
        while True:
            await self._wanted.wait()
            digests = list(self._waiting)[:_MOST_AT_ONCE]
            if len(digests) == len(self._waiting):
                self._wanted.clear()
            if not digests:
                continue
            try:
                async with asyncio.timeout(_SECONDS_FOR_AN_ANSWER), self._database.looking() as connection:
                    asked = time.monotonic()
                    number, found = await find_tokens(connection, digests)
            except Exception as error:  # whatever it is, those who wait must hear of it
                self._answer_all(Unavailable(type(error).__name__))
                continue
            if not self._adopt(number, asked):
                self._wanted.set()
                continue
            by_digest = {token.digest: token for token in found}
            for token in found:
                self._remembered[token.digest] = token
            while len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
            for digest in digests:
                future = self._waiting.pop(digest)
                if not future.done():
                    future.set_result(by_digest.get(digest))

    def _answer_all(self, error: Unavailable) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(error)
                future.exception()  # nobody may wait any more
