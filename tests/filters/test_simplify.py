"""Simplifying: fewer groups, the same rows."""

import pytest
from hypothesis import given

from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate
from sidecar.filters.simplify import simplify
from tests.evaluation import worlds
from tests.evaluation.reading import Reading, Row
from tests.filters.predicates import admitted, any_predicates

A1, A2, B = Condition("A", Operator.EQUAL, "1"), Condition("A", Operator.EQUAL, "2"), Condition("B", Operator.LESS, "x")


@given(any_predicates, worlds.rows, worlds.readings)
def test_simplifying_never_changes_meaning(predicate: Predicate, rows: list[Row], reading: Reading) -> None:
    assert admitted(simplify(predicate), rows, reading) == admitted(predicate, rows, reading)


@given(any_predicates)
def test_simplifying_twice_is_simplifying_once_and_never_grows(predicate: Predicate) -> None:
    once = simplify(predicate)
    assert simplify(once) == once
    assert set(once.groups) <= set(predicate.groups)
    assert len(once.groups) <= len(predicate.groups)


@pytest.mark.parametrize(
    ("groups", "simpler"),
    [
        ((), NOTHING.groups),
        (((),), EVERYTHING.groups),
        (((A1,), ()), EVERYTHING.groups),
        (((A1, B), (B, A1)), ((A1, B),)),
        (((A1, B), (A1,)), ((A1,),)),
        (((A1, B), (B,), (A1,)), ((B,), (A1,))),
        (((A1, A2),), ()),
        (((A1, A2), (B,)), ((B,),)),
        (((A1, B), (A2, B)), ((A1, B), (A2, B))),
        (((Condition("A", Operator.EMPTY, ""), Condition("A", Operator.NOT_EMPTY, "null")),), ()),
    ],
)
def test_repeated_contradictory_and_implied_groups_go(
    groups: tuple[tuple[Condition, ...], ...], simpler: tuple[tuple[Condition, ...], ...]
) -> None:
    assert simplify(Predicate(groups)).groups == simpler


def contradict(*values: str) -> bool:
    return simplify(Predicate((tuple(Condition("A", Operator.EQUAL, value) for value in values),))).is_nothing


@pytest.mark.parametrize("values", [("1", "2"), ("0", "10"), ("CONS", "ICT"), ("ict", "CONS"), ("1", "true", "2"), ("true", "1", "2")])
def test_values_that_no_backend_calls_equal_contradict(values: tuple[str, ...]) -> None:
    assert contradict(*values)


@pytest.mark.parametrize(
    "values",
    [
        ("1", "01"),
        ("1", "1.0"),
        ("1", "1,0"),
        ("1", "true"),
        ("0", "Nee"),
        ("true", "ja"),
        ("CONS", "cons"),
        ("CONS", "C%"),
        ("CONS", "CONS "),
        ("CONS", "CONSULT"),
        ("Élan", "elan"),
        ("Viking", "Wiking"),
        ("Igor", "Ygor"),
        ("2021-01-01", "01-01-2021"),
        ("1000000000000000", "1000000000000001"),
        ("A_B", "AxB"),
        ("1", "CONS"),
    ],
)
def test_values_that_some_backend_calls_equal_do_not_contradict(values: tuple[str, ...]) -> None:
    assert not contradict(*values)


def test_a_long_list_of_single_conditions_takes_no_time() -> None:
    """Ten thousand values of an attribute: compared pairwise, this would take seconds."""
    many = Predicate(tuple((Condition("A", Operator.EQUAL, str(number)),) for number in range(10_000)))
    assert simplify(many) == many
