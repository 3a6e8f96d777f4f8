"""Which rows a backend returns for a filter as it stands on the wire. Written from the wire reference's sections 2.3 to 2.6 only.

It is as lenient as the most careless backend: lists that do not match are read as far as they go, repeated keys and unknown ones are no
error. What no backend could make sense of returns no row.
"""

import json
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from tests.evaluation.reading import Reading, Row

Spelled = tuple[str, str, str]
"""Field, operator and value of one condition, as they stand on the wire."""

_NEGATED = {"7": "1", "11": "6", "12": "10", "14": "13"}
_PATTERNS = {"6": "%{}%", "10": "{}%", "13": "%{}"}


def lists_admit(fields: str, values: str, operators: str, row: Row, reading: Reading) -> bool:
    """The compact lists; an empty list of operators means `=` throughout."""
    clauses = read_lists(fields, values, operators, reading)
    inner, outer = (all, any) if reading.mixed == "or_of_ands" else (any, all)
    return outer(inner(_holds(condition, row, reading) for condition in clause) for clause in clauses)


def filterjson_admits(text: str, row: Row, reading: Reading) -> bool:
    """The JSON spelling."""
    return any(all(_holds(condition, row, reading) for condition in group) for group in read_filterjson(text, reading))


def read_lists(fields: str, values: str, operators: str, reading: Reading) -> list[list[Spelled]]:
    """Blocks of conditions: groups of ANDs or groups of ORs, whichever the reading binds first."""
    split = [re.split("([,;])", reading.received(text)) for text in (fields, values, operators)]
    names, separators = split[0][::2], split[0][1::2]
    texts, numbers = split[1][::2], split[2][::2] if operators else ["1"] * len(names)
    conditions = [
        (name or "", number or "1", text or "") for name, number, text, _ in zip_longest(names, numbers, texts, names) if name is not None
    ]
    boundary = ";" if reading.mixed == "or_of_ands" else ","
    blocks: list[list[Spelled]] = [[conditions[0]]]
    for separator, condition in zip(separators, conditions[1:], strict=True):
        if separator == boundary:
            blocks.append([])
        blocks[-1].append(condition)
    return blocks


def read_filterjson(text: str, reading: Reading) -> list[list[Spelled]]:
    """Groups of conditions; none if it is not JSON of the known shape."""
    try:
        filters: Sequence[Any] = json.loads(reading.received(text))["Filters"]["Filter"]
        return [[(each["@FieldId"], str(each["@OperatorType"]), each.get("#text") or "") for each in item["Field"]] for item in filters]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


def _holds(condition: Spelled, row: Row, reading: Reading) -> bool:
    name, operator, text = condition
    if name not in row:
        return False  # an error on the real thing: "Connector field not found"
    held, value = reading.field(row, name), reading.stored(text)
    if operator in ("8", "9"):
        return (held is None) is (operator == "8")
    if held is None:
        return _holds_for_empty(operator, reading)
    if operator in _NEGATED:
        return not _compares(_NEGATED[operator], held, value, reading)
    return _compares(operator, held, value, reading)


def _holds_for_empty(operator: str, reading: Reading) -> bool:
    if reading.nulls == "sql":
        return False
    return operator in _NEGATED or (reading.nulls == "smallest" and operator in ("3", "5"))


def _compares(operator: str, held: str, value: str, reading: Reading) -> bool:
    match operator:
        case "1" if reading.wildcards_in_equal:
            return reading.equal(held, value) or _matches(held, value, reading, every_wildcard=True)
        case "1":
            return reading.equal(held, value)
        case "2":
            return not reading.less(held, value)
        case "3":
            return not reading.less(value, held)
        case "4":
            return reading.less(value, held)
        case "5":
            return reading.less(held, value)
        case "6" | "10" | "13":
            return _is_like(operator, held, value, reading)
        case _:
            return False


def _is_like(operator: str, held: str, value: str, reading: Reading) -> bool:
    if reading.like == "literal":
        where, what = reading.folded(held), reading.folded(value)
        return {"6": what in where, "10": where.startswith(what), "13": where.endswith(what)}[operator]
    pattern = _PATTERNS[operator].format(value) if reading.like == "surrounded" else value
    return _matches(held, pattern, reading, every_wildcard=reading.wildcards == "all")


def _matches(held: str, pattern: str, reading: Reading, *, every_wildcard: bool) -> bool:
    tokens = re.findall(r"\[\^?[^\[\]^]+\]|.", reading.folded(pattern), re.DOTALL)
    regex = "".join(_regex(token, every_wildcard=every_wildcard) for token in tokens)
    return re.fullmatch(regex, reading.folded(held), re.DOTALL) is not None


def _regex(token: str, *, every_wildcard: bool) -> str:
    if token == "%":
        return ".*"
    if not every_wildcard:
        return re.escape(token)
    if len(token) > 1:
        negation = "^" if token.startswith("[^") else ""
        return f"[{negation}{re.escape(token[1 + len(negation) : -1]).replace(chr(92) + '-', '-')}]"
    return {"_": ".", "?": ".", "*": ".*"}.get(token) or re.escape(token)
