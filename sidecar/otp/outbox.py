"""Letters waiting to be sent, in memory and bounded: asking for a code takes equally long whether there is a mail to send or not."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime

from sidecar.otp.happening import Happening, Observe, Operation, Outcome
from sidecar.otp.message import Letter
from sidecar.otp.smtp import MailError
from sidecar.record.trace import trace_of

MOST_LETTERS = 1_000
_SENDERS = 4
_PAUSES_BETWEEN_TRIES = (1.0, 5.0, 25.0)
_LONGEST_HESITATION_MS = 2_000
_PATIENCE_WHEN_STOPPING = 10.0


def hesitation() -> float:
    """Seconds up to two. Composing a mail and shaking hands takes a moment of our time that the next request could feel, and so learn
    that there was a user to write to; at a moment that nobody can tell, it says nothing."""
    return secrets.randbelow(_LONGEST_HESITATION_MS) / 1_000


class Outbox:
    """Sends letters through `send`, a few at a time; tries again while the code lives, unless the mail server says that it is useless.

    A restart loses what still waits here: codes stand in no file, and the user asks for another one.
    """

    def __init__(
        self,
        send: Callable[[Letter], Awaitable[None]],
        observe: Observe,
        clock: Callable[[], datetime],
        *,
        hesitate: Callable[[], float] = hesitation,
        pauses: tuple[float, ...] = _PAUSES_BETWEEN_TRIES,
    ) -> None:
        self._send = send
        self._observe = observe
        self._clock = clock
        self._hesitate = hesitate
        self._pauses = pauses
        self._letters: asyncio.Queue[Letter] = asyncio.Queue(MOST_LETTERS)
        self._tasks: list[asyncio.Task[None]] = []
        self.waiting = 0  # those that are being sent among them

    def put(self, letter: Letter) -> bool:
        """Take a letter without waiting; False if there is no room for it."""
        try:
            self._letters.put_nowait(letter)
        except asyncio.QueueFull:
            return False
        self.waiting += 1
        return True

    def start(self) -> None:
        """Begin sending; belongs to the running event loop."""
        self._tasks = [asyncio.create_task(self._work(), name=f"mail {number}") for number in range(_SENDERS)]

    async def stop(self, patience: float = _PATIENCE_WHEN_STOPPING) -> None:
        """Send what waits, for at most `patience` seconds, and give up the rest."""
        try:
            async with asyncio.timeout(patience):
                await self._letters.join()
        except TimeoutError:
            pass
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _work(self) -> None:
        while True:
            letter = await self._letters.get()
            try:
                await self._deliver(letter)
            except Exception as error:  # a fault of ours with one letter must not keep the others from going
                self._tell(letter, Outcome.MAIL_FAILED, trace_of(error))
            finally:
                self.waiting -= 1
                self._letters.task_done()

    async def _deliver(self, letter: Letter) -> None:
        await asyncio.sleep(self._hesitate())
        for pause in (*self._pauses, None):
            try:
                await self._send(letter)
            except MailError as error:
                if error.lasting or pause is None or self._seconds_left(letter) <= pause:
                    self._tell(letter, Outcome.MAIL_FAILED, str(error))
                    return
                await asyncio.sleep(pause)
            else:
                self._tell(letter, Outcome.MAILED)
                return

    def _seconds_left(self, letter: Letter) -> float:
        return (letter.expires - self._clock()).total_seconds()

    def _tell(self, letter: Letter, outcome: Outcome, detail: str = "") -> None:
        self._observe(Happening(Operation.MAIL, outcome, letter.app_connector, letter.user, detail=detail))
