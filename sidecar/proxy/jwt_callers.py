"""Who asks, where a JWT of an identity provider proves it. The user is the policy's, wherever users stand; the token says who he is, not
what he may.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from sidecar.errors import Reason, Refusal
from sidecar.identity.compact_jwt import Presented, presented_in
from sidecar.identity.proven import Proven, caller_of
from sidecar.issuers.verifier import Verified, Verifier
from sidecar.policy.model import Caller, User
from sidecar.proxy.people import People
from sidecar.store.snapshot import Passthrough, Snapshot

_MOST_ROUNDS = 5


class JwtCallers:
    """Asked for credentials that are no user tokens. Belongs to one event loop."""

    def __init__(self, verifier: Verifier, people: People) -> None:
        """:param people: whom the tokens name."""
        self._verifier = verifier
        self._people = people

    @property
    def revision(self) -> tuple[int, int]:
        """Of keys and of users. Goes with what `known` says at the same moment: another one means that it may not hold any more."""
        return self._verifier.providers.revision, self._people.as_of

    def presented_in(self, snapshot: Snapshot, authorization: bytes | None) -> Presented | None:
        """The JWT in the Authorization header's value; None where none is meant.

        :raises Refusal: JWT_MALFORMED.
        """
        return presented_in(authorization) if authorization is not None and snapshot.issuers else None

    def known(self, snapshot: Snapshot, token: bytes, address: str) -> Caller | None:
        """The caller, if that can be said without waiting for anybody.

        :raises Refusal: as `identify`.
        """
        self._verifier.providers.adopt(snapshot.issuers)
        verified = self._verifier.verify(token, address)
        if verified is None:
            return None
        proven = _proven(snapshot, verified)
        is_known, user = self._people.known(snapshot.policy, proven)
        return _caller(snapshot, verified, proven, user, address, self._people.as_of) if is_known else None

    async def identify(self, now: Callable[[], Snapshot], token: bytes, address: str) -> tuple[Snapshot, Caller]:
        """Whom the token proves, with at most one wait for the issuer's keys and one question to the database.

        :param now: gives the policy in force; the caller is one under what it gives at the end.
        :raises Refusal: JWT_…, USER_UNKNOWN, or POLICY_UNAVAILABLE where nobody can say.
        """
        providers = self._verifier.providers
        for _ in range(_MOST_ROUNDS):
            providers.adopt(now().issuers)
            verified = self._verifier.verify(token, address) or await self._verifier.verify_with_new_keys(token, address)
            revision, proven = providers.revision, _proven(now(), verified)
            user = await self._people.find(lambda: now().policy, proven)
            snapshot = now()
            providers.adopt(snapshot.issuers)
            if providers.revision == revision:  # neither keys nor rules changed meanwhile
                return snapshot, _caller(snapshot, verified, _proven(snapshot, verified), user, address, self._people.as_of)
        raise Refusal(Reason.JWT_KEYS_UNAVAILABLE)


def _proven(snapshot: Snapshot, verified: Verified) -> Proven:
    """:raises Refusal: JWT_CLIENT_UNKNOWN, or JWT_CLAIMS where the token is for another environment."""
    meaning = verified.meaning
    app_connector = snapshot.policy.app_connectors.get(meaning.app_connector)
    if app_connector is None:
        raise Refusal(Reason.JWT_CLIENT_UNKNOWN, "its app connector is not defined")
    if meaning.environment not in ("", app_connector.environment):
        raise Refusal(Reason.JWT_CLAIMS, "it is for another environment than that of its app connector")
    environment = snapshot.environments.get(app_connector.environment)
    if environment is None or isinstance(environment.credential, Passthrough):
        raise Refusal(Reason.JWT_CLIENT_UNKNOWN, "its environment passes clients' tokens on, and no backend knows a JWT")
    expires = datetime.fromtimestamp(verified.expires, UTC)
    return Proven(meaning.app_connector, meaning.user, meaning.email, expires=expires)


def _caller(snapshot: Snapshot, verified: Verified, proven: Proven, user: User | None, address: str, as_of: int) -> Caller:
    """:raises Refusal: USER_UNKNOWN."""
    caller = caller_of(snapshot.policy, proven, user, address, as_of)
    caller = replace(caller, bound_to=verified.confirmation.certificate or b"", bound_key=verified.confirmation.key or b"")
    claimed = {name: value for name, value in verified.meaning.attributes.items() if name not in caller.user.attributes}
    if not claimed:
        return replace(caller, issuer=verified.issuer.name)
    content = json.dumps(sorted(claimed.items()), separators=(",", ":"))
    known_user = replace(caller.user, attributes={**caller.user.attributes, **claimed})
    return replace(caller, user=known_user, issuer=verified.issuer.name, claimed=hashlib.sha256(content.encode()).digest())
