"""Recognising the same question about another page."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.dialects.call import Call, GetRows
from sidecar.dialects.rest.paging import Paged, cut_skip
from sidecar.dialects.rest.read import read
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.errors import Refusal

ROWS = "/ProfitRestServices/connectors/Profit_Hours"


@pytest.mark.parametrize(
    ("target", "cut"),
    [
        ("/a?skip=5", Paged("/a?", 5, "")),
        ("/a?x=1&skip=007", Paged("/a?x=1&", 7, "")),
        ("/a?skip=5&x=1", Paged("/a?", 5, "&x=1")),
        ("/a?x=1&skip=5&", Paged("/a?x=1&", 5, "&")),
        ("/a?x=?skip=1&skip=5", Paged("/a?x=?skip=1&", 5, "")),
    ],
)
def test_a_target_is_cut_around_the_digits_of_its_skip(target: str, cut: Paged) -> None:
    assert cut_skip(target) == cut


@pytest.mark.parametrize(
    "target",
    [
        "/a",
        "/a&skip=5",
        "/a&skip=5&b?x=1",
        "/a?noskip=5",
        "/a?x=1;skip=5",
        "/a?x=?skip=5",
        "/a?Skip=5",
        "/a?sk%69p=5",
        "/a?skip=-1",
        "/a?skip=",
        "/a?skip=%35",
        "/a?skip=1234567890",
        "/a?skip=٥",
        "/a?skip=5#",
        "/a?skip=5\n",
        "/a?skip=5;",
        f"/a?skip=5&{'x' * LONGEST_QUERY}",
    ],
)
def test_a_skip_in_any_doubt_is_left_alone(target: str) -> None:
    assert cut_skip(target) is None


pieces = st.sampled_from(
    ["take=5", "take=-1", "skip=-1", "SKIP=3", "sk%69p=3", "skip=3", "top=1", "", "filterfieldids=A&filtervalues=skip=1", "a?b", "%", "#"]
)
paths = st.sampled_from(
    [ROWS, ROWS.replace("P", "%50"), f"{ROWS}&skip=9", "/ProfitRestServices/connectors/a%2Fb", "/ProfitRestServices/metainfo"]
)
digits = st.from_regex(r"[0-9]{1,10}", fullmatch=True)


@given(paths, st.lists(pieces, max_size=3), st.lists(pieces, max_size=3), digits, digits)
@example(ROWS, ["take=5"], ["orderbyfieldids=A"], "1", "000000002")
@example(ROWS, [f"filterfieldids=A&filtervalues={'x' * 1940}"], [], "1", "999999999")
def test_targets_that_differ_in_their_skip_only_are_read_alike_but_for_it(
    path: str, before: list[str], after: list[str], one: str, other: str
) -> None:
    known, new = (f"{path}?{'&'.join([*before, f'skip={skip}', *after])}" for skip in (one, other))
    cut_known, cut_new = cut_skip(known), cut_skip(new)
    call = read_or_none(known)
    if call is None or cut_known is None or cut_new is None or cut_known._replace(skip=cut_new.skip) != cut_new:
        return
    assert isinstance(call, GetRows)
    assert read("GET", new) == replace(call, page=replace(call.page, skip=cut_new.skip))


def read_or_none(target: str) -> Call | None:
    try:
        return read("GET", target)
    except Refusal:
        return None
