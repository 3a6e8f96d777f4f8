"""Fewer groups with the same meaning, because every character of a narrowed query counts (2,049 of them, wire reference 1.5).

Only laws that hold whatever the backend thinks of letter case, accents, number formats and wildcards are used: a condition is
implied by the very same condition and by nothing else, and two values contradict only where no sane backend could call them equal.
"""

import re
from itertools import groupby

from sidecar.filters.predicate import Condition, Group, Operator, Predicate

_PLAIN_INTEGER = re.compile(r"0|[1-9][0-9]{0,14}")
_PLAIN_WORD = re.compile(r"[A-Za-z]{1,60}")
_ALIKE = str.maketrans("wy", "vi")
_SPEAKS_FOR_A_BOOLEAN = frozenset({"true", "false", "yes", "no", "ja", "nee", "waar", "onwaar", "on", "off", "j", "n", "y", "t", "f"})


def simplify(predicate: Predicate) -> Predicate:
    """An equivalent predicate without repeated, contradictory and implied groups."""
    seen: dict[frozenset[Condition], Group] = {}
    for group in predicate.groups:
        conditions = frozenset(group)
        if conditions not in seen and not _contradicts_itself(conditions):
            seen[conditions] = group if len(group) == len(conditions) else tuple(dict.fromkeys(group))
    if len(seen) < 2:
        return Predicate(tuple(seen.values()))
    # A group that asks for more than another adds no row: (a) or (a and b) is (a). Of two with equally many conditions none does.
    kept: list[frozenset[Condition]] = []
    for _size, groups in groupby(sorted(seen, key=len), key=len):
        fewer = tuple(kept)
        kept.extend(conditions for conditions in groups if not any(smaller <= conditions for smaller in fewer))
    survivors = frozenset(kept)
    return Predicate(tuple(group for conditions, group in seen.items() if conditions in survivors))


def _contradicts_itself(conditions: frozenset[Condition]) -> bool:
    equal: dict[str, list[str]] = {}
    empty: set[str] = set()
    not_empty: set[str] = set()
    for field, operator, value in conditions:
        if operator is Operator.EQUAL:
            equal.setdefault(field, []).append(value)
        elif operator is Operator.EMPTY:
            empty.add(field)
        elif operator is Operator.NOT_EMPTY:
            not_empty.add(field)
    return not empty.isdisjoint(not_empty) or any(len(values) > 1 and _exclude_one_another(values) for values in equal.values())


def _exclude_one_another(values: list[str]) -> bool:
    """Whether no field can equal all of these."""
    marks: dict[str, str] = {}
    return any(kind and marks.setdefault(kind, mark) != mark for kind, mark in map(_certain, values))


def _certain(value: str) -> tuple[str, str]:
    """Of which kind a value certainly is, with a mark: two of one kind with different marks are equal to no sane backend.

    Integers in canonical form (short enough for a floating-point number) and plain ASCII words qualify; `1` and `true` are of different
    kinds, since a boolean field may equate them; `01` is of none, nor is anything else in doubt: then both conditions are simply sent.
    """
    if _PLAIN_INTEGER.fullmatch(value):
        return "integer", value
    if _PLAIN_WORD.fullmatch(value) and value.lower() not in _SPEAKS_FOR_A_BOOLEAN:
        # Some Nordic and Baltic collations do not tell v from w, or i from y.
        return "word", value[0].lower().translate(_ALIKE)
    return "", ""
