"""Joining predicates by OR and AND."""

import pytest
from hypothesis import given

from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, TooManyGroups, conjoin, single, union
from tests.evaluation import worlds
from tests.evaluation.reading import Reading, Row
from tests.filters.predicates import admitted, any_predicates

ENOUGH = 10_000


@given(any_predicates, any_predicates, worlds.rows, worlds.readings)
def test_union_is_or_and_conjoin_is_and(one: Predicate, other: Predicate, rows: list[Row], reading: Reading) -> None:
    by_one, by_other = admitted(one, rows, reading), admitted(other, rows, reading)
    assert admitted(union([one, other]), rows, reading) == [row for row in rows if row in by_one or row in by_other]
    assert admitted(conjoin(one, other, ENOUGH), rows, reading) == [row for row in rows if row in by_one and row in by_other]


@given(any_predicates, any_predicates)
def test_no_condition_stands_twice_in_a_group(one: Predicate, other: Predicate) -> None:
    assert all(len(set(group)) == len(group) for group in conjoin(one, other, ENOUGH).groups)


@given(any_predicates)
def test_everything_and_nothing_are_the_neutral_and_the_absorbing_element(predicate: Predicate) -> None:
    assert conjoin(predicate, EVERYTHING, ENOUGH) == predicate
    assert conjoin(EVERYTHING, predicate, ENOUGH).is_everything or conjoin(EVERYTHING, predicate, ENOUGH) == predicate
    assert conjoin(predicate, NOTHING, ENOUGH).is_nothing
    assert conjoin(NOTHING, predicate, ENOUGH).is_nothing
    assert union([predicate, NOTHING]) == predicate
    assert union([predicate, EVERYTHING]).is_everything


def any_of(field: str, count: int) -> Predicate:
    return union(single(field, Operator.EQUAL, str(number)) for number in range(count))


def test_conjoin_is_capped_and_never_cuts_silently() -> None:
    assert len(conjoin(any_of("A", 4), any_of("B", 5), 20).groups) == 20
    with pytest.raises(TooManyGroups):
        conjoin(any_of("A", 4), any_of("B", 5), 19)


def test_a_huge_product_is_given_up_early() -> None:
    with pytest.raises(TooManyGroups):
        conjoin(any_of("A", 100_000), any_of("B", 2_000), 100)


def test_a_group_that_implies_the_other_predicate_stays_as_it_is() -> None:
    asked = (Condition("B", Operator.LESS, "9"), Condition("A", Operator.EQUAL, "1"))
    assert conjoin(Predicate((asked,)), any_of("A", 3), ENOUGH).groups == (asked,)


def test_only_the_very_same_condition_is_implied() -> None:
    """`CONS` and `cons` are the same to some backends and not to others: both are sent."""
    asked = single("A", Operator.EQUAL, "cons")
    assert conjoin(asked, single("A", Operator.EQUAL, "CONS"), ENOUGH).groups == (
        (Condition("A", Operator.EQUAL, "cons"), Condition("A", Operator.EQUAL, "CONS")),
    )
