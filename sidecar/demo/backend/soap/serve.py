"""A SOAP request from path to answer: WSDL to anybody, calls with a token in the header or else in the body (wire reference 3.5)."""

import base64
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web

from sidecar.demo.backend.access import Access
from sidecar.demo.backend.failures import Failure, not_supported, nothing_here
from sidecar.demo.backend.files import attachment_of_subject
from sidecar.demo.backend.metainfo import VERSION
from sidecar.demo.backend.one_time import OneTimePasswords
from sidecar.demo.backend.reports import run_report
from sidecar.demo.backend.soap.envelope import Asked, action_in, fault, read_envelope, result, version_of
from sidecar.demo.backend.soap.filter_xml import read_filter_xml
from sidecar.demo.backend.soap.rows import get_data
from sidecar.demo.backend.soap.services import service_at
from sidecar.demo.backend.soap.subjects import attachments_of_subject
from sidecar.demo.backend.soap.update_document import execute
from sidecar.demo.backend.soap.update_schema import get_xml_schema
from sidecar.demo.backend.soap.wsdl import wsdl
from sidecar.demo.backend.update_definitions import update_connector
from sidecar.demo.definitions import get_connector


class Command(NamedTuple):
    """What CmdConnector was told to do. Here nothing is done, but in earnest it would be."""

    operation: str
    text: str


@dataclass(slots=True)
class Soap:
    """What the services work with; `commands` should stay empty behind a sidecar."""

    database: sqlite3.Connection
    access: Access
    one_time: OneTimePasswords
    commands: list[Command] = field(default_factory=list)


async def serve_soap(request: web.Request, soap: Soap, segments: list[str]) -> web.Response:
    """The answer to a request below ``/ProfitServices``.

    :raises Failure: where there is no service, or nothing that is SOAP.
    """
    service = service_at(segments[0]) if len(segments) == 1 else None
    if service is None:
        raise nothing_here()
    if request.method == "GET" and request.query_string.lower() == "wsdl":
        text = wsdl(service, f"{request.scheme}://{request.host}/ProfitServices/{service.file}")
        return web.Response(text=text, content_type="text/xml", charset="utf-8")
    if request.method != "POST":
        raise nothing_here()
    version = version_of(request.headers.get("Content-Type", ""))
    try:
        asked = read_envelope(service, version, action_in(request.headers), await request.read())
        if service.needs_token:
            _check_token(request.headers.get("Authorization"), soap.access, asked)
        text = _OPERATIONS[service.file, asked.operation.name](soap, asked)
    except Failure as failure:
        return fault(version, failure)
    return result(version, asked.operation, text)


def _check_token(authorization: str | None, access: Access, asked: Asked) -> None:
    if authorization is None:
        if not access.admits_token(asked.text("token")):
            raise Failure("The token is missing or not valid.")
    elif not access.admits(authorization):
        raise Failure("The token is not valid.", status=HTTPStatus.UNAUTHORIZED)


def _get(soap: Soap, asked: Asked) -> str:
    name = asked.text("connectorId")
    connector = get_connector(name)
    if connector is None:
        raise not_supported(name)
    return get_data(soap.database, connector, asked)


def _update(soap: Soap, asked: Asked) -> str:
    name = asked.text("connectorType")
    connector = update_connector(name)
    if connector is None:
        raise not_supported(name)
    return execute(soap.database, connector, asked.text("dataXml"))


def _report(soap: Soap, asked: Asked) -> str:
    file = run_report(soap.database, asked.text("reportID"), lambda coded: read_filter_xml(coded, asked.text("filtersXml")))
    return base64.b64encode(file.content).decode()


def _attachment(soap: Soap, asked: Asked) -> str:
    return base64.b64encode(attachment_of_subject(soap.database, asked.text("subjectID"), asked.text("fileId")).content).decode()


def _attachments(soap: Soap, asked: Asked) -> str:
    return attachments_of_subject(soap.database, asked.text("subjectID"), with_data=asked.operation.name == "GetSubjectAttachmentData")


def _generate_otp(soap: Soap, asked: Asked) -> str:
    soap.one_time.request(soap.database, *map(asked.text, ("userId", "apiKey", "environmentKey", "description")))
    return ""


def _token_from_otp(soap: Soap, asked: Asked) -> str:
    token = soap.one_time.redeem(soap.database, *map(asked.text, ("userId", "apiKey", "environmentKey", "otp")))
    if token is None:
        raise Failure("The one-time password is not valid.")
    return token


def _delete_token(soap: Soap, asked: Asked) -> str:
    soap.one_time.delete(asked.text("token"))
    return ""


def _command(soap: Soap, asked: Asked) -> str:
    soap.commands.append(Command(asked.operation.name, asked.text("commandLine") or asked.text("commandId")))
    return "<state>0</state>"


def _ended(_soap: Soap, _asked: Asked) -> str:
    raise Failure("Connectors without an app connector have ended on 1-1-2017.")


_OPERATIONS: dict[tuple[str, str], Callable[[Soap, Asked], str]] = {
    ("AppConnectorGet.asmx", "GetData"): _get,
    ("AppConnectorGet.asmx", "GetDataWithOptions"): _get,
    ("AppConnectorUpdate.asmx", "Execute"): _update,
    ("AppConnectorReport.asmx", "Execute"): _report,
    ("AppConnectorSubject.asmx", "GetAttachment"): _attachment,
    ("AppConnectorSubject.asmx", "GetSubjectAttachmentInfo"): _attachments,
    ("AppConnectorSubject.asmx", "GetSubjectAttachmentData"): _attachments,
    ("AppConnectorData.asmx", "Execute"): lambda _, asked: get_xml_schema(asked),
    ("AppConnectorVersionInfo.asmx", "GetProductVersion"): lambda *_: VERSION["version"],
    ("TokenConnector.asmx", "GenerateOTP"): _generate_otp,
    ("TokenConnector.asmx", "GetTokenFromOTP"): _token_from_otp,
    ("TokenConnector.asmx", "DeleteToken"): _delete_token,
    ("CmdConnector.asmx", "Execute"): _command,
    ("CmdConnector.asmx", "GetState"): _command,
    ("GetConnector.asmx", "GetData"): _ended,
}
