"""What an update writes, its `dataXml`: which actions are in it, at any depth, and the whole of it written again (wire reference 3.8).

Read by its grammar, so that no action hides where this does not look but the backend might: a document holds Elements; an Element its
Fields and Objects; Objects hold objects, which hold Elements.
"""

import re
import unicodedata
from collections.abc import Iterator

from sidecar.dialects.call import Action
from sidecar.dialects.soap.printing import print_tree
from sidecar.dialects.soap.tree import WHITE_SPACE, Element, UnreadableXmlError, read_text
from sidecar.errors import Reason, Refusal

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_ACTIONS = {action.value: action for action in Action}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_RESERVED = frozenset({"element", "fields", "objects"})
_ROOTS = {"knemployee": "afasemployee"}
"""Where the root is not called like the UpdateConnector (wire reference 3.8); both in lower case."""

_UNSAID = frozenset({Action.INSERT, Action.UPDATE})
"""What an Element without an action may do: which of the two is unknown. Without Fields too: its attributes are fields as well."""


def read_document(text: str, connector: str) -> Element:
    """The document of an UpdateConnector.

    :raises Refusal: BODY_MALFORMED for anything but the known shape; element names are never guessed.
    """
    try:
        root = read_text(text.strip())
    except UnreadableXmlError as problem:
        raise _malformed(f"cannot be read: {problem}") from None
    _check_object(root)
    called = root.name.lower()
    if called != connector.lower() and called != _ROOTS.get(connector.lower()):
        # Which of the two the backend goes by is unknown; the one that was not checked must not be another one.
        raise _malformed("must have a root that is called like connectorType")
    if not root.children:
        raise _malformed("holds no Element")
    return root


def write_document(root: Element) -> str:
    """The document as XML in ASCII: names, attributes and texts as they were, and nothing else."""
    return print_tree(root, {_INSTANCE: "xsi"})


def actions_in(root: Element) -> frozenset[Action]:
    """Every action that the document performs."""
    return frozenset(_actions(root))


def _actions(parent: Element) -> Iterator[Action]:
    """Those of the Elements of the root, or of an object."""
    for element in parent.children:
        named = _named(element)
        for part in element.children:
            if part.name == "Fields":
                named += _named(part)
        yield from named or _UNSAID
        for part in element.children:
            if part.name == "Fields":
                yield from _fields_called_action(part)
            else:
                for child in part.children:
                    yield from _actions(child)


def _fields_called_action(fields: Element) -> Iterator[Action]:
    """A field that is called like the attribute counts as well: nobody says that the backend tells them apart, or minds letter case."""
    for field in fields.children:
        if field.name.lower() == "action":
            action = _ACTIONS.get(unicodedata.normalize("NFKC", field.text).strip().casefold())
            if action is not None:
                yield action


def _named(element: Element) -> list[Action]:
    return [_ACTIONS[each.value] for each in element.attributes if each.name == "Action"]


def _check_object(item: Element) -> None:
    """The root, or one of the Objects: in it are Elements."""
    _check(item, item.name, keys=False)
    if item.name.lower() in _RESERVED or item.attributes:
        raise _malformed("has an object with attributes, or without a name of its own")
    _check_no_text(item)
    for element in item.children:
        _check_element(element)


def _check_element(element: Element) -> None:
    _check(element, "Element", keys=True)
    _check_no_text(element)
    if sum(part.name == "Fields" for part in element.children) > 1:
        raise _malformed("has an Element with Fields twice")
    for part in element.children:
        _check_no_text(part)
        if part.name == "Fields":
            _check(part, "Fields", keys=False)
            for field in part.children:
                _check_field(field)
        else:
            _check(part, "Objects", keys=False)
            if part.attributes:
                raise _malformed("has Objects with attributes")
            for item in part.children:
                _check_object(item)


def _check_field(field: Element) -> None:
    """A value, or nothing: `xsi:nil` is how clients set a field to nothing."""
    if _NAME.fullmatch(field.name) is None or field.namespace or field.children:
        raise _malformed("has a field that is not <Name>value</Name>")
    for attribute in field.attributes:
        if (attribute.namespace, attribute.name) != (_INSTANCE, "nil") or attribute.value not in ("true", "1") or field.text:
            raise _malformed('has a field with an attribute other than xsi:nil="true"')


def _check(item: Element, name: str, *, keys: bool) -> None:
    """Name and attributes of an element of the structure.

    :param keys: whether attributes other than `Action` may stand here: the key fields of a record.
    """
    if item.name != name or item.namespace or _NAME.fullmatch(item.name) is None:
        raise _malformed(f"has something else where {name} belongs; letter case counts, and there are no namespaces")
    if len({attribute.name.lower() for attribute in item.attributes}) != len(item.attributes):
        raise _malformed(f"has {name} with an attribute twice, but for letter case")
    for attribute in item.attributes:
        if attribute.namespace or _NAME.fullmatch(attribute.name) is None:
            raise _malformed(f"has {name} with an attribute in a namespace, or with an odd name")
        if attribute.name.lower() == "action":
            if attribute.name != "Action" or attribute.value not in _ACTIONS:
                raise _malformed('has an action that is not Action="insert", "update" or "delete"; letter case counts')
        elif not keys:
            raise _malformed(f"has {name} with an unknown attribute")


def _check_no_text(item: Element) -> None:
    if item.text.strip(WHITE_SPACE):
        raise _malformed("has text where elements belong")


def _malformed(problem: str) -> Refusal:
    return Refusal(Reason.BODY_MALFORMED, f"dataXml {problem}")
