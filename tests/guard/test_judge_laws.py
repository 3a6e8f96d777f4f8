"""The judge against a second opinion: a row that some backend could rightly have returned is in order, one that none could is a violation.

The opinion is that of `tests/evaluation`, which shares no code with the program, and reads what the program would send.
"""

from collections.abc import Iterator
from itertools import product

from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.filters.filterjson import write_filterjson
from sidecar.filters.predicate import Condition, Operator, Predicate, TooManyGroups
from sidecar.guard.judge import Judge, Verdict
from sidecar.policy.bind import bind
from sidecar.policy.where import compile_where
from tests.evaluation import meaning, worlds
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import filterjson_admits

ORDER = {Operator.LESS, Operator.LESS_OR_EQUAL, Operator.GREATER, Operator.GREATER_OR_EQUAL}
PATTERNS = {operator for operator in Operator if operator.name.endswith(("CONTAINS", "STARTS_WITH", "ENDS_WITH"))}
POLICY_VALUES = [*worlds.PLAIN_VALUES, "5%", "A_B", "C%", "%ONS", "%1%", "[A-C]ONS", "x,y"]
PLAIN_HELD = [held for held in worlds.HELD if held is None or held.isascii() or held == "José"]

conditions = st.builds(Condition, st.sampled_from(worlds.BACKEND_FIELDS), st.sampled_from(list(Operator)), st.sampled_from(POLICY_VALUES))
groups = st.lists(conditions, min_size=1, max_size=3, unique=True).map(tuple)
predicates = st.lists(groups, min_size=1, max_size=3).map(lambda parts: Predicate(tuple(parts)))
bound_filters = st.tuples(worlds.expressions, worlds.attributes)
plain_rows: st.SearchStrategy[Row] = st.fixed_dictionaries(dict.fromkeys(worlds.BACKEND_FIELDS, st.sampled_from(PLAIN_HELD)))


def readings_that_matter(predicate: Predicate, row: Row) -> Iterator[Reading]:
    """All readings, less those that differ only in what is not asked about here."""
    has_empty = not all(row.values())
    has_patterns = any(condition.operator in PATTERNS for group in predicate.groups for condition in group)
    for letters, like, wildcards, nulls in product(
        ("exact", "any_case", "any_case_or_accent"),
        ("literal", "pattern", "surrounded") if has_patterns else ("literal",),
        ("percent", "all") if has_patterns else ("percent",),
        ("sql", "smallest", "different") if has_empty else ("sql",),
    ):
        for pads, numbers, booleans, wildcards_in_equal in product((False, True), repeat=4):
            for empty_is_null in (False, True) if has_empty else (False,):
                yield Reading(
                    letters=letters,  # type: ignore[arg-type]
                    like=like,  # type: ignore[arg-type]
                    wildcards=wildcards,  # type: ignore[arg-type]
                    nulls=nulls,  # type: ignore[arg-type]
                    pads=pads,
                    numbers=numbers,
                    booleans=booleans,
                    wildcards_in_equal=wildcards_in_equal,
                    empty_is_null=empty_is_null,
                )


def bound(expression: meaning.Node, attributes: meaning.Attributes) -> Predicate:
    try:
        predicate = bind(compile_where(meaning.spell(expression)), attributes, worlds.FIELDS)
    except TooManyGroups:
        assume(False)
        raise
    assume(not predicate.is_nothing and not predicate.is_everything)
    return predicate


@given(bound_filters, worlds.rows, worlds.faithful_readings)
def test_what_a_backend_of_any_reading_returns_for_a_policy_is_never_a_violation(
    filter_of_user: tuple[meaning.Node, meaning.Attributes], rows: list[Row], reading: Reading
) -> None:
    predicate = bound(*filter_of_user)
    returned = [row for row in rows if filterjson_admits(write_filterjson(predicate), row, reading)]
    assert Judge(predicate).count(returned) == (len(returned), 0, 0)


# Without look-alikes of ASCII: who overlooks letter case overlooks width too, says the judge, and the second opinion does neither.
@given(predicates, st.lists(plain_rows, min_size=4, max_size=12), worlds.faithful_readings)
def test_what_a_backend_of_any_reading_returns_for_any_predicate_is_never_a_violation(
    predicate: Predicate, rows: list[Row], reading: Reading
) -> None:
    returned = [row for row in rows if filterjson_admits(write_filterjson(predicate), row, reading)]
    assert Judge(predicate).count(returned) == (len(returned), 0, 0)


@given(predicates, plain_rows)
def test_what_no_backend_could_return_is_always_a_violation(predicate: Predicate, row: Row) -> None:
    # Order is left out: which of two texts comes first has more answers than the second opinion knows.
    assume(not any(condition.operator in ORDER for group in predicate.groups for condition in group))
    text = write_filterjson(predicate)
    could = any(filterjson_admits(text, row, reading) for reading in readings_that_matter(predicate, row))
    assert Judge(predicate).verdict(row) is (Verdict.SATISFIES if could else Verdict.VIOLATES)


@given(bound_filters, st.lists(plain_rows, min_size=1, max_size=4))
def test_verdicts_do_not_depend_on_what_was_judged_before(filter_of_user: tuple[meaning.Node, meaning.Attributes], rows: list[Row]) -> None:
    predicate = bound(*filter_of_user)
    judge = Judge(predicate)
    assert [judge.verdict(row) for row in [*rows, *reversed(rows)]] == [Judge(predicate).verdict(row) for row in [*rows, *reversed(rows)]]


@given(st.integers(-30, 30), st.sampled_from(sorted(ORDER)), st.integers(-30, 30))
def test_what_the_answer_calls_a_number_is_compared_as_one(value: int, operator: Operator, held: int) -> None:
    holds = {
        Operator.LESS: held < value,
        Operator.LESS_OR_EQUAL: held <= value,
        Operator.GREATER: held > value,
        Operator.GREATER_OR_EQUAL: held >= value,
    }[operator]
    judge = Judge(Predicate(((Condition("Uren", operator, str(value)),),)))
    for spelled in (f"{held}", f"{held}.0", f"{held}0e-1"):
        assert (judge.verdict({"Uren": spelled.encode()}) is Verdict.SATISFIES) is holds
