"""Updates that the stand-in backend carries out, and those that it does not."""

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

Client = TestClient[Request, Application]
CONNECTORS = "/ProfitRestServices/connectors"
LINE = {"DaTi": "2026-07-01", "EmId": "1001", "Qu": 7.5, "Ds": 'Werk; veel, "echt"', "PrId": "C2601"}


def body(fields: dict[str, Any], root: str = "PtRealization", **element: Any) -> dict[str, Any]:
    return {root: {"Element": {**element, "Fields": fields}}}


async def send(client: Client, method: str, path: str, json: Any = None) -> tuple[int, Any]:
    async with client.request(method, f"{CONNECTORS}/{path}", json=json) as answer:
        return answer.status, await answer.json() if await answer.read() else None


async def rows(client: Client, connector: str, field: str, value: str) -> list[dict[str, Any]]:
    query = {"filterfieldids": field, "filtervalues": value, "operatortypes": "1", "skip": "-1", "take": "-1"}
    async with client.get(f"{CONNECTORS}/{connector}", params=query) as answer:
        found = (await answer.json())["rows"]
        assert isinstance(found, list)
        return found


async def test_a_post_inserts_an_hour_line_with_the_name_and_department_of_the_employee(client: Client) -> None:
    assert await send(client, "POST", "PtRealization", body(LINE)) == (201, {"results": {"PtRealization": {"Id": "3001"}}})
    assert await rows(client, "Profit_Hours", "Id", "3001") == [
        {
            "Id": 3001,
            "Medewerker": "1001",
            "Naam": "Joost de Vries",
            "Afdeling": "CONS",
            "Datum": "2026-07-01T00:00:00Z",
            "Uren": 7.5,
            "Omschrijving": 'Werk; veel, "echt"',
            "Project": "C2601",
        }
    ]


async def test_a_post_inserts_a_dossier(client: Client) -> None:
    fields = {"StId": 3, "Ds": "Nieuw", "SbTx": None, "Da": "2026-07-01T00:00:00", "EmId": "1002", "St": False}
    assert await send(client, "POST", "knsubject", body(fields, "KnSubject")) == (201, {"results": {"KnSubject": {"SbId": "5241"}}})
    (row,) = await rows(client, "Profit_Dossiers", "SubjectId", "5241")
    assert (row["Onderwerp"], row["Toelichting"], row["Afdeling"], row["Gereed"]) == ("Nieuw", None, "ICT", False)


async def test_a_text_that_was_emptied_counts_as_empty(client: Client) -> None:
    assert await send(client, "PUT", "PtRealization", body({"Id": 12, "Ds": ""})) == (200, None)
    query = "filterfieldids=Id,Omschrijving&filtervalues=12,null&operatortypes=1,8"
    async with client.get(f"{CONNECTORS}/Profit_Hours?{query}") as answer:
        assert [row["Id"] for row in (await answer.json())["rows"]] == [12]


async def test_a_put_changes_what_it_sends_and_nothing_else(client: Client) -> None:
    (before,) = await rows(client, "Profit_Hours", "Id", "12")
    assert await send(client, "PUT", "PtRealization", body({"Qu": 0.25}, **{"@Id": "12"})) == (200, None)
    assert await rows(client, "Profit_Hours", "Id", "12") == [before | {"Uren": 0.25}]


@pytest.mark.parametrize("key", ["@Id", "Id", "@id"])
async def test_a_delete_takes_its_key_from_the_path(client: Client, key: str) -> None:
    assert await send(client, "DELETE", f"PtRealization/PtRealization/{key}/12") == (200, None)
    assert await rows(client, "Profit_Hours", "Id", "12") == []


@pytest.mark.parametrize("document", [body({"Id": 12, "@Action": "delete"}), body({"Id": 12}, **{"@Action": "delete"})])
async def test_an_action_in_the_body_overrides_the_verb(client: Client, document: Any) -> None:
    status, _ = await send(client, "POST", "PtRealization", document)
    assert status == 201
    assert await rows(client, "Profit_Hours", "Id", "12") == []


async def test_a_body_may_hold_several_elements(client: Client) -> None:
    document = {"PtRealization": {"Element": [{"Fields": LINE}, {"Fields": LINE}]}}
    assert await send(client, "POST", "PtRealization", document) == (201, {"results": {"PtRealization": [{"Id": "3001"}, {"Id": "3002"}]}})


async def test_a_body_is_carried_out_whole_or_not_at_all(client: Client) -> None:
    document = {"PtRealization": {"Element": [{"Fields": LINE}, {"Fields": LINE | {"EmId": "9999"}}]}}
    status, answer = await send(client, "POST", "PtRealization", document)
    assert (status, answer["errorNumber"]) == (500, -2147220469)
    assert await rows(client, "Profit_Hours", "Id", "3001") == []


async def test_json_may_come_as_plain_text(client: Client) -> None:
    text = '{"PtRealization":{"Element":{"Fields":{"DaTi":"2026-07-01","EmId":"1001","Qu":1}}}}'
    async with client.post(f"{CONNECTORS}/PtRealization", data=text.encode(), headers={"Content-Type": "text/plain"}) as answer:
        assert answer.status == 201


@pytest.mark.parametrize(
    ("method", "path", "document", "message"),
    [
        ("POST", "PtRealization", {}, "PtRealization.Element"),
        ("POST", "PtRealization", [], "PtRealization.Element"),
        ("POST", "PtRealization", {"PtRealization": {"Element": 1}}, "object"),
        ("POST", "PtRealization", body({}), "mandatory"),
        ("POST", "PtRealization", body(LINE | {"Nope": 1}), "Nope"),
        ("POST", "PtRealization", body(LINE | {"@Action": "destroy"}), "destroy"),
        ("POST", "PtRealization", body(LINE | {"Qu": "veel"}), "veel"),
        ("POST", "PtRealization", body(LINE, Objects={"X": {}}), "objects"),
        ("PUT", "PtRealization", body({"Id": 9999, "Qu": 1}), "does not exist"),
        ("PUT", "PtRealization", body({"Qu": 1}), "does not exist"),
        ("DELETE", "PtRealization/PtRealization/@Id/9999", None, "does not exist"),
        ("DELETE", "PtRealization/PtRealization/@Other/1", None, "@Id"),
        ("DELETE", "PtRealization/Other/@Id/1", None, "@Id"),
    ],
)
async def test_what_can_not_be_done_is_an_error_that_names_the_place(
    client: Client, method: str, path: str, document: Any, message: str
) -> None:
    status, answer = await send(client, method, path, document)
    assert status == 500
    assert message in answer["externalMessage"]


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_a_body_that_is_not_json_is_a_400(client: Client, text: bytes) -> None:
    async with client.post(f"{CONNECTORS}/PtRealization", data=text) as answer:
        assert answer.status == 400
        assert (await answer.json())["externalMessage"] == "Invalid json"


async def test_elements_below_the_main_one_are_not_played(client: Client) -> None:
    status, _ = await send(client, "POST", "KnSubject/KnSubjectAttachment", body({}, "KnSubject"))
    assert status == 404
