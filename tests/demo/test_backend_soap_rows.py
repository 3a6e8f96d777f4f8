"""The stand-in backend's rows over SOAP: the same as over REST, with the quirks that backends are known for."""

import csv
import json
from typing import Any

import pytest

from tests.demo.soap import Client, as_soap_has_them, ask, rows_in
from tests.dialects.soap.messages import Version

ALL = {"skip": "-1", "take": "-1"}
Groups = list[list[tuple[str, int, str]]]

FILTERS: list[tuple[str, Groups]] = [
    ("Profit_Hours", []),
    ("Profit_Hours", [[("Afdeling", 1, "DIR")]]),
    ("Profit_Hours", [[("Afdeling", 1, "DIR"), ("Uren", 2, "4")]]),
    ("Profit_Hours", [[("Afdeling", 1, "DIR")], [("Afdeling", 1, "HR"), ("Omschrijving", 8, "")]]),
    ("Profit_Hours", [[("Omschrijving", 6, "<&>")], [("Omschrijving", 1, 'Offerte "fase 2" uitgewerkt')]]),
    ("Profit_Leave", [[("Goedgekeurd", 1, "true"), ("Begindatum", 2, "2026-06-01")]]),
    ("Profit_Employees", [[("EndDate", 9, "")]]),
    ("Profit_Countries", [[("Land", 10, "Z%")]]),
]


def filter_xml(groups: Groups) -> str:
    def spell(field: str, operator: int, value: str) -> str:
        text = value.replace("&", "&amp;").replace("<", "&lt;")
        return f'<Field FieldId="{field}" OperatorType="{operator}">{text}</Field>'

    filters = [
        f'<Filter FilterId="Filter {number}">{"".join(spell(*condition) for condition in group)}</Filter>'
        for number, group in enumerate(groups, start=1)
    ]
    return f"<Filters>{''.join(filters)}</Filters>" if groups else ""


def filter_json(groups: Groups) -> dict[str, str]:
    fields = [[{"@FieldId": f, "@OperatorType": str(o), "#text": v} for f, o, v in group] for group in groups]
    return {"filterjson": json.dumps({"Filters": {"Filter": [{"Field": each} for each in fields]}})} if groups else {}


async def over_rest(client: Client, connector: str, **query: str) -> list[dict[str, Any]]:
    async with client.get(f"/ProfitRestServices/connectors/{connector}", params=query) as answer:
        rows = (await answer.json())["rows"]
        assert isinstance(rows, list)
        return rows


async def over_soap(client: Client, connector: str, **arguments: str) -> list[dict[str, str]]:
    operation = "GetDataWithOptions" if "options" in arguments else "GetData"
    status, result = await ask(client, "AppConnectorGet", operation, {"connectorId": connector, **arguments})
    assert status == 200, result
    return rows_in(result)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(("connector", "groups"), FILTERS)
async def test_a_filter_brings_the_rows_that_it_brings_over_rest(client: Client, connector: str, groups: Groups, version: Version) -> None:
    arguments = {"connectorId": connector, "filtersXml": filter_xml(groups), **ALL}
    status, result = await ask(client, "AppConnectorGet", "GetData", arguments, version, in_cdata=version == "1.2")
    assert (status, rows_in(result)) == (200, as_soap_has_them(await over_rest(client, connector, **ALL, **filter_json(groups))))


