"""Calls to the stand-in backend over SOAP, put together and read without its code."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from aiohttp.test_utils import TestClient
from aiohttp.web import Application, Request

from tests.dialects.soap.messages import SERVICES, Version, envelope

Client = TestClient[Request, Application]
CONTENT_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


async def ask(
    client: Client,
    service: str,
    operation: str,
    arguments: Mapping[str, str],
    version: Version = "1.1",
    *,
    in_cdata: bool = False,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Status, and the result: of a fault its message, of an operation without a result nothing."""
    body = envelope(operation, arguments, version, in_cdata=in_cdata).encode()
    action = {"SOAPAction": f'"{SERVICES}/{operation}"'} if version == "1.1" else {}
    sent = {"Content-Type": CONTENT_TYPES[version], **action, **(headers or {})}
    async with client.post(f"/ProfitServices/{service}.asmx", data=body, headers=sent) as answer:
        root = ElementTree.fromstring(await answer.read())  # noqa: S314  from our own backend
        assert answer.content_type == CONTENT_TYPES[version].partition(";")[0]
    if answer.status == 200:
        return 200, root.findtext(f".//{{{SERVICES}}}{operation}Result") or ""
    assert re.search("Log reference[.]{4}: [0-9A-F]{32}", root.findtext(".//{*}ProfitApplicationException/{*}Detail") or "")
    return answer.status, root.findtext(".//faultstring") or root.findtext(".//{*}Text") or ""


def rows_in(result: str) -> list[dict[str, str]]:
    """The rows of a result of GetData."""
    root = ElementTree.fromstring(result)  # noqa: S314  from our own backend
    return [{field.tag: field.text or "" for field in row} for row in root if not row.tag.endswith("}schema")]


def as_soap_has_them(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Rows of REST, as SOAP spells them: everything is a text, and empty fields are left out."""
    return [
        {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in row.items() if value is not None}
        for row in rows
    ]
