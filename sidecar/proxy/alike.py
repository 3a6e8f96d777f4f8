"""Calls that differ from one that was prepared in nothing but the page or the values that they ask for: written around those, not anew.

What makes sure that nothing else changes is said where it is checked; that it is so is a law in `tests/proxy/test_preparation.py`.
"""

from typing import NamedTuple

from sidecar.dialects.call import GetRows, Page
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.filters.predicate import Condition, Group, Operator, Predicate
from sidecar.proxy.plan import Plan, plan_page
from sidecar.proxy.prepared import NoteCall, Prepared, head_of

_MOST_DIGITS = 9  # of a `skip` in a target that `cut_skip` cuts


class Pages(NamedTuple):
    """A call for a page, and its target and head for the backend up to the digits of `skip` and behind them.

    The texts are empty where it is not sure that another number leaves all the rest as it is.
    """

    known: Prepared
    target_before: str = ""
    target_after: str = ""
    head_before: bytes = b""
    head_after: bytes = b""


class Values(NamedTuple):
    """A call with one group of conditions, and its texts up to its values and behind them: only those differ with other values.

    `comparisons` are the client's fields and operators, `policy` the conditions behind those; `room` is for how many characters of values.
    """

    known: Prepared
    call: GetRows
    comparisons: tuple[tuple[str, Operator], ...]
    policy: Group
    spelled_before: str
    spelled_after: str
    target_before: str
    target_after: str
    head_before: bytes
    head_after: bytes
    room: int


def pages_of(prepared: Prepared) -> Pages:
    """The call's texts around its `skip`."""
    target, spelled = prepared.plan.target, prepared.plan.spelled
    if target is None or not isinstance(prepared.call, GetRows):
        return Pages(prepared)
    before, name, rest = target.partition("?skip=")
    after = rest.lstrip("0123456789")
    # With any number of digits, the query must be short enough for the first spelling, and so get that.
    if not name or not after.endswith(spelled[0]) or len(target) - len(before) + _MOST_DIGITS > LONGEST_QUERY:
        return Pages(prepared)
    before += name
    head = prepared.head
    start = head.index(b"?skip=") + len(name)
    end = start + len(rest) - len(after)
    return Pages(prepared, before, after, head[:start], head[end:])


def on_page(pages: Pages, call: GetRows, skip: int, note_call: NoteCall) -> Prepared:
    """The call for another page.

    :raises Refusal: QUERY_TOO_LONG where the narrowed question can't be put.
    """
    known = pages.known
    call = GetRows(call.connector, call.filter, call.order, Page(skip, call.page.take))
    note_call(call)
    own = known.own_headers
    if pages.head_before:
        planned = Plan(known.plan.verb, f"{pages.target_before}{skip}{pages.target_after}", known.plan.narrowed, known.plan.spelled)
        head = b"%b%d%b" % (pages.head_before, skip, pages.head_after)
    else:
        planned = plan_page(call, known.allowed, known.plan)
        head = head_of(known.route, planned, own)
    return Prepared(known.environment, known.route, call, known.allowed, planned, known.predicate, own, head)


def values_of(prepared: Prepared) -> Values | None:
    """The call's texts around its values, which are those that `cut_values` cut; None where other values could change more than themselves.

    They can't where each condition of the client's is on a field of its own, on which policy has none: nothing then is implied by anything,
    contradicts anything or occurs twice that did not before. So all values stay in their places.
    """
    call, rows, planned = prepared.call, prepared.allowed.rows, prepared.plan
    if not isinstance(call, GetRows) or rows is None or planned.target is None or planned.narrowed is None or len(planned.spelled) != 1:
        return None
    if len(call.filter.groups) != 1 or len(rows.predicate.groups) != 1 or len(planned.narrowed.groups) != 1:
        return None
    asked, policy = call.filter.groups[0], planned.narrowed.groups[0][len(call.filter.groups[0]) :]
    fields = {condition.field for condition in asked}
    if len(fields) != len(asked) or not fields.isdisjoint([condition.field for condition in rows.predicate.groups[0]]):
        return None
    if not all(condition.operator.takes_value for condition in asked):
        return None
    values = ",".join([condition.value for condition in asked])
    spelled, spelled_after = _around(planned.spelled[0], values)
    target, target_after = _around(planned.target, values)
    head = f"{planned.verb} {prepared.route.base_path}{target}".encode("ascii")
    if not spelled or not target or not prepared.head.startswith(head + values.encode("ascii")):
        return None
    room = LONGEST_QUERY - (len(planned.target) - planned.target.index("?")) + len(values)
    comparisons = tuple([(condition.field, condition.operator) for condition in asked])
    return Values(
        prepared,
        call,
        comparisons,
        policy,
        spelled,
        spelled_after,
        target,
        target_after,
        head,
        prepared.head[len(head) + len(values) :],
        room,
    )


def _around(text: str, values: str) -> tuple[str, str]:
    """The text up to these values and behind them; empty where they do not stand at the beginning of the filter's."""
    before, name, after = text.partition("&filtervalues=")
    rest = after[len(values) :]
    return (before + name, rest) if after.startswith(values) and rest.startswith((",", "&")) else ("", "")


def with_values(alike: Values, values: tuple[str, ...], note_call: NoteCall) -> Prepared:
    """The call for other values, as many, for which there is room."""
    known, texts = alike.known, ",".join(values)
    asked = tuple([Condition(field, operator, value) for (field, operator), value in zip(alike.comparisons, values, strict=True)])
    call = GetRows(alike.call.connector, Predicate((asked,)), alike.call.order, alike.call.page)
    note_call(call)
    target, spelled = (
        f"{before}{texts}{after}"
        for before, after in ((alike.target_before, alike.target_after), (alike.spelled_before, alike.spelled_after))
    )
    planned = Plan(known.plan.verb, target, Predicate((asked + alike.policy,)), (spelled,))
    head = b"%b%b%b" % (alike.head_before, texts.encode("ascii"), alike.head_after)
    return Prepared(known.environment, known.route, call, known.allowed, planned, known.predicate, known.own_headers, head)
