"""Filters as clients spell them: the compact lists, read as OR of ANDs, and `filterjson` (wire reference 2.3, 2.6).

Lenient where the reference does not know what a backend does: one object may stand where a list belongs, a missing operator means `=`.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sidecar.demo.backend.failures import Failure
from sidecar.demo.definitions import Field, GetConnector


class Condition(NamedTuple):
    """A field compared with a value; `operator` is the number on the wire."""

    field: Field
    operator: int
    value: str


Filter = list[list[Condition]]
"""Conditions joined by AND within each inner list; the inner lists joined by OR. An empty outer list is no filter at all."""


def read_filter(connector: GetConnector, query: Mapping[str, str]) -> Filter:
    """The filter in a query.

    :param query: parameters by name in lower case, decoded.
    :raises Failure: when it can't be read, or names a field that the connector does not have.
    """
    fields, as_json = query.get("filterfieldids", ""), query.get("filterjson", "")
    if fields and as_json:
        raise Failure("Use either filterfieldids or filterjson")
    if as_json:
        return _read_json(connector, as_json)
    if fields:
        return _read_lists(connector, fields, query.get("filtervalues", ""), query.get("operatortypes", ""))
    return []


def _read_lists(connector: GetConnector, fields: str, values: str, operators: str) -> Filter:
    names = _split(fields)
    texts = _split(values)
    numbers = _split(operators) if operators else [["1"] * len(block) for block in names]
    if [len(block) for block in names] != [len(block) for block in texts] or [len(block) for block in names] != [len(b) for b in numbers]:
        raise Failure("filterfieldids, filtervalues and operatortypes differ in length")
    blocks = zip(names, numbers, texts, strict=True)
    return [[read_condition(connector, *parts) for parts in zip(*block, strict=True)] for block in blocks]


def _split(text: str) -> list[list[str]]:
    """Percent signs are gone already, so an encoded separator separates as well: there is no escape."""
    return [block.split(",") for block in text.split(";")]


def _read_json(connector: GetConnector, text: str) -> Filter:
    try:
        document = json.loads(text)
        return [
            [
                read_condition(connector, field["@FieldId"], str(field["@OperatorType"]), _text(field.get("#text")))
                for field in _as_list(block["Field"])
            ]
            for block in _as_list(document["Filters"]["Filter"])
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Failure("The filter is not valid") from None


def _as_list(item: Any) -> list[Any]:
    return item if isinstance(item, list) else [item]


def _text(item: Any) -> str:
    if item is None:
        return ""
    return json.dumps(item) if isinstance(item, bool) else str(item)


def read_condition(connector: GetConnector, name: str, operator: str, value: str) -> Condition:
    """A condition from its three parts, in whatever spelling they came.

    :raises Failure: for a field that the connector does not have, or an unknown operator.
    """
    field = connector.field(name)
    if field is None:
        raise Failure(f"Connector field '{name}' not found")
    if operator not in _OPERATORS:
        raise Failure(f"Operator '{operator}' is not supported")
    return Condition(field, int(operator), value)


_OPERATORS = frozenset(str(number) for number in range(1, 15))
