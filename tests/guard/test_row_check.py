"""The laws of withholding: what comes out is a beginning of what went in, all of it if all is well, however it was cut."""

import json
import tracemalloc
from html import escape
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sidecar.filters.predicate import Predicate
from sidecar.guard.answer import RowReader
from sidecar.guard.json_rows import JsonRows
from sidecar.guard.judge import Judge
from sidecar.guard.row_check import RowCheck
from sidecar.guard.soap_rows import SoapRows
from tests.guard.answers import CONNECTOR, POLICY, checked, cut, rest, soap, soap_rows

texts = st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "S", "Zs", "Cf"]), max_size=6) | st.sampled_from(
    ['"', "\\", "}", "]}", '"},{"', "&lt;", "<", "&amp;", f"</{CONNECTOR}>", "[", "]]>", "\\\\", "CONS"]
)
fields: dict[str, st.SearchStrategy[Any]] = {
    "Afdeling": st.sampled_from(["CONS", "ICT", "cons", "CONS", "CONS", "HR", None]),
    "Note": texts | st.none() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
}
rows = st.lists(st.fixed_dictionaries(fields), max_size=6)
good_rows = st.lists(st.fixed_dictionaries(fields | {"Afdeling": st.sampled_from(["CONS", "ICT", "cons"])}), max_size=6)
styles = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, 1]), "ensure_ascii": st.booleans(), "separators": st.sampled_from([(",", ":"), (" ,", " : ")])}
)
places = st.lists(st.integers(0, 600), max_size=12)
changes = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(0, 12), st.sampled_from([b"", b'"', b"}", b"{", b"]", b"\\", b",", b"<", b"&lt;", b"x", b"&"])
    ),
    min_size=1,
    max_size=3,
)


