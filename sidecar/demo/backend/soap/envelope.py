"""Envelopes: what stands in one, and those that carry a result or a fault (wire reference 3.2, 3.7).

Arguments are read as the backend does: one with an unknown name, or the right one in other letter case, is dropped without a word.
"""

import re
import secrets
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from aiohttp import web

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.soap.services import NAMESPACE, Operation, Service

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ACTION = re.compile(r'action="?([^";]*)"?')


class Version(Enum):
    """A version of SOAP by the namespace of its envelope."""

    SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"

    @property
    def media_type(self) -> str:
        """What Content-Type says."""
        return "text/xml" if self is Version.SOAP_1_1 else "application/soap+xml"


class Asked(NamedTuple):
    """An operation, and those of its arguments that are there."""

    operation: Operation
    arguments: Mapping[str, str]

    def text(self, name: str) -> str:
        """An argument; one that is not there is empty."""
        return self.arguments.get(name, "")


def version_of(content_type: str) -> Version:
    """The version that a Content-Type stands for."""
    return Version.SOAP_1_2 if content_type.partition(";")[0].strip().lower() == Version.SOAP_1_2.media_type else Version.SOAP_1_1


def action_in(headers: Mapping[str, str]) -> str:
    """The action by which the headers name the operation; empty without one."""
    in_type = _ACTION.search(headers.get("Content-Type", ""))
    return in_type[1] if in_type else headers.get("SOAPAction", "").strip().strip('"')


def read_envelope(service: Service, version: Version, action: str, body: bytes) -> Asked:
    """What is asked. As ASP.NET does it, the action decides on the operation; without one the Body does.

    :raises Failure: when there is no such operation, or no envelope of this version.
    """
    try:
        envelope = ElementTree.fromstring(body)  # noqa: S314  expat itself stops bombs; nothing here reads external entities
    except ElementTree.ParseError as problem:
        raise Failure(f"The XML is not well-formed: {problem}") from None
    element = envelope.find(f"{{{version.value}}}Body/*")
    if envelope.tag != f"{{{version.value}}}Envelope" or element is None:
        raise Failure("Expected an envelope with a body")
    namespace, _, name = element.tag.rpartition("}")
    operation = next((each for each in service.operations if each.name == name), None)
    if operation is None or namespace != f"{{{NAMESPACE}" or action not in ("", f"{NAMESPACE}/{name}"):
        raise Failure(f"Server did not recognize the value of HTTP Header SOAPAction: {action or name}.")
    known = {f"{{{NAMESPACE}}}{argument.name}": argument.name for argument in operation.arguments}
    return Asked(operation, {known[part.tag]: part.text or "" for part in element if part.tag in known})


def result(version: Version, operation: Operation, text: str) -> web.Response:
    """The answer with a result, which is a text: XML in it is escaped."""
    inner = f"<{operation.name}Result>{escape_text(text)}</{operation.name}Result>" if operation.result else ""
    return _answer(version, f'<{operation.name}Response xmlns="{NAMESPACE}">{inner}</{operation.name}Response>')


def fault(version: Version, failure: Failure) -> web.Response:
    """The answer with a fault."""
    message = escape_text(failure.message)
    detail = (
        f'<ProfitApplicationException xmlns="{NAMESPACE}"><ErrorNumber>{failure.number}</ErrorNumber><Message>{message}</Message>'
        f"<Detail>Log reference....: {secrets.token_hex(16).upper()}</Detail></ProfitApplicationException>"
    )
    if version is Version.SOAP_1_1:
        content = f"<faultcode>soap:Server</faultcode><faultstring>{message}</faultstring><detail>{detail}</detail>"
    else:
        content = (
            "<soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{message}</soap:Text></soap:Reason><soap:Detail>{detail}</soap:Detail>'
        )
    # Only a token in the header is HTTP's business.
    status = HTTPStatus.UNAUTHORIZED if failure.status is HTTPStatus.UNAUTHORIZED else HTTPStatus.INTERNAL_SERVER_ERROR
    return _answer(version, f"<soap:Fault>{content}</soap:Fault>", status)


def escape_text(text: str) -> str:
    """As the text of an element. A carriage return survives only as a reference; what XML can't say becomes a replacement character."""
    return escape(_NOT_IN_XML.sub("\ufffd", text), {"\r": "&#xD;"})


def _answer(version: Version, content: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{version.value}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"<soap:Body>{content}</soap:Body></soap:Envelope>"
    )
    return web.Response(status=status, text=text, content_type=version.media_type, charset="utf-8")
