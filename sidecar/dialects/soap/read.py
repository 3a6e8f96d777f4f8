"""From a SOAP message to the call that it asks for. The inventory of `services`, and nothing beside it."""

import re
from collections.abc import Callable
from typing import NamedTuple

from sidecar.dialects.call import DescribeUpdate, FetchSubject, FetchSubjectFile, GetRows, Page, ProductVersion, RunReport, Update
from sidecar.dialects.soap import services
from sidecar.dialects.soap.body_token import read_body_token
from sidecar.dialects.soap.call import Options, SoapCall
from sidecar.dialects.soap.envelope import Arguments, read_envelope
from sidecar.dialects.soap.options import read_options
from sidecar.dialects.soap.page import combine, read_number
from sidecar.dialects.soap.services import Operation, service_at
from sidecar.dialects.soap.tree import UnreadableXmlError, read_text
from sidecar.dialects.soap.update_document import actions_in, read_document
from sidecar.dialects.soap.version import Version, read_headers
from sidecar.errors import Reason, Refusal
from sidecar.filters.filterxml import read_filterxml
from sidecar.filters.predicate import EVERYTHING, Predicate
from sidecar.filters.values import has_control_characters

_LONGEST_FILTER = 500_000
_LONGEST_PARAMETERS = 4_000
_LONGEST_CONNECTOR = 100
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_BOOLEANS = {"true": True, "false": False}


class _Asked(NamedTuple):
    version: Version
    operation: Operation
    token: str | None
    arguments: Arguments


def read(path: str, body: bytes, content_type: str | None, soap_action: str | None) -> SoapCall:
    """What is asked.

    :param path: what follows the environment's SOAP base path: decoded, without leading slash and query. Such as `AppConnectorGet.asmx`.
    :param body: the whole of it, of a size that the caller has bounded.
    :param content_type: the value of that header; None without one.
    :param soap_action: likewise.
    :raises Refusal: for everything that is not in the inventory.
    """
    version, operation, arguments = read_message(service_at(path), body, content_type, soap_action)
    token = read_body_token(arguments.get("token", ""))
    return _READERS[operation](_Asked(version, operation, token, arguments))


def read_message(service: str, body: bytes, content_type: str | None, soap_action: str | None) -> tuple[Version, Operation, Arguments]:
    """Version, operation and arguments, once headers and envelope agree about them.

    :param service: the canonical name of its file.
    :raises Refusal: where they don't, or can't be read.
    """
    headers = read_headers(content_type, soap_action)
    version, operation, arguments = read_envelope(body, service)
    if headers.version not in (None, version):
        raise Refusal(Reason.BODY_TYPE, "the Content-Type is that of the other version of SOAP than the Envelope")
    if headers.action not in (None, operation.action):
        raise Refusal(Reason.BODY_MALFORMED, f"SOAPAction names another operation than the Body, where it is {operation.action}")
    return version, operation, arguments


def _read_rows(asked: _Asked) -> SoapCall:
    arguments = asked.arguments
    text = arguments.get("options", "")
    options, order = read_options(text) if text.strip() else (None, ())
    skip, take = (read_number(name, arguments[name]) if name in arguments else None for name in ("skip", "take"))
    page, in_options = combine(Page(skip, take), Page() if options is None else options.page)
    call = GetRows(_connector(arguments, "connectorId"), _read_filter(arguments), order, page)
    if options is not None:
        options = Options(options.as_text, options.metadata, options.style, in_options)
    return SoapCall(asked.version, asked.operation, call, asked.token, options)


def _read_update(asked: _Asked) -> SoapCall:
    connector = _connector(asked.arguments, "connectorType")
    if asked.arguments.get("connectorVersion") != "1":
        raise Refusal(Reason.PARAMETER_MALFORMED, "connectorVersion is 1")
    document = read_document(_required(asked.arguments, "dataXml"), connector)
    actions = actions_in(document)
    # There is no verb. Any of the actions stands for it: all of them are asked for together.
    call = Update(connector, min(actions), (), actions)
    return SoapCall(asked.version, asked.operation, call, asked.token, document=document)


