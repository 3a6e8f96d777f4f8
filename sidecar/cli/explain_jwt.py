"""`sidecar explain --bearer`: whom a JWT proves, found out as the proxy does."""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path

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
    return asyncio.run(_identify(_People(config, snapshot), snapshot, token, address))


class _People(People):
    """Looks one user up, and is done. Whom a token names is told here, unlike in the decision log: who asks has the token."""

    def __init__(self, config: tuple[Path, ...], snapshot: Snapshot) -> None:
        super().__init__()
        self._config, self._snapshot = config, snapshot

    async def find(self, policy: Callable[[], Policy], proven: Proven) -> User | None:
        in_files = self._snapshot.revision is None
        user = await (super().find(policy, proven) if in_files else look_up(self._config, self._snapshot, proven))
        if user is None:
            whose = f"`{proven.user}`, and no user" if proven.user else f"`{proven.email}`, and no user, or more than one,"
            raise Refusal(Reason.USER_UNKNOWN, f"the token is of {whose} has this {'name' if proven.user else 'e-mail address'}")
        return user


async def _identify(people: People, snapshot: Snapshot, token: bytes, address: str) -> Caller:
    providers = Providers()
    try:
        callers = JwtCallers(Verifier(providers, time.time, time.monotonic), people)
        _, caller = await callers.identify(lambda: snapshot, token, address)
    finally:
        await providers.close()
    return caller
