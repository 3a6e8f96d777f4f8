"""The stand-in backend as an aiohttp application: its paths, what it keeps, and a record of what it was asked."""

import json
import secrets
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple, NoReturn
from urllib.parse import unquote

from aiohttp import web

from sidecar.demo.backend.access import Access, token_data
from sidecar.demo.backend.failures import Failure, not_supported, nothing_here
from sidecar.demo.backend.files import attachment, attachment_of_subject, file_answer, picture
from sidecar.demo.backend.filter_reading import read_filter
from sidecar.demo.backend.metainfo import VERSION, describe_get, describe_update, metainfo
from sidecar.demo.backend.oauth import OAuth
from sidecar.demo.backend.one_time import OneTimePasswords
from sidecar.demo.backend.reports import run_report
from sidecar.demo.backend.rows import rows
from sidecar.demo.backend.soap.serve import Soap, serve_soap
from sidecar.demo.backend.update_definitions import update_connector
from sidecar.demo.backend.updates import delete_by_path, update
from sidecar.demo.data import create_database
from sidecar.demo.definitions import get_connector

BASE_PATH = "ProfitRestServices"
SOAP_BASE_PATH = "ProfitServices"
LONGEST_QUERY = 2_049
"""Characters of a query string, its question mark counted (wire reference 1.5)."""

_LARGEST_CALL = 75 * 1024 * 1024
_RECORDS = 1_000
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
    body: bytes = b""


RECEIVED = web.AppKey("RECEIVED", deque[Received])
"""`app[RECEIVED]` holds the latest thousand requests, oldest first; clear it at will."""

OAUTH = web.AppKey("OAUTH", OAuth)
"""`app[OAUTH]` is the authorisation server: the secret of its one client, and the place for that client's public key."""

ONE_TIME_PASSWORDS = web.AppKey("ONE_TIME_PASSWORDS", OneTimePasswords)
"""`app[ONE_TIME_PASSWORDS]` has the keys of an app, and the codes that nobody mailed."""

SOAP = web.AppKey("SOAP", Soap)
"""`app[SOAP].commands` is what CmdConnector was told, once the application runs."""


@dataclass(slots=True)
class Faults:
    """What may go wrong with a backend after an update, to be switched on at will."""

    ignores_filters: bool = False


FAULTS = web.AppKey("FAULTS", Faults)
"""`app[FAULTS]` are the faults of this backend: none at first."""

_ACCESS = web.AppKey("_ACCESS", Access)


def new_token() -> str:
    """A fresh token, as the XML in which Profit shows one."""
    return f"<token><version>1</version><data>{secrets.token_hex(32).upper()}</data></token>"


def backend(token: str) -> web.Application:
    """The application, with a fresh database that lives as long as it does.

    :param token: the one token that is accepted from the start, as XML (see `new_token`).
    """
    data = token_data(token)
    if data is None:
        raise ValueError("expected <token><version>1</version><data>64 hex characters</data></token>")
    app = web.Application(client_max_size=_LARGEST_CALL)
    app[RECEIVED] = deque(maxlen=_RECORDS)
    app[_ACCESS] = Access({data})
    app[FAULTS] = Faults()
    app[OAUTH] = OAuth(app[_ACCESS])
    app[ONE_TIME_PASSWORDS] = OneTimePasswords(app[_ACCESS])
    app.cleanup_ctx.append(_database)
    app.router.add_route("*", "/{path:.*}", _serve)
    return app


async def _database(app: web.Application) -> AsyncIterator[None]:
    database = create_database()
    app[SOAP] = Soap(database, app[_ACCESS], app[ONE_TIME_PASSWORDS])
    yield
    database.close()


async def _serve(request: web.Request) -> web.Response:
    received = Received(request.method, request.raw_path, tuple(request.headers.items()), await request.read())
    request.app[RECEIVED].append(received)
    try:
        answer = await _answer(request)
    except Failure as failure:
        answer = failure.answer()
    answer.headers.update(_HEADERS)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


async def _answer(request: web.Request) -> web.Response:
    path, _, query = request.raw_path.partition("?")
    if query and len(query) + 1 > LONGEST_QUERY:
        raise nothing_here()
    # A doubled slash is tolerated, as real backends seem to (wire reference 1.1).
    base, *segments = [unquote(segment) for segment in path.split("/") if segment] or [""]
    if base.lower() == SOAP_BASE_PATH.lower():
        return await serve_soap(request, request.app[SOAP], segments)
    if base.lower() != BASE_PATH.lower():
        raise nothing_here()
    if request.method == "OPTIONS":
        return web.Response(headers=_PREFLIGHT_HEADERS)
    match request.method, [segment.lower() for segment in segments]:
        case "POST", ["oauth", "token"]:
            here = f"{request.scheme}://{request.host}/{BASE_PATH}"
            return request.app[OAUTH].answer(request.headers, await request.read(), [here, f"{here}/oauth/token"])
        case "POST", [("otprequest" | "otpvalidation") as step]:
            return _one_time_password(request.app, step, await request.read())
    if not request.app[_ACCESS].admits(request.headers.get("Authorization", "")):
        raise Failure("The token is missing or not valid.", status=HTTPStatus.UNAUTHORIZED)
    if segments and segments[0].lower() == "connectors" and request.method != "GET":
        return await _update(request, segments[1:])
    if request.method not in ("GET", "HEAD"):
        raise nothing_here()
    return _read(request, segments)


def _one_time_password(app: web.Application, step: str, body: bytes) -> web.Response:
    """Both steps (wire reference 4.3); the letter case of the keys in the body does not count."""
    try:
        given = {str(name).lower(): str(value) for name, value in json.loads(body).items()}
    except (ValueError, AttributeError, RecursionError):
        raise Failure("Invalid json", status=HTTPStatus.BAD_REQUEST) from None
    user, api_key, environment_key, code = (given.get(name, "") for name in ("userid", "apikey", "apitoken", "otp"))
    passwords, database = app[ONE_TIME_PASSWORDS], app[SOAP].database
    if step == "otprequest":
        passwords.request(database, user, api_key, environment_key)
        return web.Response()
    token = passwords.redeem(database, user, api_key, environment_key, code)
    return web.Response(status=HTTPStatus.NO_CONTENT) if token is None else web.json_response({"token": token})


def _read(request: web.Request, segments: list[str]) -> web.Response:
    database = request.app[SOAP].database
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
            understood = _without_filter(query) if request.app[FAULTS].ignores_filters else query
            return web.json_response(rows(database, get_connector(name) or _refuse(name), understood))
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
        case ["reportconnector", guid]:
            return file_answer(request, run_report(database, guid, lambda coded: read_filter(coded, query)))
        case _:
            raise nothing_here()


def _without_filter(query: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in query.items() if not name.startswith(("filter", "operatortypes"))}


async def _update(request: web.Request, segments: list[str]) -> web.Response:
    if not segments:
        raise nothing_here()
    connector = update_connector(segments[0]) or _refuse(segments[0])
    match request.method, segments[1:]:
        case ("POST" | "PUT") as verb, []:
            numbers = update(request.app[SOAP].database, connector, verb, await request.read())
            if verb == "PUT":
                return web.Response()
            records = [{connector.key: number} for number in numbers]
            results = {connector.name: records[0] if len(records) == 1 else records}
            return web.json_response({"results": results}, status=HTTPStatus.CREATED)
        case "DELETE", [element, names, values]:
            delete_by_path(request.app[SOAP].database, connector, element, names, values)
            return web.Response()
        case _:
            raise nothing_here()


def _refuse(connector: str) -> NoReturn:
    raise not_supported(connector)
