"""What a filter means for one user: the rows that it admits, and the predicates themselves where their form matters to the backend."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, TooManyGroups, single
from sidecar.policy.bind import bind
from sidecar.policy.where import Attribute, compile_where
from tests.evaluation import meaning, worlds
from tests.evaluation.reading import Reading, Row
from tests.filters.predicates import admitted

FIELDS = {"a": "Afdeling", "n": "Nummer"}
# How a parameter is decoded is no matter here.
READINGS = worlds.readings.map(lambda reading: replace(reading, decodes_twice=False))
NOT_EMPTY = Condition("Afdeling", Operator.NOT_EMPTY)


def bound(text: str, **attributes: Attribute) -> Predicate:
    return bind(compile_where(text), attributes, FIELDS)


def alike(value: str | None) -> Row:
    """A row that holds the same in every field."""
    return dict.fromkeys(worlds.BACKEND_FIELDS, value)


def as_meant(node: meaning.Node, attributes: meaning.Attributes, rows: list[Row], reading: Reading) -> list[Row]:
    def named(row: Row) -> Row:
        return {name: row[field] for name, field in worlds.FIELDS.items()}

    return [row for row in rows if meaning.holds(node, named(row), attributes, reading) is True]


@given(worlds.comparisons, st.booleans(), worlds.attributes, READINGS)
@settings(max_examples=5 * settings().max_examples)
def test_a_comparison_admits_what_it_means_in_sql_under_every_reading(
    comparison: meaning.Node, negated: bool, attributes: meaning.Attributes, reading: Reading
) -> None:
    """Against every value that a row can hold."""
    node = meaning.Not(comparison) if negated else comparison
    rows = [alike(value) for value in worlds.HELD]
    predicate = bind(compile_where(meaning.spell(node)), attributes, worlds.FIELDS)
    assert admitted(predicate, rows, reading) == as_meant(node, attributes, rows, reading)


@given(worlds.filters, worlds.attributes, worlds.rows, READINGS)
def test_and_or_and_not_admit_what_they_mean_in_sql(
    node: meaning.Node, attributes: meaning.Attributes, rows: list[Row], reading: Reading
) -> None:
    predicate = bind(compile_where(meaning.spell(node)), attributes, worlds.FIELDS)
    assert admitted(predicate, rows, reading) == as_meant(node, attributes, rows, reading)


def afdeling(operator: Operator, value: str) -> Condition:
    return Condition("Afdeling", operator, value)


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("everything", ((),)),
        ("nothing", ()),
        ("a = 'CONS'", ((afdeling(Operator.EQUAL, "CONS"),),)),
        ("a in ('CONS', 'ICT')", ((afdeling(Operator.EQUAL, "CONS"),), (afdeling(Operator.EQUAL, "ICT"),))),
        ("a <> 'CONS'", ((afdeling(Operator.NOT_EQUAL, "CONS"), NOT_EMPTY),)),
        ("a < 'CONS'", ((afdeling(Operator.LESS, "CONS"), NOT_EMPTY),)),
        ("not a >= 'CONS'", ((afdeling(Operator.LESS, "CONS"), NOT_EMPTY),)),
        ("a between 1 and 2", ((afdeling(Operator.GREATER_OR_EQUAL, "1"), NOT_EMPTY, afdeling(Operator.LESS_OR_EQUAL, "2")),)),
        ("a not in (1, 2)", ((afdeling(Operator.NOT_EQUAL, "1"), NOT_EMPTY, afdeling(Operator.NOT_EQUAL, "2")),)),
        ("a is null", ((Condition("Afdeling", Operator.EMPTY),),)),
        ("a is not null", ((NOT_EMPTY,),)),
        ("a = 1 and n = 2", ((afdeling(Operator.EQUAL, "1"), Condition("Nummer", Operator.EQUAL, "2")),)),
    ],
)
def test_comparisons_become_conditions_that_leave_empty_fields_out(text: str, groups: tuple[tuple[Condition, ...], ...]) -> None:
    assert bound(text).groups == groups


@pytest.mark.parametrize("value", ["A_B", "5%", "C*", "a[b", "x?", "％", "^x"])
def test_a_value_that_could_be_a_pattern_is_compared_where_no_pattern_is_known(value: str) -> None:
    assert bound("a = @user.x", x=value).groups == ((afdeling(Operator.GREATER_OR_EQUAL, value), afdeling(Operator.LESS_OR_EQUAL, value)),)
    assert bound("a <> @user.x", x=value).groups == (
        (afdeling(Operator.LESS, value), NOT_EMPTY),
        (afdeling(Operator.GREATER, value), NOT_EMPTY),
    )


@pytest.mark.parametrize(
    ("text", "operator", "pattern"),
    [
        ("a like 'x%'", Operator.STARTS_WITH, "x%"),
        ("a like '%x'", Operator.ENDS_WITH, "%x"),
        ("a like '%x%'", Operator.CONTAINS, "%x%"),
    ],
)
def test_like_is_said_both_ways_because_backends_disagree_on_the_percent_sign(text: str, operator: Operator, pattern: str) -> None:
    assert bound(text).groups == ((afdeling(operator, pattern),), (afdeling(operator, "x"),))


def test_not_like_excludes_both_ways_and_empty_fields() -> None:
    assert bound("a not like 'x%'").groups == (
        (NOT_EMPTY, afdeling(Operator.NOT_STARTS_WITH, "x%"), afdeling(Operator.NOT_STARTS_WITH, "x")),
    )


@pytest.mark.parametrize(
    "text",
    [
        "a = @user.x",
        "a <> @user.x",
        "not a = @user.x",
        "a < @user.x",
        "a in @user.x",
        "a not in @user.x",
        "a not in ('y', @user.x)",
        "not a not in @user.x",
        "a between 1 and @user.x",
        "a = @user.x and n = 1",
    ],
)
@pytest.mark.parametrize("attributes", [{}, {"x": ()}])
def test_a_missing_attribute_or_an_empty_list_sees_nothing_nor_does_its_negation(text: str, attributes: dict[str, Attribute]) -> None:
    assert bound(text, **attributes) == NOTHING


@pytest.mark.parametrize("text", ["a = 'y' or n = @user.x", "a in ('y', @user.x)", "not (a <> 'y' and n = @user.x)"])
def test_what_does_not_depend_on_the_missing_attribute_remains(text: str) -> None:
    assert (afdeling(Operator.EQUAL, "y"),) in bound(text).groups


def test_a_list_beside_in_gives_each_value_and_a_list_of_one_also_equals() -> None:
    assert bound("a in @user.x", x=("1", "2")) == bound("a in (1, 2)")
    assert bound("a = @user.x", x=("1",)) == bound("a = 1")


@pytest.mark.parametrize("text", ["a = @user.x", "a <> @user.x", "a < @user.x", "not a = @user.x"])
def test_several_values_beside_an_operator_for_one_see_nothing(text: str) -> None:
    assert bound(text, x=("1", "2")) == NOTHING


def test_everything_within_an_and_or_or_stays_what_it_is() -> None:
    assert bound("everything") == EVERYTHING
    assert bound("nothing") == NOTHING


def test_what_multiplies_out_beyond_measure_is_given_up() -> None:
    with pytest.raises(TooManyGroups):
        bound("a not in (" + ", ".join(f"'{number}%'" for number in range(12)) + ")")


UNSAYABLE = ["[Medewerker]", "", " CONS", "null", "a\x00b"]


@pytest.mark.parametrize("value", UNSAYABLE)
def test_a_value_that_can_not_be_said_to_the_backend_makes_no_comparison_true(value: str) -> None:
    """Nor its negation: left out of a `not in`, it would let rows through."""
    fields = {"d": "Afdeling"}
    for text in ("d = @user.d", "d <> @user.d", "d > @user.d", "d in @user.d", "d not in @user.d", "d not in (@user.d, 'X')"):
        assert bind(compile_where(text), {"d": value}, fields).is_nothing, text
    assert bind(compile_where("d not in @user.d"), {"d": ("CONS", value)}, fields).is_nothing
    assert bind(compile_where("d in @user.d"), {"d": ("CONS", value)}, fields) == single("Afdeling", Operator.EQUAL, "CONS")
