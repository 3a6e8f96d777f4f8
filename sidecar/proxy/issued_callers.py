"""Who asks, where a token proves it that the sidecar issued itself: such tokens stand in a database, not in the policy."""

from typing import TYPE_CHECKING

from sidecar.database.unavailable import Unavailable
from sidecar.errors import Reason, Refusal
from sidecar.identity.user_token import read_authorization
from sidecar.otp.identify import caller_of
from sidecar.otp.issued_token import IssuedToken
from sidecar.policy.model import Caller
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Snapshot

if TYPE_CHECKING:
    from sidecar.otp.issued_tokens import IssuedTokens  # brings SQLAlchemy along, which most have no use for


class IssuedCallers:
    """Asked for tokens that the policy does not know. An environment accepts issued tokens as long as it has `otp: local`."""

    def __init__(self, tokens: "IssuedTokens") -> None:
        self._tokens = tokens

    @property
    def revision(self) -> int:
        """Goes with what `known` says at the same moment; see `holds`."""
        return self._tokens.revision

    def holds(self, revision: int) -> bool:
        """Whether what was known under this revision may still be believed."""
        return self._tokens.revision == revision and self._tokens.hears

    def known(self, snapshot: Snapshot, digest: bytes, address: str) -> Caller | None:
        """The caller, if that can be said without asking the database.

        :raises Refusal: as `caller`.
        """
        token = self._tokens.remembered(digest)
        return None if token is None else self.caller(snapshot, token, address)

    async def find(self, digest: bytes) -> IssuedToken:
        """The token, with at most one question to the database, asked together with those of others.

        :raises Refusal: TOKEN_UNKNOWN, or AUTHORITY_UNAVAILABLE where nobody can say.
        """
        try:
            token = await self._tokens.find(digest)
        except Unavailable:
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE) from None
        if token is None:
            raise Refusal(Reason.TOKEN_UNKNOWN)
        return token

    def caller(self, snapshot: Snapshot, token: IssuedToken, address: str) -> Caller:
        """Whom the token proves.

        :raises Refusal: TOKEN_UNKNOWN or USER_UNKNOWN.
        """
        environment = snapshot.environments.get(token.environment)
        if environment is None or environment.otp is not OtpMode.LOCAL:
            raise Refusal(Reason.TOKEN_UNKNOWN)
        return caller_of(snapshot.policy, token, address)


def digest_in(authorization: bytes | None) -> bytes:
    """The digest of the token in the Authorization header's value.

    :raises Refusal: TOKEN_MALFORMED.
    """
    return read_authorization((authorization or b"").decode("latin-1"))
