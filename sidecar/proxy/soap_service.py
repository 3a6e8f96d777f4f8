"""SOAP: a message is read whole, decided about by the policy in force at its end, and written anew for the backend.

The token stands in the header or in the message. With one in the header the caller is known before his message is taken.
"""

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from sidecar.dialects.call import GetRows
from sidecar.dialects.soap.answers import no_rows
from sidecar.dialects.soap.call import SoapCall
from sidecar.dialects.soap.read import read
from sidecar.dialects.soap.version import version_for_fault
from sidecar.errors import Reason, Refusal
from sidecar.guard.soap_rows import SoapRows
from sidecar.identity.user_token import authorization_for, digest_of
from sidecar.policy.decision import Claim
from sidecar.policy.model import Enforcement, RowGuard
from sidecar.proxy.admission import Admission
from sidecar.proxy.asking import Asking
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.endings import Endings
from sidecar.proxy.guarded_answer import GuardedBackend
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.notes import note_allowed, note_call, note_shadowed
from sidecar.proxy.own_answers import answer_soap, answer_wsdl
from sidecar.proxy.ownership import Ownership
from sidecar.proxy.preparation import Decisions
from sidecar.proxy.request_body import check_coding, read_body
from sidecar.proxy.row_guard import AnswerGuard
from sidecar.proxy.soap_path import SoapPath
from sidecar.proxy.soap_preparation import PreparedMessage, prepare_message
from sidecar.proxy.soap_shadow import shadow_message
from sidecar.proxy.strangers import Strangers
from sidecar.proxy.wsdl import Wsdls
from sidecar.record.exchange import Exchange, Outcome

_LARGE = 65_536


