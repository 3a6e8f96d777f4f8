"""The JSON spelling: the one documented shape is read, every other refused; what is written is terse and cannot be broken open."""

import json
from typing import Any

import pytest
from hypothesis import given

from sidecar.errors import Reason, Refusal
from sidecar.filters.filterjson import read_filterjson, write_filterjson
from sidecar.filters.predicate import EVERYTHING, NOTHING, Condition, Operator, Predicate, single
from tests.evaluation import worlds
from tests.evaluation.reading import Reading, Row
from tests.evaluation.wire import filterjson_admits
from tests.filters.predicates import admitted, predicates

FIELD = {"@FieldId": "A", "@OperatorType": "1", "#text": "1"}
A, B = (Condition(field, Operator.EQUAL, "1") for field in "AB")


def wrapped(*filters: Any) -> str:
    return json.dumps({"Filters": {"Filter": list(filters)}})


def one_field(**changed: Any) -> str:
    """A single condition with keys changed: `FieldId` and `OperatorType` for the attributes, `text` for the value; … leaves one out."""
    names = {"FieldId": "@FieldId", "OperatorType": "@OperatorType", "text": "#text"}
    field = {**FIELD, **{names.get(key, key): value for key, value in changed.items()}}
    return wrapped({"@FilterId": "Filter 1", "Field": [{key: value for key, value in field.items() if value is not ...}]})


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        (one_field(), ((A,),)),
        (one_field(OperatorType=1), ((A,),)),
        (one_field(text=1), ((A,),)),
        (one_field(text=-5), ((Condition("A", Operator.EQUAL, "-5"),),)),
        (wrapped({"Field": [FIELD]}), ((A,),)),
        (wrapped({"Field": [FIELD, FIELD]}), ((A,),)),
        (wrapped({"@FilterId": 1, "Field": [FIELD]}, {"@FilterId": 2, "Field": [{**FIELD, "@FieldId": "B"}]}), ((A,), (B,))),
        (one_field(OperatorType="8", text=None), ((Condition("A", Operator.EMPTY, ""),),)),
        (one_field(OperatorType=9, text=None), ((Condition("A", Operator.NOT_EMPTY, ""),),)),
        (one_field(OperatorType="8", text=""), ((Condition("A", Operator.EMPTY, ""),),)),
        (one_field(OperatorType="9", text="[is leeg]"), ((Condition("A", Operator.NOT_EMPTY, "[is leeg]"),),)),
        (one_field(OperatorType="8", text='""'), ((Condition("A", Operator.EMPTY, '""'),),)),
        (one_field(text="a,b;c"), ((Condition("A", Operator.EQUAL, "a,b;c"),),)),
        (one_field(text="\u00e9\U0001f600"), ((Condition("A", Operator.EQUAL, "é😀"),),)),
        ("  " + one_field() + "\n", ((A,),)),
    ],
)  # fmt: skip
def test_the_documented_shape_is_read_as_clients_vary_it(text: str, groups: tuple[tuple[Condition, ...], ...]) -> None:
    assert read_filterjson(text).groups == groups


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "1",
        "{",
        "\ufeff" + one_field(),
        one_field() + one_field(),
        one_field().replace("}", ",}", 1),
        one_field().replace('"', "'"),
        one_field() + "//",
        '{"Filters":null}',
        '{"Filters":{}}',
        '{"Filters":[]}',
        '{"Filters":{"Filter":null}}',
        wrapped(),
        wrapped(None),
        wrapped([]),
        wrapped({}),
        wrapped({"Field": []}),
        wrapped({"Field": None}),
        wrapped({"Field": [None]}),
        wrapped({"Field": [[FIELD]]}),
        wrapped({"Field": [FIELD]}, {}),
        wrapped({"Field": [FIELD]}, {"Field": []}),
        json.dumps({"Filters": {"Filter": {"Field": [FIELD]}}}),  # one object where a list belongs
        wrapped({"Field": FIELD}),
        json.dumps({"Filters": {"Filter": [{"Field": [FIELD]}], "Other": 1}}),  # unknown keys
        json.dumps({"Filters": {"Filter": [{"Field": [FIELD]}]}, "Other": 1}),
        wrapped({"Field": [FIELD], "Other": 1}),
        one_field(Other="x"),
        json.dumps({"filters": {"Filter": [{"Field": [FIELD]}]}}),  # letter case of keys
        json.dumps({"Filters": {"filter": [{"Field": [FIELD]}]}}),
        wrapped({"field": [FIELD]}),
        wrapped({"Field": [{"@fieldid": "A", "@OperatorType": "1", "#text": "1"}]}),
        one_field(FieldId=...),  # missing keys
        one_field(OperatorType=...),
        one_field(text=...),
        one_field(OperatorType="8", text=...),
        '{"Filters":{"Filter":[{"Field":[]}]},' + one_field()[1:],  # a key twice
        one_field().replace('"#text": "1"', '"#text": "1", "#text": "2"'),
        one_field().replace('"@FieldId": "A"', '"@FieldId": "B", "@FieldId": "A"'),
        one_field().replace('"@FieldId": "A"', '"\\u0040FieldId": "B", "@FieldId": "A"'),
        wrapped({"@FilterId": "1", "Field": [FIELD]}, {"@FilterId": 1, "Field": [FIELD]}),
        wrapped({"@FilterId": None, "Field": [FIELD]}),
        one_field(FieldId=1),
        one_field(FieldId=None),
        one_field(FieldId=""),
        one_field(FieldId='A"'),
        one_field(OperatorType=None),
        one_field(OperatorType=True),
        one_field(OperatorType=1.0),
        one_field(OperatorType="1 "),
        one_field(OperatorType=0),
        one_field(OperatorType="16"),
        one_field(OperatorType=[1]),
        one_field(text=None),
        one_field(text=""),
        one_field(text=True),
        one_field(text=1.5),
        one_field(text=[]),
        one_field(text={}),
        one_field(text="a\0b"),
        one_field(text="a\nb"),
        one_field().replace('"#text": "1"', '"#text": NaN'),
        one_field().replace('"#text": "1"', '"#text": 1e3'),
        one_field().replace('"#text": "1"', '"#text": "\\ud800"'),
        one_field().replace('"#text": "1"', f'"#text": {"9" * 5000}'),
        one_field(OperatorType="8", text="1"),
        "[" * 100_000,
    ],
)
def test_any_other_shape_is_refused_as_malformed(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_filterjson(text)
    assert caught.value.reason is Reason.FILTER_MALFORMED


@pytest.mark.parametrize(
    ("operator", "value"), [("15", "*x"), (15, "x"), ("1", "[Gebruiker]"), ("2", "[Vandaag - 1]..[Vandaag]"), ("1", "[Nu]\ufeff")]
)
def test_what_the_backend_would_interpret_is_not_supported(operator: str | int, value: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_filterjson(one_field(OperatorType=operator, text=value))
    assert caught.value.reason is Reason.FILTER_NOT_SUPPORTED


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(Refusal) as caught:
        read_filterjson(wrapped({"Field": [FIELD]}, {"Field": [FIELD, {**FIELD, "@OperatorType": 99}]}))
    assert "Filter 2, Field 2" in caught.value.detail


def test_what_is_written_is_terse() -> None:
    predicate = Predicate(((A, Condition("B", Operator.EMPTY)), (Condition("C", Operator.EQUAL, 'x,";y'),)))
    assert write_filterjson(predicate) == (
        '{"Filters":{"Filter":['
        '{"@FilterId":"1","Field":[{"@FieldId":"A","@OperatorType":"1","#text":"1"},{"@FieldId":"B","@OperatorType":"8","#text":""}]},'
        '{"@FilterId":"2","Field":[{"@FieldId":"C","@OperatorType":"1","#text":"x,\\";y"}]}]}}'
    )


@pytest.mark.parametrize("value", ["＂", "ʺ", "é", "\u2028", "％22", "%22", "%u0022", "\\%22", "100%"])
def test_nothing_in_a_value_becomes_a_quotation_mark_on_the_way(value: str) -> None:
    text = write_filterjson(single("A", Operator.EQUAL, f"x{value}"))
    assert text.isascii()
    assert json.loads(text) == json.loads(Reading(code_page=True, decodes_twice=True).received(text))
    assert read_filterjson(text) == single("A", Operator.EQUAL, f"x{value}")


@pytest.mark.parametrize("predicate", [EVERYTHING, NOTHING, Predicate(((A,), ()))])
def test_a_filter_that_a_backend_could_take_for_no_filter_is_never_written(predicate: Predicate) -> None:
    with pytest.raises(ValueError, match="no filterjson"):
        write_filterjson(predicate)


@given(predicates)
def test_what_is_written_reads_back_as_it_was(predicate: Predicate) -> None:
    assert read_filterjson(write_filterjson(predicate)) == predicate


@given(predicates, worlds.rows, worlds.faithful_readings)
def test_what_is_written_admits_what_was_meant(predicate: Predicate, rows: list[Row], reading: Reading) -> None:
    text = write_filterjson(predicate)
    assert [row for row in rows if filterjson_admits(text, row, reading)] == admitted(predicate, rows, reading)


@given(worlds.json_filters(), worlds.rows, worlds.faithful_readings)
def test_what_a_client_spells_is_what_is_read(asked: worlds.FilterJson, rows: list[Row], reading: Reading) -> None:
    assert admitted(read_filterjson(asked.text), rows, reading) == [row for row in rows if asked.admits(row, reading)]
