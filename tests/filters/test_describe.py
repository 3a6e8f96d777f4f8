"""A predicate in words."""

import pytest

from sidecar.filters.describe import describe
from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        (EVERYTHING, "everything"),
        (NOTHING, "nothing"),
        (
            Predicate(
                (
                    (Condition("A", Operator.EQUAL, "x"), Condition("B", Operator.EMPTY, "null")),
                    (Condition("C", Operator.NOT_STARTS_WITH, "y"),),
                )
            ),
            "A = 'x' and B is empty or C does not start with 'y'",
        ),
    ],
)
def test_a_predicate_reads_as_a_sentence(predicate: Predicate, words: str) -> None:
    assert describe(predicate) == words


@pytest.mark.parametrize("operator", list(Operator))
def test_every_operator_has_words(operator: Operator) -> None:
    assert describe(Predicate(((Condition("A", operator, "x"),),)))
