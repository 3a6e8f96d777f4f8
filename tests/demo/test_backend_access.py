"""Who may ask the stand-in backend, what it refuses and how, and what it remembers."""

import base64
import re

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request
from pytest_aiohttp import AiohttpClient

from sidecar.demo.backend import RECEIVED, backend, new_token

Client = TestClient[Request, Application]
BASE = "/ProfitRestServices"


def afas_token(xml: str) -> dict[str, str]:
    return {"Authorization": "AfasToken " + base64.b64encode(xml.encode()).decode()}


async def test_the_token_with_a_newline_behind_it_is_the_same_token(aiohttp_client: AiohttpClient, app: Application, token: str) -> None:
    client = await aiohttp_client(app)
    async with client.get(f"{BASE}/profitversion", headers=afas_token(token + "\r\n")) as answer:
        assert answer.status == 200
        assert list(await answer.json()) == ["version"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        afas_token(new_token()),
        {"Authorization": "AfasToken !"},
        {"Authorization": "AfasToken w6k="},
        {"Authorization": "Bearer x"},
    ],
)
@pytest.mark.parametrize("path", ["/profitversion", "/metainfo", "/connectors/Profit_Hours", "/connectors/Profit_Nonsense", "/nothing"])
async def test_nobody_gets_in_without_the_token(
    aiohttp_client: AiohttpClient, app: Application, headers: dict[str, str], path: str
) -> None:
    client = await aiohttp_client(app)
    async with client.get(BASE + path, headers=headers) as answer:
        assert answer.status == 401
        assert sorted(await answer.json()) == ["errorNumber", "externalMessage", "profitLogReference"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/connectors/Profit_Nonsense", 500, "Profit_Nonsense"),
        ("GET", "/connectors/Profit_Hours?filterfieldids=Onbekend&filtervalues=1", 500, "'Onbekend' not found"),
        ("GET", "/connectors/Profit_Hours?orderbyfieldids=-Onbekend", 500, "'Onbekend' not found"),
        ("GET", "/metainfo/get/Profit_Nonsense", 500, "Profit_Nonsense"),
        ("GET", "/metainfo/update/KnNonsense", 500, "KnNonsense"),
        ("POST", "/connectors/KnNonsense", 500, "KnNonsense"),
        ("POST", "/connectors", 404, "not found"),
        ("POST", "/metainfo", 404, "not found"),
        ("GET", "/connectors/Profit_Hours/Afdeling/ICT", 404, "not found"),
        ("GET", "/", 404, "not found"),
        ("GET", "/../other/connectors/Profit_Hours", 404, "not found"),
    ],
)
async def test_errors_have_the_shape_of_the_backend(client: Client, method: str, path: str, status: int, message: str) -> None:
    async with client.request(method, BASE + path) as answer:
        body = await answer.json()
    assert answer.status == status
    assert sorted(body) == ["errorNumber", "externalMessage", "profitLogReference"]
    assert message in body["externalMessage"]
    assert isinstance(body["errorNumber"], int)
    assert re.fullmatch("[0-9A-F]{32}", body["profitLogReference"])


@pytest.mark.parametrize(("length", "status"), [(2_049, 200), (2_050, 404)])
async def test_a_query_string_may_have_2049_characters(client: Client, length: int, status: int) -> None:
    query = "?x="
    async with client.get(f"{BASE}/profitversion{query}{'y' * (length - len(query))}") as answer:
        assert answer.status == status


async def test_a_browser_may_ask_for_verbs_and_headers_without_a_token(aiohttp_client: AiohttpClient, app: Application) -> None:
    client = await aiohttp_client(app)
    async with client.options(f"{BASE}/connectors/Profit_Hours") as answer:
        assert answer.status == 200
        assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]


async def test_it_remembers_what_it_was_asked_byte_for_byte(client: Client, app: Application) -> None:
    await client.get(f"{BASE}/connectors/Profit_Hours?filterfieldids=Afdeling&filtervalues=I%43T", headers={"X-Trace": "7"})
    (received,) = app[RECEIVED]
    assert received.method == "GET"
    assert received.target.startswith(f"{BASE}/connectors/Profit_Hours?filterfieldids=")
    assert ("X-Trace", "7") in received.headers


async def test_it_keeps_the_latest_requests_only(client: Client, app: Application) -> None:
    limit = app[RECEIVED].maxlen
    assert limit is not None
    await client.get(f"{BASE}/profitversion")
    app[RECEIVED].extend([app[RECEIVED][0]] * limit)
    await client.get(f"{BASE}/metainfo")
    assert len(app[RECEIVED]) == limit
    assert app[RECEIVED][-1].target == f"{BASE}/metainfo"


def test_a_token_of_another_shape_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="64 hex"):
        backend("<token><version>1</version><data>short</data></token>")
