"""Generated predicates: few fields and values, so that groups meet, contain and contradict one another."""

import json

from hypothesis import strategies as st

from sidecar.filters.predicate import Condition, Operator, Predicate
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import filterjson_admits
from tests.evaluation.worlds import ATTACKING_VALUES, AWKWARD_VALUES, BACKEND_FIELDS, MARKERS_OF_EMPTY, PATTERN_VALUES, PLAIN_VALUES

_fields = st.sampled_from(BACKEND_FIELDS)
_values = st.sampled_from([*PLAIN_VALUES, *PLAIN_VALUES, *PATTERN_VALUES, *AWKWARD_VALUES, *ATTACKING_VALUES])
conditions: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Condition, _fields, st.just(Operator.EQUAL), _values),
    st.builds(Condition, _fields, st.sampled_from([operator for operator in Operator if operator.takes_value]), _values),
    st.builds(Condition, _fields, st.sampled_from([Operator.EMPTY, Operator.NOT_EMPTY]), st.sampled_from(MARKERS_OF_EMPTY)),
)


def predicates_of(least_groups: int, least_conditions: int, most: int = 4) -> st.SearchStrategy[Predicate]:
    groups = st.lists(conditions, min_size=least_conditions, max_size=most, unique=True).map(tuple)
    return st.lists(groups, min_size=least_groups, max_size=most).map(lambda drawn: Predicate(tuple(drawn)))


predicates = predicates_of(1, 1)
"""Those that have a spelling: at least one group, none empty."""

any_predicates = predicates_of(0, 0)
"""Everything and nothing among them."""


def admitted(predicate: Predicate, rows: list[Row], reading: Reading) -> list[Row]:
    """The rows that a predicate admits, by the evaluator of the wire: each condition is spelled and judged by itself."""
    return [row for row in rows if any(all(_holds(condition, row, reading) for condition in group) for group in predicate.groups)]


def _holds(condition: Condition, row: Row, reading: Reading) -> bool:
    field = {"@FieldId": condition.field, "@OperatorType": condition.operator.value, "#text": condition.value}
    return filterjson_admits(json.dumps({"Filters": {"Filter": [{"Field": [field]}]}}), row, reading)
