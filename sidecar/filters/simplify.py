"""Fewer groups with the same meaning, because every character of a narrowed query counts (2,049 of them, wire reference 1.5).

Only laws that hold whatever the backend thinks of letter case, accents, number formats and wildcards are used: a condition is
implied by the very same condition and by nothing else, and two values contradict only where no collation could call them equal.
"""

import re

from sidecar.filters.predicate import Condition, Group, Operator, Predicate

_PLAIN_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")
_PLAIN_WORD = re.compile(r"[A-Za-z]{1,60}")
_SPEAKS_FOR_A_BOOLEAN = frozenset({"true", "false", "yes", "no", "ja", "nee", "waar", "onwaar", "on", "off", "j", "n", "y", "t", "f"})


def simplify(predicate: Predicate) -> Predicate:
    """An equivalent predicate without repeated, contradictory and implied groups."""
    seen: dict[frozenset[Condition], Group] = {}
    for group in predicate.groups:
        conditions = frozenset(group)
        if conditions not in seen and not _contradicts_itself(conditions):
            seen[conditions] = tuple(dict.fromkeys(group))
    # A group that asks for more than another adds no row: (a) or (a and b) is (a).
    by_size = sorted(seen, key=len)
    kept: list[frozenset[Condition]] = []
    for conditions in by_size:
        if not any(smaller <= conditions for smaller in kept):
            kept.append(conditions)
    survivors = frozenset(kept)
    return Predicate(tuple(group for conditions, group in seen.items() if conditions in survivors))


def _contradicts_itself(conditions: frozenset[Condition]) -> bool:
    required: dict[str, str] = {}
    for condition in conditions:
        if condition.operator is Operator.EQUAL:
            other = required.setdefault(condition.field, condition.value)
            if surely_different(other, condition.value):
                return True
    return any(
        condition.operator is Operator.EMPTY and Condition(condition.field, Operator.NOT_EMPTY, value) in conditions
        for condition in conditions
        for value in ("", condition.value)
    )


def surely_different(one: str, other: str) -> bool:
    """Whether no sane backend calls these two values equal. When in doubt, False: then both conditions are simply sent.

    Integers in canonical form and plain ASCII words qualify; `1` and `true` do not (a boolean field may equate them), nor do `1` and `01`.
    """
    if _PLAIN_INTEGER.fullmatch(one) and _PLAIN_INTEGER.fullmatch(other):
        return one != other
    if _PLAIN_WORD.fullmatch(one) and _PLAIN_WORD.fullmatch(other):
        lowered = one.lower(), other.lower()
        return lowered[0] != lowered[1] and not _SPEAKS_FOR_A_BOOLEAN.intersection(lowered)
    return False
