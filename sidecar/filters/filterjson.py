"""The JSON spelling, `filterjson`: conditions within a Filter are joined by AND, Filters by OR (wire reference 2.6). One reading only."""

import json
import re
from typing import Any

from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Condition, Group, Predicate
from sidecar.filters.reading import read_condition

_PERCENT_ESCAPE = re.compile(r"%(?=[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})")


def read_filterjson(text: str) -> Predicate:
    """The predicate in a `filterjson` parameter (decoded).

    :raises Refusal: for JSON of any other shape: unknown, missing or repeated keys, one object where a list belongs, empty lists.
    """
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal(Reason.FILTER_MALFORMED, "filterjson is not JSON, or has a key twice") from None
    filters = _only(_only(document, "Filters", "filterjson"), "Filter", "Filters")
    labels: list[str] = []
    groups: list[Group] = []
    for number, item in enumerate(_nonempty_list(filters, "Filters.Filter"), start=1):
        place = f"Filter {number}"
        keys = _keys(item, place, required={"Field"}, optional={"@FilterId"})
        if "@FilterId" in keys:
            labels.append(_text(keys["@FilterId"], f"{place}, @FilterId"))
        fields = _nonempty_list(keys["Field"], f"{place}, Field")
        groups.append(
            tuple(dict.fromkeys(_read_field(field, f"{place}, Field {position}") for position, field in enumerate(fields, start=1)))
        )
    if len(set(labels)) != len(labels):
        raise Refusal(Reason.FILTER_MALFORMED, "two Filters have the same @FilterId; number them")
    return Predicate(tuple(groups))


def _read_field(item: Any, place: str) -> Condition:
    keys = _keys(item, place, required={"@FieldId", "@OperatorType", "#text"})
    field = keys["@FieldId"]
    if not isinstance(field, str):
        raise Refusal(Reason.FILTER_MALFORMED, f"{place}: @FieldId must be a string")
    operator = _text(keys["@OperatorType"], f"{place}, @OperatorType")
    value = keys["#text"]
    if value is None and operator in ("8", "9"):
        value = ""
    return read_condition(field, operator, _text(value, f"{place}, #text"), place)


def write_filterjson(predicate: Predicate) -> str:
    """The JSON with this meaning, tersely. What could become a quotation mark on the way is escaped: look-alikes of ASCII characters, which
    a backend in a Windows code page replaces, and `%22`, which one that decodes twice would decode.

    :raises ValueError: for a predicate without groups or with an empty group: an empty list of filters may well mean "all rows".
    """
    if not predicate.groups or not all(predicate.groups):
        raise ValueError("everything and nothing have no filterjson")
    filters = [
        {
            "@FilterId": str(number),
            "Field": [
                {"@FieldId": condition.field, "@OperatorType": str(condition.operator.value), "#text": condition.value}
                for condition in group
            ],
        }
        for number, group in enumerate(predicate.groups, start=1)
    ]
    return _PERCENT_ESCAPE.sub(r"\\u0025", json.dumps({"Filters": {"Filter": filters}}, separators=(",", ":")))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("a key occurs twice")
    return keys


def _no_number(text: str) -> None:
    raise ValueError(text)


def _keys(item: Any, place: str, required: set[str], optional: frozenset[str] | set[str] = frozenset()) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} must be an object")
    missing, unknown = required - item.keys(), item.keys() - required - optional
    if missing or unknown:
        what = f"lacks {min(missing)!r}" if missing else f"has an unknown key {min(unknown)[:50]!r}"
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} {what}; keys are spelled as in the documentation, letter case included")
    return item


def _only(item: Any, key: str, place: str) -> Any:
    return _keys(item, place, required={key})[key]


def _nonempty_list(item: Any, place: str) -> list[Any]:
    if not isinstance(item, list) or not item:
        raise Refusal(Reason.FILTER_MALFORMED, f"{place} must be a list with at least one item")
    return item


def _text(item: Any, place: str) -> str:
    """A string, or a whole number, which some clients send bare."""
    if isinstance(item, str):
        return item
    if isinstance(item, int) and not isinstance(item, bool):
        return str(item)
    raise Refusal(Reason.FILTER_MALFORMED, f"{place} must be a string")
