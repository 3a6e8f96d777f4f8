"""The `dataXml` of an update, read into the shape that JSON bodies have, and carried out by the same code (wire reference 3.8)."""

import sqlite3
from typing import Any
from xml.etree import ElementTree

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.update_definitions import UpdateConnector
from sidecar.demo.backend.updates import carry_out

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def execute(database: sqlite3.Connection, connector: UpdateConnector, text: str) -> str:
    """The result of an update: the numbers of its records.

    :raises Failure: when any element of it can't be carried out; then nothing is.
    """
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  as for envelopes
    except ElementTree.ParseError as problem:
        raise Failure(f"dataXml is not well-formed: {problem}") from None
    if root.tag.lower() != connector.name.lower():
        raise Failure(f"dataXml must have the root {connector.name}")
    # What fields without an action mean is unknown; here they are a new record.
    numbers = carry_out(database, connector, _object(root), "insert")
    records = "".join(f"<{connector.name}><{connector.key}>{number}</{connector.key}></{connector.name}>" for number in numbers)
    return f"<results>{records}</results>"


def _object(item: ElementTree.Element) -> dict[str, Any]:
    return {"Element": [_element(element) for element in item if element.tag == "Element"]}


def _element(element: ElementTree.Element) -> dict[str, Any]:
    return {
        **{f"@{name}": value for name, value in element.attrib.items()},
        "Fields": {name: value for fields in element.findall("Fields") for name, value in _fields(fields).items()},
        "Objects": [{item.tag: _object(item)} for item in element.findall("Objects/*")],
    }


def _fields(fields: ElementTree.Element) -> dict[str, Any]:
    own = {f"@{name}": value for name, value in fields.attrib.items()}
    return own | {field.tag: None if field.get(_NIL) in ("true", "1") else field.text or "" for field in fields}
