"""The keys of one identity provider, kept at hand: fetched when the sidecar starts, anew ahead of need, and when a key is asked for that is
not among them. Of the latter a few may follow each other, since keys are sometimes changed just after they were fetched, but over time not
more than a cool-down allows, whatever keys are asked for.

What goes wrong changes nothing for as long as the last good set counts, which is bounded: a provider takes keys back by no longer
publishing them, and somebody who can keep the sidecar from hearing that must not gain by it for ever.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from sidecar.identity.issuer import Issuer, RemoteKeys
from sidecar.identity.key_set import KeySet
from sidecar.issuers.fetching import FetchFailedError

Fetch = Callable[[Issuer, RemoteKeys], Awaitable[KeySet]]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds: between two fetches; until there may be one more for an unknown key; after failures; for how long a last good set counts.

    :ivar at_once: fetches for unknown keys that may follow each other, after a time without any.
    """

    refresh: float = 600.0
    cool_down: float = 30.0
    at_once: int = 3
    first_retry: float = 1.0
    last_retry: float = 60.0
    keep: float = 86_400.0


_MOST_WAITING = 256


class ProviderKeys:
    """Belongs to one event loop.

    :ivar keys: as they were last fetched; None before the first time, and when that is too long ago.
    :ivar error: what is wrong, since the last fetch failed; "" if it did not.
    :ivar fetches: how many succeeded, and how many failed.
    """

    def __init__(
        self, issuer: Issuer, remote: RemoteKeys, fetch: Fetch, changed: Callable[[], object], rhythm: Rhythm | None = None
    ) -> None:
        """:param changed: called in the event loop when `keys` are other ones, or none, from then on."""
        self.issuer = issuer
        self.remote = remote
        self.keys: KeySet | None = None
        self.error = ""
        self.fetches = [0, 0]
        self._fetch = fetch
        self._changed = changed
        self._rhythm = rhythm or Rhythm()
        self._clock = asyncio.get_running_loop().time
        self._fetched_at: float | None = None
        self._allowed = float(self._rhythm.at_once)
        self._allowed_at = self._clock()
        self._failures = 0
        self._waiting = 0
        self._flight: asyncio.Task[None] | None = None
        self._logger = structlog.get_logger("sidecar")
        self._task = asyncio.create_task(self._run(), name=f"keys of {issuer.name}")

    @property
    def age(self) -> float | None:
        """Seconds since the keys were last fetched."""
        return None if self._fetched_at is None else self._clock() - self._fetched_at

    @property
    def may_be_renewed(self) -> bool:
        """Whether waiting for `renewed` can bring anything."""
        return self._waiting < _MOST_WAITING and (self._flight is not None or self._fetches_allowed() >= 1)

    async def renewed(self) -> None:
        """Wait until a fetch that is under way has ended, or one more, if one is allowed. It may have failed."""
        if not self.may_be_renewed:
            return
        if self._flight is None:
            self._allowed, self._allowed_at = self._fetches_allowed() - 1, self._clock()
        self._waiting += 1
        try:
            await asyncio.wait({self._in_flight()})  # which ends for those who wait also when the fetch is broken off
        finally:
            self._waiting -= 1

    def _fetches_allowed(self) -> float:
        """For unknown keys: each cool-down adds one, up to those that may follow each other."""
        rhythm = self._rhythm
        added = (self._clock() - self._allowed_at) / rhythm.cool_down if rhythm.cool_down else rhythm.at_once
        return min(float(rhythm.at_once), self._allowed + added)

    async def close(self) -> None:
        """Fetch no more."""
        tasks = [self._task] if self._flight is None else [self._task, self._flight]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.wait({self._in_flight()})
            await asyncio.sleep(self._pause())
            age = self.age
            if self.keys is not None and age is not None and age >= self._rhythm.keep:
                self.keys = None
                self._logger.error("keys of the issuer count no more", issuer=self.issuer.name, age_seconds=round(age))
                self._changed()

    def _pause(self) -> float:
        rhythm = self._rhythm
        pause = rhythm.refresh if not self._failures else min(rhythm.first_retry * 2 ** (self._failures - 1), rhythm.last_retry)
        pause *= random.uniform(0.8, 1.0)  # noqa: S311  so that replicas don't all come at once
        age = self.age
        return pause if age is None or self.keys is None else max(0.0, min(pause, rhythm.keep - age))

    def _in_flight(self) -> "asyncio.Task[None]":
        """The fetch that is under way, or a new one."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly(), name=f"fetch keys of {self.issuer.name}")
        return self._flight

    async def _fly(self) -> None:
        try:
            self._succeeded(await self._fetch(self.issuer, self.remote))
        except FetchFailedError as problem:
            self._failed(str(problem))
        except Exception as error:  # a fault of ours must not end the refreshing
            self._failed(f"a fault of the sidecar itself: {type(error).__name__}")
        finally:
            self._flight = None

    def _failed(self, problem: str) -> None:
        self.fetches[1] += 1
        self._failures = min(self._failures + 1, 30)
        if self.error != problem:  # told once, not each minute
            self._logger.warning("keys of the issuer can't be fetched", issuer=self.issuer.name, problem=problem)
        self.error = problem

    def _succeeded(self, keys: KeySet) -> None:
        changed = self.keys is None or self.keys.fingerprint != keys.fingerprint
        self.fetches[0] += 1
        self._failures, self.error, self._fetched_at = 0, "", self._clock()
        if changed:
            self._logger.info("keys of the issuer", issuer=self.issuer.name, keys=len(keys.keys), passed_over=len(keys.passed_over))
            self.keys = keys
            self._changed()
