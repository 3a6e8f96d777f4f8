"""The token authority as it runs in one process: database, outbox and issued tokens, opened and closed together."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from sidecar.database.database import Database
from sidecar.database.unavailable import Unavailable
from sidecar.otp.authority import Authority
from sidecar.otp.digests import Digests
from sidecar.otp.enrolment import Enrolments
from sidecar.otp.happening import Observe
from sidecar.otp.installation import Installation
from sidecar.otp.issued_tokens import IssuedTokens
from sidecar.otp.message import Letter
from sidecar.otp.outbox import Outbox
from sidecar.otp.smtp import send
from sidecar.otp.tables import make_tables

_SECONDS_BETWEEN_TRIES = 1.0
_PATIENCE_AT_START = 2.0
"""Seconds for which a start waits for the database, so that mostly no request comes too early."""
_PATIENCE_WITH_MAIL = 4.0
"""Seconds for which letters are still sent when the process is to end; a supervisor's patience is little more."""


class Office:
    """Database and secret are those of the start; mail server and rules those in force, which `installation` tells."""

    def __init__(self, installation: Callable[[], Installation], observe: Observe, clock: Callable[[], datetime]) -> None:
        """
        :param observe: is told what becomes of mails.
        :raises OSError: when the database's file can't be made.
        """
        self._installation = installation
        self._clock = clock
        at_start = installation()
        try:
            self._database = Database(at_start.database)
        except ValueError as error:
            raise OSError(f"one_time_passwords.database {error}") from None
        self._digests = Digests(at_start.secret)
        self._outbox = Outbox(self._send, observe, clock)
        self._opening: asyncio.Task[None] | None = None
        self.issued = IssuedTokens(self._database)

    @property
    def letters(self) -> int:
        """How many wait to be sent, or are being sent."""
        return self._outbox.waiting

    async def open(self) -> None:
        """Begin. A database that does not answer soon is tried again and again: until then nobody gets a token, and all else works."""
        self._outbox.start()
        self._opening = asyncio.create_task(self._open_database(), name="token database")
        await asyncio.wait({self._opening}, timeout=_PATIENCE_AT_START)

    async def close(self) -> None:
        """Send what waits, as far as it goes quickly, and let go."""
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await self._outbox.stop(_PATIENCE_WITH_MAIL)
        await self.issued.stop()
        await self._database.close()

    def authority(self, enrolments: Enrolments, observe: Observe) -> Authority:
        """The authority for one operation, under one policy."""
        return Authority(
            lambda: enrolments,
            self._database,
            self.issued,
            self._outbox.put,
            self._digests,
            self._installation().rules,
            observe,
            self._clock,
        )

    async def _send(self, letter: Letter) -> None:
        await send(self._installation().smtp, letter, self._clock())

    async def _open_database(self) -> None:
        while True:
            with suppress(Unavailable):
                await make_tables(self._database)
                await self.issued.start()
                return
            await asyncio.sleep(_SECONDS_BETWEEN_TRIES)
