"""Clients in PHP and Python read the WSDL through the sidecar, call what it names, and each user gets the rows that he gets over REST."""

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from sidecar.demo.running import Held, Running
from tests.demo.soap import as_soap_has_them
from tests.demo.test_backend_soap_rows import Groups, filter_json, filter_xml
from tests.dialects.soap.messages import Version
from tests.soap_clients.question import ALL, Arguments, Question, Reply, SoapClient, body_by_hand, forwarded, token_xml

CONSULTANT, DEVELOPER, MANAGER = (Held(user, "hours") for user in ("j.devries", "p.bakker", "m.jansen"))
DEPARTMENTS = {CONSULTANT: {"CONS"}, DEVELOPER: {"CONS", "ICT"}}

FILTERS: dict[str, tuple[str, Groups]] = {
    "none": ("Profit_Hours", []),
    "and": ("Profit_Hours", [[("Uren", 2, "4"), ("Datum", 2, "2026-06-01")]]),
    "or": ("Profit_Hours", [[("Project", 1, "C2601")], [("Project", 1, "I2601"), ("Uren", 4, "2")]]),
    "another department": ("Profit_Hours", [[("Afdeling", 1, "FIN")], [("Uren", 2, "0")]]),
    "odd characters": ("Profit_Hours", [[("Omschrijving", 1, 'Offerte "fase 2" uitgewerkt')], [("Omschrijving", 6, "%&%")]]),
    "separators": ("Profit_Hours", [[("Omschrijving", 1, "Overleg, notulen; actiepunten")]]),
    "empty": ("Profit_Hours", [[("Omschrijving", 8, "")]]),
    "employees": ("Profit_Employees", [[("EndDate", 9, "")]]),
    "unfiltered": ("Profit_Countries", [[("Land", 10, "N%")]]),
    "nothing": ("Profit_Leave", [[("Afdeling", 1, "FIN"), ("Afdeling", 1, "HR")]]),
}


def get_data(
    demo: Running, ask: SoapClient, held: Held, arguments: Arguments, operation: str = "GetData", version: Version = "1.1"
) -> Reply:
    """The answer to a question with the token in the header."""
    return ask(demo.soap_url, Question("AppConnectorGet", operation, arguments, version, demo.authorizations[held]))


def over_rest(demo: Running, held: Held, connector: str, **query: str | int) -> list[dict[str, str]]:
    """The rows, as SOAP spells them."""
    url = f"{demo.sidecar_url}/connectors/{connector}?{urlencode(query)}"
    asked = urllib.request.Request(url, headers={"Authorization": demo.authorizations[held]})  # noqa: S310  our own http URL
    with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
        rows: list[dict[str, Any]] = json.load(answer)["rows"]
    return as_soap_has_them(rows)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("filters", FILTERS)
def test_a_question_brings_the_rows_that_it_brings_over_rest(demo: Running, ask: SoapClient, filters: str, version: Version) -> None:
    connector, groups = FILTERS[filters]
    for held in (CONSULTANT, MANAGER):
        arguments = {"connectorId": connector, "filtersXml": filter_xml(groups), **ALL}
        reply = get_data(demo, ask, held, arguments, version=version)
        assert reply.rows == over_rest(demo, held, connector, **ALL, **filter_json(groups)), held
        assert reply.address == f"{demo.soap_url}/AppConnectorGet.asmx"
        seen = {row.get("Afdeling") or row.get("DepartmentCode") for row in reply.rows}
        assert connector == "Profit_Countries" or held is MANAGER or seen <= DEPARTMENTS[held]


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("in_cdata", [False, True], ids=["escaped", "cdata"])
def test_the_token_may_stand_in_the_body_at_any_place(demo: Running, ask: SoapClient, version: Version, *, in_cdata: bool) -> None:
    """Arguments in another order with a prefix of the client's own, the token last."""
    for held in (CONSULTANT, DEVELOPER):
        filters = filter_xml([[("Afdeling", 1, "ICT"), ("Uren", 2, "4")], [("Afdeling", 1, "HR")], [("Afdeling", 1, "CONS")]])
        arguments: Arguments = {
            "token": token_xml(demo, held),
            "take": 2000,
            "skip": 0,
            "filtersXml": filters,
            "connectorId": "Profit_Hours",
        }
        body = body_by_hand("GetData", arguments, in_cdata=in_cdata)
        reply = ask(demo.soap_url, Question("AppConnectorGet", "GetData", arguments, version, body=body))
        assert {row["Afdeling"] for row in reply.rows} == DEPARTMENTS[held]