class SoapService:
    """Serves requests for which `soap_path` found a path."""

    def __init__(
        self, endings: Endings, admission: Admission, asking: Asking, ownership: Ownership, guard: AnswerGuard, limits: GatewayLimits
    ) -> None:
        self._endings = endings
        self._admission = admission
        self._asking = asking
        self._ownership = ownership
        self._guard = guard
        self._limits = limits
        self._strangers = Strangers()
        self._wsdls = Wsdls(asking.pool, limits.answer)

    def serve(self, path: SoapPath, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        """Begin to answer."""
        if request.method == "GET":
            if request.has_body:
                raise Refusal(Reason.UNEXPECTED_BODY, "this call has no body")
            service = self._wsdl(path, request, client, exchange)
        else:
            request.fault_version = version_for_fault(request.headers.text(b"content-type"))
            if path.query:
                raise Refusal(Reason.UNKNOWN_PARAMETER, "SOAP services take no parameters in the query")
            service = self._message(path, request, client, exchange)
        self._endings.attend(request, client, exchange, service)

    async def _wsdl(self, path: SoapPath, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        exchange.call = "Wsdl"
        snapshot = self._admission.policy_for(exchange)
        wsdl = await self._wsdls.fetch(snapshot, path, request.headers.text(b"host"), secure=client.secure)
        exchange.outcome = Outcome.ALLOW
        self._endings.answer(request, client, exchange, answer_wsdl(wsdl, exchange.reference))

    async def _message(self, path: SoapPath, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        authorization = request.headers.get(b"authorization")
        if authorization is not None:
            await self._admission.admit(authorization, None, exchange)
        check_coding(request.headers)
        with self._strangers.room(request.content_length) if authorization is None else nullcontext(self._limits.body) as room:
            body = await read_body(request, client, min(room, self._limits.body), self._limits.client)
            message = await _read(path.file, body, request)
            request.fault_version = message.version
            # A message takes as long as its sender likes. What counts are the rights at its end.
            prepared = await self._prepared(path, message, authorization, exchange)
        claims = prepared.allowed.claim is not None
        if (prepared.body or claims) and await self._asking.credentials.had_to_wait(prepared.environment):
            prepared = await self._prepared(path, message, authorization, exchange)  # that may have taken long as well
        if prepared.allowed.claim is not None:
            message = await self._confirmed(message, prepared, prepared.allowed.claim, authorization)
            prepared = await self._prepared(path, message, authorization, exchange, prepared)
        if prepared.body:
            await self._ask(prepared, self._guarded(prepared, message, exchange), request, client, exchange)
        else:
            self._endings.answer(request, client, exchange, answer_soap(no_rows(message), message.version, exchange.reference))

    async def _prepared(
        self, path: SoapPath, message: SoapCall, authorization: bytes | None, exchange: Exchange, confirmed: PreparedMessage | None = None
    ) -> PreparedMessage:
        """:param confirmed: of which a claim was confirmed; policy and caller must still be the same."""
        digest = None if message.token is None else digest_of(message.token)
        snapshot, caller = await self._admission.admit(authorization, digest, exchange)
        if confirmed is not None and (confirmed.snapshot is not snapshot or confirmed.caller != caller):
            raise Refusal(Reason.POLICY_CHANGED)
        note_call(exchange, message.call)
        if caller.app_connector.enforcement is Enforcement.SHADOW:
            prepared, outcome = shadow_message(snapshot, caller, message, path, authorization, self._admission.now())
            note_shadowed(exchange, outcome, prepared.predicate, prepared.allowed.connector)
            return prepared
        prepared = prepare_message(snapshot, caller, message, path, authorization, Decisions(), confirmed=confirmed is not None)
        note_allowed(exchange, prepared.allowed, prepared.predicate)
        return prepared

    def _guarded(self, prepared: PreparedMessage, message: SoapCall, exchange: Exchange) -> GuardedBackend | None:
        """The row guard before the backend, if the answer is to be judged.

        :raises Refusal: FORM_NOT_JUDGED, where it would have to be but can't.
        """
        app_connector, rows, connector = prepared.caller.app_connector, prepared.allowed.rows, prepared.allowed.connector
        if app_connector.row_guard is RowGuard.OFF or not isinstance(message.call, GetRows) or rows is None or rows.predicate.is_everything:
            return None
        in_shadow = app_connector.enforcement is Enforcement.SHADOW
        if not _is_judgeable(message):
            if app_connector.row_guard is RowGuard.ENFORCE and not in_shadow:
                raise Refusal(Reason.FORM_NOT_JUDGED, "rows come as XML without a schema here: Outputmode 1, Metadata 0")
            return None
        return self._guard.before(
            self._asking.pool,
            prepared.snapshot,
            prepared.caller,
            connector,
            rows.predicate,
            exchange,
            reader=partial(SoapRows, connector),
            absent_is_empty=True,
            never_withholds=in_shadow,
        )

    async def _confirmed(self, message: SoapCall, prepared: PreparedMessage, claim: Claim, authorization: bytes | None) -> SoapCall:
        """The message with the ids that the backend confirmed.

        :raises Refusal: as `Ownership.confirmed`.
        """
        if authorization is None and message.token is not None:
            authorization = authorization_for(message.token).encode("ascii")
        call = await self._ownership.confirmed(prepared.snapshot, prepared.caller, message.call, claim, authorization)
        return replace(message, call=call)

    async def _ask(
        self,
        prepared: PreparedMessage,
        guarded: GuardedBackend | None,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
    ) -> None:
        passed = request.headers.for_backend(answer_is_read=guarded is not None)

        def make_head(line: bytes) -> bytes:
            return b"%b%b%bContent-Length: %d\r\n\r\n" % (prepared.head, line, passed, len(prepared.body))

        self._asking.asked(exchange)
        answer = await self._asking.credentials.send(prepared.environment, prepared.route.origin, make_head, prepared.body)
        if guarded is None:
            self._asking.relay(request, client, exchange, answer)
        else:
            self._asking.relay_guarded(request, client, exchange, answer, guarded)


def _is_judgeable(message: SoapCall) -> bool:
    """Whether the rows come in the form that the guard reads: as XML without a schema."""
    options = message.options
    return options is None or not (options.as_text or options.metadata)


async def _read(file: str, body: bytes, request: ClientRequest) -> SoapCall:
    """Off the loop for large messages, which take long to parse."""
    content_type, action = request.headers.text(b"content-type"), request.headers.text(b"soapaction")
    if len(body) < _LARGE:
        return read(file, body, content_type, action)
    return await asyncio.to_thread(read, file, body, content_type, action)