@pytest.mark.parametrize("name", ["filtersxml", "FiltersXml", "filterXml"])
async def test_a_misspelled_filter_is_dropped_without_a_word(client: Client, name: str) -> None:
    rows = await over_soap(client, "Profit_Hours", **{name: filter_xml([[("Afdeling", 1, "DIR")]])}, **ALL)
    assert len(rows) == 3_000


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        ({}, []),
        ({"skip": "5"}, []),
        ({"take": "0"}, []),
        ({"skip": "2", "take": "3"}, [3, 4, 5]),
        ({"skip": "-7", "take": "2"}, [1, 2]),
        ({"options": "<options><Skip>2</Skip><Take>3</Take></options>"}, [3, 4, 5]),
        ({"options": "<OPTIONS><skip>2</skip><TAKE>3</TAKE></OPTIONS>"}, [3, 4, 5]),
        ({"options": "<options><Skip>2</Skip><Take>3</Take></options>", "take": "1"}, [3]),
        ({"options": "<options><Skip>2</Skip><Take>3</Take></options>", "skip": "0"}, [1, 2, 3]),
        ({"options": "<options><Take>2000</Take></options>"}, list(range(1, 1_001))),
        ({"skip": "-1", "take": "5"}, list(range(1, 3_001))),
        ({"options": "<options><Skip>-1</Skip></options>", "take": "5"}, list(range(1, 3_001))),
        (ALL, list(range(1, 3_001))),
    ],
)
async def test_pages_go_by_argument_and_option(client: Client, arguments: dict[str, str], numbers: list[int]) -> None:
    assert [int(row["Id"]) for row in await over_soap(client, "Profit_Hours", **arguments)] == numbers


async def test_the_index_sorts(client: Client) -> None:
    index = '<Field FieldId="Afdeling" OperatorType="1"/><Field FieldId="Id" OperatorType="0"/>'
    rows = await over_soap(client, "Profit_Hours", options=f"<options><Index>{index}</Index></options>", skip="0", take="400")
    assert rows == as_soap_has_them(await over_rest(client, "Profit_Hours", orderbyfieldids="Afdeling,-Id", take="400"))


@pytest.mark.parametrize(("style", "empty"), [("2", None), ("3", "")])
async def test_empty_fields_are_left_out_or_shown(client: Client, style: str, empty: str | None) -> None:
    options = f"<options><Outputoptions>{style}</Outputoptions><Metadata>1</Metadata></options>"
    rows = await over_soap(client, "Profit_Hours", options=options, filtersXml=filter_xml([[("Afdeling", 8, "")]]), skip="0", take="1")
    assert [row.get("Afdeling") for row in rows] == [empty]


@pytest.mark.parametrize(("style", "separator", "moment"), [("1", ";", "01-01-2026;7,5"), ("4", "\t", "2026-01-01T00:00:00Z\t7.5")])
async def test_rows_may_come_as_text(client: Client, style: str, separator: str, moment: str) -> None:
    options = f"<options><Outputmode>2</Outputmode><Outputoptions>{style}</Outputoptions><Metadata>1</Metadata></options>"
    arguments = {"connectorId": "Profit_Hours", "options": options, "skip": "0", "take": "2"}
    _, result = await ask(client, "AppConnectorGet", "GetDataWithOptions", arguments)
    names, first, _second = csv.reader(result.splitlines(), delimiter=separator)
    assert (names[:2], first[:2]) == (["Id", "Medewerker"], ["1", "1016"])
    assert moment in result


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"connectorId": "Profit_Nonsense"}, "Profit_Nonsense"),
        ({"filtersXml": filter_xml([[("Onbekend", 1, "x")]])}, "'Onbekend' not found"),
        ({"filtersXml": filter_xml([[("Afdeling", 15, "x")]])}, "'15'"),
        ({"filtersXml": "<Filters>"}, "well-formed"),
        ({"filtersXml": '<Filters><filter><Field FieldId="Afdeling" OperatorType="1">HR</Field></filter></Filters>'}, "not valid"),
        ({"take": "-1"}, "negative"),
        ({"take": "veel"}, "'veel'"),
        ({"options": "<options><Index><Field FieldId='Onbekend'/></Index></options>"}, "'Onbekend' not found"),
        ({"options": "<options"}, "well-formed"),
    ],
)
async def test_what_can_not_be_done_is_a_fault(client: Client, arguments: dict[str, str], message: str) -> None:
    status, said = await ask(client, "AppConnectorGet", "GetDataWithOptions", {"connectorId": "Profit_Hours", "take": "1", **arguments})
    assert status == 500
    assert message in said
