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
from sidecar.otp.enrolment import Claim, Enrolments, enrolled
from sidecar.otp.happening import Happening, Observe
from sidecar.otp.happening import Outcome as Ending
from sidecar.otp.result import ACCEPTED, Accepted, Issued, NotIssued, Throttled
from sidecar.policy.decide import address_is_allowed, app_connector_is_open
from sidecar.policy.model import Caller, User
from sidecar.record.exchange import Exchange, Outcome
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Environment, Snapshot

if TYPE_CHECKING:
    from sidecar.otp.office import Office  # brings SQLAlchemy along, which most have no use for

_MOST_AT_ONCE = 256
_GOOD = frozenset({Ending.QUEUED, Ending.ISSUED, Ending.REVOKED})
_NOBODY = User("")

Result = Accepted | Issued | NotIssued
_T = TypeVar("_T")


class OtpDesk:
    """Works under the snapshot that it is given. Without an office there is nobody to ask but the backend."""

    def __init__(self, office: "Office | None", observe: Observe, clock: Callable[[], datetime]) -> None:
        self._office = office
        self._observe = observe
        self._clock = clock
        self._tasks: set[asyncio.Task[Any]] = set()

    def backend_for(self, snapshot: Snapshot, call: OtpCall, exchange: Exchange) -> Environment | None:
        """The environment whose backend is to be asked; None where the authority is.

        :raises Refusal: KEYS_UNKNOWN, or for an app connector that is not to be used now or from there.
        """
        enrolments = _enrolments(snapshot)
        forwarding = [each for each in snapshot.environments.values() if each.otp is OtpMode.FORWARD]
        is_local = any(each.otp is OtpMode.LOCAL for each in snapshot.environments.values())
        app_connector = None
        if isinstance(call, DeleteToken):
            token = snapshot.policy.tokens.get(digest_of(call.data))
            app_connector = None if token is None else snapshot.policy.app_connectors.get(token.app_connector)
        else:
            enrolment = enrolled(enrolments, call.keys.api_key, call.keys.environment_key)
            app_connector = None if enrolment is None else snapshot.policy.app_connectors.get(enrolment.app_connector)
        if app_connector is not None:
            environment = snapshot.environments[app_connector.environment]
            if environment.otp is not OtpMode.FORWARD:
                return None
            exchange.environment, exchange.app_connector = environment.name, app_connector.name
            caller = Caller(_NOBODY, app_connector, "", exchange.client)
            reason = app_connector_is_open(caller, self._clock()) or address_is_allowed(caller, self._clock())
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

    async def carry_out(self, snapshot: Snapshot, call: OtpCall, exchange: Exchange) -> Result:
        """Ask the authority. What it was asked it does to the end, even if nobody waits for it any more: what is broken off counts.

        :raises Refusal: TOO_MANY_REQUESTS, AUTHORITY_UNAVAILABLE, or BODY_MALFORMED for a description that no token can have.
        """
        result = await self._to_the_end(self._ask(snapshot, call, exchange))
        if isinstance(result, Throttled):
            raise Refusal(Reason.TOO_MANY_REQUESTS, retry_after=result.seconds)
        return result

    async def close(self) -> None:
        """Wait for what is still under way; the database bounds the time for it."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, snapshot: Snapshot, call: OtpCall, exchange: Exchange) -> Result | Throttled:
        if self._office is None:
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE)

        def observe(happening: Happening) -> None:
            _note(snapshot, happening, exchange)
            self._observe(replace(happening, reference=exchange.reference))

        authority = self._office.authority(_enrolments(snapshot), observe)
        try:
            if isinstance(call, DeleteToken):
                await authority.revoke(digest_of(call.data), exchange.client)
                return ACCEPTED
            claim = Claim(call.keys.user_id, call.keys.api_key, call.keys.environment_key, exchange.client)
            if isinstance(call, GenerateOtp):
                return await authority.request(claim, call.description)
            return await authority.redeem(claim, call.otp)
        except Unavailable:
            raise Refusal(Reason.AUTHORITY_UNAVAILABLE) from None

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


def _note(snapshot: Snapshot, happening: Happening, exchange: Exchange) -> None:
    """What came of it, for the request's own line in the log; its caller may learn nothing of that."""
    app_connector = snapshot.policy.app_connectors.get(happening.app_connector)
    exchange.environment = "" if app_connector is None else app_connector.environment
    exchange.app_connector, exchange.user = happening.app_connector, happening.user
    exchange.outcome = Outcome.ALLOW if happening.outcome in _GOOD else Outcome.DENY
    if isinstance(happening.outcome, Reason):
        exchange.reason = happening.outcome
