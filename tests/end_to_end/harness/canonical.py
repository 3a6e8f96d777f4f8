"""What a request must look like that the sidecar made: nothing in it is the client's spelling."""

import re
from urllib.parse import unquote

from tests.end_to_end.harness.backend import Received
from tests.end_to_end.harness.configuration import BACKEND_AUTHORIZATION, BACKEND_XML, BASE, authorization, token_xml
from tests.end_to_end.harness.soap import ENVELOPES, NAMESPACE, understand_message

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_KEYS = r"@?[A-Za-z]\w*(?:,@?[A-Za-z]\w*)*/[^/?]+"
_TARGET = re.compile(
    rf"{BASE}(?:"
    rf"/connectors/{_NAME}(?:/{_NAME}(?:/{_KEYS}(?:/{_NAME}/{_KEYS})?)?)?"
    rf"|/metainfo(?:/(?:get|update)/{_NAME})?|/profitversion|/fileconnector/[^/?]+/[^/?]+|/fileconnector"
    rf"|/imageconnector/[\w-]+|/subjectconnector/[\w-]+/[\w-]+|/subjectconnector|/reportconnector/[\w-]+"
    r"|/otprequest|/otpvalidation"
    r")(?:\?[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]+)?"
)
_PARAMETERS = (
    "skip",
    "take",
    "orderbyfieldids",
    "filterfieldids",
    "filtervalues",
    "operatortypes",
    "filterjson",
    *("fileid", "filename", "SubjectId", "FileId", "format"),
)
_HEADERS = {
    *("host", "authorization", "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type"),
    *("content-length", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "integrationid", "pragma"),
    *("range", "sendfileasbinary", "traceparent", "tracestate", "user-agent", "x-correlation-id", "x-request-id"),
}
_ONCE = ("host", "authorization", "content-length", "content-type", "range", "sendfileasbinary")
_CREDENTIALS = (BACKEND_AUTHORIZATION, authorization("m.jansen", "own_token"))
"""The sidecar's own, and the one that the configuration passes through."""
_ACCESS_TOKEN = re.compile(r"Bearer access-[A-Za-z0-9_-]+")
"""One that the tests' token endpoint gave to the sidecar."""


def assert_canonical(received: Received, backend_port: int) -> None:
    """Fail unless the sidecar could have made this request from parsed values."""
    if ".asmx" in received.target:
        _assert_canonical_soap(received, backend_port)
        return
    assert received.method in ("GET", "POST", "PUT", "DELETE"), received
    assert _TARGET.fullmatch(received.target), received.target
    assert not re.search(r"%(?:2[fF]|5[cC]|00|0[aAdD]|25)|/\.|//", received.target.partition("?")[0]), received.target
    assert received.target.isascii()
    assert len(received.query) < 2049
    names = [piece.partition("=")[0] for piece in received.query.split("&")] if received.query else []
    assert set(names) <= set(_PARAMETERS), names
    assert len(names) == len(set(names)), names
    assert not ("filterjson" in names and "filterfieldids" in names), names
    unquote(received.target, errors="strict")
    headers = [name.lower() for name, _ in received.headers]
    assert set(headers) <= _HEADERS, headers
    assert all(headers.count(name) <= 1 for name in _ONCE), headers
    assert received.values("Host") == [f"127.0.0.1:{backend_port}"]
    proofs = received.values("Authorization")
    if received.target.rpartition("/otp")[2] in ("request", "validation"):
        assert proofs == []
    else:
        assert proofs[0] in _CREDENTIALS or _ACCESS_TOKEN.fullmatch(proofs[0]), received
    assert (received.method == "GET") == (not received.values("Content-Length")), received
    assert not received.body or received.values("Content-Length") == [str(len(received.body))]


_SERVICES: dict[str, dict[str, tuple[str, ...]]] = {
    "AppConnectorGet.asmx": {
        "GetData": ("connectorId", "filtersXml", "skip", "take"),
        "GetDataWithOptions": ("connectorId", "filtersXml", "skip", "take", "options"),
    },
    "AppConnectorUpdate.asmx": {"Execute": ("connectorType", "connectorVersion", "dataXml")},
    "AppConnectorReport.asmx": {"Execute": ("reportID", "filtersXml")},
    "AppConnectorSubject.asmx": {
        "GetAttachment": ("subjectID", "fileId"),
        "GetSubjectAttachmentInfo": ("subjectID",),
        "GetSubjectAttachmentData": ("subjectID",),
    },
    "AppConnectorData.asmx": {"Execute": ("dataID", "parametersXml")},
    "AppConnectorVersionInfo.asmx": {"GetProductVersion": ()},
    "TokenConnector.asmx": {
        "GenerateOTP": ("userId", "apiKey", "environmentKey", "description"),
        "GetTokenFromOTP": ("userId", "apiKey", "environmentKey", "otp"),
        "DeleteToken": (),
    },
}


def _assert_canonical_soap(received: Received, backend_port: int) -> None:
    base, _, service = received.target.rpartition("/")
    assert base == "/ProfitServices"
    assert received.values("Host") == [f"127.0.0.1:{backend_port}"]
    headers = [name.lower() for name, _ in received.headers]
    assert len(headers) == len(set(headers)), headers
    if received.method == "GET":
        assert service.removesuffix("?WSDL") in _SERVICES, service
        assert set(headers) == {"host", "accept", "accept-encoding"}, headers
        return
    assert received.method == "POST"
    assert set(headers) <= {*_HEADERS, "soapaction"}, headers
    assert received.values("Content-Length") == [str(len(received.body))]
    assert received.body.isascii()
    assert not re.search(rb"<!DOCTYPE|<!--|<\?(?!xml )", received.body), received.body
    message = understand_message(received.target, received.body)
    known = ("token", *_SERVICES[service][message.operation])
    assert list(message.arguments) == [name for name in known if name in message.arguments], message
    action = f'"{NAMESPACE}/{message.operation}"'
    if ENVELOPES["1.2"].encode() in received.body:
        assert received.values("Content-Type") == [f"application/soap+xml; charset=utf-8; action={action}"]
        assert not received.values("SOAPAction")
    else:
        assert (received.values("Content-Type"), received.values("SOAPAction")) == (["text/xml; charset=utf-8"], [action])
    if service == "TokenConnector.asmx":
        assert received.values("Authorization") == []
        return
    proofs = [*received.values("Authorization"), *filter(None, [message.arguments.get("token")])]
    assert len(proofs) == 1
    known = (*_CREDENTIALS, token_xml("m.jansen", "own_token"), BACKEND_XML)
    assert proofs[0] in known or _ACCESS_TOKEN.fullmatch(proofs[0]), proofs
