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
            seen[conditions] = tuple(dict.fromkeys(group))
    # A group that asks for more than another adds no row: (a) or (a and b) is (a). Of two with equally many conditions none does.
    kept: list[frozenset[Condition]] = []
    for _size, groups in groupby(sorted(seen, key=len), key=len):
        fewer = tuple(kept)
        kept.extend(conditions for conditions in groups if not any(smaller <= conditions for smaller in fewer))
    survivors = frozenset(kept)
    return Predicate(tuple(group for conditions, group in seen.items() if conditions in survivors))


def _contradicts_itself(conditions: frozenset[Condition]) -> bool:
    required: dict[tuple[str, str], str] = {}
    empty = {condition.field for condition in conditions if condition.operator is Operator.EMPTY}
    for condition in conditions:
        if condition.operator is Operator.NOT_EMPTY and condition.field in empty:
            return True
        if condition.operator is Operator.EQUAL:
            kind, mark = _certain(condition.value)
            if kind and required.setdefault((condition.field, kind), mark) != mark:
                return True
    return False


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
