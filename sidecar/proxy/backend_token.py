"""An environment's access token: at hand, or being fetched, or not to be had for a while. One fetch at a time, whoever waits for it.

It is fetched by the clock, ahead of its end, so that a request finds it at hand; the one before is used until then. After a failure there
is a pause that grows, and no request shortens it: a token endpoint that is down is left in peace.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from sidecar.errors import Reason, Refusal
from sidecar.proxy.token_answer import AccessToken, FetchOutcome, NoTokenError
from sidecar.record.trace import trace_of
from sidecar.store.oauth_client import OAuthClient

_PART_OF_ITS_LIFE = 0.8
"""After which the next one is fetched."""
_ON_ITS_WAY = 0.05
"""The last part of a token's life in which it is not sent any more: it could end on its way. At most two seconds."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds.

    :ivar first_pause: after a failure; each further one doubles it, up to `longest_pause`.
    :ivar least_interval: between two fetches, however short tokens live.
    :ivar between_renewals: between two tokens that were fetched because the backend refused one before its time.
    """

    first_pause: float = 1.0
    longest_pause: float = 60.0
    least_interval: float = 1.0
    between_renewals: float = 10.0


class BackendToken:
    """Belongs to the event loop in which it is made.

    :ivar client: as whom it is fetched.
    :ivar line: the Authorization line of a token that holds, with its CRLF; None while there is none.
    :ivar problem: why the last fetch failed; "" if it did not.
    """

    __slots__ = (
        "_end",
        "_ends_at",
        "_environment",
        "_failures",
        "_fetch",
        "_fetching",
        "_logger",
        "_loop",
        "_next",
        "_note",
        "_pace",
        "_renewable_at",
        "_retired",
        "client",
        "fingerprint",
        "line",
        "problem",
    )

    def __init__(
        self,
        environment: str,
        client: OAuthClient,
        fetch: Callable[[OAuthClient], Awaitable[AccessToken]],
        note: Callable[[str, FetchOutcome], None],
        pace: Pace,
    ) -> None:
        """:param note: is told of the end of each fetch."""
        self._environment = environment
        self.client = client
        self.fingerprint = client.fingerprint
        self.line: bytes | None = None
        self.problem = ""
        self._fetch = fetch
        self._note = note
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._logger = structlog.get_logger("sidecar")
        self._fetching: asyncio.Task[None] | None = None
        self._next: asyncio.TimerHandle | None = None
        self._end: asyncio.TimerHandle | None = None
        self._ends_at = 0.0
        self._failures = 0
        self._renewable_at = 0.0
        self._retired = False
        self._begin()

    @property
    def seconds_left(self) -> float:
        """How long the token at hand still holds; 0 without one."""
        return 0.0 if self.line is None else max(0.0, self._ends_at - self._loop.time())

    async def wait(self, patience: float) -> bytes:
        """The line, as soon as there is one.

        :param patience: seconds.
        :raises Refusal: BACKEND_CREDENTIAL: there is none and none can be had now.
        """
        if self.line is None:
            if self._fetching is None and not self.problem:
                self._begin()
            await self._fetched(patience)
        if self.line is None:
            raise self._refusal(self.problem or "no access token came in time")
        return self.line

    async def renewed(self, refused: bytes, patience: float) -> bytes:
        """A line other than this one, which the backend does not take. Until there is one, others go on with it: it may be about one call.

        :raises Refusal: BACKEND_CREDENTIAL: none can be had, or the last such renewal was a moment ago and did not help.
        """
        if self.line == refused:
            if self._fetching is None:
                if self.problem or self._loop.time() < self._renewable_at:
                    raise self._refusal(f"the backend refused the access token{' again' * (not self.problem)}")
                self._renewable_at = self._loop.time() + self._pace.between_renewals
                self._logger.warning("backend refused its access token", environment=self._environment)
                self._begin()
            await self._fetched(patience)
        elif self.line is None:
            return await self.wait(patience)
        if self.line is None or self.line == refused:
            raise self._refusal(self.problem or "the backend refused the access token, and there is no other")
        return self.line

    def retire(self) -> None:
        """Fetch no more by the clock: nobody will ask for it. Whoever waits still gets what is on its way."""
        self._retired = True
        for timer in (self._next, self._end):
            if timer is not None:
                timer.cancel()

    async def close(self) -> None:
        """Stop, whoever waits."""
        self.retire()
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def _fetched(self, patience: float) -> None:
        if self._fetching is not None:
            await asyncio.wait([self._fetching], timeout=patience)  # which goes on, whoever stops waiting

    def _begin(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._fetching is None:
            self._fetching = self._loop.create_task(self._run(), name="access token")

    async def _run(self) -> None:
        asked_at = self._loop.time()
        try:
            token = await self._fetch(self.client)
        except NoTokenError as error:
            self._fail(error)
        except Exception as error:
            self._logger.error("internal error", trace=trace_of(error))
            self._fail(NoTokenError(FetchOutcome.UNAVAILABLE, "a fault of the sidecar's own; the log has the trace"))
        else:
            self._take(token, asked_at)
        finally:
            self._fetching = None

    def _take(self, token: AccessToken, asked_at: float) -> None:
        self._note(self._environment, FetchOutcome.SUCCESS)
        if self._failures:
            self._logger.info("backend credential is back", environment=self._environment, failures=self._failures)
        self._failures, self.problem = 0, ""
        self.line = token.line
        self._ends_at = asked_at + token.seconds - min(2.0, token.seconds * _ON_ITS_WAY)
        if self._end is not None:
            self._end.cancel()
        if not self._retired:
            self._end = self._loop.call_at(self._ends_at, self._expire)
            later = max(token.seconds * _PART_OF_ITS_LIFE, self._pace.least_interval)
            self._next = self._loop.call_at(asked_at + later, self._begin)

    def _fail(self, error: NoTokenError) -> None:
        self._note(self._environment, error.outcome)
        self.problem = error.problem
        if self._retired:
            return
        pause = min(self._pace.first_pause * 2.0 ** min(self._failures, 16), self._pace.longest_pause)
        self._failures += 1
        self._logger.error(
            "backend credential can't be had",
            environment=self._environment,
            problem=error.problem,
            outcome=error.outcome.value,
            retry_seconds=round(pause, 1),
            token_left_seconds=round(self.seconds_left),
        )
        self._next = self._loop.call_later(pause, self._begin)

    def _expire(self) -> None:
        self.line = None

    def _refusal(self, detail: str) -> Refusal:
        return Refusal(Reason.BACKEND_CREDENTIAL, detail)
