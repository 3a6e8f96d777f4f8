"""Attachments and pictures: as JSON, raw, and in parts."""

import base64
import sqlite3
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

Client = TestClient[Request, Application]
BASE = "/ProfitRestServices"
RAW = {"SendFileAsBinary": "1"}


@pytest.fixture
def file(database: sqlite3.Connection) -> dict[str, Any]:
    row = database.execute("SELECT guid, subject, file, name, content FROM attachments LIMIT 1 OFFSET 3").fetchone()
    return dict(zip(("guid", "subject", "file", "name", "content"), row, strict=True))


async def test_an_attachment_comes_as_json_with_base64(client: Client, file: dict[str, Any]) -> None:
    async with client.get(f"{BASE}/fileconnector/{file['guid']}/{file['name']}") as answer:
        body = await answer.json()
    assert (body["filename"], body["mimetype"]) == (file["name"], "text/plain")
    assert base64.b64decode(body["filedata"]) == file["content"]


@pytest.mark.parametrize(
    "path",
    [
        "fileconnector/{guid}/{name}",
        "FileConnector?fileid={guid}&filename={name}",
        "subjectconnector/{subject}/{file}",
        "SubjectConnector?SubjectId={subject}&FileId={file}",
    ],
)
async def test_an_attachment_comes_raw_on_request_by_every_path(client: Client, file: dict[str, Any], path: str) -> None:
    async with client.get(f"{BASE}/{path.format_map(file)}", headers=RAW) as answer:
        assert answer.headers["Accept-Ranges"] == "bytes"
        assert await answer.read() == file["content"]


async def test_an_underscore_in_the_name_may_be_escaped(client: Client, file: dict[str, Any]) -> None:
    assert "_" in file["name"]
    async with client.get(f"{BASE}/fileconnector/{file['guid'].lower()}/{file['name'].replace('_', '_5f')}", headers=RAW) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=5-", slice(5, None)), ("bytes=-7", slice(-7, None)), ("bytes=3-99999999", slice(3, None))],
)
async def test_a_part_of_a_raw_file_may_be_asked(client: Client, file: dict[str, Any], asked: str, part: slice) -> None:
    async with client.get(f"{BASE}/fileconnector/{file['guid']}/{file['name']}", headers=RAW | {"Range": asked}) as answer:
        assert answer.status == 206
        assert answer.headers["Content-Range"].endswith(f"/{len(file['content'])}")
        assert await answer.read() == file["content"][part]


async def test_a_part_beyond_the_end_is_a_416(client: Client, file: dict[str, Any]) -> None:
    async with client.get(f"{BASE}/fileconnector/{file['guid']}/{file['name']}", headers=RAW | {"Range": "bytes=9999999-"}) as answer:
        assert answer.status == 416
        assert answer.headers["Content-Range"] == f"bytes */{len(file['content'])}"


async def test_a_range_that_makes_no_sense_is_ignored(client: Client, file: dict[str, Any]) -> None:
    async with client.get(f"{BASE}/fileconnector/{file['guid']}/{file['name']}", headers=RAW | {"Range": "lines=1-2"}) as answer:
        assert answer.status == 200


async def test_pictures_come_in_three_sizes(client: Client) -> None:
    sizes = []
    for number in ("0", "2", "1"):
        async with client.get(f"{BASE}/imageconnector/1001?format={number}", headers=RAW) as answer:
            content = await answer.read()
            assert answer.content_type == "image/png"
            assert content.startswith(b"\x89PNG\r\n\x1a\n")
            sizes.append(int.from_bytes(content[16:20], "big"))
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    "path",
    [
        "fileconnector/{guid}/other.txt",
        "fileconnector/00000000000000000000000000000000/{name}",
        "FileConnector",
        "subjectconnector/{subject}/999",
        "SubjectConnector",
        "imageconnector/9999",
        "imageconnector/1001?format=3",
    ],
)
async def test_a_file_that_is_not_there_is_a_404(client: Client, file: dict[str, Any], path: str) -> None:
    async with client.get(f"{BASE}/{path.format_map(file)}", headers=RAW) as answer:
        assert answer.status == 404
