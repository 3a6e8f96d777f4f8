"""The stand-in backend's filters against a second opinion: every row judged one by one, in Python."""

import json
import re
import sqlite3
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.rows import rows, select
from sidecar.demo.backend.soap.filter_xml import read_filter_xml
from sidecar.demo.definitions import DOSSIERS, EMPLOYEES, HOURS, ITEMS, LEAVE, DataType, Field, GetConnector

Condition = tuple[Field, int, str]
Groups = list[list[Condition]]
Row = dict[str, Any]

Tables = list[tuple[GetConnector, list[Row]]]
NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ALL = {"skip": "-1", "take": "-1"}


# The second opinion.


def fold(text: str) -> str:
    return re.sub("[A-Z]", lambda letter: letter[0].lower(), text)


def comparable(field: Field, text: str) -> Any:
    match field.data_type:
        case DataType.INT | DataType.DECIMAL:
            return float(text)
        case DataType.BOOLEAN:
            return text == "true"
        case DataType.DATE:
            return text.removesuffix("Z")
        case _:
            return fold(text)


def matches(pattern: str, text: str) -> bool:
    regex = ".*".join(re.escape(part) for part in fold(pattern).split("%"))
    return re.fullmatch(regex, fold(text), re.DOTALL) is not None


def holds(row: Row, condition: Condition) -> bool:
    """False as well where a database would say "unknown": in a chain of AND and OR that makes no difference."""
    field, operator, value = condition
    actual = row[field.id]
    if operator in (8, 9):
        return (actual in (None, "")) is (operator == 8)
    if actual is None:
        return False
    if operator in (6, 11):
        return matches(f"%{value}%", actual) is (operator == 6)
    if operator in (10, 12):
        return matches(f"{value}%", actual) is (operator == 10)
    if operator in (13, 14):
        return matches(f"%{value}", actual) is (operator == 13)
    if operator == 7 and field.data_type is DataType.STRING and "%" in value:
        return not matches(value, actual)
    mine = comparable(field, str(actual).lower() if isinstance(actual, bool) else str(actual))
    theirs = comparable(field, value)
    return bool({1: mine == theirs, 2: mine >= theirs, 3: mine <= theirs, 4: mine > theirs, 5: mine < theirs, 7: mine != theirs}[operator])


def admitted(everything: list[Row], groups: Groups) -> list[Row]:
    return [row for row in everything if any(all(holds(row, condition) for condition in group) for group in groups)]


# Filters to try.


def wire_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).removesuffix("Z")


@st.composite
def conditions(draw: st.DrawFn, connector: GetConnector, everything: list[Row]) -> Condition:
    field = draw(st.sampled_from(connector.fields))
    known = sorted({wire_text(row[field.id]) for row in everything if row[field.id] is not None})
    values = st.sampled_from(known)
    if field.data_type is not DataType.STRING:
        return field, draw(st.sampled_from((1, 2, 3, 4, 5, 7, 8, 9))), draw(values)
    cut = st.builds(lambda text, start, length: text[start : start + length], values, st.integers(0, 8), st.integers(1, 8))
    odd = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
    joker = st.builds(lambda left, right: f"{left}%{right}", cut, cut)
    return (
        field,
        draw(st.integers(1, 14)),
        draw(values | cut | cut.map(str.upper) | joker | odd | st.sampled_from(("_", "%", "\\", "[", "''"))),
    )


@pytest.fixture(scope="module")
def tables(database: sqlite3.Connection) -> Tables:
    return [(connector, rows(database, connector, ALL)["rows"]) for connector in (EMPLOYEES, HOURS, LEAVE, ITEMS, DOSSIERS)]


@st.composite
def filters(draw: st.DrawFn, tables: Tables) -> tuple[GetConnector, list[Row], Groups]:
    connector, everything = draw(st.sampled_from(tables))
    condition = conditions(connector, everything)
    return connector, everything, draw(st.lists(st.lists(condition, min_size=1, max_size=3), min_size=1, max_size=3))


def as_json(groups: Groups) -> dict[str, str]:
    document = [
        {"@FilterId": f"Filter {number}", "Field": [{"@FieldId": f.id, "@OperatorType": str(o), "#text": v} for f, o, v in group]}
        for number, group in enumerate(groups, start=1)
    ]
    return {"filterjson": json.dumps({"Filters": {"Filter": document}})}


def as_xml(groups: Groups) -> str:
    def spell(condition: Condition) -> str:
        field, operator, value = condition
        return f'<Field FieldId="{field.id}" OperatorType="{operator}">{escape(value, {chr(13): "&#13;"})}</Field>'

    filters = [f'<Filter FilterId="{number}">{"".join(map(spell, group))}</Filter>' for number, group in enumerate(groups, start=1)]
    return f"<Filters>{''.join(filters)}</Filters>"


