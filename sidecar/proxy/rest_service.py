"""REST: calls of callers who are known. What is allowed is carried out: at once, or once a body, a claim or an answer was read."""

from dataclasses import replace
from functools import partial

from sidecar.dialects.call import Action, GetRows, Metainfo, Page, Update
from sidecar.dialects.rest.answers import no_rows
from sidecar.errors import Reason, Refusal
from sidecar.policy.decide import decide_connector, unmet_condition
from sidecar.policy.decision import Claim, Deny
from sidecar.policy.model import Caller, RowGuard
from sidecar.proxy.admission import Admission, Revision
from sidecar.proxy.asking import Asking
from sidecar.proxy.backend_head import backend_head
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.endings import Endings
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.metainfo import answer_metainfo
from sidecar.proxy.notes import note_allowed, note_call, note_caller
from sidecar.proxy.own_answers import answer_json
from sidecar.proxy.ownership import Ownership
from sidecar.proxy.preparation import Preparations, prepare_confirmed
from sidecar.proxy.prepared import Prepared
from sidecar.proxy.request_body import check_media_type, read_actions, read_body
from sidecar.proxy.row_guard import AnswerGuard
from sidecar.record.exchange import Exchange
from sidecar.store.snapshot import Snapshot


class RestService:
    """Serves requests that are neither for SOAP nor for one-time passwords, of app connectors that are not in shadow."""

    def __init__(
        self, endings: Endings, admission: Admission, asking: Asking, ownership: Ownership, guard: AnswerGuard, limits: GatewayLimits
    ) -> None:
        self._endings = endings
        self._admission = admission
        self._asking = asking
        self._ownership = ownership
        self._guard = guard
        self._limits = limits
        self._preparations = Preparations()

    def serve(
        self,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        snapshot: Snapshot,
        caller: Caller,
        prepared: Prepared | None = None,
        revision: Revision | None = None,
    ) -> Prepared:
        """Begin to answer.

        :param prepared: for this call, under this snapshot, if it is known.
        :param revision: for which the caller holds, if not for as long as the snapshot.
        :returns: what was prepared for the call.
        """
        prepared = self._admit(snapshot, caller, request, exchange, prepared=prepared)
        self._carry_out(snapshot, caller, prepared, request, client, exchange, revision)
        return prepared

    async def enforce(self, request: ClientRequest, client: ClientConnection, exchange: Exchange, body: bytes) -> None:
        """See to a call whose app connector was in shadow when its body began, and is not any more."""
        snapshot, caller = await self._admission.identify(request.headers.get(b"authorization"), exchange)
        call = self._admit(snapshot, caller, request, exchange).call
        if not isinstance(call, Update):
            raise Refusal(Reason.UNEXPECTED_BODY, "this call has no body")
        await self._update(request, client, exchange, call, body)

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
        :param prepared: see `serve`.
        """
        note_caller(exchange, caller)
        reason = unmet_condition(caller, self._admission.now())
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

    def _carry_out(
        self,
        snapshot: Snapshot,
        caller: Caller,
        prepared: Prepared,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        revision: Revision | None,
    ) -> None:
        call = prepared.call
        if isinstance(call, Update):
            self._endings.attend(request, client, exchange, self._update(request, client, exchange, call))
            return
        if request.has_body:
            raise Refusal(Reason.UNEXPECTED_BODY, "this call has no body")
        if prepared.allowed.claim is not None:
            claimed = self._claimed(snapshot, caller, request, client, exchange, prepared, prepared.allowed.claim, revision)
            self._endings.attend(request, client, exchange, claimed)
        elif not prepared.head:
            empty = no_rows(call.page if isinstance(call, GetRows) else Page())
            self._endings.answer(request, client, exchange, answer_json(empty, exchange.reference))
        elif isinstance(call, Metainfo):
            self._endings.attend(request, client, exchange, self._metainfo(request, client, exchange, caller, prepared))
        else:
            guarded = None
            rows = prepared.allowed.rows
            # What comes back of a report is a document.
            if caller.app_connector.row_guard is not RowGuard.OFF and rows is not None and isinstance(call, GetRows):
                pool = self._asking.pool
                guarded = self._guard.before(pool, snapshot, caller, prepared.allowed.connector, rows.predicate, exchange)
            self._asking.ask(request, client, exchange, prepared, guarded)

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
        if await self._asking.credentials.had_to_wait(prepared.environment):
            prepared = await self._admit_update(request, exchange, actions)  # that may have taken long as well
        self._asking.asked(exchange)
        make_head = partial(backend_head, prepared, request, body_length=len(body))
        answer = await self._asking.credentials.send(prepared.environment, prepared.route.origin, make_head, body)
        self._asking.relay(request, client, exchange, answer)

    async def _admit_update(self, request: ClientRequest, exchange: Exchange, actions: frozenset[Action]) -> Prepared:
        snapshot, caller = await self._admission.identify(request.headers.get(b"authorization"), exchange)
        return self._admit(snapshot, caller, request, exchange, actions)

    async def _claimed(
        self,
        snapshot: Snapshot,
        caller: Caller,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
        prepared: Prepared,
        claim: Claim,
        revision: Revision | None,
    ) -> None:
        self._asking.asked(exchange)
        call = await self._ownership.confirmed(snapshot, caller, prepared.call, claim, request.headers.get(b"authorization"))
        # The question takes as long as the backend likes, and so may an access token. What counts are the rights when the file is fetched.
        await self._asking.credentials.had_to_wait(prepared.environment)
        await self._admission.confirm(snapshot, caller, request.headers.get(b"authorization"), revision, exchange)
        reason = unmet_condition(caller, self._admission.now())
        if reason is not None:
            raise Refusal(reason)
        confirmed = prepare_confirmed(prepared, call)
        make_head = partial(backend_head, confirmed, request)
        answer = await self._asking.credentials.send(confirmed.environment, confirmed.route.origin, make_head)
        self._asking.relay(request, client, exchange, answer)

    async def _metainfo(
        self, request: ClientRequest, client: ClientConnection, exchange: Exchange, caller: Caller, prepared: Prepared
    ) -> None:
        self._asking.asked(exchange)
        make_head = partial(backend_head, prepared, request, answer_is_read=True)
        answer = await self._asking.credentials.send(prepared.environment, prepared.route.origin, make_head)
        exchange.backend_seconds = answer.upstream_seconds
        if answer.status >= 400:
            self._asking.relay(request, client, exchange, answer)
        else:
            reduced = await answer_metainfo(answer, caller, self._limits.answer, exchange.reference)
            self._endings.answer(request, client, exchange, reduced)
