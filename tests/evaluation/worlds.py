"""Generated worlds: readings, rows, clients' filters in every spelling, policies with users and groups.

Plain data, nothing of the program.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.evaluation import meaning
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import Spelled, filterjson_admits, lists_admit

FIELDS = {"department": "Afdeling", "number": "Nummer", "name": "Naam"}
"""The logical names of policies, and the backend's fields behind them."""

UNGUARDED_FIELD = "Vrij"
BACKEND_FIELDS = [*FIELDS.values(), UNGUARDED_FIELD]
GROUPS = ["everyone", "consultancy", "management"]

# Few values, so that filters and rows meet; each family holds what some reading takes for the same or for a pattern of another.
PLAIN_VALUES = ["CONS", "cons", "ICT", "Viking", "Wiking", "1", "01", "2", "10", "-3", "true", "ja", "José", "Jose", "a b", "x-1"]
PATTERN_VALUES = ["A_B", "AxB", "5%", "%", "C*", "[A-C]ONS", "?", "％", "＊", "A\u0332B", "a[b", "null"]
AWKWARD_VALUES = ["x,y", "x;y", "O'Brien", 'a"b', "\\", "{}", "a&b=c", "é+", "x；y", "x\u037ey"]
ATTACKING_VALUES = [
    "x，CONS",
    "x；1",
    "x%2CCONS",
    "x%3B1",
    'x"}]},{"Field":[{"@FieldId":"Vrij","@OperatorType":"7","#text":"q"}]},{"Field":[{"@FieldId":"Naam","@OperatorType":"1","#text":"x',
]
ATTACKING_VALUES += [ATTACKING_VALUES[-1].replace('"', quote) for quote in ("＂", "ʺ", "%22")]
POLICY_VALUES = [*PLAIN_VALUES, *PATTERN_VALUES[:-1], *AWKWARD_VALUES, *ATTACKING_VALUES[:4]]
MARKERS_OF_EMPTY = ["", '""', "null", "[is leeg]", "[Is Empty]"]
ATTRIBUTES = ["employee", "departments", "missing"]

readings = st.builds(
    Reading,
    mixed=st.sampled_from(["or_of_ands", "and_of_ors"]),
    letters=st.sampled_from(["exact", "any_case", "any_case_or_accent"]),
    pads=st.booleans(),
    numbers=st.booleans(),
    booleans=st.booleans(),
    like=st.sampled_from(["pattern", "literal", "surrounded"]),
    wildcards=st.sampled_from(["percent", "all"]),
    wildcards_in_equal=st.booleans(),
    nulls=st.sampled_from(["sql", "smallest", "different"]),
    empty_is_null=st.booleans(),
    code_page=st.booleans(),
    decodes_twice=st.booleans(),
)
faithful_readings = readings.map(lambda reading: replace(reading, code_page=False, decodes_twice=False))

HELD = [None, "", "CONS ", "CONSULT", "x-CONS", "AB", "q", *PLAIN_VALUES, *PATTERN_VALUES, *AWKWARD_VALUES]
"""What rows hold."""

_held = st.sampled_from(HELD)
rows: st.SearchStrategy[list[Row]] = st.lists(st.fixed_dictionaries(dict.fromkeys(BACKEND_FIELDS, _held)), min_size=4, max_size=12)


# What clients ask.


@dataclass(frozen=True, slots=True)
class Lists:
    """A client's compact lists."""

    fields: str
    values: str
    operators: str

    def admits(self, row: Row, reading: Reading) -> bool:
        return lists_admit(self.fields, self.values, self.operators, row, reading)


@dataclass(frozen=True, slots=True)
class FilterJson:
    """A client's `filterjson`."""

    text: str

    def admits(self, row: Row, reading: Reading) -> bool:
        return filterjson_admits(self.text, row, reading)


@dataclass(frozen=True, slots=True)
class NoFilter:
    """A client that asks for everything."""

    def admits(self, _row: Row, _reading: Reading) -> bool:
        return True


Asked = Lists | FilterJson | NoFilter

_values = st.sampled_from([*PLAIN_VALUES, *PLAIN_VALUES, *PATTERN_VALUES, *AWKWARD_VALUES, *ATTACKING_VALUES])
_fields = st.sampled_from(BACKEND_FIELDS)
_operators = st.sampled_from([str(number) for number in range(1, 15) if number not in (8, 9)] + ["1"] * 6)
spelled_conditions: st.SearchStrategy[Spelled] = st.one_of(
    st.tuples(_fields, _operators, _values),
    st.tuples(_fields, _operators, _values),
    st.tuples(_fields, st.sampled_from(["8", "9"]), st.sampled_from(MARKERS_OF_EMPTY)),
)