def test_both_tokens_may_be_there_when_they_are_the_same(demo: Running, ask: SoapClient) -> None:
    def question(header: Held, body: Held) -> Question:
        arguments: Arguments = {"token": token_xml(demo, body), "connectorId": "Profit_Hours", "skip": 0, "take": 5}
        return Question("AppConnectorGet", "GetData", arguments, authorization=demo.authorizations[header])

    assert len(ask(demo.soap_url, question(CONSULTANT, CONSULTANT)).rows) == 5
    demo.received.clear()
    assert ask(demo.soap_url, question(CONSULTANT, MANAGER)).fault is not None
    assert forwarded(demo) == []


PAGES: list[tuple[Arguments, str, Arguments]] = [
    ({"skip": 0, "take": 100}, "", {"skip": 0, "take": 100}),
    ({"skip": 7, "take": 5}, "", {"skip": 7, "take": 5}),
    ({"skip": 0, "take": 5}, "<Skip>100</Skip><Take>100</Take>", {"skip": 0, "take": 5}),
    (ALL, "<Outputmode>1</Outputmode><Metadata>0</Metadata><Outputoptions>2</Outputoptions>", ALL),
]


@pytest.mark.parametrize("order", ["", "-Datum,Id", "Project,-Uren,Id"])
@pytest.mark.parametrize(("arguments", "options", "query"), PAGES)
def test_pages_and_order_are_those_of_rest(
    demo: Running, ask: SoapClient, arguments: Arguments, options: str, query: Arguments, order: str
) -> None:
    fields = [f'<Field FieldId="{each.lstrip("-")}" OperatorType="{int(not each.startswith("-"))}"/>' for each in order.split(",") if each]
    index = f"<Index>{''.join(fields)}</Index>" if fields else ""
    given = {"connectorId": "Profit_Hours", **arguments, "options": f"<options>{options}{index}</options>"}
    reply = get_data(demo, ask, DEVELOPER, given, "GetDataWithOptions")
    sorting: Arguments = {"orderbyfieldids": order} if order else {}
    assert reply.rows == over_rest(demo, DEVELOPER, "Profit_Hours", **query, **sorting)


def test_rows_as_text_are_narrowed_too(demo: Running, ask: SoapClient) -> None:
    options = "<options><Outputmode>2</Outputmode><Outputoptions>3</Outputoptions></options>"
    arguments = {"connectorId": "Profit_Hours", **ALL, "options": options}
    lines = (get_data(demo, ask, CONSULTANT, arguments, "GetDataWithOptions").result or "").splitlines()
    assert {line.split(";")[3] for line in lines} == {"CONS"}
    assert len(lines) == len(over_rest(demo, CONSULTANT, "Profit_Hours", **ALL))


@pytest.mark.parametrize(
    "groups",
    [
        [],
        [[("Afdeling", 7, "CONS")], [("Afdeling", 1, "CONS")], [("Afdeling", 8, "")]],
        [[("Afdeling", 9, "")], [("Uren", 2, "0")]],
        [[("Id", 7, "0")], [("Naam", 6, "%")]],
    ],
)
def test_no_filter_shows_rows_of_others(demo: Running, ask: SoapClient, groups: Groups) -> None:
    """Each of them is true of every row."""
    for held in (CONSULTANT, DEVELOPER):
        arguments = {"connectorId": "profit_hours", "filtersXml": filter_xml(groups), **ALL}
        rows = get_data(demo, ask, held, arguments).rows
        assert {row["Afdeling"] for row in rows} == DEPARTMENTS[held]
        assert rows == over_rest(demo, held, "Profit_Hours", **ALL)
