"""One-time passwords on both dialects: what is asked is read whole, taken to the desk by the policy at its end, and answered.

Nobody who asks has a token yet, so few bytes are read of him.
"""

from collections.abc import Coroutine
from functools import lru_cache, partial
from typing import Any

from sidecar.dialects.rest.otp import LONGEST_BODY, Step, read_step, step_at, write_step, write_token
from sidecar.dialects.soap.answers import fault
from sidecar.dialects.soap.token_connector import (
    LONGEST_MESSAGE,
    TokenMessage,
    is_token_connector,
    read_token_message,
    write_token_answer,
    write_token_message,
)
from sidecar.dialects.soap.version import version_for_fault, write_headers
from sidecar.errors import Reason, Refusal
from sidecar.otp.result import Accepted, Issued, NotIssued
from sidecar.proxy.admission import Admission
from sidecar.proxy.asking import Asking
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.endings import Endings
from sidecar.proxy.limits import GatewayLimits
from sidecar.proxy.otp_desk import OtpDesk
from sidecar.proxy.own_answers import REFERENCE_HEADER, OwnAnswer, answer_json, answer_soap
from sidecar.proxy.refusal import ERROR_NUMBER
from sidecar.proxy.request_body import check_coding, check_media_type, read_body
from sidecar.proxy.route import Route, route_to
from sidecar.proxy.soap_path import SoapPath, reached_by, route_below
from sidecar.proxy.upstream import header_lines, request_line
from sidecar.record.exchange import Exchange, Outcome
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Snapshot

_JSON = b"application/json;charset=utf-8"


class OtpService:
    """Serves POSTs under a snapshot with enrolments."""

    def __init__(self, endings: Endings, admission: Admission, asking: Asking, desk: OtpDesk, limits: GatewayLimits) -> None:
        self._endings = endings
        self._admission = admission
        self._asking = asking
        self._desk = desk
        self._limits = limits

    def service(
        self, snapshot: Snapshot, soap: SoapPath | None, request: ClientRequest, client: ClientConnection, exchange: Exchange
    ) -> Coroutine[Any, Any, None] | None:
        """What sees to the request, if it is about one-time passwords.

        :param soap: the path, if it is one for SOAP.
        """
        if soap is not None:
            environments = [environment for environment, _ in reached_by(soap, snapshot.environments.values())]
            if not is_token_connector(soap.file) or all(environment.otp is OtpMode.OFF for environment in environments):
                return None
            request.fault_version = version_for_fault(request.headers.text(b"content-type"))
            return self._over_soap(soap, request, client, exchange)
        step = step_at(request.target, _bases(snapshot))
        return None if step is None else self._over_rest(step, request, client, exchange)

    async def _over_rest(self, step: Step, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        check_media_type(request.headers)
        call = read_step(step, await read_body(request, client, LONGEST_BODY, self._limits.client))
        exchange.call = type(call).__name__
        token = await self._desk.token_in(call)
        now = partial(self._admission.policy_for, exchange)
        environment = self._desk.backend_for(now(), call, token, exchange)
        if environment is None:
            result = await self._desk.carry_out(now, call, exchange)
            self._endings.answer(request, client, exchange, _in_rest(result, exchange.reference))
        else:
            path, body = write_step(call)
            route = route_to(environment.rest, environment.ca_file)
            await self._forward(route, path, [(b"Content-Type", _JSON)], body, request, client, exchange)

    async def _over_soap(self, soap: SoapPath, request: ClientRequest, client: ClientConnection, exchange: Exchange) -> None:
        if soap.query:
            raise Refusal(Reason.UNKNOWN_PARAMETER, "SOAP services take no parameters in the query")
        check_coding(request.headers)
        body = await read_body(request, client, LONGEST_MESSAGE, self._limits.client)
        message = read_token_message(body, request.headers.text(b"content-type"), request.headers.text(b"soapaction"))
        request.fault_version = message.version
        exchange.call = type(message.call).__name__
        token = await self._desk.token_in(message.call)
        now = partial(self._admission.policy_for, exchange)
        environment = self._desk.backend_for(now(), message.call, token, exchange)
        if environment is None:
            result = await self._desk.carry_out(now, message.call, exchange)
            self._endings.answer(request, client, exchange, _in_soap(message, result, exchange.reference))
            return
        route = route_below(soap, environment)
        if route is None:  # the path of another environment's services
            raise Refusal(Reason.UNKNOWN_PATH)
        described = [(name.encode("ascii"), value.encode("ascii")) for name, value in write_headers(message.version, message.operation)]
        path = f"/{message.operation.service}"
        await self._forward(route, path, described, write_token_message(message), request, client, exchange)

    async def _forward(
        self,
        route: Route,
        path: str,
        described: list[tuple[bytes, bytes]],
        body: bytes,
        request: ClientRequest,
        client: ClientConnection,
        exchange: Exchange,
    ) -> None:
        """Ask a backend the same: made anew, and without any token."""
        exchange.outcome = Outcome.ALLOW
        own = header_lines([(b"Host", route.origin.host_header), *described, (b"Content-Length", b"%d" % len(body))])
        head = request_line("POST", f"{route.base_path}{path}") + own + request.headers.for_backend() + b"\r\n"
        self._asking.asked(exchange)
        answer = await self._asking.pool.send(route.origin, head, body)
        self._asking.relay(request, client, exchange, answer)


def _bases(snapshot: Snapshot) -> tuple[tuple[str, ...], ...]:
    """The base paths of the environments that have one-time passwords."""
    return _bases_of(tuple([(each.rest, each.ca_file) for each in snapshot.environments.values() if each.otp is not OtpMode.OFF]))


@lru_cache(maxsize=64)
def _bases_of(environments: tuple[tuple[str, str | None], ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(base for rest, ca_file in environments for base in route_to(rest, ca_file).bases))


def _in_rest(result: Accepted | Issued | NotIssued, reference: str) -> OwnAnswer:
    """The answer; whoever gets no token gets the same one."""
    match result:
        case Issued(data):
            return answer_json(write_token(data), reference, cache="no-store")
        case Accepted():
            return answer_json(b"{}", reference, cache="no-store")
        case NotIssued():
            return OwnAnswer(204, ((REFERENCE_HEADER, reference), ("Cache-Control", "no-store"), ("Access-Control-Allow-Origin", "*")))


def _in_soap(message: TokenMessage, result: Accepted | Issued | NotIssued, reference: str) -> OwnAnswer:
    """The same in an envelope. SOAP has no way to say nothing, so a wrong code is a fault."""
    match result:
        case NotIssued():
            told = fault(message.version, "The one-time password is not valid.", ERROR_NUMBER, reference)
            return answer_soap(told, message.version, reference, 500)
        case Issued(data):
            return answer_soap(write_token_answer(message, data), message.version, reference)
        case Accepted():
            return answer_soap(write_token_answer(message, None), message.version, reference)
