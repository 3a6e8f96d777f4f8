"""The request's way, from its head to the answer: who asks, what, whether they may, and then on to the backend."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import structlog
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse

from sidecar.dialects.call import Action, Call, GetRows, Metainfo, Page, Update
from sidecar.dialects.rest.answers import no_rows
from sidecar.dialects.rest.read import BASE, read
from sidecar.dialects.rest.update_body import actions_of
from sidecar.errors import Kind, Reason, Refusal
from sidecar.identity.client_address import client_address
from sidecar.identity.identify import identify
from sidecar.policy.decide import decide_connector, unmet_condition
from sidecar.policy.decision import Deny
from sidecar.policy.model import Caller, Network
from sidecar.proxy.metainfo import answer_metainfo
from sidecar.proxy.own_answers import answer_json, answer_preflight
from sidecar.proxy.preparation import Preparations, Prepared
from sidecar.proxy.refusal import answer_for
from sidecar.proxy.relay import hang_up, relay
from sidecar.proxy.request_body import check_media_type, read_body
from sidecar.proxy.request_framing import check_framing, has_body
from sidecar.proxy.request_headers import check_head_size, check_headers, upstream_headers, value_of, values_of
from sidecar.proxy.route import Route, route_to
from sidecar.proxy.upstream import Answer, Pool, request_head
from sidecar.record.decision_log import DecisionLog
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.metrics import Metrics
from sidecar.record.trace import trace_of
from sidecar.store.snapshot import AfasToken, Environment, Snapshot

_LARGE_BODY = 262_144
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


class SnapshotSource(Protocol):
    """Where the policy in force comes from."""

    @property
    def snapshot(self) -> Snapshot | None:
        """The last good one; None before the first."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """Bytes that are taken or held at most, and seconds that a client may stand still."""

    head: int
    body: int
    answer: int
    client: float


class Gateway:
    """Serves requests, each under one snapshot: the one in force when all of the request is there."""

    def __init__(
        self,
        source: SnapshotSource,
        pool: Pool,
        limits: GatewayLimits,
        trusted_proxies: Sequence[Network],
        decision_log: DecisionLog,
        metrics: Metrics,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._pool = pool
        self._limits = limits
        self._trusted_proxies = trusted_proxies
        self._decision_log = decision_log
        self._metrics = metrics
        self._clock = clock
        self._preparations = Preparations()
        self._logger = structlog.get_logger("sidecar")

    async def handle(self, request: BaseRequest) -> StreamResponse:
        """Answer one request, whatever happens, and keep its record."""
        exchange = Exchange(method=request.method[:20])
        self._metrics.in_flight += 1
        try:
            return await self._serve(request, exchange)
        except Refusal as refusal:
            return self._refuse(request, exchange, refusal)
        except asyncio.CancelledError:
            exchange.detail = "the client went away, or the sidecar was stopped"
            raise
        except Exception as error:
            self._logger.error("internal error", reference=exchange.reference, trace=trace_of(error))
            return self._refuse(request, exchange, Refusal(Reason.INTERNAL_ERROR))
        finally:
            self._metrics.in_flight -= 1
            self.record(exchange)

    def refuse_unparsed(self, reason: Reason, peer: str) -> Response:
        """The answer to bytes from `peer` that the HTTP parser did not take for a request."""
        exchange = Exchange(client=peer)
        answer = self._answer_refusal(exchange, Refusal(reason))
        self.record(exchange)
        return answer

    def record(self, exchange: Exchange) -> None:
        """Put a finished exchange into log and metrics."""
        exchange.finish()
        self._decision_log.add(exchange)
        self._metrics.observe(exchange)

    def _refuse(self, request: BaseRequest, exchange: Exchange, refusal: Refusal) -> Response:
        if request.writer.output_size:
            # A second head would be read as a part of the answer that has begun.
            hang_up(request)
        answer = self._answer_refusal(exchange, refusal)
        unread = has_body(request) and not request.content.is_eof()
        if unread or refusal.reason in _ENDS_CONNECTION:
            answer.force_close()
        return answer

    def _answer_refusal(self, exchange: Exchange, refusal: Refusal) -> Response:
        kind = refusal.reason.kind
        exchange.reason = refusal.reason
        if kind in _OUR_SIDE:
            exchange.detail = refusal.detail
        elif kind is not Kind.UNREADY:
            exchange.outcome = Outcome.DENY
        answer = answer_for(refusal, exchange.reference)
        _note_answer(exchange, answer)
        return answer

    async def _serve(self, request: BaseRequest, exchange: Exchange) -> StreamResponse:
        headers = request.raw_headers
        check_head_size(headers, self._limits.head)
        forwarded_for = values_of(headers, b"x-forwarded-for")
        exchange.client = client_address(request.remote or "", forwarded_for, self._trusted_proxies)
        check_framing(request)
        check_headers(headers)
        if request.method == "OPTIONS":
            return self._preflight(request, exchange)
        caller, prepared = self._admit(request, exchange)
        body: bytes | None = None
        if isinstance(prepared.call, Update):
            check_media_type(headers)
            body = await read_body(request, self._limits.body, self._limits.client)
            actions = await _actions_of(prepared.call, body)
            # A body takes as long as its sender likes. What counts are the rights at its end, when the write would happen.
            caller, prepared = self._admit(request, exchange, actions)
        elif has_body(request):
            raise Refusal(Reason.UNEXPECTED_BODY, "this call has no body")
        if prepared.plan.target is None:
            answer = answer_json(no_rows(prepared.call.page if isinstance(prepared.call, GetRows) else Page()), exchange.reference)
            _note_answer(exchange, answer)
            return answer
        return await self._forward(request, exchange, caller, prepared, body)

    def _admit(self, request: BaseRequest, exchange: Exchange, actions: frozenset[Action] = frozenset()) -> tuple[Caller, Prepared]:
        """Who asks, what, and whether they may, by the one snapshot that is in force now.

        :param actions: what an update's body does, where that is known.
        """
        snapshot = self._snapshot(exchange)
        caller = identify(snapshot.policy, value_of(request.raw_headers, b"authorization"), exchange.client)
        _note_caller(exchange, caller)
        reason = unmet_condition(caller, self._clock())
        if reason is not None:
            raise Refusal(reason)
        prepared = self._preparations.prepared(snapshot, caller, request.method, request.raw_path, partial(_note_call, exchange))
        if isinstance(prepared.call, Update) and actions:
            decision = decide_connector(snapshot.policy, caller, replace(prepared.call, actions=actions))
            if isinstance(decision, Deny):
                raise Refusal(decision.reason, decision.detail)
        _note_allowed(exchange, prepared)
        return caller, prepared

    def _snapshot(self, exchange: Exchange) -> Snapshot:
        snapshot = self._source.snapshot
        if snapshot is None:
            raise Refusal(Reason.NO_POLICY)
        exchange.policy_version = snapshot.policy.version
        return snapshot

    def _preflight(self, request: BaseRequest, exchange: Exchange) -> Response:
        environments = self._snapshot(exchange).environments.values()
        bases = {base for each in environments for base in route_to(each.rest, each.ca_file).bases}
        exchange.call = type(read(request.method, request.raw_path, bases or {BASE})).__name__
        exchange.outcome = Outcome.ALLOW
        answer = answer_preflight(exchange.reference)
        _note_answer(exchange, answer)
        return answer

    async def _forward(
        self, request: BaseRequest, exchange: Exchange, caller: Caller, prepared: Prepared, body: bytes | None
    ) -> StreamResponse:
        """Ask the backend, and pass its answer on."""
        answer_is_read = isinstance(prepared.call, Metainfo)
        head = request_head(
            prepared.plan.verb,
            f"{prepared.route.base_path}{prepared.plan.target}",
            upstream_headers(
                request.raw_headers,
                host=prepared.route.origin.host_header,
                authorization=_authorization(prepared.environment, request),
                body_length=None if body is None else len(body),
                answer_is_read=answer_is_read,
            ),
        )
        from_backend = await self._send(prepared.route, head, body or b"", exchange)
        if answer_is_read and from_backend.status < 400:
            reduced = await answer_metainfo(from_backend, caller, self._limits.answer, exchange.reference)
            _note_answer(exchange, reduced)
            return reduced
        return await relay(request, from_backend, exchange, self._limits.client)

    async def _send(self, route: Route, head: bytes, body: bytes, exchange: Exchange) -> Answer:
        self._metrics.added.observe(exchange.elapsed())
        answer = await self._pool.send(route.origin, head, body)
        exchange.backend_seconds = answer.upstream_seconds
        return answer


async def _actions_of(call: Update, body: bytes) -> frozenset[Action]:
    """Off the loop for large bodies, which take long to parse."""
    if len(body) < _LARGE_BODY:
        return actions_of(call, body)
    return await asyncio.to_thread(actions_of, call, body)


def _authorization(environment: Environment, request: BaseRequest) -> bytes:
    """The environment's own credential, or what the client proved itself with where the configuration passes that through."""
    if isinstance(environment.credential, AfasToken):
        return environment.credential.header_value.encode("latin-1")
    return (value_of(request.raw_headers, b"authorization") or "").encode("latin-1")


def _note_caller(exchange: Exchange, caller: Caller) -> None:
    exchange.environment = caller.app_connector.environment
    exchange.app_connector = caller.app_connector.name
    exchange.user = caller.user.name
    exchange.device = caller.device


def _note_call(exchange: Exchange, call: Call) -> None:
    exchange.call = type(call).__name__
    connector = getattr(call, "connector", None)
    if connector is not None:
        exchange.asked_for(connector)


def _note_allowed(exchange: Exchange, prepared: Prepared) -> None:
    exchange.outcome = Outcome.ALLOW
    exchange.connector = prepared.allowed.connector
    exchange.predicate = prepared.predicate


def _note_answer(exchange: Exchange, answer: Response) -> None:
    exchange.status = answer.status
    exchange.sent = len(answer.body) if isinstance(answer.body, bytes) else 0
