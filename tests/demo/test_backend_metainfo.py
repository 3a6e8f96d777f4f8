"""What the stand-in backend tells about its connectors."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from sidecar.demo.definitions import GET_CONNECTORS

Client = TestClient[Request, Application]


async def get(client: Client, path: str) -> Any:
    async with client.get(f"/ProfitRestServices/{path}") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        return await answer.json()


async def test_metainfo_lists_connectors_and_tells_names_of_its_own(client: Client) -> None:
    body = await get(client, "metainfo")
    assert sorted(body) == ["getConnectors", "info", "updateConnectors"]
    assert sorted(body["info"]) == ["appName", "envid", "group", "tokenExpiry"]
    assert [entry["id"] for entry in body["getConnectors"]] == [connector.name for connector in GET_CONNECTORS]
    assert [entry["id"] for entry in body["updateConnectors"]] == ["PtRealization", "KnSubject"]
    assert all(sorted(entry) == ["description", "id"] for entry in body["getConnectors"] + body["updateConnectors"])


@pytest.mark.parametrize("connector", GET_CONNECTORS, ids=lambda connector: connector.name)
async def test_the_fields_of_a_get_connector_are_those_of_its_rows(client: Client, connector: Any) -> None:
    body = await get(client, f"Metainfo/Get/{connector.name.lower()}")
    (row,) = (await get(client, f"connectors/{connector.name}?take=1"))["rows"]
    assert body["name"] == connector.name
    assert [field["id"] for field in body["fields"]] == list(row)
    expected = ["controlType", "dataType", "decimals", "decimalsFieldId", "fieldId", "id", "label", "length"]
    assert all(sorted(field) == expected for field in body["fields"])


async def test_the_schema_of_an_update_connector_names_its_key(client: Client) -> None:
    body = await get(client, "metainfo/update/PtRealization")
    assert sorted(body) == ["description", "fields", "id", "name", "objects"]
    assert [field["fieldId"] for field in body["fields"] if field["primaryKey"]] == ["Id"]
    assert {field["fieldId"] for field in body["fields"] if field["mandatory"]} == {"DaTi", "EmId", "Qu"}
