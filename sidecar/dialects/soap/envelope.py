"""The envelope around an operation and its arguments: read so that there is one operation only, and written anew (wire reference 3.2)."""

from collections.abc import Iterable

from sidecar.dialects.soap.services import NAMESPACE, Operation, operation_of
from sidecar.dialects.soap.tree import Element, UnreadableXmlError, read_bytes
from sidecar.dialects.soap.version import Version
from sidecar.errors import Reason, Refusal

Arguments = dict[str, str]
"""The arguments of an operation that are there, by name; a present one may be empty."""


def read_envelope(body: bytes, service: str) -> tuple[Version, Operation, Arguments]:
    """The version of the envelope, and what stands in it.

    An entry of the Header is refused, whether it must be understood or not: what it asks is unknown, and nothing of it would be passed on.

    :raises Refusal: for anything but an Envelope with a Body with one known operation with known arguments.
    """
    try:
        envelope = read_bytes(body)
    except UnreadableXmlError as problem:
        raise Refusal(Reason.BODY_MALFORMED, f"the envelope cannot be read: {problem}") from None
    version = next((version for version in Version if version.value == envelope.namespace), None)
    if version is None or envelope.name != "Envelope":
        raise Refusal(Reason.BODY_MALFORMED, "the root must be the Envelope of SOAP 1.1 or 1.2")
    *headers, body_element = _plain(envelope).children or (envelope,)
    if any(header.name != "Header" for header in headers) or len(headers) > 1 or body_element.name != "Body":
        raise Refusal(Reason.BODY_MALFORMED, "the Envelope must have one Body, and before it at most one Header")
    for part in (*headers, body_element):
        if part.namespace != version.value or _plain(part).text.strip():
            raise Refusal(Reason.BODY_MALFORMED, "Header and Body must be of the Envelope's own namespace and hold elements")
    if headers and headers[0].children:
        raise Refusal(Reason.BODY_MALFORMED, "entries in the Header are not supported")
    if len(body_element.children) != 1:
        raise Refusal(Reason.BODY_MALFORMED, "the Body must hold exactly one operation")
    [asked] = body_element.children
    if asked.namespace != NAMESPACE:
        raise Refusal(Reason.BODY_MALFORMED, f"the operation must be of the namespace {NAMESPACE}")
    operation = operation_of(service, _plain(asked).name)
    return version, operation, _read_arguments(operation, asked)


def write_envelope(version: Version, content: str) -> bytes:
    """An envelope around the content of its Body, with the prefix `soap`."""
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{version.value}"><soap:Body>{content}</soap:Body></soap:Envelope>'
    )
    return text.encode("ascii")


def write_operation(name: str, arguments: Iterable[tuple[str, str]]) -> str:
    """The element of an operation or of its answer. Unprefixed, as some clients find it by regular expression.

    :param arguments: names with their content, escaped already.
    """
    content = "".join(f"<{argument}>{value}</{argument}>" for argument, value in arguments)
    return f'<{name} xmlns="{NAMESPACE}">{content}</{name}>'


def _read_arguments(operation: Operation, asked: Element) -> Arguments:
    if asked.text.strip():
        raise Refusal(Reason.BODY_MALFORMED, f"{operation.name} holds arguments, not text")
    arguments: Arguments = {}
    for argument in asked.children:
        if argument.namespace != NAMESPACE or argument.name not in operation.arguments:
            # The backend drops what it does not know: a mis-cased filtersXml would give all rows.
            raise Refusal(
                Reason.UNKNOWN_PARAMETER,
                f"{operation.name} has {', '.join(operation.arguments)}; each in the namespace {NAMESPACE}, letter case counts",
            )
        if argument.name in arguments:
            raise Refusal(Reason.REPEATED_PARAMETER, f"the argument {argument.name} occurs twice")
        if _plain(argument).children:
            raise Refusal(Reason.PARAMETER_MALFORMED, f"the argument {argument.name} is a text; escape the XML in it, or use CDATA")
        arguments[argument.name] = argument.text
    return arguments


def _plain(element: Element) -> Element:
    """The element itself, if it has no attributes: `xsi:type`, `encodingStyle`, `href` and ids would make it mean something else."""
    if element.attributes:
        raise Refusal(Reason.BODY_MALFORMED, "attributes are not taken on the envelope's elements or on arguments")
    return element
