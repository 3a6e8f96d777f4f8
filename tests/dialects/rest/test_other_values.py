"""Recognising the same question with other values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.call import Call, GetRows
from sidecar.dialects.rest.other_values import Valued, cut_values
from sidecar.dialects.rest.read import read
from sidecar.dialects.rest.target import LONGEST_QUERY
from sidecar.errors import Refusal
from sidecar.filters.predicate import Predicate

ROWS = "/ProfitRestServices/connectors/Profit_Hours"


@pytest.mark.parametrize(
    ("target", "cut"),
    [
        ("/a?filtervalues=5", Valued("/a?filtervalues=", ("5",), "")),
        ("/a?x=1&filtervalues=a,b&y=2", Valued("/a?x=1&filtervalues=", ("a", "b"), "&y=2")),
        ("/a?filtervalues=a%2Cb%3A1%2F2&", Valued("/a?filtervalues=", ("a", "b:1/2"), "&")),
        ("/a?filtervalues=a%2cb%3a1%2f2&", Valued("/a?filtervalues=", ("a", "b:1/2"), "&")),
        ("/a?filtervalues=1&filtervalues=2", Valued("/a?filtervalues=1&filtervalues=", ("2",), "")),
    ],
)
def test_a_target_is_cut_around_its_values(target: str, cut: Valued) -> None:
    assert cut_values(target) == cut


@pytest.mark.parametrize(
    "target",
    [
        "/a",
        "/a&filtervalues=5",
        "/a&filtervalues=5&b?x=1",
        "/a?xfiltervalues=5",
        "/a?x=?filtervalues=5",
        "/a?FilterValues=5",
        "/a?filtervalue%73=5",
        "/a?filtervalues=",
        "/a?filtervalues=a,,b",
        "/a?filtervalues=,",
        *(f"/a?filtervalues=a{character}" for character in ";+ []%'\\\"*_\n\u0661\u00e9#?=" if character != "_"),
        *(f"/a?filtervalues=a%{code}" for code in ("3B", "00", "25", "253A", "%3A3A", "5B", "2B", "20", "C3%A9", "C3", "2", "zz")),
        f"/a?filtervalues=5&{'x' * LONGEST_QUERY}",
    ],
)
def test_values_in_any_doubt_are_left_alone(target: str) -> None:
    assert cut_values(target) is None


pieces = st.sampled_from(
    [
        "take=5",
        "filterfieldids=A",
        "filterfieldids=A%2CB",
        "filterfieldids=A;B",
        "filterfieldids=A,A",
        "operatortypes=1,2",
        "operatortypes=8",
        "operatortypes=6",
        "filtervalues=1",
        "FILTERVALUES=1",
        "filtervalue%73=1",
        "filterjson=x",
        "",
        "%",
    ]
)
values = st.lists(st.text("ab1:.-/_", min_size=1, max_size=3) | st.sampled_from(["null", "a%3A1", "%2fa"]), min_size=1, max_size=2)


@given(st.lists(pieces, max_size=3), st.lists(pieces, max_size=3), values, values)
def test_targets_that_differ_in_their_values_only_are_read_alike_but_for_them(
    before: list[str], after: list[str], one: list[str], other: list[str]
) -> None:
    known, new = (f"{ROWS}?{'&'.join([*before, 'filtervalues=' + ','.join(each), *after])}" for each in (one, other))
    cut_known, cut_new = cut_values(known), cut_values(new)
    call = read_or_none(known)
    if call is None or cut_known is None or cut_new is None or cut_known._replace(values=cut_new.values) != cut_new:
        return
    assert isinstance(call, GetRows)
    [group] = call.filter.groups
    if len(group) != len(cut_new.values) or len(cut_known.values) != len(group) or not all(each.operator.takes_value for each in group):
        return
    expected = tuple(each._replace(value=value) for each, value in zip(group, cut_new.values, strict=True))
    assert read("GET", new) == replace(call, filter=Predicate((tuple(dict.fromkeys(expected)),)))


def read_or_none(target: str) -> Call | None:
    try:
        return read("GET", target)
    except Refusal:
        return None
