"""The rules that every spelling of a client's filter shares: which field, operator and value make a condition."""

from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Condition, Operator
from sidecar.filters.values import MARKERS_OF_EMPTY, has_control_characters, is_bracket_tag, is_field_id

_OPERATORS = {operator.digits: operator for operator in Operator}


def read_condition(field: str, operator: str, value: str, place: str) -> Condition:
    """One condition of a client's filter, from the texts in which it was spelled.

    :param place: where it stands, for the message, such as ``condition 2``.
    :raises Refusal: for anything whose meaning the wire reference calls unknown (2.4, 2.5).
    """
    return read_value(*read_comparison(field, operator, place), value, place)


def read_comparison(field: str, operator: str, place: str) -> tuple[str, Operator]:
    """The part of a condition that stands before its value.

    :raises Refusal: as `read_condition`.
    """
    if not is_field_id(field):
        raise Refusal(Reason.FILTER_MALFORMED, f"{place}: {field[:100]!r} is not a field id")
    known = _OPERATORS.get(operator)
    if known is None:
        if operator == "15":
            raise Refusal(Reason.FILTER_NOT_SUPPORTED, f"{place}: operator 15 (quick filter) is not supported; use operators 1 to 14")
        raise Refusal(Reason.FILTER_MALFORMED, f"{place}: {operator[:20]!r} is not an operator; use a number from 1 to 14")
    return field, known


def read_value(field: str, operator: Operator, value: str, place: str) -> Condition:
    """The condition, from what `read_comparison` gave and its value.

    :raises Refusal: as `read_condition`.
    """
    if has_control_characters(value):
        raise Refusal(Reason.FILTER_MALFORMED, f"{place}: the value holds control characters")
    if not operator.takes_value:
        if value.strip().lower() not in MARKERS_OF_EMPTY:
            raise Refusal(Reason.FILTER_MALFORMED, f"{place}: operator {operator.digits} compares with nothing; leave its value empty")
    elif not value:
        raise Refusal(Reason.FILTER_MALFORMED, f"{place}: operator {operator.digits} needs a value; operator 8 asks for empty fields")
    elif is_bracket_tag(value):
        raise Refusal(Reason.FILTER_NOT_SUPPORTED, f"{place}: bracket tags are not supported; send the value that is meant")
    return Condition(field, operator, value)
