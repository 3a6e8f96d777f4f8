"""Where requests for one-time passwords are taken to, by their keys: to the token authority, or on to the backend.

No token picks the environment here. The keys do, where an app connector lists them; other keys go to the only environment that forwards,
if there is one, since the backend may know them; else to the authority, for which they are as wrong as a wrong code. A token that is to be
deleted goes to the backend only if the authority can't have issued it: what opens the sidecar is not told to others.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from sidecar.database.unavailable import Unavailable
from sidecar.dialects.otp import DeleteToken, GenerateOtp, OtpCall
from sidecar.errors import Reason, Refusal
from sidecar.identity.user_token import digest_of
from sidecar.otp.enrolment import Claim, Enrolments, enrolled, names_in, with_users
from sidecar.otp.happening import Happening, Observe
from sidecar.otp.happening import Outcome as Ending
from sidecar.otp.result import ACCEPTED, Accepted, Issued, NotIssued, Throttled
from sidecar.policy.decide import address_is_allowed, app_connector_is_open, certificate_is_allowed
from sidecar.policy.model import Caller, User, UserToken
from sidecar.proxy.people import in_groups_of_all
from sidecar.record.exchange import Exchange, Outcome
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Environment, Snapshot

if TYPE_CHECKING:
    from sidecar.otp.office import Office  # both bring SQLAlchemy along, which most have no use for
    from sidecar.policy_database.directory import Directory

_MOST_AT_ONCE = 256
_GOOD = frozenset({Ending.QUEUED, Ending.ISSUED, Ending.REVOKED})
_NOBODY = User("")
_CONDITIONS = (app_connector_is_open, address_is_allowed, certificate_is_allowed)
"""What can be said of a caller before anybody knows who he is."""

Result = Accepted | Issued | NotIssued
_T = TypeVar("_T")


class OtpDesk:
    """Works under the policy that is in force once users were looked up. Without an office there is nobody to ask but the backend."""

    def __init__(
        self, office: "Office | None", observe: Observe, clock: Callable[[], datetime], directory: "Directory | None" = None
    ) -> None:
        """:param directory: where users and tokens are, if they are not in the policy."""
        self._directory = directory
        self._office = office
        self._observe = observe
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()

    async def token_in(self, call: OtpCall) -> UserToken | None:
        """The token that is to be deleted, if it is one of the policy's, where these stand in a database.

        :raises Refusal: POLICY_UNAVAILABLE where nobody can say.
        """
        if self._directory is None or not isinstance(call, DeleteToken):
            return None
        try:
            found = await self._directory.token(digest_of(call.data))
        except Unavailable:
            raise Refusal(Reason.POLICY_UNAVAILABLE) from None
        return None if found is None else found[0]

    def backend_for(self, snapshot: Snapshot, call: OtpCall, token: UserToken | None, exchange: Exchange) -> Environment | None:
        """The environment whose backend is to be asked; None where the authority is.

        :param token: as `token_in` found it.
        :raises Refusal: KEYS_UNKNOWN, or for an app connector that is not to be used now or from there.
        """
        enrolments = _enrolments(snapshot)
        forwarding = [each for each in snapshot.environments.values() if each.otp is OtpMode.FORWARD]
        is_local = any(each.otp is OtpMode.LOCAL for each in snapshot.environments.values())
        app_connector = None
        if isinstance(call, DeleteToken):
            token = token or snapshot.policy.tokens.get(digest_of(call.data))
            app_connector = None if token is None else snapshot.policy.app_connectors.get(token.app_connector)
        else:
            enrolment = enrolled(enrolments, call.keys.api_key, call.keys.environment_key)
            app_connector = None if enrolment is None else snapshot.policy.app_connectors.get(enrolment.app_connector)
        if app_connector is not None:
            environment = snapshot.environments[app_connector.environment]
            if environment.otp is not OtpMode.FORWARD:
                return None
            exchange.environment, exchange.app_connector = environment.name, app_connector.name
            caller = Caller(_NOBODY, app_connector, "", exchange.client, certificate=exchange.certificate)
            reason = next(filter(None, (condition(caller, self._clock()) for condition in _CONDITIONS)), None)
            if reason is not None:
                raise Refusal(reason)
            return environment
        if is_local and isinstance(call, DeleteToken):
            return None
        if len(forwarding) == 1:
            exchange.environment = forwarding[0].name
            return forwarding[0]
        if is_local:
            return None
        raise Refusal(Reason.KEYS_UNKNOWN)

    async def carry_out(self, now: Callable[[], Snapshot], call: OtpCall, exchange: Exchange) -> Result:
        """Ask the authority. What it was asked it does to the end, even if nobody waits for it any more: what is broken off counts.

        :param now: gives the policy in force.
        :raises Refusal: TOO_MANY_REQUESTS, AUTHORITY_UNAVAILABLE, POLICY_UNAVAILABLE, or BODY_MALFORMED for a description that no token
            can have.
        """
        result = await self._to_the_end(self._ask(now, call, exchange))
        if isinstance(result, Throttled):
            raise Refusal(Reason.TOO_MANY_REQUESTS, retry_after=result.seconds)
        return result

    async def close(self) -> None:
        """Wait for what is still under way; the database bounds the time for it."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, now: Callable[[], Snapshot], call: OtpCall, exchange: Exchange) -> Result | Throttled:
        if self._office is None:
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE)
        office, snapshot = self._office, now()

        def observe(happening: Happening) -> None:
            _note(snapshot, happening, exchange)
            self._observe(replace(happening, reference=exchange.reference))

        try:
            if isinstance(call, DeleteToken):
                await office.authority(_enrolments(snapshot), observe).revoke(digest_of(call.data), exchange.client)
                return ACCEPTED
            claim = Claim(call.keys.user_id, call.keys.api_key, call.keys.environment_key, exchange.client, exchange.certificate)
            enrolments = _enrolments(snapshot)
            if self._directory is not None:
                found = await self._look_up(self._directory, enrolments, claim)
                snapshot = now()
                enrolments = with_users(_enrolments(snapshot), *_in_groups_of_all(found, snapshot))
            authority = office.authority(enrolments, observe)
            if isinstance(call, GenerateOtp):
                return await authority.request(claim, call.description)
            return await authority.redeem(claim, call.otp)
        except Unavailable:
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE) from None

    async def _look_up(self, directory: "Directory", enrolments: Enrolments, claim: Claim) -> tuple[list[User | None], User | None]:
        """Who may be meant: by the same statements for everybody, whether there is such a user or not."""
        try:
            return await directory.named(names_in(enrolments, claim), claim.user_id)
        except Unavailable:
            raise Refusal(Reason.POLICY_UNAVAILABLE) from None

    async def _to_the_end(self, work: Coroutine[Any, Any, _T]) -> _T:
        if len(self._tasks) >= _MOST_AT_ONCE:
            work.close()
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE)
        task = asyncio.get_running_loop().create_task(work, name="one-time password")
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waited has it; if nobody did any more, nobody misses it


def _enrolments(snapshot: Snapshot) -> Enrolments:
    if snapshot.enrolments is None:
        raise Refusal(Reason.UNKNOWN_PATH)
    return snapshot.enrolments


def _in_groups_of_all(found: tuple[list[User | None], User | None], snapshot: Snapshot) -> tuple[list[User | None], User | None]:
    """Those who were looked up, as the policy has them."""

    def whole(user: User | None) -> User | None:
        return None if user is None else in_groups_of_all(user, snapshot.policy)

    return [whole(user) for user in found[0]], whole(found[1])


def _note(snapshot: Snapshot, happening: Happening, exchange: Exchange) -> None:
    """What came of it, for the request's own line in the log; its caller may learn nothing of that."""
    app_connector = snapshot.policy.app_connectors.get(happening.app_connector)
    exchange.environment = "" if app_connector is None else app_connector.environment
    exchange.app_connector, exchange.user = happening.app_connector, happening.user
    exchange.outcome = Outcome.ALLOW if happening.outcome in _GOOD else Outcome.DENY
    if isinstance(happening.outcome, Reason):
        exchange.reason = happening.outcome