def _read_report(asked: _Asked) -> SoapCall:
    call = RunReport(_id(asked.arguments, "reportID"), _read_filter(asked.arguments))
    return SoapCall(asked.version, asked.operation, call, asked.token)


def _read_attachment(asked: _Asked) -> SoapCall:
    call = FetchSubjectFile(_id(asked.arguments, "subjectID"), _id(asked.arguments, "fileId"))
    return SoapCall(asked.version, asked.operation, call, asked.token)


def _read_attachments(asked: _Asked) -> SoapCall:
    call = FetchSubject(_id(asked.arguments, "subjectID"), asked.operation is services.GET_ATTACHMENT_DATA)
    return SoapCall(asked.version, asked.operation, call, asked.token)


def _read_schema(asked: _Asked) -> SoapCall:
    """The only thing known of the data connector: `GetXmlSchema` of an UpdateConnector."""
    if asked.arguments.get("dataID") != "GetXmlSchema":
        raise Refusal(Reason.PARAMETER_MALFORMED, "dataID is GetXmlSchema")
    text = _required(asked.arguments, "parametersXml").strip()
    try:
        root = read_text(text) if len(text) <= _LONGEST_PARAMETERS else None
    except UnreadableXmlError as problem:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"parametersXml cannot be read: {problem}") from None
    parts = {} if root is None else {part.name: part.text for part in root.children}
    if (
        root is None
        or (root.name, root.text.strip()) != ("DataConnector", "")
        or len(parts) != len(root.children)
        or not {"UpdateConnectorId"} <= parts.keys() <= {"UpdateConnectorId", "EncodeBase64"}
        or any(each.namespace or each.attributes for each in (root, *root.children))
        or any(part.children for part in root.children)
    ):
        raise Refusal(Reason.PARAMETER_MALFORMED, "parametersXml is a <DataConnector> with UpdateConnectorId and perhaps EncodeBase64")
    encoded = parts.get("EncodeBase64")
    if encoded is not None and encoded not in _BOOLEANS:
        raise Refusal(Reason.PARAMETER_MALFORMED, "EncodeBase64 is true or false")
    call = DescribeUpdate(_connector(parts, "UpdateConnectorId"))
    return SoapCall(asked.version, asked.operation, call, asked.token, as_base64=None if encoded is None else _BOOLEANS[encoded])


def _read_version(asked: _Asked) -> SoapCall:
    return SoapCall(asked.version, asked.operation, ProductVersion(), asked.token)


_READERS: dict[Operation, Callable[[_Asked], SoapCall]] = {
    services.GET_DATA: _read_rows,
    services.GET_DATA_WITH_OPTIONS: _read_rows,
    services.UPDATE: _read_update,
    services.REPORT: _read_report,
    services.GET_ATTACHMENT: _read_attachment,
    services.GET_ATTACHMENT_INFO: _read_attachments,
    services.GET_ATTACHMENT_DATA: _read_attachments,
    services.DATA: _read_schema,
    services.VERSION_INFO: _read_version,
}


def _read_filter(arguments: Arguments) -> Predicate:
    text = arguments.get("filtersXml", "").strip()
    if not text:
        return EVERYTHING
    if len(text) > _LONGEST_FILTER:
        raise Refusal(Reason.FILTER_TOO_LARGE, f"filtersXml has more than {_LONGEST_FILTER} characters")
    try:
        root = read_text(text)
    except UnreadableXmlError as problem:
        raise Refusal(Reason.FILTER_MALFORMED, f"filtersXml cannot be read: {problem}") from None
    return read_filterxml(root)


def _connector(arguments: Arguments, name: str) -> str:
    connector = _required(arguments, name)
    if len(connector) > _LONGEST_CONNECTOR or has_control_characters(connector):
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} is a connector's name")
    return connector


def _id(arguments: Arguments, name: str) -> str:
    text = _required(arguments, name)
    if _ID.fullmatch(text) is None:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} has letters, digits and dashes")
    return text


def _required(arguments: Arguments, name: str) -> str:
    text = arguments.get(name, "")
    if not text:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} is needed")
    return text
