"""All identity providers of the policy in force, each with its keys: those of a file or secret, or those that are fetched."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.identity.issuer import Issuer, RemoteKeys
from sidecar.identity.key_set import KeySet
from sidecar.issuers.fetching import fetch_keys
from sidecar.issuers.provider_keys import Fetch, ProviderKeys, Rhythm


@dataclass(frozen=True, slots=True)
class ProviderState:
    """What readiness and metrics tell of fetched keys. `age_seconds` is None where there were none yet; `problem` is "" if all is well."""

    issuer: str
    keys: int
    age_seconds: float | None
    problem: str
    fetched: int
    failed: int


class Providers:
    """Belongs to one event loop.

    :ivar revision: another number means that what was verified before may not hold any more.
    """

    def __init__(self, fetch: Fetch = fetch_keys, rhythm: Rhythm | None = None) -> None:
        self.revision = 0
        self.issuers: Mapping[str, Issuer] = {}
        self._fetch = fetch
        self._rhythm = rhythm
        self._remote: dict[str, ProviderKeys] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def adopt(self, issuers: Mapping[str, Issuer]) -> None:
        """From now on these count. Keys of a provider that stays the same stay at hand."""
        if issuers is self.issuers:
            return
        self.issuers = issuers
        self.revision += 1
        before, self._remote = self._remote, {}
        for iss, issuer in issuers.items():
            if not isinstance(issuer.keys, RemoteKeys):
                continue
            kept = before.get(iss)
            if kept is not None and kept.remote == issuer.keys:
                kept.issuer = issuer
                self._remote[iss] = before.pop(iss)
            else:
                self._remote[iss] = ProviderKeys(issuer, issuer.keys, self._fetch, self._changed, self._rhythm)
        for provider in before.values():
            task = asyncio.create_task(provider.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def keys_of(self, issuer: Issuer) -> KeySet | None:
        """Its keys; None where they are fetched and not there."""
        return issuer.keys if isinstance(issuer.keys, KeySet) else self._remote[issuer.issuer].keys

    def remote(self, issuer: Issuer) -> ProviderKeys | None:
        """Where its keys are fetched; None for keys of a file or secret."""
        return self._remote.get(issuer.issuer)

    def state(self) -> list[ProviderState]:
        """Of all whose keys are fetched."""
        return [
            ProviderState(each.issuer.name, len(each.keys.keys) if each.keys else 0, each.age, each.error, *each.fetches)
            for each in self._remote.values()
        ]

    def report(self) -> dict[str, dict[str, Any]]:
        """For readiness, by issuer: how many keys count, how old they are, and why there are no newer ones."""
        return {
            state.issuer: {
                "keys": state.keys,
                "age_seconds": None if state.age_seconds is None else round(state.age_seconds, 1),
                "problem": state.problem or None,
            }
            for state in self.state()
        }

    async def close(self) -> None:
        """Fetch no more."""
        self.adopt({})
        await asyncio.gather(*self._closing)

    def _changed(self) -> None:
        self.revision += 1
