"""Pages and order of rows, over HTTP."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

Client = TestClient[Request, Application]
HOURS = "/ProfitRestServices/connectors/Profit_Hours"


async def get(client: Client, query: str, path: str = HOURS) -> dict[str, Any]:
    async with client.get(f"{path}?{query}") as answer:
        assert answer.status == 200
        body = await answer.json()
        assert isinstance(body, dict)
        return body


async def test_a_page_is_a_hundred_rows_unless_said_otherwise(client: Client) -> None:
    body = await get(client, "")
    assert (body["skip"], body["take"], len(body["rows"])) == (0, 100, 100)


async def test_minus_one_twice_gives_all_rows(client: Client) -> None:
    body = await get(client, "skip=-1&take=-1")
    assert (body["skip"], body["take"], len(body["rows"])) == (-1, -1, 3_000)


async def test_pages_join_up(client: Client) -> None:
    pages = [await get(client, f"skip={skip}&take=700") for skip in range(0, 3_500, 700)]
    numbers = [row["Id"] for page in pages for row in page["rows"]]
    assert [len(page["rows"]) for page in pages] == [700, 700, 700, 700, 200]
    assert numbers == list(range(1, 3_001))


@pytest.mark.parametrize("query", ["skip=2&take=-1", "skip=-1", "skip=-2&take=-2", "take=many", "take=1.5"])
async def test_a_page_that_makes_no_sense_is_an_error(client: Client, query: str) -> None:
    async with client.get(f"{HOURS}?{query}") as answer:
        assert answer.status == 500
        assert (await answer.json())["errorNumber"] == -2147180999


async def test_a_row_has_every_field_in_order_with_null_for_empty(client: Client) -> None:
    body = await get(client, "filterfieldids=Afdeling&filtervalues=null&operatortypes=8&take=1")
    (row,) = body["rows"]
    assert list(row) == ["Id", "Medewerker", "Naam", "Afdeling", "Datum", "Uren", "Omschrijving", "Project"]
    assert row["Afdeling"] is None
    assert row["Datum"].endswith("T00:00:00Z")


async def test_truth_values_are_json_truth_values(client: Client) -> None:
    body = await get(client, "filterfieldids=EU&filtervalues=true&operatortypes=1", "/ProfitRestServices/connectors/Profit_Countries")
    assert body["rows"]
    assert all(row["EU"] is True for row in body["rows"])


async def test_order_goes_by_each_field_in_turn_with_minus_for_descending(client: Client) -> None:
    rows = (await get(client, "orderbyfieldids=-Uren,Naam&skip=-1&take=-1"))["rows"]
    assert rows == sorted(rows, key=lambda row: (-row["Uren"], row["Naam"].lower(), row["Id"]))


@pytest.mark.parametrize("name", ["connectors/profit_hours", "Connectors/PROFIT_HOURS", "/connectors/Profit_Hours"])
async def test_letter_case_of_paths_does_not_matter_nor_does_a_doubled_slash(client: Client, name: str) -> None:
    assert len((await get(client, "take=3", f"/profitrestservices/{name}"))["rows"]) == 3


async def test_parameter_names_in_any_letter_case_and_unknown_ones_are_taken(client: Client) -> None:
    assert len((await get(client, "Take=3&FilterFieldIds=Uren&FilterValues=8&unknown=1"))["rows"]) == 3


async def test_an_encoded_separator_separates_as_well(client: Client) -> None:
    query = "filterfieldids=Afdeling%3BAfdeling&filtervalues=ICT%3BHR&operatortypes=1%3B1&skip=-1&take=-1"
    assert {row["Afdeling"] for row in (await get(client, query))["rows"]} == {"ICT", "HR"}