@st.composite
def compact_filters(draw: st.DrawFn, separators: str = ",;", *, mixed: bool = True) -> Lists:
    """Three lists. Not `mixed`: with one of the separators only."""
    one = draw(st.sampled_from(separators))
    conditions = draw(st.lists(spelled_conditions.filter(lambda each: not re.search("[,;]", each[2])), min_size=1, max_size=5))
    between = [draw(st.sampled_from(separators)) if mixed else one for _ in conditions[1:]]

    def joined(part: int) -> str:
        texts = [condition[part] for condition in conditions]
        return texts[0] + "".join(separator + text for separator, text in zip(between, texts[1:], strict=True))

    all_equal = all(operator == "1" for _, operator, _ in conditions)
    return Lists(joined(0), joined(2), "" if all_equal and draw(st.booleans()) else joined(1))


@st.composite
def json_filters(draw: st.DrawFn) -> FilterJson:
    """The documented shape, in the ways in which clients vary it."""
    groups = draw(st.lists(st.lists(spelled_conditions, min_size=1, max_size=3), min_size=1, max_size=3))
    with_labels, bare_numbers = draw(st.booleans()), draw(st.booleans())
    filters = [
        ({"@FilterId": f"Filter {number}"} if with_labels else {})
        | {
            "Field": [
                {
                    "@FieldId": field,
                    "@OperatorType": int(operator) if bare_numbers else operator,
                    "#text": None if text == "null" and operator in ("8", "9") else text,
                }
                for field, operator, text in group
            ]
        }
        for number, group in enumerate(groups, start=1)
    ]
    return FilterJson(json.dumps({"Filters": {"Filter": filters}}, ensure_ascii=draw(st.booleans())))


asked: st.SearchStrategy[Asked] = st.one_of(st.just(NoFilter()), compact_filters(mixed=False), json_filters(), json_filters())


# What policies allow.


@dataclass(frozen=True, slots=True)
class World:
    """A user, his attributes and groups, and filter types: name → group → filter."""

    attributes: Mapping[str, str | tuple[str, ...]]
    groups: frozenset[str]
    filter_types: Mapping[str, Mapping[str, meaning.Node]]

    def admits(self, row: Row, reading: Reading) -> bool:
        """Within a filter type the filters of all the user's groups add up; all filter types must hold."""
        logical = {name: row[field] for name, field in FIELDS.items()}
        return all(
            any(meaning.holds(node, logical, self.attributes, reading) is True for group, node in filters.items() if group in self.groups)
            for filters in self.filter_types.values()
        )


_logical = st.sampled_from(list(FIELDS))
_literals = st.sampled_from(POLICY_VALUES)
_operands: st.SearchStrategy[meaning.Operand] = st.one_of(_literals, st.sampled_from(ATTRIBUTES).map(meaning.Attribute))
_texts = st.sampled_from(["CONS", "con", "I", "1", "José", "x-1", "O'B", "ja", "x,y"])
_ends = st.sampled_from([("%", ""), ("", "%"), ("%", "%")])
_negated = st.booleans()

comparisons: st.SearchStrategy[meaning.Node] = st.one_of(
    st.builds(meaning.Compare, _logical, st.sampled_from(["=", "=", "<>", "!=", "<", "<=", ">", ">="]), _operands),
    st.builds(meaning.In, _logical, st.lists(_operands, min_size=1, max_size=3).map(tuple), _negated, st.just(True)),
    st.builds(meaning.In, _logical, st.sampled_from(ATTRIBUTES).map(lambda name: (meaning.Attribute(name),)), _negated, st.just(False)),
    st.builds(meaning.Between, _logical, _operands, _operands, _negated),
    st.builds(lambda field, ends, text, negated: meaning.Like(field, ends[0], text, ends[1], negated), _logical, _ends, _texts, _negated),
    st.builds(meaning.IsNull, _logical, _negated),
)
expressions: st.SearchStrategy[meaning.Node] = st.recursive(
    comparisons,
    lambda parts: st.one_of(
        st.builds(meaning.Not, parts),
        st.builds(meaning.And, st.lists(parts, min_size=2, max_size=3).map(tuple)),
        st.builds(meaning.Or, st.lists(parts, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=4,
)
filters: st.SearchStrategy[meaning.Node] = st.one_of(expressions, expressions, st.booleans().map(meaning.Constant))

attributes: st.SearchStrategy[Mapping[str, str | tuple[str, ...]]] = st.fixed_dictionaries(
    {}, optional={"employee": _literals, "departments": st.lists(_literals, max_size=3).map(tuple)}
)
worlds = st.builds(
    World,
    attributes,
    st.sets(st.sampled_from(GROUPS)).map(lambda joined: frozenset({"everyone", *joined})),
    st.dictionaries(
        st.sampled_from(["by department", "by employee"]),
        st.dictionaries(st.sampled_from(GROUPS), filters, max_size=3),
        min_size=1,
        max_size=2,
    ),
)
