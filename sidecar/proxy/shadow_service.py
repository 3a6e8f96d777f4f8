"""Serves app connectors in shadow: what the app asked for goes on, and what policy says of it is told.

An update's body is read, and so are the rows that come back where there is a row guard; neither is withheld.
"""

from collections.abc import Coroutine
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from sidecar.dialects.call import Update
from sidecar.errors import Reason, Refusal
from sidecar.policy.model import Caller, Enforcement, RowGuard
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.backend_head import backend_head
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.forwarding import Forwarding
from sidecar.proxy.notes import note_call, note_caller, note_shadowed
from sidecar.proxy.request_body import check_media_type, read_actions, read_body
from sidecar.proxy.row_guard import AnswerGuard
from sidecar.proxy.shadow import ShadowedCall, shadow, with_actions
from sidecar.proxy.upstream import Backend
from sidecar.record.exchange import Exchange
from sidecar.record.shadowed import Shadowed, Would
from sidecar.store.snapshot import Snapshot


class Desk(Protocol):
    """What the service asks of the gateway, for which it works."""

    async def identify(self, request: ClientRequest, exchange: Exchange) -> tuple[Snapshot, Caller]:
        """The policy in force, noted, and who asks."""

    def now(self) -> datetime:
        """The moment that counts."""

    def attend(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Coroutine[Any, Any, None]) -> None:
        """Have a coroutine see to the request."""

    def ask(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, prepared: ShadowedCall, guarded: Backend | None
    ) -> None:
        """Put a call without body to the backend, and pass its answer on."""

    def asked(self, exchange: Exchange) -> None:
        """The backend is about to be asked."""

    def forwarding(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> Forwarding:
        """One that passes an answer on."""

    async def enforce(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, body: bytes) -> None:
        """See to a call whose app connector is not in shadow any more."""


class ShadowService:
    """Serves requests of callers whose app connector is in shadow."""

    def __init__(
        self, desk: Desk, credentials: BackendCredentials, pool: Backend, guard: AnswerGuard, body_limit: int, patience: float
    ) -> None:
        """:param patience: seconds that a client may stand still."""
        self._desk = desk
        self._credentials = credentials
        self._pool = pool
        self._guard = guard
        self._body_limit = body_limit
        self._patience = patience

    def serve(self, snapshot: Snapshot, caller: Caller, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        """Begin to answer."""
        note_caller(exchange, caller)
        call = self._shadow(snapshot, caller, request, exchange)
        if request.method != "GET":
            self._desk.attend(request, client, exchange, self._write(request, client, exchange))
            return
        if request.has_body:
            raise Refusal(Reason.UNEXPECTED_BODY, "a GET has no body")
        note_shadowed(exchange, call.outcome, call.predicate, call.connector)
        guarded = None
        if caller.app_connector.row_guard is not RowGuard.OFF and call.rows is not None:
            guarded = self._guard.before(self._pool, snapshot, caller, call.connector, call.rows, exchange, never_withholds=True)
        self._desk.ask(request, client, exchange, call, guarded)

    async def _write(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        body = await read_body(request, client, self._body_limit, self._patience)
        call = await self._written(request, exchange, body)
        if call is not None and await self._credentials.had_to_wait(call.environment):
            call = await self._written(request, exchange, body)  # that may have taken long as well
        if call is None:
            await self._desk.enforce(request, client, exchange, body)
            return
        self._desk.asked(exchange)
        make_head = partial(backend_head, call, request, body_length=len(body), any_coding=True)
        answer = await self._credentials.send(call.environment, call.route.origin, make_head, body)
        self._desk.forwarding(request, client, exchange).relay(answer)

    async def _written(self, request: ClientRequest, exchange: Exchange, body: bytes) -> ShadowedCall | None:
        """The call by the policy that is in force now, at the end of its body; None if the app connector is not in shadow any more."""
        snapshot, caller = await self._desk.identify(request, exchange)
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
        return shadow(snapshot, caller, request.method, request.target, self._desk.now(), partial(note_call, exchange))
