"""Filters as SQL: an expression with a `?` for every value, and those values. NULL compares with nothing, as in any database.

Texts compare without regard to letter case (A to Z), the way of the usual collations. `%` is the only wildcard (wire reference 2.4).
"""

from collections.abc import Callable

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.filter_reading import Condition, Filter
from sidecar.demo.backend.values import Stored, to_stored
from sidecar.demo.definitions import DataType, Field

Sql = tuple[str, list[Stored]]

_COMPARISONS = {1: "=", 2: ">=", 3: "<=", 4: ">", 5: "<", 7: "<>"}
_EMPTY, _NOT_EMPTY = 8, 9
_PATTERNS: dict[int, tuple[str, Callable[[str], str]]] = {
    6: ("LIKE", "%{}%".format),
    11: ("NOT LIKE", "%{}%".format),
    10: ("LIKE", "{}%".format),
    12: ("NOT LIKE", "{}%".format),
    13: ("LIKE", "%{}".format),
    14: ("NOT LIKE", "%{}".format),
}


def filter_sql(conditions: Filter) -> Sql:
    """The expression of a whole filter; no conditions give an expression that every row satisfies.

    :raises Failure: for values that do not suit their fields.
    """
    if not conditions:
        return "1", []
    groups, values = [], []
    for group in conditions:
        parts = [_condition_sql(condition) for condition in group]
        groups.append("(" + " AND ".join(text for text, _ in parts) + ")")
        values += [value for _, own in parts for value in own]
    return " OR ".join(groups), values


def column(field: Field) -> str:
    """The field's column as it compares and sorts."""
    return f'"{field.id}" COLLATE NOCASE' if field.data_type is DataType.STRING else f'"{field.id}"'


def _condition_sql(condition: Condition) -> Sql:
    field, operator, value = condition
    name = column(field)
    is_text = field.data_type is DataType.STRING
    if operator in (_EMPTY, _NOT_EMPTY):
        empty = f"({name} IS NULL OR {name} = '')" if is_text else f"({name} IS NULL)"
        return (empty if operator == _EMPTY else f"NOT {empty}"), []
    if operator in _PATTERNS:
        like, wrap = _PATTERNS[operator]
        return _like(field, like, wrap(value))
    if _COMPARISONS[operator] == "<>" and is_text and "%" in value:
        return _like(field, "NOT LIKE", value)
    return f"{name} {_COMPARISONS[operator]} ?", [to_stored(field, value)]


def _like(field: Field, like: str, pattern: str) -> Sql:
    if field.data_type is not DataType.STRING:
        raise Failure(f"Field '{field.id}' is not a text: it can't be compared with a pattern")
    literal = pattern.replace("\\", "\\\\").replace("_", "\\_")
    return f"\"{field.id}\" {like} ? ESCAPE '\\'", [literal]
