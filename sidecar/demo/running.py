"""The demo while it runs: where its two servers are, who holds which token, and what was asked and decided."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from aiohttp import ClientSession

from sidecar.demo import soap_call
from sidecar.demo.backend import Faults, Received
from sidecar.demo.backend.one_time import OneTimePasswords


class Held(NamedTuple):
    """Whose token: the user's, for one app connector."""

    user: str
    app_connector: str


@dataclass(frozen=True, slots=True)
class Running:
    """Addresses of REST are base URLs with ``/ProfitRestServices``, the one of SOAP has ``/ProfitServices``; `authorizations` are values of
    the Authorization header.

    `received` and `decisions` grow while requests are made: what reached the backend, and lines of the decision log as JSON. `passwords`
    are the backend's own, with the codes that nobody mailed; `faults` make it go wrong.
    """

    backend_url: str
    sidecar_url: str
    soap_url: str
    admin_url: str
    backend_authorization: str
    authorizations: Mapping[Held, str]
    received: deque[Received]
    decisions: list[str]
    passwords: OneTimePasswords
    faults: Faults


class Reply(NamedTuple):
    """What came back, and the targets (decoded, below the base) that the backend was asked for meanwhile."""

    status: int
    body: Any
    forwarded: tuple[str, ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of a GetConnector's answer."""
        rows: list[dict[str, Any]] = self.body["rows"]
        return rows

    @property
    def message(self) -> str:
        """The text of a refusal."""
        return str(self.body["externalMessage"])


class Asker:
    """Makes real HTTP calls, through the sidecar or, to show what it is there for, around it."""

    def __init__(self, session: ClientSession, running: Running) -> None:
        self._session = session
        self._running = running

    async def through(self, held: Held, target: str, method: str = "GET", body: Any = None) -> Reply:
        """Ask the sidecar, with a user's token."""
        return await self._ask(self._running.sidecar_url, self._running.authorizations[held], target, method, body)

    async def around(self, target: str) -> Reply:
        """Ask the backend itself, with its own token, as a proxy would that adds nothing."""
        return await self._ask(self._running.backend_url, self._running.backend_authorization, target, "GET", None)

    async def over_soap(self, held: Held, connector: str, filters: str) -> Reply:
        """Ask the sidecar for rows over SOAP; what was forwarded is told by its filter XML."""
        self._running.received.clear()
        headers = {"Authorization": self._running.authorizations[held], **soap_call.HEADERS}
        url = f"{self._running.soap_url}/AppConnectorGet.asmx"
        async with self._session.post(url, data=soap_call.get_data(connector, filters), headers=headers) as answer:
            rows = soap_call.rows_in(await answer.read())
        forwarded = tuple(soap_call.filters_in(received.body) for received in self._running.received)
        return Reply(answer.status, {"rows": rows}, forwarded)

    async def _ask(self, base: str, authorization: str, target: str, method: str, body: Any) -> Reply:
        self._running.received.clear()
        async with self._session.request(method, base + target, headers={"Authorization": authorization}, json=body) as answer:
            text = await answer.text()
        forwarded = tuple(unquote(received.target).partition("/ProfitRestServices")[2] for received in self._running.received)
        return Reply(answer.status, json.loads(text) if text else None, forwarded)
