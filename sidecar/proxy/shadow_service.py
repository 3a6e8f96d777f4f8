"""Serves app connectors in shadow: what the app asked for goes on, and what policy says of it is told.

An update's body is read, and so are the rows that come back where there is a row guard; neither is withheld.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from sidecar.dialects.call import Update
from sidecar.errors import Reason, Refusal
from sidecar.policy.model import Caller, Enforcement, RowGuard
from sidecar.proxy.admission import Admission
from sidecar.proxy.asking import Asking
from sidecar.proxy.backend_head import backend_head
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.endings import Endings
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.notes import note_call, note_caller, note_shadowed
from sidecar.proxy.request_body import check_media_type, read_actions, read_body
from sidecar.proxy.row_guard import AnswerGuard
from sidecar.proxy.shadow import ShadowedCall, shadow, with_actions
from sidecar.record.exchange import Exchange
from sidecar.record.shadowed import Shadowed, Would
from sidecar.store.snapshot import Snapshot

Enforce = Callable[[ClientRequest, ClientConnection, Exchange, bytes], Awaitable[None]]
"""Sees to a call whose app connector is not in shadow any more; its body was read."""


class ShadowService:
    """Serves requests of callers whose app connector is in shadow."""

    def __init__(
        self, endings: Endings, admission: Admission, asking: Asking, guard: AnswerGuard, limits: GatewayLimits, enforce: Enforce
    ) -> None:
        self._endings = endings
        self._admission = admission
        self._asking = asking
        self._guard = guard
        self._limits = limits
        self._enforce = enforce

    def serve(self, snapshot: Snapshot, caller: Caller, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        """Begin to answer."""
        note_caller(exchange, caller)
        call = self._shadow(snapshot, caller, request, exchange)
        if request.method != "GET":
            self._endings.attend(request, client, exchange, self._write(request, client, exchange))
            return
        if request.has_body:
            raise Refusal(Reason.UNEXPECTED_BODY, "a GET has no body")
        note_shadowed(exchange, call.outcome, call.predicate, call.connector)
        guarded = None
        if caller.app_connector.row_guard is not RowGuard.OFF and call.rows is not None:
            guarded = self._guard.before(self._asking.pool, snapshot, caller, call.connector, call.rows, exchange, never_withholds=True)
        self._asking.ask(request, client, exchange, call, guarded)

    async def _write(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        body = await read_body(request, client, self._limits.body, self._limits.client)
        call = await self._written(request, exchange, body)
        if call is not None and await self._asking.credentials.had_to_wait(call.environment):
            call = await self._written(request, exchange, body)  # that may have taken long as well
        if call is None:
            await self._enforce(request, client, exchange, body)
            return
        self._asking.asked(exchange)
        make_head = partial(backend_head, call, request, body_length=len(body), any_coding=True)
        answer = await self._asking.credentials.send(call.environment, call.route.origin, make_head, body)
        self._asking.relay(request, client, exchange, answer)

    async def _written(self, request: ClientRequest, exchange: Exchange, body: bytes) -> ShadowedCall | None:
        """The call by the policy that is in force now, at the end of its body; None if the app connector is not in shadow any more."""
        snapshot, caller = await self._admission.identify(request.headers.get(b"authorization"), exchange)
        if caller.app_connector.enforcement is not Enforcement.SHADOW:
            return None
        call = self._shadow(snapshot, caller, request, exchange)
        outcome = call.outcome
        if isinstance(call.call, Update) and outcome.reason is None:
            try:
                check_media_type(request.headers)
                outcome = with_actions(call, snapshot, caller, await read_actions(call.call, body))
            except Refusal as refusal:
                outcome = Shadowed(Would.REFUSE, refusal.reason)
        note_shadowed(exchange, outcome, call.predicate, call.connector)
        return call

    def _shadow(self, snapshot: Snapshot, caller: Caller, request: ClientRequest, exchange: Exchange) -> ShadowedCall:
        return shadow(snapshot, caller, request.method, request.target, self._admission.now(), partial(note_call, exchange))
