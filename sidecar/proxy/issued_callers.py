"""Who asks, where a token proves it that the sidecar issued itself: such tokens stand in a database, not in the policy."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from sidecar.database.unavailable import Unavailable
from sidecar.errors import Reason, Refusal
from sidecar.identity.proven import Proven, caller_of
from sidecar.otp.issued_token import IssuedToken
from sidecar.policy.model import Caller
from sidecar.proxy.people import People
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Snapshot

if TYPE_CHECKING:
    from sidecar.otp.issued_tokens import IssuedTokens  # brings SQLAlchemy along, which most have no use for

_MOST_ROUNDS = 5


class IssuedCallers:
    """Asked for tokens that the policy does not know. An environment accepts issued tokens as long as it has `otp: local`."""

    def __init__(self, tokens: "IssuedTokens", people: People) -> None:
        """:param people: to whom the tokens belong."""
        self._tokens = tokens
        self._people = people

    @property
    def revision(self) -> int:
        """Goes with what `known` says at the same moment; see `holds`."""
        return self._tokens.revision

    def holds(self, revision: int) -> bool:
        """Whether what was known under this revision may still be believed."""
        return self._tokens.revision == revision and self._tokens.hears

    def known(self, snapshot: Snapshot, digest: bytes, address: str) -> Caller | None:
        """The caller, if that can be said without asking a database.

        :raises Refusal: as `identify`.
        """
        token = self._tokens.remembered(digest)
        if token is None:
            return None
        proven = _proven(snapshot, token)
        is_known, user = self._people.known(snapshot.policy, proven)
        return caller_of(snapshot.policy, proven, user, address, self._people.as_of) if is_known else None

    async def identify(self, now: Callable[[], Snapshot], digest: bytes, address: str) -> tuple[Snapshot, Caller]:
        """Whom the token proves, with at most one question to each database, asked together with those of others.

        :param now: gives the policy in force; the caller is one under what it gives at the end.
        :raises Refusal: TOKEN_UNKNOWN, USER_UNKNOWN, or AUTHORITY_UNAVAILABLE or POLICY_UNAVAILABLE where nobody can say.
        """
        for _ in range(_MOST_ROUNDS):
            token = await self._find(digest)
            revision = self._tokens.revision
            user = await self._people.find(lambda: now().policy, _proven(now(), token))
            if self._tokens.revision == revision:  # not taken back meanwhile
                snapshot = now()
                return snapshot, caller_of(snapshot.policy, _proven(snapshot, token), user, address, self._people.as_of)
        raise Refusal(Reason.AUTHORITY_UNAVAILABLE)

    async def _find(self, digest: bytes) -> IssuedToken:
        try:
            token = await self._tokens.find(digest)
        except Unavailable:
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE) from None
        if token is None:
            raise Refusal(Reason.TOKEN_UNKNOWN)
        return token


def _proven(snapshot: Snapshot, token: IssuedToken) -> Proven:
    """:raises Refusal: TOKEN_UNKNOWN."""
    environment = snapshot.environments.get(token.environment)
    if environment is None or environment.otp is not OtpMode.LOCAL:
        raise Refusal(Reason.TOKEN_UNKNOWN)
    return Proven(token.app_connector, token.user, environment=token.environment, device=token.description, expires=token.expires)
