"""What a `where` text means: a tree, its text, and which rows it admits by the rules of SQL's three-valued logic.

A comparison with something unknown (an empty field, a missing attribute) is unknown, and so is its negation; unknown admits no row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.evaluation.reading import Reading, Row

Attributes = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str


Operand = str | Attribute


@dataclass(frozen=True, slots=True)
class Compare:
    field: str
    symbol: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class In:
    field: str
    operands: tuple[Operand, ...]
    negated: bool
    in_parentheses: bool


@dataclass(frozen=True, slots=True)
class Between:
    field: str
    low: Operand
    high: Operand
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    field: str
    before: str  # "" or "%"
    text: str
    after: str  # "" or "%"
    negated: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    field: str
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    part: "Node"


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """`everything` or `nothing`; stands alone."""

    admits: bool


Node = Compare | In | Between | Like | IsNull | Not | And | Or | Constant


def spell(node: Node) -> str:
    """The tree as a `where` text, with as few parentheses as the precedence not, and, or allows."""
    match node:
        case Constant():
            return "everything" if node.admits else "nothing"
        case Compare():
            return f"{node.field} {node.symbol} {_operand(node.operand)}"
        case In():
            listed = ", ".join(map(_operand, node.operands))
            return f"{node.field} {_not(node)}in {f'({listed})' if node.in_parentheses else listed}"
        case Between():
            return f"{node.field} {_not(node)}between {_operand(node.low)} and {_operand(node.high)}"
        case Like():
            return f"{node.field} {_not(node)}like {_quoted(node.before + node.text + node.after)}"
        case IsNull():
            return f"{node.field} is {_not(node)}null"
        case Not():
            return f"not {_within(node.part, And, Or)}"
        case And():
            return " and ".join(_within(part, Or) for part in node.parts)
        case Or():
            return " or ".join(_within(part) for part in node.parts)


def holds(node: Node, row: Row, attributes: Attributes, reading: Reading) -> bool | None:
    """True, False, or None for unknown. Fields of the row by their logical names."""
    match node:
        case Constant():
            return node.admits
        case And():
            return _all([holds(part, row, attributes, reading) for part in node.parts])
        case Or():
            return _negation(_all([_negation(holds(part, row, attributes, reading)) for part in node.parts]))
        case Not():
            return _negation(holds(node.part, row, attributes, reading))
        case Between():
            ends = (Compare(node.field, ">=", node.low), Compare(node.field, "<=", node.high))
            inside = _all([holds(end, row, attributes, reading) for end in ends])
            return _negation(inside) if node.negated else inside
    held = reading.field(row, node.field)
    if isinstance(node, IsNull):
        return (held is None) is not node.negated
    if held is None:
        return None
    match node:
        case Compare():
            values = _values(node.operand, attributes, reading)
            return _compare(node.symbol, held, values[0], reading) if len(values) == 1 else None
        case In():
            listed = [_values(operand, attributes, reading) for operand in node.operands]
            found = any(reading.equal(held, value) for values in listed for value in values) or (False if all(listed) else None)
            return _negation(found) if node.negated else found
        case Like():
            found = _is_like(node, reading.folded(held), reading.folded(reading.stored(node.text)))
            return found is not node.negated


def _operand(operand: Operand) -> str:
    if isinstance(operand, Attribute):
        return f"@user.{operand.name}"
    return operand if re.fullmatch(r"-?[0-9]+|true|false", operand) else _quoted(operand)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _not(node: In | Between | Like | IsNull) -> str:
    return "not " if node.negated else ""


def _within(node: Node, *looser: type[Node]) -> str:
    return f"({spell(node)})" if isinstance(node, looser) else spell(node)


def _all(parts: list[bool | None]) -> bool | None:
    return False if False in parts else None if None in parts else True


def _negation(part: bool | None) -> bool | None:
    return None if part is None else not part


def _values(operand: Operand, attributes: Attributes, reading: Reading) -> list[str]:
    value = attributes.get(operand.name, ()) if isinstance(operand, Attribute) else operand
    return [reading.stored(each) for each in ([value] if isinstance(value, str) else value)]


def _compare(symbol: str, held: str, value: str, reading: Reading) -> bool:
    match symbol:
        case "=":
            return reading.equal(held, value)
        case "<" | ">=":
            return reading.less(held, value) is (symbol == "<")
        case ">" | "<=":
            return reading.less(value, held) is (symbol == ">")
        case _:
            return not reading.equal(held, value)


def _is_like(node: Like, held: str, text: str) -> bool:
    if node.before and node.after:
        return text in held
    return held.startswith(text) if node.after else held.endswith(text)
