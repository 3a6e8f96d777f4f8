"""The backend is asked, with the environment's credential, and its answer is passed on: the half of the way that all dialects share."""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.backend_head import Headed, backend_head
from sidecar.proxy.backend_token import BackendToken
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.endings import Endings
from sidecar.proxy.forwarding import Forwarding
from sidecar.proxy.guarded_answer import GuardedBackend
from sidecar.proxy.guarded_forwarding import GuardedForwarding
from sidecar.proxy.route import Route
from sidecar.proxy.token_forwarding import TokenForwarding
from sidecar.proxy.upstream import Answer, Backend, Later, Pool
from sidecar.record.exchange import Exchange
from sidecar.record.metrics import Metrics
from sidecar.store.oauth_client import OAuthClient

_HEAD_WAITS = 0.002
"""Seconds for which an answer's head waits for the beginning of its body at most. Backends often send the two in two packets, one right
behind the other; one that takes longer may be one whose beginning somebody wishes to see."""


class Ready(Headed, Protocol):
    """What was prepared: the head, and where it goes."""

    @property
    def route(self) -> Route: ...


class Asking:
    """Puts calls to backends and passes answers on."""

    def __init__(self, pool: Pool, credentials: BackendCredentials, endings: Endings, metrics: Metrics, patience: float) -> None:
        """:param patience: seconds that a client may stand still."""
        self.pool = pool
        self.credentials = credentials
        self._endings = endings
        self._metrics = metrics
        self._patience = patience
        self._late_heads = Later(_HEAD_WAITS)

    def asked(self, exchange: Exchange) -> None:
        """The backend is about to be asked."""
        self._metrics.added.observe(exchange.elapsed())

    def ask(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, prepared: Ready, guarded: Backend | None) -> None:
        """Put a call without body to the backend, and pass its answer on.

        :param guarded: the backend with the row guard before it, where the answer is judged.
        """
        if isinstance(prepared.environment.credential, OAuthClient):
            self._ask_with_token(request, client, exchange, prepared, prepared.environment.credential, guarded)
            return
        head = backend_head(prepared, request, answer_is_read=guarded is not None)
        self._metrics.added.observe(exchange.elapsed())
        forwarding = Forwarding(request, client, exchange, guarded or self.pool, self._late_heads, self._patience, self._endings)
        forwarding.ask(prepared.route.origin, head)

    def relay(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, answer: Answer) -> None:
        """Pass an answer on that was fetched otherwise."""
        Forwarding(request, client, exchange, self.pool, self._late_heads, self._patience, self._endings).relay(answer)

    def relay_guarded(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, answer: Answer, guarded: GuardedBackend
    ) -> None:
        """The same, with the row guard before it."""
        forwarding = GuardedForwarding(request, client, exchange, guarded, self._late_heads, self._patience, self._endings)
        forwarding.relay_guarded(answer, guarded)

    def _ask_with_token(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        prepared: Ready,
        oauth: OAuthClient,
        guarded: Backend | None,
    ) -> None:
        """With an access token, which is mostly at hand."""
        make_head = partial(backend_head, prepared, request, answer_is_read=guarded is not None)
        backend = guarded or self.pool
        token = self.credentials.token_of(prepared.environment, oauth)

        def ask(line: bytes) -> None:
            self.asked(exchange)
            forwarding = TokenForwarding(request, client, exchange, backend, self._late_heads, self._patience, self._endings)
            forwarding.ask_with(token, line, make_head, prepared.route.origin)

        if token.line is None:
            self._endings.attend(request, client, exchange, self._ask_once_there(token, ask))
        else:
            ask(token.line)

    async def _ask_once_there(self, token: BackendToken, ask: Callable[[bytes], None]) -> None:
        ask(await token.wait(self._patience))
