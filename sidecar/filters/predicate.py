"""Which rows: conditions, joined by AND into groups, joined by OR into a predicate.

A predicate is always in disjunctive normal form, the form of the backend's own filters (wire reference 2.6): a row is admitted when
all conditions of at least one group hold. Everything here is a value; nothing knows how it is spelled on the wire.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple


class Operator(IntEnum):
    """The backend's operators by their number on the wire (wire reference 2.4).

    15, the quick filter, is left out: its value is a language.
    """

    EQUAL = 1
    GREATER_OR_EQUAL = 2
    LESS_OR_EQUAL = 3
    GREATER = 4
    LESS = 5
    CONTAINS = 6
    NOT_EQUAL = 7
    EMPTY = 8
    NOT_EMPTY = 9
    STARTS_WITH = 10
    NOT_CONTAINS = 11
    NOT_STARTS_WITH = 12
    ENDS_WITH = 13
    NOT_ENDS_WITH = 14

    def __new__(cls, number: int) -> "Operator":
        member = int.__new__(cls, number)
        member._value_ = number
        member.digits = str(number)
        member.takes_value = number not in (8, 9)
        return member

    digits: str
    """The number as it stands in a filter."""
    takes_value: bool
    """False for the two that only ask whether a field is empty; what stands as their value means nothing."""


class Condition(NamedTuple):
    """`field` compared with `value`, both as the backend spells them. A tuple, since sets of conditions are what all laws work on."""

    field: str
    operator: Operator
    value: str = ""


Group = tuple[Condition, ...]
"""Conditions that must all hold, in the order in which they were asked, none twice. The empty group admits every row."""


@dataclass(frozen=True, slots=True)
class Predicate:
    """Groups of which one must hold. No group admits no row; one empty group admits all."""

    groups: tuple[Group, ...]

    @property
    def is_everything(self) -> bool:
        return () in self.groups

    @property
    def is_nothing(self) -> bool:
        return not self.groups


EVERYTHING = Predicate(((),))
NOTHING = Predicate(())


class TooManyGroups(Exception):  # noqa: N818  an outcome that the caller turns into a refusal
    """Joining two predicates would give more OR groups than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} OR groups")


def single(field: str, operator: Operator, value: str = "") -> Predicate:
    """The predicate of a single condition."""
    return Predicate(((Condition(field, operator, value),),))


def union(predicates: Iterable[Predicate]) -> Predicate:
    """Rows that at least one predicate admits; `NOTHING` for none."""
    return Predicate(tuple(group for predicate in predicates for group in predicate.groups))


def conjoin(left: Predicate, right: Predicate, limit: int) -> Predicate:
    """Rows that both predicates admit: each group of the left with each of the right.

    A left group that already implies the right predicate, because it holds every condition of one of its groups, stays as it is.

    :param limit: how many groups the product may have before simplification; bounds work and memory.
    :raises TooManyGroups: when it would have more.
    """
    required = [frozenset(theirs) for theirs in right.groups]
    product: list[Group] = []
    for mine in left.groups:
        asked = frozenset(mine)
        if any(conditions <= asked for conditions in required):
            product.append(mine)
        else:
            product.extend(_merge(mine, theirs) for theirs in right.groups)
        if len(product) > limit:
            raise TooManyGroups(limit)
    return Predicate(tuple(product))


def _merge(left: Group, right: Group) -> Group:
    return tuple(dict.fromkeys(left + right))