def changed(data: bytes, by: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, instead in by:
        data = data[:place] + instead + data[place + length :]
    return data


@given(rows, styles, places)
def test_a_rest_answer_is_judged_alike_however_it_was_cut(rows: list[dict[str, Any]], style: dict[str, Any], places: list[int]) -> None:
    data = rest(rows, **style)
    finding, passed = checked(JsonRows(), cut(data, places))
    violating = sum(row["Afdeling"] in ("HR", None) for row in rows)
    assert finding == (len(rows), violating, 0, True)
    assert data.startswith(b"".join(passed))
    assert violating or b"".join(passed) == data


@given(rows, st.sampled_from(["", "\r\n  "]), places)
def test_a_soap_answer_is_judged_alike_however_it_was_cut(rows: list[dict[str, Any]], between: str, places: list[int]) -> None:
    data = soap_rows(rows, between)
    finding, passed = checked(SoapRows(CONNECTOR), cut(data, places))
    violating = sum(row["Afdeling"] in ("HR", None) for row in rows)
    assert finding == (len(rows), violating, 0, True)
    assert data.startswith(b"".join(passed))
    assert violating or b"".join(passed) == data


@given(rows, styles, changes, places, places)
def test_a_spoilt_rest_answer_is_judged_alike_however_it_was_cut(
    rows: list[dict[str, Any]], style: dict[str, Any], changes: list[tuple[int, int, bytes]], one: list[int], other: list[int]
) -> None:
    data = changed(rest(rows, **style), changes)
    finding, passed = checked(JsonRows(), cut(data, one))
    assert finding == checked(JsonRows(), cut(data, other))[0] == checked(JsonRows(), [data])[0]
    if finding[1:] == (0, 0, True):
        assert b"".join(passed) == data
        document = json.loads(data)
        assert all(str(row["Afdeling"]).strip(" ").lower() in ("cons", "ict") for row in document["rows"])
        assert len(document["rows"]) == finding[0]


@given(rows, changes, places, places)
def test_a_spoilt_soap_answer_is_judged_alike_however_it_was_cut(
    rows: list[dict[str, Any]], changes: list[tuple[int, int, bytes]], one: list[int], other: list[int]
) -> None:
    data = changed(soap_rows(rows), [(place + 200, length, instead) for place, length, instead in changes])
    finding, passed = checked(SoapRows(CONNECTOR), cut(data, one))
    assert finding == checked(SoapRows(CONNECTOR), cut(data, other))[0] == checked(SoapRows(CONNECTOR), [data])[0]
    if finding[1:] == (0, 0, True):
        assert b"".join(passed) == data


@given(good_rows, styles, places)
def test_what_was_let_through_before_the_end_is_never_a_whole_document(
    rows: list[dict[str, Any]], style: dict[str, Any], places: list[int]
) -> None:
    data = rest(rows, **style)
    _finding, passed = checked(JsonRows(), cut(data, places))
    assert b"]" in passed[-1]
    assert b"}" in passed[-1]


def test_good_rows_are_let_through_before_the_violation_comes_and_nothing_after_it() -> None:
    data = rest([{"Afdeling": "CONS", "Id": 1}, {"Afdeling": "HR", "Id": 2}, {"Afdeling": "CONS", "Id": 3}])
    check = RowCheck(Judge(POLICY), JsonRows())
    passed = [check.feed(data[place : place + 1]) for place in range(len(data))]
    assert b"".join(passed) == data[: data.index(b"}") + 1]
    assert not check.passes
    assert check.end() == b""
    assert (check.rows, check.violating, check.unjudgeable) == (3, 1, 0)


def test_the_head_waits_for_the_first_row_so_that_a_refusal_is_still_possible() -> None:
    data = rest([{"Afdeling": "HR"}])
    check = RowCheck(Judge(POLICY), JsonRows())
    assert [check.feed(data[:20]), check.feed(data[20:40]), check.feed(data[40:]), check.end()] == [b"", b"", b"", b""]
    assert check.violating == 1


def test_a_large_piece_with_a_violation_is_withheld_as_a_whole() -> None:
    rows = [{"Afdeling": "CONS", "Id": number} for number in range(20_000)]
    data = rest([*rows, {"Afdeling": "HR"}])
    check = RowCheck(Judge(POLICY), JsonRows())
    assert check.feed(data) == b""
    assert (check.rows, check.violating) == (20_001, 1)


def test_memory_does_not_grow_with_the_answer() -> None:
    piece = json.dumps({"Afdeling": "CONS", "Note": "x" * 300, "Id": 12345}).encode() + b","
    element = escape(f"<{CONNECTOR}><Afdeling>CONS</Afdeling><Note>{'x' * 300}</Note></{CONNECTOR}>").encode()
    soap_head = soap("<AfasGetConnector>").partition(b"</")[0]
    readers: list[tuple[RowReader, bytes, bytes]] = [(JsonRows(), b'{"rows":[', piece), (SoapRows(CONNECTOR), soap_head, element)]
    for reader, head, row in readers:
        check = RowCheck(Judge(POLICY), reader)
        check.feed(head)
        tracemalloc.start()
        for _ in range(100):
            check.feed(row * 400)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert check.rows == 40_000
        assert peak < 3_000_000


def test_the_guard_of_everything_still_reads_the_answer() -> None:
    everything = Predicate(((),))
    data = rest([{"Afdeling": "HR"}, {}])
    finding, passed = checked(JsonRows(), [data], everything)
    assert (finding, b"".join(passed)) == ((2, 0, 0, True), data)
    assert checked(JsonRows(), [data[:-1]], everything)[0] == (2, 0, 0, False)


def test_what_will_not_be_asked_for_is_not_held() -> None:
    """So that an answer that passes for all that was found takes no memory."""
    check = RowCheck(Judge(POLICY), JsonRows())
    whole = rest([{"Afdeling": "HR"}, *[{"Afdeling": "CONS"}] * 5000])
    held = 0
    for piece in cut(whole, range(1000, len(whole), 1000)):
        check.feed(piece)
        held = max(held, len(check._waiting))
    assert check.violating == 1
    assert held <= 1000
