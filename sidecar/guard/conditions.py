"""A condition of the policy and a value that a row holds: under which readings the one holds for the other."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from sidecar.filters.predicate import Condition, Operator
from sidecar.guard import dates
from sidecar.guard.patterns import has_wildcard, matches
from sidecar.guard.readings import (
    ALL,
    BLANKS_ARE_EMPTY,
    DATES_ARE_DATES,
    EQUAL_TAKES_PATTERNS,
    EVERY_WILDCARD,
    NO_TEXT_IS_EMPTY,
    NULL_IS_DIFFERENT,
    NULL_IS_SMALLEST,
    NUMBERS_ARE_NUMBERS,
    PERCENT_ONLY,
    VALUE_IS_PATTERN,
    VALUE_IS_SURROUNDED,
    VALUE_IS_TEXT,
    Readings,
)
from sidecar.guard.texts import Folded, before, equal, fold, fold_value
from sidecar.guard.values import Held, number_in

_POSITIVE = {
    Operator.NOT_EQUAL: Operator.EQUAL,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.NOT_STARTS_WITH: Operator.STARTS_WITH,
    Operator.NOT_ENDS_WITH: Operator.ENDS_WITH,
}
_SURROUNDED = {Operator.CONTAINS: "%{}%", Operator.STARTS_WITH: "{}%", Operator.ENDS_WITH: "%{}"}
_PART: dict[Operator, Callable[[str, str], bool]] = {
    Operator.CONTAINS: str.__contains__,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}
_BELOW_ALL = frozenset({Operator.LESS, Operator.LESS_OR_EQUAL})
_WILDCARDS = ((PERCENT_ONLY, False), (EVERY_WILDCARD, True))

_NUMBERS: dict[Operator, Callable[[Decimal, Decimal], bool]] = {
    Operator.EQUAL: Decimal.__eq__,
    Operator.NOT_EQUAL: Decimal.__ne__,
    Operator.LESS: Decimal.__lt__,
    Operator.LESS_OR_EQUAL: Decimal.__le__,
    Operator.GREATER: Decimal.__gt__,
    Operator.GREATER_OR_EQUAL: Decimal.__ge__,
}
_MOMENTS: dict[Operator, Callable[[dates.Moment, dates.Moment], bool]] = {
    Operator.EQUAL: dates.may_be_equal,
    Operator.NOT_EQUAL: dates.may_differ,
    Operator.LESS: dates.may_be_before,
    Operator.LESS_OR_EQUAL: dates.may_not_be_after,
    Operator.GREATER: lambda held, value: dates.may_be_before(value, held),
    Operator.GREATER_OR_EQUAL: lambda held, value: dates.may_not_be_after(value, held),
}


class Comparison:
    """A condition, made ready to be held against many values."""

    def __init__(self, condition: Condition) -> None:
        self._operator = condition.operator
        self._positive = _POSITIVE.get(condition.operator, condition.operator)
        self._negated = self._positive is not self._operator
        value = condition.value
        self._plain: Folded = fold(value)
        self._whole: Folded = fold_value(value)
        self._number = number_in(value)
        self._moments = dates.moments_in(value)
        self._is_pattern = has_wildcard(value)
        surrounded = _SURROUNDED.get(self._positive)
        self._patterns: tuple[tuple[Readings, Folded], ...] = (
            () if surrounded is None else ((VALUE_IS_PATTERN, self._plain), (VALUE_IS_SURROUNDED, fold(surrounded.format(value))))
        )

    def holds(self, held: Held | None) -> Readings:
        """The readings under which the condition holds for a field that holds this; None is an empty field."""
        empty = _is_empty(held)
        if self._operator is Operator.EMPTY:
            return empty
        if self._operator is Operator.NOT_EMPTY:
            return ALL & ~empty
        found = empty & self._for_empty() if empty else 0
        return found if held is None else found | (self._compare(held) & ~empty)

    def _for_empty(self) -> Readings:
        if self._negated:
            return NULL_IS_DIFFERENT | NULL_IS_SMALLEST
        return NULL_IS_SMALLEST if self._operator in _BELOW_ALL else 0

    def _compare(self, held: Held) -> Readings:
        if self._positive in _SURROUNDED:
            return self._signed(self._is_like(held.text))
        numbers = self._as_number(held)
        if held.is_number and numbers is not None:
            return ALL if numbers else 0  # what the answer itself calls a number is no text under any reading
        found = self._signed(self._as_text(held.text))
        if numbers is not None:
            found = (found & ~NUMBERS_ARE_NUMBERS) | (NUMBERS_ARE_NUMBERS if numbers else 0)
        if self._moments and (moments := dates.moments_in(held.text)):
            may_hold = _MOMENTS[self._operator]
            found &= ~DATES_ARE_DATES
            if any(may_hold(one, other) for one in moments for other in self._moments):
                found |= DATES_ARE_DATES
        return found

    def _as_number(self, held: Held) -> bool | None:
        """Whether the condition holds for the two as numbers; None if they aren't both."""
        if held.number is None or self._number is None:
            return None
        return _NUMBERS[self._operator](held.number, self._number)

    def _signed(self, found: Readings) -> Readings:
        return ALL & ~found if self._negated else found

    def _as_text(self, text: str) -> Readings:
        """The positive operator's readings, of the first five."""
        whole = fold_value(text)
        match self._positive:
            case Operator.EQUAL:
                found = equal(whole, self._whole)
                if self._is_pattern:
                    found |= EQUAL_TAKES_PATTERNS & _covered(fold(text), self._plain, every_wildcard=True)
                return found
            case Operator.LESS:
                return before(whole, self._whole)
            case Operator.GREATER:
                return before(self._whole, whole)
            case Operator.LESS_OR_EQUAL:
                return ALL & ~before(self._whole, whole)
            case _:
                return ALL & ~before(whole, self._whole)

    def _is_like(self, text: str) -> Readings:
        folded = fold(text)
        contains = _PART[self._positive]
        found = 0
        for form, part, shared in _pairs(folded, self._plain):
            if contains(form, part):
                found |= shared & VALUE_IS_TEXT
        for way, patterns in self._patterns:
            for wildcards, every_wildcard in _WILDCARDS:
                found |= way & wildcards & _covered(folded, patterns, every_wildcard=every_wildcard)
        return found


def _is_empty(held: Held | None) -> Readings:
    if held is None:
        return ALL
    if not held.text:
        return NO_TEXT_IS_EMPTY | BLANKS_ARE_EMPTY
    return 0 if held.text.strip(" ") else BLANKS_ARE_EMPTY


def _covered(folded: Folded, patterns: Folded, *, every_wildcard: bool) -> Readings:
    found = 0
    for form, pattern, shared in _pairs(folded, patterns):
        if matches(form, pattern, every_wildcard=every_wildcard):
            found |= shared
    return found


def _pairs(one: Folded, other: Folded) -> Iterator[tuple[str, str, Readings]]:
    """Forms of both that occur under the same readings, with those."""
    for mine, my_readings in one.items():
        for theirs, their_readings in other.items():
            if shared := my_readings & their_readings:
                yield mine, theirs, shared
