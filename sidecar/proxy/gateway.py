"""The request's way, from its head to the answer: who asks, what, whether they may, and then on to the backend."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import structlog
from aiohttp.http import HttpVersion11

from sidecar.dialects.call import Action, GetRows, Metainfo, Page, Update
from sidecar.dialects.rest.answers import no_rows
from sidecar.dialects.rest.read import BASE, read
from sidecar.dialects.soap.version import Version
from sidecar.errors import Kind, Reason, Refusal
from sidecar.identity.callers import Callers
from sidecar.identity.client_address import client_address
from sidecar.identity.identify import identify_token
from sidecar.policy.decide import decide_connector, unmet_condition
from sidecar.policy.decision import Claim, Deny
from sidecar.policy.model import Caller, Enforcement, Network, RowGuard
from sidecar.policy.shadow import unmet_in_shadow
from sidecar.proxy.backend_credentials import BackendCredentials
from sidecar.proxy.backend_head import backend_head
from sidecar.proxy.backend_token import BackendToken
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.forwarding import Forwarding
from sidecar.proxy.guarded_answer import GuardedBackend
from sidecar.proxy.guarded_forwarding import GuardedForwarding
from sidecar.proxy.issued_callers import IssuedCallers, digest_in
from sidecar.proxy.known_calls import KnownCall, KnownCalls
from sidecar.proxy.known_headers import KnownBlocks, KnownHeaders
from sidecar.proxy.metainfo import answer_metainfo
from sidecar.proxy.notes import note_allowed, note_call, note_caller
from sidecar.proxy.otp_desk import OtpDesk
from sidecar.proxy.otp_service import OtpService
from sidecar.proxy.own_answers import OwnAnswer, answer_json, answer_preflight
from sidecar.proxy.ownership import Ownership
from sidecar.proxy.preparation import Preparations, prepare_confirmed
from sidecar.proxy.prepared import Prepared
from sidecar.proxy.refusal import answer_for
from sidecar.proxy.request_body import check_media_type, read_actions, read_body
from sidecar.proxy.route import route_to
from sidecar.proxy.row_guard import AnswerGuard
from sidecar.proxy.shadow import ShadowedCall
from sidecar.proxy.shadow_service import ShadowService
from sidecar.proxy.soap_path import soap_path
from sidecar.proxy.soap_service import SoapService
from sidecar.proxy.token_forwarding import TokenForwarding
from sidecar.proxy.upstream import Answer, Backend, Later, Pool
from sidecar.record.decision_log import DecisionLog
from sidecar.record.exchange import Exchange, Outcome
from sidecar.record.metrics import Metrics
from sidecar.record.trace import trace_of
from sidecar.store.oauth_client import OAuthClient
from sidecar.store.snapshot import Passthrough, Snapshot

_HEAD_WAITS = 0.002
"""Seconds for which an answer's head waits for the beginning of its body at most. Backends often send the two in two packets, one right
behind the other; one that takes longer may be one whose beginning somebody wishes to see."""
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


Service = Callable[..., object]
"""Begins to answer: request, client, exchange, and what is known already."""


class Gateway:
    """Serves requests, each under one snapshot: the one in force when all of the request is there."""

    def __init__(
        self,
        source: SnapshotSource,
        pool: Pool,
        credentials: BackendCredentials,
        limits: GatewayLimits,
        trusted_proxies: Sequence[Network],
        decision_log: DecisionLog,
        metrics: Metrics,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        issued: "IssuedCallers | None" = None,
        otp_desk: OtpDesk | None = None,
    ) -> None:
        """
        :param issued: knows those whose tokens are not the policy's.
        :param otp_desk: takes requests for one-time passwords; needed where the snapshot has enrolments.
        """
        self._source = source
        self._pool = pool
        self._credentials = credentials
        self._limits = limits
        self._trusted_proxies = trusted_proxies
        self._decision_log = decision_log
        self._metrics = metrics
        self._clock = clock
        self._callers = Callers()
        self._issued = issued
        self._preparations = Preparations()
        self._ownership = Ownership(credentials, metrics)
        self._known = KnownBlocks()
        self._known_calls = KnownCalls()
        self._guard = AnswerGuard(limits.answer)
        self._late_heads = Later(_HEAD_WAITS)
        self._shadow = ShadowService(self, credentials, pool, self._guard, limits.body, limits.client)
        self._otp = None if otp_desk is None else OtpService(self, otp_desk, pool, limits.client)
        self._soap = SoapService(self, pool, credentials, self._ownership, self._guard, limits.body, limits.answer, limits.client)
        self._logger = structlog.get_logger("sidecar")

    @property
    def patience(self) -> float:
        """Seconds that a client may stand still."""
        return self._limits.client

    def serve(self, request: ClientRequest, client: ClientConnection) -> None:
        """Begin to answer one request; whatever happens, it gets one answer or a visible end, and its record."""
        self._in_care(request, client, Exchange(method=request.method[:20]), self._serve)

    def _in_care(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Service, *known: Any) -> None:
        self._metrics.in_flight += 1
        try:
            service(request, client, exchange, *known)
        except Refusal as refusal:
            self.refuse(request, client, exchange, refusal)
        except Exception as error:
            self._refuse_for(error, request, client, exchange)

    def serve_again(self, line: bytes, digest: bytes, client: ClientConnection) -> bool:
        """Serve a request that came before from the same address, if it is remembered: its first line, and the SHA-256 of the others.

        Who calls, what, and that he may was found out then, under the snapshot that is still in force. All else is done as for any request.
        """
        snapshot = self._source.snapshot
        known = None if snapshot is None else self._known_calls.find(snapshot, line, digest, client.peer)
        if snapshot is None or known is None:
            return False
        if known.revision is not None and (self._issued is None or not self._issued.holds(known.revision)):
            return False
        client.take(known.request)
        exchange = Exchange(method="GET", client=known.caller.address, policy_version=snapshot.policy.version)
        self._in_care(known.request, client, exchange, self._serve_call, snapshot, known.caller, known.prepared)
        return True

    def serve_known(self, line: bytes, target: str, digest: bytes, client: ClientConnection) -> bool:
        """Serve a GET for this target whose header lines, of this SHA-256, came before from the same address, if they are remembered.

        Only who sends them was found out then, under the snapshot that is still in force. All else is done as for any request.
        """
        snapshot = self._source.snapshot
        # Services are described to anybody, so it does not matter whether he is known.
        known = None if snapshot is None or target[-5:].lower() == "?wsdl" else self._known.find(snapshot, digest, client.peer)
        if snapshot is None or known is None:
            return False
        if known.revision is not None and (self._issued is None or not self._issued.holds(known.revision)):
            return False
        request = ClientRequest("GET", target, HttpVersion11, known.headers, keeps_alive=known.keeps_alive)
        client.take(request)
        exchange = Exchange(method="GET", client=known.caller.address, policy_version=snapshot.policy.version)
        self._in_care(request, client, exchange, self._serve_known_headers, snapshot, known.caller, line, digest, known.revision)
        return True

    def refuse_unparsed(self, reason: Reason, peer: str) -> OwnAnswer:
        """The answer to bytes from `peer` that the HTTP parser did not take for a request."""
        exchange = Exchange(client=peer)
        answer = _refusal(exchange, Refusal(reason))
        self._record(exchange)
        return answer

    # How a request ends.

    def done(self, exchange: Exchange) -> None:
        """The answer is on its way, or will never be whole."""
        self._metrics.in_flight -= 1
        self._record(exchange)

    def refuse(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, refusal: Refusal) -> None:
        """Answer with a refusal."""
        answer = _refusal(exchange, refusal, request.fault_version)
        self.answer(request, client, exchange, answer, close=refusal.reason in _ENDS_CONNECTION)

    def fault(self, client: ClientConnection, exchange: Exchange, error: Exception) -> None:
        """A fault of ours in the midst of an answer, to which nothing can be added."""
        self._logger.error("internal error", reference=exchange.reference, trace=trace_of(error))
        exchange.reason = Reason.INTERNAL_ERROR
        client.hang_up()
        self.done(exchange)

    def _refuse_for(self, error: Exception, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        self._logger.error("internal error", reference=exchange.reference, trace=trace_of(error))
        self.refuse(request, client, exchange, Refusal(Reason.INTERNAL_ERROR))

    def answer(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, answer: OwnAnswer, *, close: bool = False
    ) -> None:
        """Answer by ourselves."""
        exchange.status = answer.status
        exchange.sent = 0 if request.method == "HEAD" else len(answer.body)
        self.done(exchange)
        client.answer(answer, close=close)

    def _record(self, exchange: Exchange) -> None:
        exchange.finish()
        self._decision_log.add(exchange)
        self._metrics.observe(exchange)

    # Its way.

    def _serve(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        headers = request.headers
        exchange.client = client_address(client.peer, headers.forwarded_for, self._trusted_proxies)
        headers.check_size(self._limits.head)
        request.check_framing()
        headers.check()
        if request.method == "OPTIONS":
            self.answer(request, client, exchange, self._preflight(request, exchange))
            return
        snapshot = self.policy_for(exchange)
        soap = soap_path(request.method, request.target, snapshot.environments.values())
        if snapshot.enrolments is not None and request.method == "POST" and self._otp is not None:
            service = self._otp.service(snapshot, soap, request, client, exchange)
            if service is not None:
                self.attend(request, client, exchange, service)
                return
        if soap is not None:
            self._soap.serve(soap, request, client, exchange)
            return
        revision = None
        try:
            caller = self._callers.identify(snapshot.policy, headers.get(b"authorization"), exchange.client)
        except Refusal as refusal:
            if refusal.reason is not Reason.TOKEN_UNKNOWN or self._issued is None:
                raise
            revision = self._issued.revision
            issued = self._issued.known(snapshot, digest_in(headers.get(b"authorization")), exchange.client)
            if issued is None:
                self.attend(request, client, exchange, self._serve_issued(request, client, exchange))
                return
            caller = issued
        if request.header_digest and not isinstance(snapshot.environments[caller.app_connector.environment].credential, Passthrough):
            self._remember(snapshot, caller, request, client.peer, revision)
        self._serve_call(request, client, exchange, snapshot, caller)

    def _serve_known_headers(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        snapshot: Snapshot,
        caller: Caller,
        line: bytes,
        digest: bytes,
        revision: int | None,
    ) -> None:
        prepared = self._serve_call(request, client, exchange, snapshot, caller)
        if prepared is not None and self._known_calls.came_before(line, digest):
            self._known_calls.remember(snapshot, line, digest, client.peer, KnownCall(caller, request, prepared, revision))

    def _remember(self, snapshot: Snapshot, caller: Caller, request: ClientRequest, peer: str, revision: int | None) -> None:
        if self._known.came_before(request.header_digest):
            known = KnownHeaders(caller, request.headers.without_token(), request.keeps_alive, revision)
            self._known.remember(snapshot, request.header_digest, peer, known)

    def _serve_call(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        snapshot: Snapshot,
        caller: Caller,
        prepared: Prepared | None = None,
    ) -> Prepared | None:
        """What was prepared for the call; None in shadow, where nothing is.

        :param prepared: for this call, under this snapshot, if it is known.
        """
        if caller.app_connector.enforcement is Enforcement.SHADOW:
            self._shadow.serve(snapshot, caller, request, client, exchange)
            return None
        prepared = self._admit(snapshot, caller, request, exchange, prepared=prepared)
        self._carry_out(snapshot, caller, prepared, request, client, exchange)
        return prepared

    def _carry_out(
        self, snapshot: Snapshot, caller: Caller, prepared: Prepared, request: ClientRequest, client: ClientConnection, exchange: Exchange
    ) -> None:
        """What is allowed, is done."""
        call = prepared.call
        if isinstance(call, Update):
            self.attend(request, client, exchange, self._update(request, client, exchange, call))
            return
        if request.has_body:
            raise Refusal(Reason.UNEXPECTED_BODY, "this call has no body")
        if prepared.allowed.claim is not None:
            claimed = self._claimed(snapshot, caller, request, client, exchange, prepared, prepared.allowed.claim)
            self.attend(request, client, exchange, claimed)
        elif prepared.plan.target is None:
            empty = no_rows(call.page if isinstance(call, GetRows) else Page())
            self.answer(request, client, exchange, answer_json(empty, exchange.reference))
        elif isinstance(call, Metainfo):
            self.attend(request, client, exchange, self._metainfo(request, client, exchange, caller, prepared))
        else:
            guarded = None
            rows = prepared.allowed.rows
            # What comes back of a report is a document.
            if caller.app_connector.row_guard is not RowGuard.OFF and rows is not None and isinstance(call, GetRows):
                guarded = self._guard.before(self._pool, snapshot, caller, prepared.allowed.connector, rows.predicate, exchange)
            self.ask(request, client, exchange, prepared, guarded)

    def ask(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        prepared: Prepared | ShadowedCall,
        guarded: Backend | None,
    ) -> None:
        """Put a call without body to the backend, and pass its answer on.

        :param guarded: the backend with the row guard before it, where the answer is judged.
        """
        if isinstance(prepared.environment.credential, OAuthClient):
            self._ask_with_token(request, client, exchange, prepared, prepared.environment.credential, guarded)
            return
        head = backend_head(prepared, request, answer_is_read=guarded is not None)
        self._metrics.added.observe(exchange.elapsed())
        self.forwarding(request, client, exchange, guarded).ask(prepared.route.origin, head)

    def _admit(
        self,
        snapshot: Snapshot,
        caller: Caller,
        request: ClientRequest,
        exchange: Exchange,
        actions: frozenset[Action] = frozenset(),
        prepared: Prepared | None = None,
    ) -> Prepared:
        """What is asked, and whether the caller may: by one snapshot, now.

        :param actions: what an update's body does, where that is known.
        :param prepared: see `_serve_call`.
        """
        note_caller(exchange, caller)
        reason = unmet_condition(caller, self._clock())
        if reason is not None:
            raise Refusal(reason)
        if prepared is None:
            prepared = self._preparations.prepared(snapshot, caller, request.method, request.target, partial(note_call, exchange))
        else:
            note_call(exchange, prepared.call)
        if isinstance(prepared.call, Update) and actions:
            decision = decide_connector(snapshot.policy, caller, replace(prepared.call, actions=actions))
            if isinstance(decision, Deny):
                raise Refusal(decision.reason, decision.detail)
        note_allowed(exchange, prepared.allowed, prepared.predicate)
        return prepared

    async def admit(self, authorization: bytes | None, digest: bytes | None, exchange: Exchange) -> tuple[Snapshot, Caller]:
        """Who asks, by a header or the digest of a token found elsewhere, if he meets all conditions now (in shadow: those that are
        in force); and the policy that says so.

        :raises Refusal: TOKEN_AMBIGUOUS where the two are different tokens; otherwise as `identify`, and for a condition.
        """
        snapshot, caller = await self._identify(authorization, digest, exchange)
        if authorization is not None and digest not in (None, digest_in(authorization)):
            raise Refusal(Reason.TOKEN_AMBIGUOUS, "the token in the message must be that of the Authorization header, or be left out")
        note_caller(exchange, caller)
        in_shadow = caller.app_connector.enforcement is Enforcement.SHADOW
        reason = unmet_in_shadow(caller, self._clock())[0] if in_shadow else unmet_condition(caller, self._clock())
        if reason is not None:
            raise Refusal(reason)
        return snapshot, caller

    async def _identify(self, authorization: bytes | None, digest: bytes | None, exchange: Exchange) -> tuple[Snapshot, Caller]:
        """Who asks, whoever gave him his token, under the policy that is in force once that is known."""
        snapshot = self.policy_for(exchange)
        try:
            if authorization is None and digest is not None:
                return snapshot, identify_token(snapshot.policy, digest, exchange.client)
            return snapshot, self._callers.identify(snapshot.policy, authorization, exchange.client)
        except Refusal as refusal:
            if refusal.reason is not Reason.TOKEN_UNKNOWN or self._issued is None:
                raise
        token = await self._issued.find(digest if authorization is None and digest is not None else digest_in(authorization))
        snapshot = self.policy_for(exchange)
        return snapshot, self._issued.caller(snapshot, token, exchange.client)

    def policy_for(self, exchange: Exchange) -> Snapshot:
        """The policy in force, and that it was this one."""
        snapshot = self._source.snapshot
        if snapshot is None:
            raise Refusal(Reason.NO_POLICY)
        exchange.policy_version = snapshot.policy.version
        return snapshot

    def _preflight(self, request: ClientRequest, exchange: Exchange) -> OwnAnswer:
        environments = self.policy_for(exchange).environments.values()
        bases = {base for each in environments for base in route_to(each.rest, each.ca_file).bases}
        exchange.call = type(read(request.method, request.target, bases or {BASE})).__name__
        exchange.outcome = Outcome.ALLOW
        return answer_preflight(exchange.reference)

    def forwarding(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, backend: Backend | None = None
    ) -> Forwarding:
        """One that passes an answer on.

        :param backend: gives it; the pool unless said.
        """
        return Forwarding(request, client, exchange, backend or self._pool, self._late_heads, self._limits.client, self)

    def relay_guarded(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, answer: Answer, guarded: GuardedBackend
    ) -> None:
        """Pass an answer on, with the row guard before it."""
        forwarding = GuardedForwarding(request, client, exchange, guarded, self._late_heads, self._limits.client, self)
        forwarding.relay_guarded(answer, guarded)

    def asked(self, exchange: Exchange) -> None:
        """The backend is about to be asked."""
        self._metrics.added.observe(exchange.elapsed())

    # With an access token, which is mostly at hand.

    def _ask_with_token(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        prepared: Prepared | ShadowedCall,
        oauth: OAuthClient,
        guarded: Backend | None,
    ) -> None:
        make_head = partial(backend_head, prepared, request, answer_is_read=guarded is not None)
        backend = guarded or self._pool
        token = self._credentials.token_of(prepared.environment, oauth)

        def ask(line: bytes) -> None:
            self.asked(exchange)
            forwarding = TokenForwarding(request, client, exchange, backend, self._late_heads, self._limits.client, self)
            forwarding.ask_with(token, line, make_head, prepared.route.origin)

        if token.line is None:
            self.attend(request, client, exchange, self._ask_once_there(token, ask))
        else:
            ask(token.line)

    async def _ask_once_there(self, token: BackendToken, ask: Callable[[bytes], None]) -> None:
        ask(await token.wait(self._limits.client))

    # What must wait for something: a body, or an answer that is read here.

    def attend(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Coroutine[Any, Any, None]) -> None:
        """Have a coroutine see to the request."""
        client.on_lost = partial(self._lost, exchange)
        client.attend(self._see_to(request, client, exchange, service))

    async def _see_to(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, service: Coroutine[Any, Any, None]
    ) -> None:
        try:
            await service
        except Refusal as refusal:
            self.refuse(request, client, exchange, refusal)
        except Exception as error:
            self._refuse_for(error, request, client, exchange)

    def _lost(self, exchange: Exchange) -> None:
        exchange.detail = "the client went away, or the sidecar was stopped"
        self.done(exchange)

    async def _serve_issued(self, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        """For a token of which only the database can say whether it was issued."""
        snapshot, caller = await self._identify(request.headers.get(b"authorization"), None, exchange)
        self._serve_call(request, client, exchange, snapshot, caller)

    async def _update(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, call: Update, body: bytes | None = None
    ) -> None:
        """:param body: where it was read already."""
        check_media_type(request.headers)
        if body is None:
            body = await read_body(request, client, self._limits.body, self._limits.client)
        actions = await read_actions(call, body)
        # A body takes as long as its sender likes. What counts are the rights at its end, when the write would happen.
        prepared = await self._admit_update(request, exchange, actions)
        if await self._credentials.had_to_wait(prepared.environment):
            prepared = await self._admit_update(request, exchange, actions)  # that may have taken long as well
        self.asked(exchange)
        make_head = partial(backend_head, prepared, request, body_length=len(body))
        answer = await self._credentials.send(prepared.environment, prepared.route.origin, make_head, body)
        self.forwarding(request, client, exchange).relay(answer)

    async def _admit_update(self, request: ClientRequest, exchange: Exchange, actions: frozenset[Action]) -> Prepared:
        snapshot, caller = await self._identify(request.headers.get(b"authorization"), None, exchange)
        return self._admit(snapshot, caller, request, exchange, actions)

    async def enforce(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, body: bytes) -> None:
        """See to a call whose app connector was in shadow when its body began, and is not any more."""
        snapshot, caller = await self.identify(request, exchange)
        call = self._admit(snapshot, caller, request, exchange).call
        if not isinstance(call, Update):
            raise Refusal(Reason.UNEXPECTED_BODY, "this call has no body")
        await self._update(request, client, exchange, call, body)

    async def identify(self, request: ClientRequest, exchange: Exchange) -> tuple[Snapshot, Caller]:
        """The policy in force, noted, and who asks by the header; no condition is looked at."""
        return await self._identify(request.headers.get(b"authorization"), None, exchange)

    def now(self) -> datetime:
        """The moment that counts."""
        return self._clock()

    async def _claimed(
        self,
        snapshot: Snapshot,
        caller: Caller,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        prepared: Prepared,
        claim: Claim,
    ) -> None:
        self.asked(exchange)
        call = await self._ownership.confirmed(snapshot, caller, prepared.call, claim, request.headers.get(b"authorization"))
        # The question takes as long as the backend likes. What counts are the rights at its end, when the file is fetched.
        if self._source.snapshot is not snapshot:
            raise Refusal(Reason.POLICY_CHANGED)
        reason = unmet_condition(caller, self._clock())
        if reason is not None:
            raise Refusal(reason)
        confirmed = prepare_confirmed(prepared, call)
        make_head = partial(backend_head, confirmed, request)
        answer = await self._credentials.send(confirmed.environment, confirmed.route.origin, make_head)
        self.forwarding(request, client, exchange).relay(answer)

    async def _metainfo(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, caller: Caller, prepared: Prepared
    ) -> None:
        self.asked(exchange)
        make_head = partial(backend_head, prepared, request, answer_is_read=True)
        answer = await self._credentials.send(prepared.environment, prepared.route.origin, make_head)
        exchange.backend_seconds = answer.upstream_seconds
        if answer.status >= 400:
            self.forwarding(request, client, exchange).relay(answer)
        else:
            reduced = await answer_metainfo(answer, caller, self._limits.answer, exchange.reference)
            self.answer(request, client, exchange, reduced)


def _refusal(exchange: Exchange, refusal: Refusal, fault_version: Version | None = None) -> OwnAnswer:
    kind = refusal.reason.kind
    exchange.reason = refusal.reason
    if kind in _OUR_SIDE:
        exchange.detail = refusal.detail
    elif kind is not Kind.UNREADY:
        exchange.outcome = Outcome.DENY
    answer = answer_for(refusal, exchange.reference, fault_version)
    exchange.status, exchange.sent = answer.status, len(answer.body)
    return answer
