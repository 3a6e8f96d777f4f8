"""Which spelling a predicate gets."""

from sidecar.filters.compact import MixedSeparators
from sidecar.filters.predicate import Condition, Operator, Predicate
from sidecar.filters.spelling import spellings

A, B, C = (Condition(field, Operator.EQUAL, "1") for field in "ABC")


def names(predicate: Predicate, mixed: MixedSeparators = MixedSeparators.REFUSE) -> list[str]:
    """The first parameter of each way to say it."""
    return [parameters[0][0] for parameters in spellings(predicate, mixed)]


def test_what_the_lists_can_say_in_one_reading_is_said_in_lists() -> None:
    assert names(Predicate(((A, B),))) == ["filterfieldids"]
    assert names(Predicate(((A,), (B,))), MixedSeparators.OR_OF_ANDS) == ["filterfieldids"]


def test_all_else_is_said_in_filterjson() -> None:
    mixed = Predicate(((A, B), (C,)))
    assert names(mixed) == ["filterjson"]
    assert names(mixed, MixedSeparators.AND_OF_ORS) == ["filterjson"]
    assert names(Predicate(((Condition("A", Operator.EQUAL, "x,y"),),)), MixedSeparators.OR_OF_ANDS) == ["filterjson"]


def test_the_lists_serve_as_the_shorter_way_where_the_configuration_says_how_they_are_read() -> None:
    assert names(Predicate(((A, B), (C,))), MixedSeparators.OR_OF_ANDS) == ["filterjson", "filterfieldids"]
