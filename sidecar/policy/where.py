"""The `where` language: the familiar SQL boolean expression over logical field names, literals and `@user.<attribute>`.

Parsed by sqlglot once, when policy is loaded, to the few node types below; whatever else the expression holds is an error with its
place. What it means for one user and one GetConnector is said in `bind.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp, parse, tokenize
from sqlglot.errors import SqlglotError

from sidecar.filters.predicate import Operator
from sidecar.filters.values import MARKERS_OF_EMPTY, has_control_characters, is_bracket_tag, may_be_wildcard

Attribute = str | tuple[str, ...]
"""The value of a user's attribute: one text, or several."""


class WhereError(ValueError):
    """The expression can't be read, or the backend's operators can't say it. The message names the part and the remedy."""


@dataclass(frozen=True, slots=True)
class AttributeOf:
    """`@user.<name>`"""

    name: str


Operand = str | AttributeOf


@dataclass(frozen=True, slots=True)
class Compare:
    """`field` compared with one operand; `operator` is one of the first five or NOT_EQUAL."""

    field: str
    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True)
class OneOf:
    """`field in (…)`, or `not in`."""

    field: str
    operands: tuple[Operand, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """`field like '…'`: starts with, ends with or contains; `operator` is the positive one."""

    field: str
    operator: Operator
    text: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    """`field is null`, or `is not null`."""

    field: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; with no parts, every row (`everything`)."""

    parts: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Any:
    """At least one part holds; with no parts, no row (`nothing`)."""

    parts: tuple["Expression", ...] = ()


Comparison = Compare | OneOf | Like | IsNull
Expression = Comparison | All | Any


@dataclass(frozen=True, slots=True)
class Where:
    """A compiled filter: `text` as the configuration spells it, and what it means."""

    text: str
    expression: Expression

    @property
    def fields(self) -> frozenset[str]:
        """The logical field names that occur."""
        return frozenset(node.field for node in _comparisons(self.expression))

    @property
    def attributes(self) -> frozenset[str]:
        """The attributes of the user that occur."""
        operands = (operand for node in _comparisons(self.expression) for operand in _operands(node))
        return frozenset(operand.name for operand in operands if isinstance(operand, AttributeOf))

    @property
    def single_attributes(self) -> frozenset[str]:
        """The attributes that stand where only one value can: beside `=`, `<` and the like, not in `in`."""
        compared = (node.operand for node in _comparisons(self.expression) if isinstance(node, Compare))
        return frozenset(operand.name for operand in compared if isinstance(operand, AttributeOf))


def compile_where(text: str) -> Where:
    """The compiled filter.

    :raises WhereError: when it is no expression of the language.
    """
    words = text.strip().lower()
    if words in ("everything", "nothing"):
        return Where(text, All() if words == "everything" else Any())
    try:
        if any(token.comments for token in tokenize(text)):
            # Where YAML folds lines into one, `--` would swallow the conditions on the lines behind it.
            raise WhereError("comments are not part of the language; write them outside the text, behind a `#` of YAML")
        statements = [statement for statement in parse(text) if statement is not None]
    except (SqlglotError, RecursionError) as problem:
        first_line = str(problem).partition("\n")[0]
        raise WhereError(f"not a boolean expression: {first_line[:200]}") from None
    if len(statements) != 1:
        raise WhereError("expected one boolean expression, `everything` or `nothing`")
    try:
        return Where(text, _boolean(statements[0], negated=False))
    except RecursionError:
        raise WhereError("nested too deeply") from None


# From sqlglot's tree to ours. Negation is pushed down on the way, so that ours has none above a comparison.

_COMPARISONS: dict[type[exp.Expr], tuple[Operator, Operator]] = {
    exp.EQ: (Operator.EQUAL, Operator.NOT_EQUAL),
    exp.NEQ: (Operator.NOT_EQUAL, Operator.EQUAL),
    exp.GT: (Operator.GREATER, Operator.LESS_OR_EQUAL),
    exp.GTE: (Operator.GREATER_OR_EQUAL, Operator.LESS),
    exp.LT: (Operator.LESS, Operator.GREATER_OR_EQUAL),
    exp.LTE: (Operator.LESS_OR_EQUAL, Operator.GREATER),
}

_ARGUMENTS = frozenset({"this", "expression", "low", "high", "expressions", "field", "negate"})


def _boolean(node: exp.Expr, *, negated: bool) -> Expression:
    _refuse_arguments(node, _ARGUMENTS)
    negated ^= bool(node.args.get("negate"))  # some releases of sqlglot read `not like` as a `like` with this mark
    match node:
        case exp.Paren():
            return _boolean(node.this, negated=negated)
        case exp.Not():
            return _boolean(node.this, negated=not negated)
        case exp.And() | exp.Or():
            # Flattened, since a long chain is a deep tree.
            parts = tuple(_boolean(part, negated=negated) for part in node.flatten())
            return All(parts) if isinstance(node, exp.And) is not negated else Any(parts)
        case exp.Between():
            field = _field(node.this)
            low = Compare(field, Operator.LESS if negated else Operator.GREATER_OR_EQUAL, _operand(node.args["low"]))
            high = Compare(field, Operator.GREATER if negated else Operator.LESS_OR_EQUAL, _operand(node.args["high"]))
            return Any((low, high)) if negated else All((low, high))
        case exp.In():
            return _in(node, negated=negated)
        case exp.Is():
            if not isinstance(node.expression, exp.Null):
                raise WhereError(f"`{node.sql()}`: `is` compares with null only")
            return IsNull(_field(node.this), negated)
        case exp.Like():
            return _like(node, negated=negated)
        case _ if type(node) in _COMPARISONS:
            return Compare(_field(node.this), _COMPARISONS[type(node)][negated], _operand(node.expression))
        case _:
            raise WhereError(
                f"`{node.sql()}` is not part of the language; known are"
                " = <> < <= > >= in between like is null and or not, everything, nothing"
            )


def _in(node: exp.In, *, negated: bool) -> Expression:
    listed = node.args.get("field")
    operands = [listed] if listed is not None else node.expressions
    if listed is not None and not isinstance(_operand(listed), AttributeOf):
        raise WhereError(f"`{node.sql()}`: `in` takes a list in parentheses or one @user.<attribute>")
    if not operands:
        raise WhereError(f"`{node.sql()}`: the list is empty")
    return OneOf(_field(node.this), tuple(_operand(operand) for operand in operands), negated)


def _like(node: exp.Like, *, negated: bool) -> Expression:
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise WhereError(f"`{node.sql()}`: `like` takes a literal such as 'x%'")
    text = str(pattern.this)
    literal = text.strip("%")
    operator = {
        (False, True): Operator.STARTS_WITH,
        (True, False): Operator.ENDS_WITH,
        (True, True): Operator.CONTAINS,
    }.get((text.startswith("%"), text.endswith("%")))
    if operator is None or not literal:
        raise WhereError(f"`{node.sql()}`: use 'x%', '%x' or '%x%'")
    if may_be_wildcard(literal):
        raise WhereError(f"`{node.sql()}`: the backend has no escape for % _ [ ] * ? ^ inside the text")
    return Like(_field(node.this), operator, _literal(literal), negated)


def _refuse_arguments(node: exp.Expr, known: frozenset[str]) -> None:
    surplus = [name for name, value in node.args.items() if value and name not in known]
    if surplus:
        raise WhereError(f"`{node.sql()}`: {surplus[0]} is not part of the language")


def _field(node: exp.Expr) -> str:
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and len(node.parts) == 1:
        return str(node.this.this)
    raise WhereError(f"`{node.sql()}`: expected a logical field name on the left, such as `department`")


def _operand(node: exp.Expr) -> Operand:
    match node:
        case exp.Literal():
            return _literal(str(node.this))
        case exp.Neg() if isinstance(node.this, exp.Literal) and not node.this.is_string:
            return f"-{node.this.this}"
        case exp.Boolean():
            return "true" if node.this else "false"
        case exp.Dot() if _is_attribute(node):
            return AttributeOf(node.expression.name)
        case exp.Null():
            raise WhereError("compare with null by `is null` or `is not null`")
        case exp.Column():
            raise WhereError(f"`{node.sql()}`: expected a literal or @user.<attribute>; quote text as '{node.name}'")
        case _:
            raise WhereError(f"`{node.sql()}`: expected a literal or @user.<attribute>")


def _is_attribute(node: exp.Dot) -> bool:
    user, name = node.this, node.expression
    return isinstance(user, exp.Parameter) and user.name.lower() == "user" and isinstance(name, exp.Identifier)


def _literal(text: str) -> str:
    problem = why_not_literal(text)
    if problem:
        raise WhereError(f"'{text}': {problem}")
    return text


def why_not_literal(text: str) -> str | None:
    """Why this text can't be the value of a filter, or None if it can. Used for attributes of users as well."""
    if not text or text != text.strip():
        return "an empty value, or one with space around it, has no certain meaning for the backend"
    if text.lower() in MARKERS_OF_EMPTY:
        return "the backend could take it for an empty value"
    if is_bracket_tag(text):
        return "the backend could take a text in brackets for a tag"
    if has_control_characters(text):
        return "control characters can't be part of a value"
    return None


def _comparisons(node: Expression) -> Iterator[Comparison]:
    if isinstance(node, All | Any):
        for part in node.parts:
            yield from _comparisons(part)
    else:
        yield node


def _operands(node: Comparison) -> tuple[Operand, ...]:
    match node:
        case Compare():
            return (node.operand,)
        case OneOf():
            return node.operands
        case _:
            return ()
