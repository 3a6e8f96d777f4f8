"""Who asks, under which policy, and whether he is let in at all. What depends on the moment is looked at each time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from sidecar.errors import Reason, Refusal
from sidecar.identity.callers import Callers
from sidecar.identity.compact_jwt import Presented
from sidecar.identity.confirmation import check_certificate, check_key
from sidecar.identity.identify import identify_token
from sidecar.policy.decide import unmet_condition
from sidecar.policy.model import Caller, Enforcement
from sidecar.policy.shadow import unmet_in_shadow
from sidecar.proxy.directory_callers import DirectoryCallers
from sidecar.proxy.issued_callers import IssuedCallers
from sidecar.proxy.jwt_callers import JwtCallers
from sidecar.proxy.notes import note_caller
from sidecar.proxy.token_digest import digest_in
from sidecar.record.exchange import Exchange
from sidecar.store.snapshot import Snapshot


class SnapshotSource(Protocol):
    """Where the policy in force comes from."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The last good one; None where there is none that counts."""
        ...

    @property
    def why_none(self) -> Reason:
        """Why nobody is served where there is no snapshot."""
        ...


Revision = tuple[int | None, int | None, tuple[int, int] | None]
"""Of issued tokens, of users and tokens in the directory, and of what JWTs depend on, as far as somebody's admission depends on them."""
_OF_JWTS = (b"B", b"b", b"D", b"d")


