"""The two versions of SOAP, and the HTTP headers by which a message says which one it is and what it asks (wire reference 3.2)."""

import re
from enum import Enum
from typing import NamedTuple

from sidecar.dialects.soap.services import Operation
from sidecar.errors import Reason, Refusal

_PARAMETER = re.compile(r"""\s*;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"([^"\\]*)"|([!#$%&'*+.^_`|~0-9A-Za-z:/-]+))\s*""")
_MEDIA_TYPE = re.compile(r"\s*([A-Za-z0-9.+-]+/[A-Za-z0-9.+-]+)\s*")


class Version(Enum):
    """A version of SOAP by the namespace of its envelope."""

    SOAP_1_1 = "http://schemas.xmlsoap.org/soap/envelope/"
    SOAP_1_2 = "http://www.w3.org/2003/05/soap-envelope"


_VERSIONS: dict[str, Version | None] = {
    "text/xml": Version.SOAP_1_1,
    "application/soap+xml": Version.SOAP_1_2,
    "application/xml": None,  # on a page of the vendor's; the envelope itself tells
}


class MessageHeaders(NamedTuple):
    """What the HTTP headers say about a message: None where they leave it open. `action` is a URI."""

    version: Version | None
    action: str | None


def read_headers(content_type: str | None, soap_action: str | None) -> MessageHeaders:
    """Version and action from `Content-Type` and `SOAPAction`.

    :raises Refusal: BODY_TYPE for everything but XML in UTF-8; BODY_MALFORMED where the two name different actions.
    """
    media = _MEDIA_TYPE.match(content_type) if content_type is not None and content_type.isascii() else None
    if content_type is None or media is None or media[1].lower() not in _VERSIONS:
        raise Refusal(Reason.BODY_TYPE, "send the envelope as text/xml (SOAP 1.1) or application/soap+xml (SOAP 1.2) in UTF-8")
    parameters = _read_parameters(content_type[media.end() :])
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Refusal(Reason.BODY_TYPE, "send the envelope in UTF-8")
    actions = {action for action in (parameters.get("action"), _unquoted(soap_action)) if action}
    if len(actions) > 1:
        raise Refusal(Reason.BODY_MALFORMED, "SOAPAction and the action of Content-Type disagree")
    return MessageHeaders(_VERSIONS[media[1].lower()], next(iter(actions), None))


def version_for_fault(content_type: str | None) -> Version:
    """In which version a fault is to be told when the message itself could not be read."""
    media = (content_type or "").partition(";")[0].strip().lower()
    return _VERSIONS.get(media) or Version.SOAP_1_1


def content_type_of(version: Version) -> str:
    """The Content-Type of an answer."""
    return "text/xml; charset=utf-8" if version is Version.SOAP_1_1 else "application/soap+xml; charset=utf-8"


def write_headers(version: Version, operation: Operation) -> tuple[tuple[str, str], ...]:
    """The headers of a request by which the backend finds version and operation."""
    if version is Version.SOAP_1_1:
        return (("Content-Type", content_type_of(version)), ("SOAPAction", f'"{operation.action}"'))
    return (("Content-Type", f'{content_type_of(version)}; action="{operation.action}"'),)


def _read_parameters(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        name = match[1].lower() if match else ""
        if match is None or name not in ("charset", "action") or name in parameters:
            raise Refusal(Reason.BODY_TYPE, "Content-Type may have one charset and one action, and nothing else")
        parameters[name] = match[3] if match[2] is None else match[2]
        position = match.end()
    return parameters


def _unquoted(soap_action: str | None) -> str | None:
    text = (soap_action or "").strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
