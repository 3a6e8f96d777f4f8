"""Users as policy has them now, by what a proof says of them: in the policy itself, or in the directory beside it.

Whoever has proven something, with whatever kind of credential, becomes a caller by `caller_of` with the user that is found here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from sidecar.database.unavailable import Unavailable
from sidecar.errors import Reason, Refusal
from sidecar.identity.email import folded, names_by_email
from sidecar.identity.proven import Proven
from sidecar.policy.model import Policy, User

if TYPE_CHECKING:
    from sidecar.policy_database.directory import Directory  # brings SQLAlchemy along, which most have no use for


class People:
    """Belongs to one event loop."""

    def __init__(self, directory: "Directory | None" = None) -> None:
        """:param directory: where users are, if they are not in the policy."""
        self._directory = directory
        self._policy: Policy | None = None
        self._names: dict[str, str | None] = {}

    @property
    def as_of(self) -> int:
        """Goes with what is said of users in the same step of the event loop; see `Caller`."""
        return 0 if self._directory is None else self._directory.epoch

    def known(self, policy: Policy, proven: Proven) -> tuple[bool, User | None]:
        """Whether it can be said without asking who is meant, and who; None if there is nobody."""
        if self._directory is None:
            return True, policy.users.get(proven.user or self._name(policy, proven.email) or "")
        directory = self._directory
        user = directory.remembered_user(proven.user) if proven.user else directory.remembered_user_by_email(proven.email)
        return user is not None, None if user is None else in_groups_of_all(user, policy)

    async def find(self, policy: Callable[[], Policy], proven: Proven) -> User | None:
        """Who is meant, with at most one question to the database, asked together with those of others; None if there is nobody.

        It holds in this step of the event loop, under what `policy` gives in it.

        :raises Refusal: POLICY_UNAVAILABLE where nobody can say.
        """
        if self._directory is None:
            return self.known(policy(), proven)[1]
        try:
            user = await (self._directory.user(proven.user) if proven.user else self._directory.user_by_email(proven.email))
        except Unavailable:
            raise Refusal(Reason.POLICY_UNAVAILABLE) from None
        return None if user is None else in_groups_of_all(user, policy())

    def _name(self, policy: Policy, email: str) -> str | None:
        if policy is not self._policy:
            self._policy, self._names = policy, names_by_email(policy.users.values())
        return self._names.get(folded(email))


def in_groups_of_all(user: User, policy: Policy) -> User:
    """A user as the database has him, with the groups that policy gives to all."""
    return replace(user, groups=user.groups | policy.of_all)