def as_lists(groups: Groups) -> dict[str, str]:
    def spell(part: int) -> str:
        return ";".join(",".join((c[0].id, str(c[1]), c[2])[part] for c in group) for group in groups)

    return {"filterfieldids": spell(0), "operatortypes": spell(1), "filtervalues": spell(2)}


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_filterjson_admits_the_rows_that_a_row_by_row_reading_admits(
    database: sqlite3.Connection, tables: Tables, data: st.DataObject
) -> None:
    connector, everything, groups = data.draw(filters(tables))
    assert rows(database, connector, ALL | as_json(groups))["rows"] == admitted(everything, groups)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_filter_xml_admits_the_same_rows(database: sqlite3.Connection, tables: Tables, data: st.DataObject) -> None:
    connector, everything, drawn = data.draw(filters(tables))
    groups = [[(field, operator, NOT_IN_XML.sub("", value)) for field, operator, value in group] for group in drawn]
    assert select(database, connector, read_filter_xml(connector, as_xml(groups)), []) == admitted(everything, groups)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_compact_lists_are_an_or_of_ands(database: sqlite3.Connection, tables: Tables, data: st.DataObject) -> None:
    connector, everything, drawn = data.draw(filters(tables))
    groups = [[(field, operator, re.sub("[,;]", " ", value)) for field, operator, value in group] for group in drawn]
    assert rows(database, connector, ALL | as_lists(groups))["rows"] == admitted(everything, groups)


@pytest.mark.parametrize("operator", ["1", "7", "2", "4", "6", "11", "10", "12", "13", "14"])
def test_a_row_with_an_empty_field_satisfies_no_comparison(database: sqlite3.Connection, operator: str) -> None:
    query = {"filterfieldids": "Afdeling", "filtervalues": "CONS", "operatortypes": operator}
    found = rows(database, HOURS, ALL | query)["rows"]
    assert all(row["Afdeling"] is not None for row in found)


def test_empty_and_not_empty_divide_the_rows_whatever_stands_as_value(database: sqlite3.Connection) -> None:
    total = len(rows(database, HOURS, ALL)["rows"])
    for marker in ("", '""', "null", "[is leeg]"):
        empty, filled = (
            len(rows(database, HOURS, ALL | {"filterfieldids": "Afdeling", "filtervalues": marker, "operatortypes": operator})["rows"])
            for operator in ("8", "9")
        )
        assert empty
        assert filled
        assert empty + filled == total


@pytest.mark.parametrize("value", ["2026-02-03T00:00:00", "2026-02-03", "03-02-2026", "2026-02-03T00:00:00Z"])
def test_a_date_may_be_spelled_in_the_ways_of_real_clients(database: sqlite3.Connection, value: str) -> None:
    found = rows(database, HOURS, ALL | {"filterfieldids": "Datum", "filtervalues": value, "operatortypes": "1"})["rows"]
    assert found
    assert {row["Datum"] for row in found} == {"2026-02-03T00:00:00Z"}


def test_without_operators_the_lists_compare_for_equality(database: sqlite3.Connection) -> None:
    found = rows(database, HOURS, ALL | {"filterfieldids": "afdeling", "filtervalues": "ICT"})["rows"]
    assert {row["Afdeling"] for row in found} == {"ICT"}


def test_one_object_may_stand_where_filterjson_has_a_list(database: sqlite3.Connection) -> None:
    text = '{"Filters":{"Filter":{"Field":{"@FieldId":"Afdeling","@OperatorType":1,"#text":"ICT"}}}}'
    found = rows(database, HOURS, ALL | {"filterjson": text})["rows"]
    assert {row["Afdeling"] for row in found} == {"ICT"}


@pytest.mark.parametrize(
    "query",
    [
        {"filterfieldids": "Onbekend", "filtervalues": "1", "operatortypes": "1"},
        {"filterfieldids": "Afdeling,Uren", "filtervalues": "ICT", "operatortypes": "1,1"},
        {"filterfieldids": "Afdeling,Uren", "filtervalues": "ICT;1", "operatortypes": "1,1"},
        {"filterfieldids": "Afdeling", "filtervalues": "ICT", "operatortypes": "15"},
        {"filterfieldids": "Afdeling", "filtervalues": "ICT", "operatortypes": "x"},
        {"filterfieldids": "Uren", "filtervalues": "veel", "operatortypes": "1"},
        {"filterfieldids": "Uren", "filtervalues": "1", "operatortypes": "6"},
        {"filterfieldids": "Datum", "filtervalues": "gisteren", "operatortypes": "1"},
        {"filterjson": "{"},
        {"filterjson": "[" * 100_000},
        {"filterjson": '{"Filters":{}}'},
        {"filterjson": '{"Filters":{"Filter":[{"Field":[{"@OperatorType":"1","#text":"1"}]}]}}'},
        {"filterjson": "{}", "filterfieldids": "Afdeling", "filtervalues": "ICT", "operatortypes": "1"},
    ],
)
def test_a_filter_that_makes_no_sense_is_an_error(database: sqlite3.Connection, query: dict[str, str]) -> None:
    with pytest.raises(Failure):
        rows(database, HOURS, query)


def test_a_value_never_becomes_sql(database: sqlite3.Connection) -> None:
    hostile = "' OR 1=1 --"
    for operator in ("1", "6", "10", "13"):
        query = {"filterfieldids": "Afdeling", "filtervalues": hostile, "operatortypes": operator}
        assert rows(database, HOURS, ALL | query)["rows"] == []
