"""Watches a database of policy: whether its rights are others, whether anything else is, and whether it is heard at all.

Its revision is looked at a few times a second. What PostgreSQL notifies of only makes the next look come sooner, so that nothing is lost
with a notification, or with a connection that was cut without a sound.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from sidecar.database.database import Database
from sidecar.database.listening import listen
from sidecar.database.unavailable import Unavailable
from sidecar.database.url import database_url
from sidecar.policy_database.directory import Directory
from sidecar.policy_database.revision import CHANNEL, Revision
from sidecar.store.read_rights import file_of, open_database, read_revision, read_rights
from sidecar.store.rights import Rights, RightsUnknownError

POLL_SECONDS = {"sqlite": 0.25, "postgresql": 0.5}
"""Between two looks."""

_LEAST_PAUSE = 0.02  # seconds, so that many notifications make one look
_LONGEST_PAUSE = 5.0
_SIGN_OF_LIFE = 10.0


class PolicyWatch:
    """Belongs to one event loop.

    :ivar rights: those that were read last; None before the first time.
    :ivar revision: of the last look, with the newest numbers of users and tokens.
    :ivar directory: looks users and tokens up; None before the first time.
    :ivar heard: when the last look began that succeeded, and all that it brought was dealt with.
    :ivar problem: why the last look failed; None if it did not.
    :ivar listening: changes are notified of.
    """

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        """
        :param url: nothing is opened before the first look.
        :param clock: gives seconds, of which only differences count.
        """
        self.url = url
        self.kind = database_url(url).get_backend_name()
        self.rights: Rights | None = None
        self.revision: Revision | None = None
        self.directory: Directory | None = None
        self.heard = float("-inf")
        self.problem: RightsUnknownError | None = None
        self.listening = False
        self.looks_succeeded = 0
        self.looks_failed = 0
        self._clock = clock
        self._poll = POLL_SECONDS[self.kind]
        self._asked = float("-inf")  # when `revision` was asked for, in monotonic seconds
        self._was_cut_off = False
        self._database: Database | None = None
        self._for_directory: Database | None = None
        self._file: tuple[int, int] | None = None
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._untold = False
        self._on_rights: Callable[[], Awaitable[None]] = _nobody_waits
        self._on_heard: Callable[[], None] = lambda: None
        self._logger = structlog.get_logger("sidecar")

    def wake(self) -> None:
        """Look now. To be called in the event loop."""
        self._wanted.set()

    async def look(self) -> None:
        """Look once. What is wrong with the database is `problem` afterwards."""
        try:
            asked = self._clock()
            if await self._ask():
                self._untold = True
            if self._untold:
                await self._on_rights()
                self._untold = False
        except RightsUnknownError as problem:
            self._fail(problem)
        except Exception as error:  # a fault of ours must not end the watching
            self._fail(RightsUnknownError(f"a fault of the sidecar itself: {type(error).__name__}", "", passing=True))
        else:
            if self.problem is not None:
                self._logger.info("database of policy heard again")
            self.problem = None
            self.heard = asked
            self.looks_succeeded += 1
            self._on_heard()

    def start(self, on_rights: Callable[[], Awaitable[None]], on_heard: Callable[[], None]) -> None:
        """Look again and again.

        :param on_rights: is waited for when there are other rights than before.
        :param on_heard: is called each time that the database has answered, and that was dealt with.
        """
        self._on_rights, self._on_heard = on_rights, on_heard
        self._task = asyncio.create_task(self._keep_looking(), name="policy watch")

    async def stop(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self.directory is not None:
            await self.directory.close()
        for database in (self._database, self._for_directory):
            if database is not None:
                await database.close()

    def adopt(self, rights: int, refused: int | None) -> None:
        """Have users and tokens looked up for these rights. To be called in the step of the event loop that puts them in force.

        :param refused: the number of newer rights that can't be used.
        """
        if self.directory is not None and self.revision is not None:
            self.directory.adopt(replace(self.revision, rights=rights), refused, asked=self._asked)

    async def _ask(self) -> bool:
        """Whether the rights are others than before."""
        file = file_of(self.url)
        if self._database is None or file != self._file:
            await self._open()
            self._file, self.rights = file, None
        assert self._database is not None  # noqa: S101  it was just opened
        asked, was_silent = time.monotonic(), self.problem is not None or self._was_cut_off
        if self.rights is not None and not was_silent:
            revision = await read_revision(self._database)
            if revision.rights == self.rights.revision.rights:
                self.revision, self._asked = revision, asked
                return False
        self.rights = await read_rights(self._database)
        self.revision, self._asked, self._was_cut_off = self.rights.revision, asked, False
        if was_silent and self.directory is not None:
            # It may have come back from a backup, and have been changed since: the same numbers, and other content.
            self.directory.start_over()
        return True

    async def _open(self) -> None:
        """Two ways to the database, so that neither who looks nor who looks somebody up waits for the other."""
        if self._database is None:
            self._database, self._for_directory = open_database(self.url), open_database(self.url)
            self.directory = Directory(self._for_directory, self.wake)
        elif self._for_directory is not None and self.directory is not None:
            # Another file has its name, and its own count of changes: what connections still read is the old one.
            await self._database.close()
            await self._for_directory.close()
            self.directory.start_over()

    def _fail(self, problem: RightsUnknownError) -> None:
        if self.problem is None or self.problem.message != problem.message:
            self._logger.error("database of policy not heard", problem=problem.message, remedy=problem.remedy or None)
        self.problem = problem
        self.looks_failed += 1

    async def _keep_looking(self) -> None:
        listening = asyncio.create_task(self._keep_listening(), name="policy notifications") if self.kind == "postgresql" else None
        failures = int(self.problem is not None)
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_pause(failures, self._poll) if failures else self._poll):
                        await self._wanted.wait()
                await asyncio.sleep(_LEAST_PAUSE)
                self._wanted.clear()
                await self.look()
                failures = 0 if self.problem is None else failures + 1
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _keep_listening(self) -> None:
        failures = 0
        while True:
            with suppress(Unavailable):
                await listen(self.url, CHANNEL, self.wake, self._began, _SIGN_OF_LIFE)
            failures = 0 if self.listening else failures + 1
            self._was_cut_off = self._was_cut_off or self.listening
            self.listening = False
            await asyncio.sleep(_pause(failures, self._poll))

    def _began(self) -> None:
        self.listening = True
        self.wake()  # what changed before would not be heard of


async def _nobody_waits() -> None:
    """Before the start, whoever looks sees for himself what there is."""


def _pause(failures: int, first: float) -> float:
    """Longer each time, and another for each replica, so that they don't all come at once when the database is back."""
    return min(first * 2.0 ** min(failures, 8), _LONGEST_PAUSE) * random.uniform(0.5, 1.0)  # noqa: S311  no secret
