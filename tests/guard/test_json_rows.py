"""Rows of REST answers: ordinary spellings pass whole, hostile ones are never let through as good."""

import json

import pytest

from sidecar.guard.json_rows import JsonRows
from tests.guard.answers import checked, checked_rest, rest

GOOD = b'{"Afdeling":"CONS","Id":1}'
HEAD = b'{"skip":0,"take":100,"rows":['


def answer(*rows: bytes, head: bytes = HEAD, tail: bytes = b"]}") -> bytes:
    return head + b",".join(rows) + tail


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (answer(), 0),
        (answer(GOOD), 1),
        (answer(GOOD, GOOD), 2),
        (answer(GOOD, head=b' {\r\n\t"rows" : [ ', tail=b' ] , "skip" : -1 , "take" : -1 } \n'), 1),
        (rest([{"Afdeling": "ICT", "Note": 'a "]}" \\ [{'}, {"Afdeling": "CONS", "Note": "{]é€\\"}] * 3, indent=2), 6),
        (rest([{"Afdeling": "ICT", "Ok": True, "Not": False, "Hours": 1.5, "Big": 10**400, "None": None, "😀": "😀\ud83d\ude00"}]), 1),
        (answer(b'{"Afdel\\u0069ng":"CONS","Note":"caf\\u00e9\\/"}'), 1),
        (answer(b'{"Afdeling":"CONS"}', b'{"Id":2,"Afdeling":"ICT"}'), 2),
    ],
)
def test_an_answer_in_order_passes_whole(data: bytes, rows: int) -> None:
    assert checked_rest(data) == ((rows, 0, 0, True), data)


@pytest.mark.parametrize(
    "row",
    [
        b'{"Afdeling":"HR","Afdeling":"CONS"}',
        b'{"Afdeling":"CONS","Afdeling":"HR"}',
        b'{"Afdel\\u0069ng":"HR","Afdeling":"CONS"}',
        b'{"Afdeling":"CONS","Id":1,"Id":1}',
        b'{"Afdeling":"CONS","AFDELING":"HR"}',
        b'{"Afdeling":"CONS","Note":"\\ud800"}',
        b'{"Afdeling":"CONS","\\uDC00":1}',
        b'{"Department":"CONS"}',
        b'{"Afdeling":"CONS\\u0000"}',
        b"{}",
        b'{"Afdeling":"' + b"C" * 100_000 + b'"}',
        b'{"Afdeling":' + b"1" * 100_000 + b"}",
        b'{"Afdeling":1e400000}',
    ],
    ids=lambda row: str(row[:40]),
)
def test_a_row_that_cannot_be_judged_is_counted_and_withheld(row: bytes) -> None:
    assert checked_rest(answer(row)) == ((1, 0, 1, True), b"")
    finding, passed = checked_rest(answer(GOOD, row, GOOD))
    assert (finding, passed) == ((3, 0, 1, True), b"")


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", 0),
        (b"null", 0),
        (b"[]", 0),
        (b"{}", 0),
        (b"[" * 100_000, 0),
        (b'{"externalMessage":"x","errorNumber":1}', 0),
        (b"\xef\xbb\xbf" + answer(GOOD), 0),
        (answer(GOOD).decode().encode("utf-16"), 0),
        (answer(GOOD, head=b'{"skip":0,"total":1,"rows":['), 0),
        (answer(GOOD, head=b'{"skip":0,"skip":0,"rows":['), 1),
        (answer(GOOD, head=b'{"skip":00,"rows":['), 0),
        (answer(GOOD, head=b'{"rows":{"a":['), 0),
        (answer(GOOD, head=b'{"ro\\u0077s":['), 0),
        (answer(GOOD, head=b'{"rows":[' + b" " * 2_000_000), 0),
        (answer(GOOD, head=b" " * 2_000 + HEAD), 0),
        (answer(GOOD, tail=b'],"rows":[' + GOOD + b"]}"), 1),
        (answer(GOOD, tail=b'],"rows":[]}'), 1),
        (answer(GOOD, tail=b'],"take":100}'), 1),
        (answer(GOOD, tail=b'],"more":{"rows":1}}'), 1),
        (answer(GOOD, tail=b"]}x"), 1),
        (answer(GOOD, tail=b"]}" + answer(GOOD)), 1),
        (answer(GOOD, tail=b"]}" + b" " * 2_000), 1),
        (answer(GOOD, tail=b"]"), 1),
        (answer(GOOD, tail=b""), 1),
        (answer(GOOD, tail=b",]}"), 1),
        (answer(GOOD, tail=b"]]}"), 1),
        (answer(GOOD, b""), 1),
        (answer(b"", GOOD), 0),
        (answer(GOOD, b"", GOOD), 1),
        (answer(GOOD + GOOD), 1),
        (answer(GOOD, b"null", GOOD), 1),
        (answer(GOOD, b"[]", GOOD), 1),
        (answer(GOOD, b'"x"', GOOD), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":[]}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":["Afdeling"]}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":{}}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":{"Afdeling":"HR"}}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":{"a":1,"a":2}}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":1,"x":{"a":1}}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":' + b"[" * 50_000 + b"]" * 50_000 + b"}"), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":NaN}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":-Infinity}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":01}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":+1}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":True}'), 1),
        (answer(GOOD, b"{'Afdeling':'CONS'}"), 1),
        (answer(GOOD, b'{"Afdeling":"CONS",}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS" /* x */}'), 1),
        (answer(GOOD, b'{"Afdeling":"CO\nNS"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CO\x00NS"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"\\x"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"\xff"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"\xed\xa0\x80"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"\xc0\xaf"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"' + b"x" * 2_000_000 + b'"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"' + b"}" * 2_000_000 + b'"}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS","x":"unclosed}'), 1),
        (answer(GOOD, b'{"Afdeling":"CONS"\\}'), 1),
    ],
    ids=lambda part: str(part[-60:]) if isinstance(part, bytes) else str(part),
)
@pytest.mark.parametrize("size", [1 << 30, 50_000])
def test_what_is_no_list_of_flat_rows_is_unreadable_and_never_passes(data: bytes, rows: int, size: int) -> None:
    finding, passed = checked(JsonRows(), [data[start : start + size] for start in range(0, len(data), size)])
    assert finding == (rows, 0, 0, False)
    assert passed[-1] == b""
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(passed) or b"x")


def test_a_row_may_be_as_long_as_the_bound_and_no_longer() -> None:
    row = b'{"Afdeling":"CONS","x":"' + b"y" * 100 + b'"}'
    for longest, is_good in ((len(row) + 1, True), (len(row) - 1, False)):
        for size in (10, 1_000):
            data = answer(row, row, row)
            pieces = [data[start : start + size] for start in range(0, len(data), size)]
            assert checked(JsonRows(longest), pieces)[0][3] is is_good
