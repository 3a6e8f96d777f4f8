"""The WSDLs of the services that are enabled, fetched from the backend without any credential and told with the sidecar's address.

Clients fetch them before they have a token, so what is fetched is kept for a while, failures too, and asked for once at a time.
"""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from sidecar.dialects.call import Special
from sidecar.dialects.soap.services import TOKEN_CONNECTOR, service_at
from sidecar.dialects.soap.token_connector import is_token_connector
from sidecar.dialects.soap.wsdl import UnknownShapeError, rewrite_wsdl
from sidecar.errors import Reason, Refusal
from sidecar.policy.model import AppConnector
from sidecar.proxy.route import Route
from sidecar.proxy.soap_path import SoapPath, reached_by
from sidecar.proxy.upstream import Pool, header_lines, request_line
from sidecar.settings.otp import OtpMode
from sidecar.store.snapshot import Environment, Snapshot

KEPT_SECONDS = 300.0
FAILURE_SECONDS = 5.0
_MOST_KEPT = 64
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")

_ENABLED_BY: dict[str, Callable[[AppConnector], bool]] = {
    "AppConnectorGet.asmx": lambda app_connector: bool(app_connector.get_connectors),
    "AppConnectorUpdate.asmx": lambda app_connector: bool(app_connector.update_connectors),
    "AppConnectorReport.asmx": lambda app_connector: Special.REPORT in app_connector.special_connectors,
    "AppConnectorSubject.asmx": lambda app_connector: Special.SUBJECT in app_connector.special_connectors,
    "AppConnectorData.asmx": lambda app_connector: Special.DATA in app_connector.special_connectors,
    "AppConnectorVersionInfo.asmx": lambda app_connector: Special.VERSION in app_connector.special_connectors,
}


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What came of it, good until a moment (monotonic seconds)."""

    until: float
    wsdl: bytes = b""
    problem: Refusal | None = None


_Key = tuple[Route, str]


class Wsdls:
    """Belongs to one event loop."""

    def __init__(self, pool: Pool, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        """:param limit: bytes of a WSDL at most."""
        self._pool = pool
        self._limit = limit
        self._clock = clock
        self._fetched: dict[_Key, _Fetched] = {}
        self._under_way: dict[_Key, asyncio.Task[_Fetched]] = {}
        self._written: dict[tuple[bytes, str, str], bytes] = {}

    async def fetch(self, snapshot: Snapshot, path: SoapPath, host: str | None, *, secure: bool = False) -> bytes:
        """The WSDL of the service at this path, of the first environment that has it and an app connector that may use it.

        :param host: what the client calls the sidecar.
        :param secure: it came over TLS.
        :raises Refusal: UNKNOWN_PATH for a service that is not enabled; what keeps the WSDL from being had; MALFORMED_HTTP for a host that
            is none.
        """
        service = TOKEN_CONNECTOR if is_token_connector(path.file) else service_at(path.file)
        environment, route = _enabled(snapshot, path, service)
        address = environment.soap_address or _address(host, path, route, secure=secure)
        wsdl = await self._raw(route, service)
        known = self._written.get((wsdl, service, address))
        if known is None:
            try:
                known = rewrite_wsdl(wsdl, service, address)
            except UnknownShapeError as problem:
                raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, str(problem)) from None
            if len(self._written) >= _MOST_KEPT:
                self._written.clear()
            self._written[wsdl, service, address] = known
        return known

    async def _raw(self, route: Route, service: str) -> bytes:
        key = (route, service)
        known = self._fetched.get(key)
        if known is None or known.until <= self._clock():
            under_way = self._under_way.get(key)
            if under_way is None:
                under_way = self._under_way[key] = asyncio.create_task(self._ask(route, service), name="wsdl")
                under_way.add_done_callback(lambda _: self._under_way.pop(key, None))
            known = await asyncio.shield(under_way)  # others may wait for the same
            if len(self._fetched) >= _MOST_KEPT:
                self._fetched.clear()
            self._fetched[key] = known
        if known.problem is not None:
            raise Refusal(known.problem.reason, known.problem.detail)
        return known.wsdl

    async def _ask(self, route: Route, service: str) -> _Fetched:
        headers = [(b"Host", route.origin.host_header), (b"Accept", b"text/xml"), (b"Accept-Encoding", b"identity")]
        head = request_line("GET", f"{route.base_path}/{service}?WSDL") + header_lines(headers) + b"\r\n"
        try:
            answer = await self._pool.send(route.origin, head)
            if answer.status != 200:
                answer.abort()
                raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, f"the WSDL came with status {answer.status}")
            body = await answer.read(self._limit)
            if body is None:
                raise Refusal(Reason.BACKEND_ANSWER_UNREADABLE, f"the WSDL has over {self._limit} bytes")
        except Refusal as problem:
            return _Fetched(self._clock() + FAILURE_SECONDS, problem=problem)
        return _Fetched(self._clock() + KEPT_SECONDS, body)


def _enabled(snapshot: Snapshot, path: SoapPath, service: str) -> tuple[Environment, Route]:
    app_connectors = snapshot.policy.app_connectors.values()
    for environment, route in reached_by(path, snapshot.environments.values()):
        if service == TOKEN_CONNECTOR:
            if environment.otp is not OtpMode.OFF:
                return environment, route
        elif any(each.environment == environment.name and not each.blocked and _ENABLED_BY[service](each) for each in app_connectors):
            return environment, route
    raise Refusal(Reason.UNKNOWN_PATH)


def _address(host: str | None, path: SoapPath, route: Route, *, secure: bool) -> str:
    """Where the client found us, under the base that it used; in the letter case of the backend if it is the backend's own."""
    if host is None or _HOST.fullmatch(host) is None:
        raise Refusal(Reason.MALFORMED_HTTP, "the Host header names no host")
    base = "/".join(path.base)
    own = route.base_path.strip("/")
    documented = {"profitservices": "ProfitServices"}
    scheme = "https" if secure else "http"
    return f"{scheme}://{host}/{own if own.lower() == base else documented.get(base, base)}".rstrip("/")