class Admission:
    """Identifies callers by the tokens of the policy, wherever these stand, by those that the sidecar issued itself, and by JWTs.

    :ivar now: gives the moment that counts.
    """

    def __init__(
        self,
        source: SnapshotSource,
        issued: IssuedCallers | None,
        now: Callable[[], datetime],
        directory: DirectoryCallers | None = None,
        jwt: JwtCallers | None = None,
    ) -> None:
        """
        :param issued: knows those whose tokens are not the policy's.
        :param directory: knows those whose tokens are, where these are not in the snapshot.
        :param jwt: knows those whom an identity provider names.
        """
        self._source = source
        self._issued = issued
        self._directory = directory
        self._jwt = jwt
        self._callers = Callers()
        self.now = now

    @property
    def snapshot(self) -> Snapshot | None:
        """The policy in force."""
        return self._source.snapshot

    def policy_for(self, exchange: Exchange) -> Snapshot:
        """The policy in force, and that it was this one.

        :raises Refusal: NO_POLICY, POLICY_UNAVAILABLE or POLICY_STALE.
        """
        snapshot = self._source.snapshot
        if snapshot is None:
            raise Refusal(self._source.why_none)
        exchange.policy_version = snapshot.policy.version
        return snapshot

    def known(self, snapshot: Snapshot, authorization: bytes | None, exchange: Exchange) -> tuple[Caller | None, Revision | None]:
        """The caller, if that can be said without asking a database, and for which revision it holds, if not for as long as the snapshot.

        :raises Refusal: as `identify`.
        """
        if self._jwt is not None and authorization is not None and authorization[:1] in _OF_JWTS:
            presented = self._jwt.presented_in(snapshot, authorization)
            if presented is not None:
                caller = self._jwt.known(snapshot, presented.token, exchange.client)
                revision = None, None, self._jwt.revision
                return None if caller is None else _in_these_hands(snapshot, caller, presented, exchange), revision
        caller, valid_for = self._known(snapshot, authorization, exchange)
        return None if caller is None else _with_certificate(caller, exchange), valid_for

    def _known(self, snapshot: Snapshot, authorization: bytes | None, exchange: Exchange) -> tuple[Caller | None, Revision | None]:
        if self._directory is None:
            caller = self._in_memory(snapshot, authorization, None, exchange)
            if caller is not None:
                return caller, None
        else:
            caller = self._directory.known(snapshot, authorization, exchange.client)
            if caller is not None:
                return caller, (None, self._directory.epoch, None)
        if self._issued is None:
            return None, None
        revision = self._issued.revision, self._epoch, None
        return self._issued.known(snapshot, digest_in(authorization), exchange.client), revision

    def holds(self, revision: Revision) -> bool:
        """Whether what was said under this revision may still be believed."""
        issued, epoch, jwt = revision
        if epoch is not None and self._epoch != epoch:
            return False
        if jwt is not None and (self._jwt is None or self._jwt.revision != jwt):
            return False
        return issued is None or (self._issued is not None and self._issued.holds(issued))

    async def identify(self, authorization: bytes | None, exchange: Exchange, digest: bytes | None = None) -> tuple[Snapshot, Caller]:
        """Who asks, whoever gave him his token, under the policy that is in force once that is known. No condition is looked at.

        :param digest: of a token found elsewhere; counts where there is no header.
        """
        snapshot = self.policy_for(exchange)
        presented = None if self._jwt is None else self._jwt.presented_in(snapshot, authorization)
        if self._jwt is not None and presented is not None:
            snapshot, caller = await self._jwt.identify(partial(self.policy_for, exchange), presented.token, exchange.client)
            return snapshot, _in_these_hands(snapshot, caller, presented, exchange)
        snapshot, caller = await self._identify(snapshot, authorization, exchange, digest)
        return snapshot, _with_certificate(caller, exchange)

    async def _identify(
        self, snapshot: Snapshot, authorization: bytes | None, exchange: Exchange, digest: bytes | None
    ) -> tuple[Snapshot, Caller]:
        now = partial(self.policy_for, exchange)
        if self._directory is None:
            caller = self._in_memory(snapshot, authorization, digest, exchange)
            if caller is not None:
                return snapshot, caller
        wanted = digest if authorization is None and digest is not None else digest_in(authorization)
        if self._directory is not None:
            try:
                return await self._directory.identify(now, wanted, exchange.client)
            except Refusal as refusal:
                if refusal.reason is not Reason.TOKEN_UNKNOWN or self._issued is None:
                    raise
        if self._issued is None:
            raise Refusal(Reason.TOKEN_UNKNOWN)
        return await self._issued.identify(now, wanted, exchange.client)

    async def confirm(
        self, snapshot: Snapshot, caller: Caller, authorization: bytes | None, revision: Revision | None, exchange: Exchange
    ) -> None:
        """Look again, after a wait, whether the same credential still proves the same caller, with the same rights.

        :param authorization: None where the caller was remembered, which is without his credential; then `revision` must still hold.
        :raises Refusal: POLICY_CHANGED, or as `identify`.
        """
        if self._source.snapshot is not snapshot:
            raise Refusal(Reason.POLICY_CHANGED)
        if authorization is None:
            same = revision is None or self.holds(revision)
        else:
            same = await self.identify(authorization, exchange) == (snapshot, caller)
        if not same:
            raise Refusal(Reason.POLICY_CHANGED)

    async def admit(self, authorization: bytes | None, digest: bytes | None, exchange: Exchange) -> tuple[Snapshot, Caller]:
        """Who asks, if he meets all conditions now (in shadow: those that are in force), and the policy that says so.

        :raises Refusal: TOKEN_AMBIGUOUS where header and digest are of different tokens; otherwise as `identify`, and for a condition.
        """
        snapshot, caller = await self.identify(authorization, exchange, digest)
        if authorization is not None and digest is not None and (caller.issuer or digest != digest_in(authorization)):
            raise Refusal(Reason.TOKEN_AMBIGUOUS, "the token in the message must be that of the Authorization header, or be left out")
        note_caller(exchange, caller)
        in_shadow = caller.app_connector.enforcement is Enforcement.SHADOW
        reason = unmet_in_shadow(caller, self.now())[0] if in_shadow else unmet_condition(caller, self.now())
        if reason is not None:
            raise Refusal(reason)
        return snapshot, caller

    @property
    def _epoch(self) -> int | None:
        return None if self._directory is None else self._directory.epoch

    def _in_memory(self, snapshot: Snapshot, authorization: bytes | None, digest: bytes | None, exchange: Exchange) -> Caller | None:
        """Who asks, by a token in the snapshot; None where somebody else may know it.

        :raises Refusal: as `identify`, where nobody else is to be asked.
        """
        try:
            if authorization is None and digest is not None:
                return identify_token(snapshot.policy, digest, exchange.client)
            return self._callers.identify(snapshot.policy, authorization, exchange.client)
        except Refusal as refusal:
            if refusal.reason is not Reason.TOKEN_UNKNOWN or self._issued is None:
                raise
            return None


def _in_these_hands(snapshot: Snapshot, caller: Caller, presented: Presented, exchange: Exchange) -> Caller:
    """Whatever is remembered of a token: who sends it must have the key and the certificate to which it is bound, with this very request.

    :raises Refusal: JWT_CERTIFICATE, JWT_AS_BEARER, DPOP_PROOF or DPOP_REPLAYED.
    """
    if caller.bound_to:
        check_certificate(caller.bound_to, exchange.certificate)
    check_key(caller.bound_key, presented, exchange.proof, snapshot.public_urls)
    return _with_certificate(caller, exchange)


def _with_certificate(caller: Caller, exchange: Exchange) -> Caller:
    """Whatever proves the caller, and wherever that is remembered: the certificate is that of this very request."""
    return caller if exchange.certificate is None else replace(caller, certificate=exchange.certificate)
