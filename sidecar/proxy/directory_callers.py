"""Who asks, where tokens and users of the policy stand in a database: with those that were here lately at hand."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from sidecar.database.unavailable import Unavailable
from sidecar.errors import Reason, Refusal
from sidecar.identity.proven import caller_of, proven_by
from sidecar.policy.model import Caller, User, UserToken
from sidecar.proxy.people import in_groups_of_all
from sidecar.proxy.token_digest import digest_in
from sidecar.store.snapshot import Snapshot

if TYPE_CHECKING:
    from sidecar.policy_database.directory import Directory  # brings SQLAlchemy along, which most have no use for

_MOST_REMEMBERED = 4096


class DirectoryCallers:
    """Remembers by the SHA-256 of the Authorization value and the client's address, as `Callers` does for a policy in memory.

    Another snapshot, and any change of users or tokens, forgets all.
    """

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._under: tuple[Snapshot | None, int] = (None, 0)
        self._callers: OrderedDict[tuple[bytes, str], Caller] = OrderedDict()

    @property
    def epoch(self) -> int:
        """Goes with what is said in the same step of the event loop. Another number means that it may not hold any more."""
        return self._directory.epoch

    def known(self, snapshot: Snapshot, authorization: bytes | None, address: str) -> Caller | None:
        """The caller, if that can be said without asking the database.

        :raises Refusal: TOKEN_MISSING, TOKEN_MALFORMED, or as `identify`.
        """
        if snapshot is not self._under[0] or self._directory.epoch != self._under[1]:
            self._under, self._callers = (snapshot, self._directory.epoch), OrderedDict()
        key = (hashlib.sha256(authorization or b"").digest(), address)
        caller = self._callers.get(key)
        if caller is None:
            digest = digest_in(authorization)
            found = self._directory.remembered_token(digest)
            if found is None:
                return None
            caller = self._caller(snapshot, *found, address)
            if len(self._callers) >= _MOST_REMEMBERED:
                self._callers.popitem(last=False)
            self._callers[key] = caller
        return caller

    async def identify(self, now: Callable[[], Snapshot], digest: bytes, address: str) -> tuple[Snapshot, Caller]:
        """Whom the token proves, with at most one question to the database, asked together with those of others.

        :param now: gives the policy in force; the caller is one under what it gives at the end.
        :raises Refusal: TOKEN_UNKNOWN, USER_UNKNOWN, or POLICY_UNAVAILABLE where nobody can say.
        """
        found = await self.token(digest)
        if found is None:
            raise Refusal(Reason.TOKEN_UNKNOWN)
        snapshot = now()
        return snapshot, self._caller(snapshot, *found, address)

    async def token(self, digest: bytes) -> tuple[UserToken, User | None] | None:
        """As the directory's.

        :raises Refusal: POLICY_UNAVAILABLE.
        """
        try:
            return await self._directory.token(digest)
        except Unavailable:
            raise Refusal(Reason.POLICY_UNAVAILABLE) from None

    def _caller(self, snapshot: Snapshot, token: UserToken, user: User | None, address: str) -> Caller:
        of_all = None if user is None else in_groups_of_all(user, snapshot.policy)
        return caller_of(snapshot.policy, proven_by(token), of_all, address, self._directory.epoch)
