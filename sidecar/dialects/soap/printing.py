"""A tree as text again: from names and values alone, so that nothing of how it was spelled before is left."""

from collections.abc import Mapping

from sidecar.dialects.soap.tree import Attribute, Element
from sidecar.filters.filterxml import escape_xml

NO_PREFIXES: Mapping[str, str] = {}


def print_tree(root: Element, prefixes: Mapping[str, str] = NO_PREFIXES) -> str:
    """The tree as XML in ASCII, without a declaration.

    :param root: elements are in no namespace, and their names and those of attributes are ASCII.
    :param prefixes: those of the namespaces that attributes may be in, by namespace; declared on the root.
    :raises ValueError: for a name that is not ASCII, or a value that XML cannot say.
    """
    declared = "".join(f' xmlns:{prefix}="{escape_xml(namespace)}"' for namespace, prefix in prefixes.items())
    pieces: list[str] = []
    _print(root, declared, prefixes, pieces)
    text = "".join(pieces)
    if not text.isascii():
        raise ValueError("a name that is not ASCII")
    return text


def _print(element: Element, declared: str, prefixes: Mapping[str, str], pieces: list[str]) -> None:
    if element.namespace:
        raise ValueError("an element in a namespace")
    pieces.append(f"<{element.name}{declared}{''.join([_attribute(each, prefixes) for each in element.attributes])}")
    if element.children:
        pieces.append(">")
        for child in element.children:
            _print(child, "", prefixes, pieces)
        pieces.append(f"</{element.name}>")
    else:
        pieces.append(f">{escape_xml(element.text)}</{element.name}>" if element.text else "/>")


def _attribute(attribute: Attribute, prefixes: Mapping[str, str]) -> str:
    prefix = f"{prefixes[attribute.namespace]}:" if attribute.namespace else ""
    return f' {prefix}{attribute.name}="{escape_xml(attribute.value)}"'
