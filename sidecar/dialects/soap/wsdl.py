"""The backend's WSDL with the sidecar's address in it, so that clients that read it keep talking to the sidecar (wire reference 3.1)."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from sidecar.dialects.soap.printing import print_tree
from sidecar.dialects.soap.services import NAMESPACE
from sidecar.dialects.soap.tree import Attribute, Element, UnreadableXmlError, read_as_spelled

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_WITH_ADDRESS = frozenset({f"{_WSDL}{binding}/" for binding in ("soap", "soap12", "http")})
_NAMESPACES = frozenset({_WSDL, *_WITH_ADDRESS, f"{_WSDL}mime/", "http://www.w3.org/2001/XMLSchema"})
_ELSEWHERE = frozenset({"import", "include", "redefine", "override"})
_LOCATIONS = frozenset({"location", "schemaLocation"})
_PREDEFINED: Mapping[str, str] = {"": "", "xml": "http://www.w3.org/XML/1998/namespace"}


class UnknownShapeError(ValueError):
    """The backend's WSDL is not one that can be given away."""


def rewrite_wsdl(wsdl: bytes, service: str, address: str) -> bytes:
    """The WSDL, generated anew, with every port's location replaced.

    :param service: the canonical name of the service's file.
    :param address: the URL under which clients reach SOAP through the sidecar, without a slash at its end.
    :raises UnknownShapeError: for anything that is not plainly the WSDL of such a service, for one that refers to further documents, and
        for one that names the backend's own host anywhere else than as a location.
    """
    location = f"{address}/{service}"
    try:
        root = read_as_spelled(wsdl)
    except UnreadableXmlError as problem:
        raise UnknownShapeError(f"the WSDL cannot be read: {problem}") from None
    spaces = _declared(root, _PREDEFINED)
    if _resolve(root.name, spaces) != (_WSDL, "definitions") or Attribute("", "targetNamespace", NAMESPACE) not in root.attributes:
        raise UnknownShapeError(f"not the WSDL of {NAMESPACE}")
    replaced: list[str] = []
    rewritten = _rewrite(root, _PREDEFINED, location, replaced)
    if not replaced:
        raise UnknownShapeError("the WSDL names no location")
    try:
        text = print_tree(rewritten)
    except ValueError as problem:
        raise UnknownShapeError(str(problem)) from None
    remainder = text.replace(location, "").lower()
    if any(not host or host in remainder for host in map(_host, replaced)):
        raise UnknownShapeError("the WSDL names the backend outside of its locations")
    return f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode("ascii")


def _rewrite(element: Element, outer: Mapping[str, str], location: str, replaced: list[str]) -> Element:
    spaces = _declared(element, outer)
    namespace, name = _resolve(element.name, spaces)
    if namespace not in _NAMESPACES or name in _ELSEWHERE:
        raise UnknownShapeError("the WSDL has elements that it should not have, or refers to other documents")
    is_address = name == "address" and namespace in _WITH_ADDRESS
    attributes: list[Attribute] = []
    for attribute in element.attributes:
        _, local = _resolve(attribute.name, spaces) if ":" in attribute.name else ("", attribute.name)
        if is_address and attribute.name == "location":
            replaced.append(attribute.value)
            attributes.append(attribute._replace(value=location))
        elif local in _LOCATIONS:
            raise UnknownShapeError("the WSDL has a location where none belongs")
        else:
            attributes.append(attribute)
    children = tuple(_rewrite(child, spaces, location, replaced) for child in element.children)
    return element._replace(attributes=tuple(attributes), children=children)


def _declared(element: Element, outer: Mapping[str, str]) -> Mapping[str, str]:
    """The namespaces by prefix within this element; the empty prefix is the default one."""
    own = {
        "" if each.name == "xmlns" else each.name.removeprefix("xmlns:"): each.value
        for each in element.attributes
        if each.name == "xmlns" or each.name.startswith("xmlns:")
    }
    return {**outer, **own} if own else outer


def _resolve(spelled: str, spaces: Mapping[str, str]) -> tuple[str, str]:
    prefix, _, name = spelled.rpartition(":")
    if prefix == "xmlns":
        return "", name
    if prefix not in spaces or not name:
        raise UnknownShapeError("the WSDL has a prefix that it does not declare")
    return spaces[prefix], name


def _host(location: str) -> str:
    """Host and port of a location, in lower case; empty if it has none."""
    try:
        return urlsplit(location.strip()).netloc.lower()
    except ValueError:
        return ""
