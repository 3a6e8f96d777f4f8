"""Whether rows are among those that a predicate admits, under any reading that the wire reference leaves open."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from operator import itemgetter
from typing import NamedTuple

from sidecar.filters.predicate import Predicate
from sidecar.guard.conditions import Comparison
from sidecar.guard.readings import ALL, Readings
from sidecar.guard.values import Held, Scalar, hold

Row = Mapping[str, Scalar]
Key = Scalar | tuple[Scalar, ...]
"""The values of the fields that a predicate asks about: one as it is, several as a tuple."""

_MOST_REMEMBERED = 512
_LONGEST_REMEMBERED = 64
_MOST_SHAPES = 64


class Verdict(Enum):
    """What a row turned out to be."""

    SATISFIES = "satisfies"
    VIOLATES = "violates"
    UNJUDGEABLE = "unjudgeable"


class Count(NamedTuple):
    """Numbers of rows."""

    rows: int
    violating: int
    unjudgeable: int


class _Shape(NamedTuple):
    """Where rows with these field names keep the fields that the predicate asks about.

    A name of None is a field that none of theirs, or more than one, stands for. `pick` gets the values of all; None if one can't be told.
    """

    names: tuple[str | None, ...]
    pick: Callable[[Row], Key] | None


class _Unknown(Enum):
    UNKNOWN = 0


_UNKNOWN = _Unknown.UNKNOWN


class Judge:
    """A predicate, made ready for many rows. It remembers its latest verdicts, within a bound, and can serve many answers."""

    def __init__(self, predicate: Predicate, *, absent_is_empty: bool = False) -> None:
        """
        :param absent_is_empty: a field that a row does not have is an empty one, as over SOAP (wire reference 6.1). Otherwise it is a
            field that the GetConnector does not show, and a predicate that turns on it can't be judged.
        """
        conditions = list(dict.fromkeys(condition for group in predicate.groups for condition in group))
        self._fields = tuple(dict.fromkeys(condition.field for condition in conditions))
        self._comparisons = [(self._fields.index(condition.field), Comparison(condition)) for condition in conditions]
        number = {condition: position for position, condition in enumerate(conditions)}
        self._groups = [tuple(number[condition] for condition in group) for group in predicate.groups]
        self._absent_is_empty = absent_is_empty
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        self._verdicts: dict[Key, Verdict] = {}
        self._good: set[Key] = set()

    def count(self, rows: Sequence[Row]) -> Count:
        """How many rows there are, and how many of them are not in order."""
        if not self._fields:
            return Count(len(rows), 0 if self._groups else len(rows), 0)
        shapes = set(map(tuple, rows))
        pick = self._shape(shapes.pop()).pick if len(shapes) == 1 else None
        if pick is not None and self._good.issuperset(map(pick, rows)):
            return Count(len(rows), 0, 0)
        verdicts = [self.verdict(row) for row in rows]
        return Count(len(rows), verdicts.count(Verdict.VIOLATES), verdicts.count(Verdict.UNJUDGEABLE))

    def verdict(self, row: Row) -> Verdict:
        """What this row is."""
        names, pick = self._shape(tuple(row))
        if pick is None:
            return self._judge([_UNKNOWN if name is None else row.get(name) for name in names])
        key = pick(row)
        known = self._verdicts.get(key)
        if known is None:
            values = key if isinstance(key, tuple) else (key,)
            known = self._judge(values)
            self._remember(key, values, known)
        return known

    def _judge(self, values: Sequence[Scalar | _Unknown]) -> Verdict:
        held = [_hold(value) for value in values]
        readings: dict[int, Readings] = {}
        some_unknown = False
        for group in self._groups:
            shared, is_known = ALL, True
            for number in group:
                field, comparison = self._comparisons[number]
                what = held[field]
                if isinstance(what, _Unknown):
                    is_known = False
                    continue
                if number not in readings:
                    readings[number] = comparison.holds(what)
                shared &= readings[number]
                if not shared:
                    break
            if shared and is_known:
                return Verdict.SATISFIES
            some_unknown |= bool(shared)
        return Verdict.UNJUDGEABLE if some_unknown else Verdict.VIOLATES

    def _remember(self, key: Key, values: Iterable[Scalar], verdict: Verdict) -> None:
        if any(isinstance(value, str | bytes) and len(value) > _LONGEST_REMEMBERED for value in values):
            return
        if len(self._verdicts) >= _MOST_REMEMBERED:
            self._verdicts.clear()
            self._good.clear()
        self._verdicts[key] = verdict
        if verdict is Verdict.SATISFIES:
            self._good.add(key)

    def _shape(self, names: tuple[str, ...]) -> _Shape:
        known = self._shapes.get(names)
        if known is None:
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
            known = self._shapes[names] = self._new_shape(names)
        return known

    def _new_shape(self, names: tuple[str, ...]) -> _Shape:
        found = tuple(self._name_of(field, names) for field in self._fields)
        told = [name for name in found if name is not None]
        if len(told) < len(found):
            return _Shape(found, None)
        if set(told) <= set(names):
            return _Shape(found, itemgetter(*told))
        return _Shape(found, lambda row: tuple(map(row.get, told)))

    def _name_of(self, field: str, names: tuple[str, ...]) -> str | None:
        """The name under which these have the field, letter case aside, for whether that counts is unknown (wire reference 1.1, 2.1). Two
        that differ in nothing else leave open which one a client reads."""
        alike = [name for name in names if name.casefold() == field.casefold()]
        if not alike:
            return field if self._absent_is_empty else None
        return alike[0] if len(alike) == 1 else None


def _hold(value: Scalar | _Unknown) -> Held | _Unknown | None:
    if value is None or isinstance(value, _Unknown):
        return value
    return hold(value) or _UNKNOWN
