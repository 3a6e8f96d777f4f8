"""How a request ends: by an answer of our own, a refusal, an answer passed on, or because somebody went away. Once, and with its record."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from sidecar.dialects.soap.version import Version
from sidecar.errors import Kind, Reason, Refusal
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.own_answers import OwnAnswer
from sidecar.proxy.refusal import answer_for
from sidecar.record.decision_log import DecisionLog
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.metrics import Metrics
from sidecar.record.trace import trace_of

_ENDS_CONNECTION = frozenset(
    {
        Reason.BODY_TOO_LARGE,
        Reason.HEAD_TOO_LARGE,
        Reason.MALFORMED_HTTP,
        Reason.METHOD_OVERRIDE,
        Reason.REPEATED_HEADER,
        Reason.UNEXPECTED_BODY,
        Reason.UPGRADE_REFUSED,
    }
)
"""After these, what follows on the connection could have been meant as something else than a request."""
_OUR_SIDE = frozenset({Kind.BACKEND, Kind.BACKEND_SLOW, Kind.INTERNAL})

Service = Callable[..., object]
"""Begins to answer: request, client, exchange, and what is known already."""


class Endings:
    """Sees to it that whatever happens while a request is served, it gets one answer or a visible end, and one record."""

    def __init__(self, decision_log: DecisionLog, metrics: Metrics) -> None:
        self._decision_log = decision_log
        self._metrics = metrics
        self._logger = structlog.get_logger("sidecar")

    def in_care(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Service, *known: Any) -> None:
        """Begin to answer; a service that fails is answered for."""
        self._metrics.in_flight += 1
        try:
            service(request, client, exchange, *known)
        except Refusal as refusal:
            self.refuse(request, client, exchange, refusal)
        except Exception as error:
            self._refuse_for(error, request, client, exchange)

    def attend(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Coroutine[Any, Any, None]) -> None:
        """Have a coroutine see to the request: for what must wait for something, a body or an answer that is read here."""
        client.on_lost = partial(self._lost, exchange)
        client.attend(self._see_to(request, client, exchange, service))

    def answer(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, answer: OwnAnswer, *, close: bool = False
    ) -> None:
        """Answer by ourselves."""
        exchange.status = answer.status
        exchange.sent = 0 if request.method == "HEAD" else len(answer.body)
        self.done(exchange)
        client.answer(answer, close=close)

    def refuse(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, refusal: Refusal) -> None:
        """Answer with a refusal."""
        answer = _refusal(exchange, refusal, request.fault_version)
        self.answer(request, client, exchange, answer, close=refusal.reason in _ENDS_CONNECTION)

    def refuse_unparsed(self, reason: Reason, peer: str) -> OwnAnswer:
        """The answer to bytes from `peer` that the HTTP parser did not take for a request."""
        exchange = Exchange(client=peer)
        answer = _refusal(exchange, Refusal(reason))
        self._record(exchange)
        return answer

    def done(self, exchange: Exchange) -> None:
        """The answer is on its way, or will never be whole."""
        self._metrics.in_flight -= 1
        self._record(exchange)

    def fault(self, client: ClientConnection, exchange: Exchange, error: Exception) -> None:
        """A fault of ours in the midst of an answer, to which nothing can be added."""
        self._logger.error("internal error", reference=exchange.reference, trace=trace_of(error))
        exchange.reason = Reason.INTERNAL_ERROR
        client.hang_up()
        self.done(exchange)

    async def _see_to(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Coroutine[Any, Any, None]
    ) -> None:
        try:
            await service
        except Refusal as refusal:
            self.refuse(request, client, exchange, refusal)
        except Exception as error:
            self._refuse_for(error, request, client, exchange)

    def _refuse_for(self, error: Exception, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        self._logger.error("internal error", reference=exchange.reference, trace=trace_of(error))
        self.refuse(request, client, exchange, Refusal(Reason.INTERNAL_ERROR))

    def _lost(self, exchange: Exchange) -> None:
        exchange.detail = "the client went away, or the sidecar was stopped"
        self.done(exchange)

    def _record(self, exchange: Exchange) -> None:
        exchange.finish()
        self._decision_log.add(exchange)
        self._metrics.observe(exchange)


def _refusal(exchange: Exchange, refusal: Refusal, fault_version: Version | None = None) -> OwnAnswer:
    kind = refusal.reason.kind
    exchange.reason = refusal.reason
    if kind in _OUR_SIDE or refusal.reason.is_about_a_jwt:  # neither repeats what was sent
        exchange.detail = refusal.detail
    if kind not in _OUR_SIDE and kind is not Kind.UNREADY:
        exchange.outcome = Outcome.DENY
    answer = answer_for(refusal, exchange.reference, fault_version, behind_dpop=exchange.proof is not None)
    exchange.status, exchange.sent = answer.status, len(answer.body)
    return answer
