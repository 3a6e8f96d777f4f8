"""From a SOAP message to the one that the backend gets: decide, narrow, write anew. Pure, as `preparation` is for REST."""

from dataclasses import dataclass, field, replace

from sidecar.dialects.call import DescribeUpdate, GetRows, RunReport, Special
from sidecar.dialects.soap.body_token import SoapCredential
from sidecar.dialects.soap.call import SoapCall
from sidecar.dialects.soap.version import write_headers
from sidecar.dialects.soap.write import write
from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Predicate
from sidecar.identity.user_token import xml_for
from sidecar.policy.decision import Allow, Deny
from sidecar.policy.model import Caller
from sidecar.policy.narrow import narrow
from sidecar.policy.special import narrow_report
from sidecar.proxy.preparation import Decisions
from sidecar.proxy.route import Route
from sidecar.proxy.soap_path import SoapPath, route_below
from sidecar.proxy.upstream import header_lines, request_line
from sidecar.store.oauth_client import OAuthClient
from sidecar.store.snapshot import AfasToken, Environment, Passthrough, Snapshot


@dataclass(frozen=True, slots=True)
class PreparedMessage:
    """What is asked of the backend. `head` is without its last lines: an access token, headers that pass, and the length of `body`.

    :ivar narrowed: the rows that are asked for; None for calls without rows.
    :ivar body: empty where there is nothing to ask: no row is left, or a claim must be confirmed first.
    """

    snapshot: Snapshot
    caller: Caller
    environment: Environment
    route: Route
    allowed: Allow
    predicate: str  # the rows that the caller may see, in words
    narrowed: Predicate | None
    head: bytes = field(repr=False)
    body: bytes = field(repr=False)


def prepare_message(
    snapshot: Snapshot,
    caller: Caller,
    message: SoapCall,
    path: SoapPath,
    authorization: bytes | None,
    decisions: Decisions,
    *,
    confirmed: bool = False,
) -> PreparedMessage:
    """The prepared message.

    :param authorization: what the client sent as header.
    :param confirmed: what is claimed was confirmed just now, under this snapshot, and the message has the ids that were.
    :raises Refusal: where it is not allowed, or can't be put to the backend.
    """
    environment = snapshot.environments[caller.app_connector.environment]
    route = route_below(path, environment)
    if route is None:  # the path of another environment's services
        raise Refusal(Reason.UNKNOWN_PATH)
    if not admits_service(caller, message):
        raise Refusal(Reason.CONNECTOR_NOT_LISTED)
    decision, predicate = decisions.decide(snapshot.policy, caller, message.call)
    if isinstance(decision, Deny):
        raise Refusal(decision.reason, decision.detail)
    if confirmed:
        decision = replace(decision, claim=None)
    narrowed = narrow_message(message, decision)
    if decision.claim is not None:
        return PreparedMessage(snapshot, caller, environment, route, decision, predicate, narrowed, b"", b"")
    if narrowed is not None and narrowed.is_nothing:
        return PreparedMessage(snapshot, caller, environment, route, decision, predicate, narrowed, b"", b"")
    message = with_narrowed_report(message, decision)
    head, body = write_message(environment, route, message, decision.connector, narrowed, authorization)
    return PreparedMessage(snapshot, caller, environment, route, decision, predicate, narrowed, head, body)


def write_message(
    environment: Environment, route: Route, message: SoapCall, connector: str, rows: Predicate | None, authorization: bytes | None
) -> tuple[bytes, bytes]:
    """Head and body of the message for the backend.

    :param rows: that are asked for; not nothing, None for calls without rows.
    """
    header, token_xml = _credential(environment, message, authorization)
    body = write(message, connector, rows, token_xml)
    line = request_line("POST", f"{route.base_path}/{message.operation.service}")
    described = [(name.encode("ascii"), value.encode("ascii")) for name, value in write_headers(message.version, message.operation)]
    proof = [] if header is None else [(b"Authorization", header)]
    return line + header_lines([(b"Host", route.origin.host_header), *proof, *described]), body


def admits_service(caller: Caller, message: SoapCall) -> bool:
    """Whether the app connector lists what the service needs beside the call's own: over SOAP a schema comes from a special connector."""
    return not isinstance(message.call, DescribeUpdate) or Special.DATA in caller.app_connector.special_connectors


def with_narrowed_report(message: SoapCall, allowed: Allow) -> SoapCall:
    """The message as the backend is asked: a report under its listed id, with its filter narrowed; any other as it is.

    :raises Refusal: REPORT_WITHOUT_ROWS, FILTER_TOO_LARGE.
    """
    return replace(message, call=narrow_report(message.call, allowed)) if isinstance(message.call, RunReport) else message


def narrow_message(message: SoapCall, allowed: Allow) -> Predicate | None:
    """The rows that are asked for and may be seen; None for calls without rows.

    :raises Refusal: FILTER_TOO_LARGE.
    """
    if not isinstance(message.call, GetRows):
        return None
    if allowed.rows is None:
        raise TypeError("a call for rows is allowed together with its rows")
    return narrow(message.call.filter, allowed.rows.predicate)


def _credential(environment: Environment, message: SoapCall, authorization: bytes | None) -> tuple[bytes | None, str | None]:
    """The Authorization value and the token in the body: one of the two, or neither where an access token is fetched."""
    in_body = environment.soap_credential is SoapCredential.BODY
    match environment.credential:
        case AfasToken() as own:
            return (None, own.xml) if in_body else (own.header_value.encode("latin-1"), None)
        case Passthrough():
            if message.token is not None and (in_body or authorization is None):
                return None, xml_for(message.token)
            if authorization is None:
                raise Refusal(Reason.TOKEN_MISSING)
            return authorization, None
        case OAuthClient():  # its line is of the moment, and comes when the message is sent
            return None, None
