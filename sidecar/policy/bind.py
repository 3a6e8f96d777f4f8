"""What a compiled filter means for one user and one GetConnector: a predicate over the backend's own fields.

As in SQL, a comparison with something unknown (a missing attribute, an empty field) is never true, nor is its negation; the same holds for
an attribute's value that can't be said to a backend without becoming something else, such as a bracket tag. Where sources
disagree how the backend reads an operator or a value, the predicate is built so that every reading admits the same rows.
"""

from collections.abc import Mapping
from functools import reduce

from sidecar.filters.predicate import EVERYTHING, NOTHING, Operator, Predicate, conjoin, single, union
from sidecar.filters.values import may_be_wildcard
from sidecar.policy.where import All, Any, Attribute, Compare, Expression, IsNull, Like, OneOf, Operand, Where, why_not_literal

_MOST_GROUPS = 2_000


def bind(where: Where, attributes: Mapping[str, Attribute], fields: Mapping[str, str]) -> Predicate:
    """The rows that the filter admits.

    :param attributes: of the user; a missing or empty one makes its comparison false.
    :param fields: logical name → the GetConnector's field id; holds every name in `where.fields`.
    :raises TooManyGroups: when it multiplies out to more groups than any query could carry.
    """
    return _bind(where.expression, attributes, fields)


def _bind(node: Expression, attributes: Mapping[str, Attribute], fields: Mapping[str, str]) -> Predicate:
    match node:
        case All():
            return reduce(_both, (_bind(part, attributes, fields) for part in node.parts), EVERYTHING)
        case Any():
            return union(_bind(part, attributes, fields) for part in node.parts)
        case IsNull():
            return single(fields[node.field], Operator.NOT_EMPTY if node.negated else Operator.EMPTY)
        case Like():
            return _bind_like(fields[node.field], node)
        case OneOf():
            values = [value for operand in node.operands for value in _values(operand, attributes)]
            sayable = [value for value in values if why_not_literal(value) is None]
            if not node.negated:
                return union(equal(fields[node.field], value) for value in sayable)
            if sayable != values or not all(_values(operand, attributes) for operand in node.operands):
                return NOTHING
            return reduce(_both, (_compare(fields[node.field], Operator.NOT_EQUAL, value) for value in values))
        case Compare():
            values = list(_values(node.operand, attributes))
            if len(values) != 1 or why_not_literal(values[0]) is not None:  # both are told when the policy is loaded
                return NOTHING
            return _compare(fields[node.field], node.operator, values[0])


def _values(operand: Operand, attributes: Mapping[str, Attribute]) -> tuple[str, ...]:
    if isinstance(operand, str):
        return (operand,)
    value = attributes.get(operand.name, ())
    return (value,) if isinstance(value, str) else value


def _both(left: Predicate, right: Predicate) -> Predicate:
    return conjoin(left, right, _MOST_GROUPS)


def equal(field: str, value: str) -> Predicate:
    """`=`, and where the backend might read a pattern into the value, the two comparisons that know no patterns."""
    if may_be_wildcard(value):
        return _both(single(field, Operator.GREATER_OR_EQUAL, value), single(field, Operator.LESS_OR_EQUAL, value))
    return single(field, Operator.EQUAL, value)


def _compare(field: str, operator: Operator, value: str) -> Predicate:
    if operator is Operator.EQUAL:
        return equal(field, value)
    # An empty field is neither different, nor less, nor greater: said outright, since backends disagree.
    not_empty = single(field, Operator.NOT_EMPTY)
    if operator is Operator.NOT_EQUAL and may_be_wildcard(value):
        return _both(union([single(field, Operator.LESS, value), single(field, Operator.GREATER, value)]), not_empty)
    return _both(single(field, operator, value), not_empty)


_PATTERN = {Operator.STARTS_WITH: "{}%", Operator.ENDS_WITH: "%{}", Operator.CONTAINS: "%{}%"}
_NEGATED = {
    Operator.STARTS_WITH: Operator.NOT_STARTS_WITH,
    Operator.ENDS_WITH: Operator.NOT_ENDS_WITH,
    Operator.CONTAINS: Operator.NOT_CONTAINS,
}


def _bind_like(field: str, node: Like) -> Predicate:
    """Both spellings of the value, with and without `%`: sources disagree which one the backend expects (wire reference 2.4).

    Joined by OR for the positive, by AND for the negated operators, the pair means the same under either convention.
    """
    spellings = (_PATTERN[node.operator].format(node.text), node.text)
    if not node.negated:
        return union(single(field, node.operator, spelling) for spelling in spellings)
    exclusions = (single(field, _NEGATED[node.operator], spelling) for spelling in spellings)
    return reduce(_both, exclusions, single(field, Operator.NOT_EMPTY))
