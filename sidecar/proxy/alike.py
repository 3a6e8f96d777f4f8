"""Calls that differ from one that was prepared in nothing but the page or the values that they ask for: written around those, not anew.

What makes sure that nothing else changes is said where it is checked; that it is so is a law in `tests/proxy/test_preparation.py`.
"""

import re
from dataclasses import replace
from typing import NamedTuple

from sidecar.dialects.call import GetRows, Page
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.dialects.rest.write import spell_filter, write_spelled_rows
from sidecar.errors import Refusal
from sidecar.filters.predicate import Predicate
from sidecar.policy.narrow import narrow
from sidecar.proxy.plan import plan
from sidecar.proxy.prepared import NoteCall, Prepared, head_of

_LARGEST_SKIP = 999_999_999  # of those that `cut_skip` cuts
_RUN = re.compile("X*")


class Pages(NamedTuple):
    """A call for a page, and its head for the backend up to the digits of `skip` and behind them."""

    known: Prepared
    before: bytes
    after: bytes


class Values(NamedTuple):
    """A call with one group of so many conditions, and its request line for the backend, with `{0}` for the first value and so on.

    `longest` is how many characters that line may have.
    """

    known: Prepared
    conditions: int
    line: str
    longest: int


def pages_of(prepared: Prepared) -> Pages | None:
    """The call's head around its `skip`; None where it is not sure that another number leaves all the rest as it is.

    How a filter is spelled, and whether the question can be put at all, depends on how long the query is. So what is the same for the
    shortest number and for the longest is the same for all.
    """
    call = prepared.call
    if not isinstance(call, GetRows):
        return None
    try:
        shortest, longest = (_head_for(prepared, replace(call, page=Page(skip, call.page.take))) for skip in (0, _LARGEST_SKIP))
    except Refusal:
        return None
    before, name, after = shortest.partition(b"?skip=0")
    before += name[:-1]
    return Pages(prepared, before, after) if longest == b"%b%d%b" % (before, _LARGEST_SKIP, after) else None


def _head_for(prepared: Prepared, call: GetRows) -> bytes:
    planned = plan(call, prepared.allowed, prepared.environment.mixed)
    return head_of(prepared.route, planned.verb, planned.target, prepared.own_headers)


def on_page(pages: Pages, skip: int, note_call: NoteCall) -> Prepared:
    """The call for another page."""
    known, before, after = pages
    note_call(known.call)
    return _with_head(known, b"%b%d%b" % (before, skip, after))


def values_of(prepared: Prepared) -> Values | None:
    """The call's line around its values, which are those that `cut_values` cut; None where other values could change more than themselves.

    They can't where each condition of the client's is on a field of its own, on which policy has none: nothing then is implied by anything,
    contradicts anything or occurs twice that did not before. So all values stay in their places.
    """
    call, rows = prepared.call, prepared.allowed.rows
    if not isinstance(call, GetRows) or rows is None or not prepared.head:
        return None
    [asked] = call.filter.groups  # since values with nothing but commas between them are on conditions that are joined by AND
    fields = {condition.field for condition in asked}
    guarded = {condition.field for group in rows.predicate.groups for condition in group}
    if len(fields) != len(asked) or not guarded.isdisjoint(fields) or not all(condition.operator.takes_value for condition in asked):
        return None
    # What stands for the values is nowhere else: it has more of one letter in a row than all the rest.
    run = "X" * (1 + max(map(len, _RUN.findall(prepared.head.decode("latin-1")))))
    marks = [f"{run}{position}{run}" for position in range(len(asked))]
    marked = tuple([condition._replace(value=mark) for condition, mark in zip(asked, marks, strict=True)])
    spelled = spell_filter(narrow(Predicate((marked,)), rows.predicate), prepared.environment.mixed)
    try:
        target = write_spelled_rows(call, prepared.allowed.connector, spelled[:1])  # the others serve where the first is too long
    except Refusal:
        return None
    line = head_of(prepared.route, "GET", target, b"").decode("ascii")
    longest = len(line) - len(target) + target.index("?") + LONGEST_QUERY
    for position, mark in enumerate(marks):
        line = line.replace(mark, f"{{{position}}}")  # the only braces: in what is written they are encoded, and a base path has none
    return Values(prepared, len(asked), line, longest)


def with_values(alike: Values, values: tuple[str, ...], note_call: NoteCall) -> Prepared | None:
    """The call for other values; None where they may be too long to be put this way, or their number is not that of the conditions."""
    known, conditions, line, longest = alike
    if len(values) != conditions:  # one may have been there twice
        return None
    line = line.format(*values)
    if len(line) > longest:
        return None
    note_call(known.call)
    return _with_head(known, line.encode("ascii") + known.own_headers)


def _with_head(known: Prepared, head: bytes) -> Prepared:
    return Prepared(known.environment, known.route, known.call, known.allowed, known.predicate, known.own_headers, head)
