"""A predicate in words, for logs and explanations. Never sent to a backend, never read back."""

from sidecar.filters.predicate import Condition, Operator, Predicate

_SYMBOLS = {
    Operator.EQUAL: "=",
    Operator.GREATER_OR_EQUAL: ">=",
    Operator.LESS_OR_EQUAL: "<=",
    Operator.GREATER: ">",
    Operator.LESS: "<",
    Operator.CONTAINS: "contains",
    Operator.NOT_EQUAL: "<>",
    Operator.EMPTY: "is empty",
    Operator.NOT_EMPTY: "is not empty",
    Operator.STARTS_WITH: "starts with",
    Operator.NOT_CONTAINS: "does not contain",
    Operator.NOT_STARTS_WITH: "does not start with",
    Operator.ENDS_WITH: "ends with",
    Operator.NOT_ENDS_WITH: "does not end with",
}


def describe(predicate: Predicate) -> str:
    """Such as ``Afdeling = 'CONS' and Uren > '3' or Afdeling = 'ICT'``; `everything` and `nothing` by name."""
    if predicate.is_everything:
        return "everything"
    if predicate.is_nothing:
        return "nothing"
    return " or ".join(" and ".join(_condition(condition) for condition in group) for group in predicate.groups)


def _condition(condition: Condition) -> str:
    symbol = _SYMBOLS[condition.operator]
    return f"{condition.field} {symbol} {condition.value!r}" if condition.operator.takes_value else f"{condition.field} {symbol}"
