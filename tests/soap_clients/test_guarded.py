"""With the row guard before its answers, a backend that filters as it should is not suspected: clients get what they get without it."""

import json
from collections.abc import Iterator
from functools import partial

import pytest

from sidecar.demo.running import Running
from tests.demo.test_backend_soap_rows import filter_json, filter_xml
from tests.end_to_end.harness.stage import wait_for
from tests.soap_clients.demo import running_demo, wider_policy
from tests.soap_clients.question import ALL, SoapClient
from tests.soap_clients.test_rows import CONSULTANT, DEVELOPER, FILTERS, get_data, over_rest


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    policy = wider_policy()
    policy["app_connectors"]["hours"]["row_guard"] = "enforce"
    with running_demo(tmp_path_factory.mktemp("policy"), policy) as running:
        yield running


def checked_over_soap(demo: Running, count: int) -> bool:
    """Whether the decision log tells of an answer with so many rows, all of them good."""
    lines = [line for line in map(json.loads, list(demo.decisions)) if line["method"] == "POST"]
    return any((line.get("rows_checked"), line.get("rows_violating")) == (count, 0) for line in lines)


@pytest.mark.parametrize("style", [2, 3])
@pytest.mark.parametrize("filters", FILTERS)
def test_rows_pass_that_were_checked_one_by_one(guarded: Running, ask: SoapClient, filters: str, style: int) -> None:
    """Empty fields left out, or shown."""
    connector, groups = FILTERS[filters]
    for held in (CONSULTANT, DEVELOPER):
        options = f"<options><Outputoptions>{style}</Outputoptions></options>"
        arguments = {"connectorId": connector, "filtersXml": filter_xml(groups), **ALL, "options": options}
        rows = get_data(guarded, ask, held, arguments, "GetDataWithOptions").rows
        filled = [{name: value for name, value in row.items() if value} for row in rows]
        assert filled == over_rest(guarded, held, connector, **ALL, **filter_json(groups))
        if rows and connector != "Profit_Countries":
            wait_for(partial(checked_over_soap, guarded, len(rows)))


@pytest.mark.parametrize("options", ["<Outputmode>2</Outputmode>", "<Metadata>1</Metadata>"])
def test_what_the_guard_can_not_read_is_refused(guarded: Running, ask: SoapClient, options: str) -> None:
    arguments = {"connectorId": "Profit_Hours", **ALL, "options": f"<options>{options}</options>"}
    fault = get_data(guarded, ask, CONSULTANT, arguments, "GetDataWithOptions").fault
    assert fault is not None
    assert "Outputmode 1, Metadata 0" in fault.text
