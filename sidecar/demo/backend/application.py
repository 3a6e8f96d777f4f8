"""The stand-in backend as an aiohttp application: its token, its paths, and a record of what it was asked."""

import base64
import binascii
import hmac
import re
import secrets
import sqlite3
from collections import deque
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import NamedTuple, NoReturn
from urllib.parse import unquote

from aiohttp import web

from sidecar.demo.backend.failures import Failure, not_supported, nothing_here
from sidecar.demo.backend.files import attachment, attachment_of_subject, file_answer, picture
from sidecar.demo.backend.metainfo import VERSION, describe_get, describe_update, metainfo
from sidecar.demo.backend.rows import rows
from sidecar.demo.backend.update_definitions import update_connector
from sidecar.demo.backend.updates import delete_by_path, update
from sidecar.demo.data import create_database
from sidecar.demo.definitions import get_connector

BASE_PATH = "ProfitRestServices"
LONGEST_QUERY = 2_049
"""Characters of a query string, its question mark counted (wire reference 1.5)."""

_LARGEST_CALL = 75 * 1024 * 1024
_RECORDS = 1_000
_TOKEN = re.compile(r"<token><version>1</version><data>([0-9A-Fa-f]{64})</data></token>\s*")
_HEADERS = {"Cache-Control": "no-store, no-cache", "X-Content-Type-Options": "nosniff", "Access-Control-Allow-Origin": "*"}
_PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Accept, Authorization, OnlineSessionId, Accept-Language",
    "Access-Control-Max-Age": "1728000",
}


class Received(NamedTuple):
    """A request as it arrived: the target undecoded, headers in order with their own letter case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]


RECEIVED = web.AppKey("RECEIVED", deque[Received])
"""`app[RECEIVED]` holds the latest thousand requests, oldest first; clear it at will."""

_DATABASE = web.AppKey("_DATABASE", sqlite3.Connection)
_SYSTEM_TOKEN = web.AppKey("_SYSTEM_TOKEN", str)


def new_token() -> str:
    """A fresh token, as the XML in which Profit shows one."""
    return f"<token><version>1</version><data>{secrets.token_hex(32).upper()}</data></token>"


def backend(token: str) -> web.Application:
    """The application, with a fresh database that lives as long as it does.

    :param token: the one token that is accepted, as XML (see `new_token`).
    """
    read = _TOKEN.fullmatch(token)
    if read is None:
        raise ValueError("expected <token><version>1</version><data>64 hex characters</data></token>")
    app = web.Application(client_max_size=_LARGEST_CALL)
    app[RECEIVED] = deque(maxlen=_RECORDS)
    app[_SYSTEM_TOKEN] = read[1]
    app.cleanup_ctx.append(_database)
    app.router.add_route("*", "/{path:.*}", _serve)
    return app


async def _database(app: web.Application) -> AsyncIterator[None]:
    app[_DATABASE] = create_database()
    yield
    app[_DATABASE].close()


async def _serve(request: web.Request) -> web.Response:
    received = Received(request.method, request.raw_path, tuple(request.headers.items()))
    request.app[RECEIVED].append(received)
    try:
        answer = await _answer(request)
    except Failure as failure:
        answer = failure.answer()
    answer.headers.update(_HEADERS)
    return answer


async def _answer(request: web.Request) -> web.Response:
    path, _, query = request.raw_path.partition("?")
    if query and len(query) + 1 > LONGEST_QUERY:
        raise nothing_here()
    # A doubled slash is tolerated, as real backends seem to (wire reference 1.1).
    base, *segments = [unquote(segment) for segment in path.split("/") if segment] or [""]
    if base.lower() != BASE_PATH.lower():
        raise nothing_here()
    if request.method == "OPTIONS":
        return web.Response(headers=_PREFLIGHT_HEADERS)
    if not _is_authorised(request):
        raise Failure("The token is missing or not valid.", status=HTTPStatus.UNAUTHORIZED)
    if segments and segments[0].lower() == "connectors" and request.method != "GET":
        return await _update(request, segments[1:])
    if request.method not in ("GET", "HEAD"):
        raise nothing_here()
    return _read(request, segments)


def _is_authorised(request: web.Request) -> bool:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        read = _TOKEN.fullmatch(base64.b64decode(encoded, validate=True).decode("ascii"))
    except (binascii.Error, UnicodeDecodeError):
        return False
    return scheme.lower() == "afastoken" and read is not None and hmac.compare_digest(read[1].upper(), request.app[_SYSTEM_TOKEN].upper())


def _read(request: web.Request, segments: list[str]) -> web.Response:
    database = request.app[_DATABASE]
    query = {name.lower(): value for name, value in request.query.items()}
    match [segments[0].lower(), *segments[1:]] if segments else []:
        case ["profitversion"]:
            return web.json_response(VERSION)
        case ["metainfo"]:
            return web.json_response(metainfo())
        case ["metainfo", kind, name] if kind.lower() == "get":
            return web.json_response(describe_get(get_connector(name) or _refuse(name)))
        case ["metainfo", kind, name] if kind.lower() == "update":
            return web.json_response(describe_update(update_connector(name) or _refuse(name)))
        case ["connectors", name]:
            return web.json_response(rows(database, get_connector(name) or _refuse(name), query))
        case ["fileconnector", guid, name]:
            return file_answer(request, attachment(database, guid, name))
        case ["fileconnector"]:
            return file_answer(request, attachment(database, query.get("fileid", ""), query.get("filename", "")))
        case ["subjectconnector", subject, file]:
            return file_answer(request, attachment_of_subject(database, subject, file))
        case ["subjectconnector"]:
            return file_answer(request, attachment_of_subject(database, query.get("subjectid", ""), query.get("fileid", "")))
        case ["imageconnector", image]:
            return file_answer(request, picture(database, image, query.get("format", "0")))
        case _:
            raise nothing_here()


async def _update(request: web.Request, segments: list[str]) -> web.Response:
    if not segments:
        raise nothing_here()
    connector = update_connector(segments[0]) or _refuse(segments[0])
    match request.method, segments[1:]:
        case ("POST" | "PUT") as verb, []:
            numbers = update(request.app[_DATABASE], connector, verb, await request.read())
            if verb == "PUT":
                return web.Response()
            records = [{connector.key: number} for number in numbers]
            results = {connector.name: records[0] if len(records) == 1 else records}
            return web.json_response({"results": results}, status=HTTPStatus.CREATED)
        case "DELETE", [element, names, values]:
            delete_by_path(request.app[_DATABASE], connector, element, names, values)
            return web.Response()
        case _:
            raise nothing_here()


def _refuse(connector: str) -> NoReturn:
    raise not_supported(connector)
