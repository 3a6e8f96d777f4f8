"""Whatever a user asks, REST and SOAP bring the rows that he asked for and may see, judged one by one by a second opinion."""

import json
import re
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sidecar.demo.definitions import EMPLOYEES, HOURS, LEAVE
from sidecar.demo.running import Held, Running
from tests.demo.soap import as_soap_has_them, rows_in
from tests.demo.test_backend_filters import NOT_IN_XML, Groups, Tables, admitted, as_json, as_xml, filters
from tests.dialects.soap.messages import SERVICES, envelope

HOLDERS = {Held("j.devries", "hours"): {"CONS"}, Held("p.bakker", "hours"): {"ICT", "CONS"}, Held("m.jansen", "hours"): None}


def fetch(url: str, headers: dict[str, str], body: bytes | None = None) -> bytes | None:
    """The answer; None for a refusal of the question itself, which may be had for a filter that is too long or not clear."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:  # noqa: S310  our own http URL
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        with error:
            refusal = error.read()
    assert re.search(rb"cannot be read|too long|characters", refusal), refusal
    return None


def over_rest(demo: Running, authorization: str, connector: str, groups: Groups | None) -> list[dict[str, Any]] | None:
    text = f"&filterjson={quote(as_json(groups)['filterjson'])}" if groups else ""
    answer = fetch(f"{demo.sidecar_url}/connectors/{connector}?skip=-1&take=-1{text}", {"Authorization": authorization})
    rows: list[dict[str, Any]] | None = None if answer is None else json.loads(answer)["rows"]
    return rows


def over_soap(demo: Running, authorization: str, connector: str, groups: Groups) -> list[dict[str, str]] | None:
    arguments = {"connectorId": connector, "filtersXml": as_xml(groups), "skip": "-1", "take": "-1"}
    headers = {"Authorization": authorization, "Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{SERVICES}/GetData"'}
    answer = fetch(f"{demo.soap_url}/AppConnectorGet.asmx", headers, envelope("GetData", arguments).encode())
    if answer is None:
        return None
    return rows_in(ElementTree.fromstring(answer).findtext(f".//{{{SERVICES}}}GetDataResult") or "")  # noqa: S314  our own backend


@pytest.fixture(scope="module")
def tables(lasting_demo: Running) -> Tables:
    """All rows, as the manager sees them."""
    manager = lasting_demo.authorizations[Held("m.jansen", "hours")]
    return [(connector, over_rest(lasting_demo, manager, connector.name, None) or []) for connector in (HOURS, EMPLOYEES, LEAVE)]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_both_dialects_bring_what_was_asked_for_and_may_be_seen(lasting_demo: Running, tables: Tables, data: st.DataObject) -> None:
    connector, everything, drawn = data.draw(filters(tables))
    groups = [[(field, operator, NOT_IN_XML.sub("", value)) for field, operator, value in group] for group in drawn]
    held, departments = data.draw(st.sampled_from(list(HOLDERS.items())))
    authorization = lasting_demo.authorizations[held]
    column = "DepartmentCode" if connector is EMPLOYEES else "Afdeling"
    expected = [row for row in admitted(everything, groups) if departments is None or row[column] in departments]
    rest = over_rest(lasting_demo, authorization, connector.name, groups)
    soap = over_soap(lasting_demo, authorization, connector.name, groups)
    event(f"served: {rest is not None}, {soap is not None}")
    assert rest in (None, expected)
    assert soap in (None, as_soap_has_them(expected))
