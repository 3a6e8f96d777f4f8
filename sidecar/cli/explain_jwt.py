"""`sidecar explain --bearer`: whom a JWT proves, found out as the proxy does."""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path

import click

from sidecar.cli.find_user import look_up
from sidecar.errors import Reason, Refusal
from sidecar.identity.proven import Proven
from sidecar.issuers.providers import Providers
from sidecar.issuers.verifier import Verifier
from sidecar.policy.model import Caller, Policy, User
from sidecar.proxy.jwt_callers import JwtCallers
from sidecar.proxy.people import People
from sidecar.store.snapshot import Snapshot

_SCHEME = re.compile(rb"(?:authorization:\s*)?(?:bearer|dpop)\s+", re.IGNORECASE)


def whom_it_proves(config: tuple[Path, ...], snapshot: Snapshot, content: bytes, address: str) -> Caller:
    """The caller.

    :param content: the token, with or without `Bearer` or `DPoP` before it.
    :raises Refusal: as the proxy refuses it.
    """
    token = _SCHEME.sub(b"", content.strip(), count=1)
    if not snapshot.issuers:
        raise Refusal(Reason.JWT_ISSUER_UNKNOWN, "the configuration has no `issuers`")
    return asyncio.run(_identify(People() if snapshot.revision is None else _PeopleInDatabase(config, snapshot), snapshot, token, address))


class _PeopleInDatabase(People):
    """Looks one user up, and is done."""

    def __init__(self, config: tuple[Path, ...], snapshot: Snapshot) -> None:
        super().__init__()
        self._config, self._snapshot = config, snapshot

    async def find(self, policy: Callable[[], Policy], proven: Proven) -> User | None:
        if not proven.user:
            raise click.UsageError("the token names its user by e-mail address, by which none is looked up here; give --app and --user")
        return await look_up(self._config, self._snapshot, proven.user)


async def _identify(people: People, snapshot: Snapshot, token: bytes, address: str) -> Caller:
    providers = Providers()
    try:
        callers = JwtCallers(Verifier(providers, time.time, time.monotonic), people)
        _, caller = await callers.identify(lambda: snapshot, token, address)
    finally:
        await providers.close()
    return caller
