"""The compact spelling: three lists at equal positions, `,` for AND and `;` for OR (wire reference 2.3).

It has no escape and, where both separators occur, two readings. So it is written only where neither matters, and a client's mixed
filter is read only where both readings mean the same, or where the configuration says which one the backend follows.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from sidecar.errors import Reason, Refusal
from sidecar.filters.predicate import Condition, Group, Operator, Predicate
from sidecar.filters.reading import read_comparison, read_condition, read_value
from sidecar.filters.simplify import simplify

_SEPARATORS = re.compile(r"[,;]")
_NEEDS_ESCAPE = re.compile(
    r"[,;\"'\\\[\]{}]"
    r"|[^\x00-\x7f\w]|[\u02b0-\u02ff]"  # a full-width `；` becomes `;` in a backend that works in a Windows code page
    r"|%(?:[0-9A-Fa-f]{2}|[uU][0-9A-Fa-f]{4})"  # and `%3B` in one that decodes twice
)
_NEEDS_NO_ESCAPE = re.compile(r"[A-Za-z0-9_.:/+-]+")
"""Most fields and values: told sooner than by the pattern before this one, of which none of these characters is a part."""
_MOST_GROUPS_OF_A_READING = 256


class MixedSeparators(StrEnum):
    """How a filter with both `,` and `;` is to be read."""

    REFUSE = "refuse"
    OR_OF_ANDS = "or_of_ands"
    AND_OF_ORS = "and_of_ors"


class CompactFilter(NamedTuple):
    """The three lists as they stand in the query, decoded."""

    filterfieldids: str
    filtervalues: str
    operatortypes: str


def read_compact(lists: CompactFilter, mixed: MixedSeparators = MixedSeparators.REFUSE) -> Predicate:
    """The predicate that the three lists spell. A missing list of operators means `=` throughout, as clients expect.

    :raises Refusal: unequal lists, unknown operators, or a mixture of separators with two meanings.
    """
    conjunction = _shape_of_conjunction(lists.filterfieldids, lists.operatortypes)
    values = lists.filtervalues.split(",")
    if conjunction is None or ";" in lists.filtervalues or len(values) != len(conjunction):
        return _read_compact(lists, mixed)
    conditions = [
        read_value(field, operator, value, f"condition {position}")
        for position, ((field, operator), value) in enumerate(zip(conjunction, values, strict=True), start=1)
    ]
    return Predicate((tuple(dict.fromkeys(conditions)),))


@lru_cache(maxsize=1024)
def _shape_of_conjunction(fields: str, operators: str) -> tuple[tuple[str, Operator], ...] | None:
    """What the filters of an app mostly have in common: fields and operators, joined by `,`. None for all else, and for what is wrong."""
    names = fields.split(",")
    numbers = operators.split(",") if operators else [Operator.EQUAL.digits] * len(names)
    if ";" in fields or ";" in operators or len(names) != len(numbers):
        return None
    try:
        return tuple(read_comparison(*each, "") for each in zip(names, numbers, strict=True))
    except Refusal:
        return None


def _read_compact(lists: CompactFilter, mixed: MixedSeparators) -> Predicate:
    fields = _SEPARATORS.split(lists.filterfieldids)
    separators = _SEPARATORS.findall(lists.filterfieldids)
    values = _like_the_fields("filtervalues", lists.filtervalues, separators)
    if lists.operatortypes:
        operators = _like_the_fields("operatortypes", lists.operatortypes, separators)
    else:
        operators = [Operator.EQUAL.digits] * len(fields)
    conditions = [
        read_condition(field, operator, value, f"condition {position}")
        for position, (field, operator, value) in enumerate(zip(fields, operators, values, strict=True), start=1)
    ]
    if ";" not in separators:
        return Predicate((tuple(dict.fromkeys(conditions)),))
    if "," not in separators:
        return Predicate(tuple((condition,) for condition in conditions))
    return _read_mixed(conditions, separators, mixed)


def _like_the_fields(name: str, text: str, separators: Sequence[str]) -> list[str]:
    if _SEPARATORS.findall(text) != separators:
        raise Refusal(
            Reason.FILTER_MALFORMED,
            f"{name} must have as many items as filterfieldids, with the same separators at the same positions;"
            " a value that itself holds ',' or ';' can be sent in filterjson only",
        )
    return _SEPARATORS.split(text)


def _read_mixed(conditions: list[Condition], separators: list[str], mixed: MixedSeparators) -> Predicate:
    if mixed is MixedSeparators.OR_OF_ANDS:
        return _or_of_ands(conditions, separators)
    if mixed is MixedSeparators.AND_OF_ORS:
        return _and_of_ors(conditions, separators)
    one, other = simplify(_or_of_ands(conditions, separators)), simplify(_and_of_ors(conditions, separators))
    if {frozenset(group) for group in one.groups} == {frozenset(group) for group in other.groups}:
        return one
    raise Refusal(
        Reason.FILTER_AMBIGUOUS,
        "',' and ';' together can be read in two ways; spell the filter in filterjson, which has one reading",
    )


def _blocks(conditions: list[Condition], separators: list[str], between: str) -> list[list[Condition]]:
    blocks = [[conditions[0]]]
    for separator, condition in zip(separators, conditions[1:], strict=True):
        if separator == between:
            blocks.append([condition])
        else:
            blocks[-1].append(condition)
    return blocks


def _or_of_ands(conditions: list[Condition], separators: list[str]) -> Predicate:
    return Predicate(tuple(tuple(dict.fromkeys(block)) for block in _blocks(conditions, separators, ";")))


def _and_of_ors(conditions: list[Condition], separators: list[str]) -> Predicate:
    clauses = _blocks(conditions, separators, ",")
    size = 1
    for clause in clauses:
        size *= len(clause)
    if size > _MOST_GROUPS_OF_A_READING:
        raise Refusal(Reason.FILTER_TOO_LARGE, "the filter multiplies out to too many groups")
    return Predicate(tuple(tuple(dict.fromkeys(choice)) for choice in product(*clauses)))


def write_compact(predicate: Predicate, mixed: MixedSeparators = MixedSeparators.REFUSE) -> CompactFilter | None:
    """The three lists, or None where they can't say it, or not in one reading only.

    Written are: a single group (only `,`), single conditions (only `;`), and, where the configuration says that the backend reads
    `A,B;C` as (A and B) or C, anything. Never a field or value that could break the lists apart.
    """
    groups = predicate.groups
    one_reading = len(groups) == 1 or all(len(group) == 1 for group in groups)
    if not groups or not all(groups) or not (one_reading or mixed is MixedSeparators.OR_OF_ANDS):
        return None
    if any(_breaks_lists(*condition) for group in groups for condition in group):
        return None

    fields, values, operators = zip(*map(_in_lists, groups), strict=True)
    return CompactFilter(";".join(fields), ";".join(values), ";".join(operators))


def _in_lists(group: Group) -> tuple[str, str, str]:
    # Operators 8 and 9 must have something in their place: an empty item may be dropped by whoever splits the list.
    return (
        ",".join([field for field, _, _ in group]),
        ",".join([value if operator.takes_value else "null" for _, operator, value in group]),
        ",".join([operator.digits for _, operator, _ in group]),
    )


def _breaks_lists(field: str, operator: Operator, value: str) -> bool:
    if not _NEEDS_NO_ESCAPE.fullmatch(field) and _NEEDS_ESCAPE.search(field):
        return True
    if not operator.takes_value or _NEEDS_NO_ESCAPE.fullmatch(value):
        return False
    return not value or value != value.strip() or _NEEDS_ESCAPE.search(value) is not None
