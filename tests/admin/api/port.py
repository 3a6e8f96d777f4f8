"""The API over a socket, on a database that holds the sample."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientResponse, ClientSession
from prometheus_client import CollectorRegistry
from yarl import URL

from sidecar.admin.api.serve import AdministrationApi, Standing
from sidecar.admin.app import admin_app, admin_port
from sidecar.settings.admin import AdminKey
from tests.administration.stage import NOW, Desk

KEY = "C0FFEE" * 10 + "C0FF"  # 64 hexadecimal characters
READER = "BEEF" * 16


def entry(key: str, *, read_only: bool = False) -> AdminKey:
    return AdminKey(sha256=hashlib.sha256(key.encode()).hexdigest(), read_only=read_only)


@dataclass
class Answer:
    """An answer that was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any


@dataclass
class Port:
    """Where the API is, and somebody who asks it."""

    url: str
    desk: Desk
    session: ClientSession
    keys: dict[str, AdminKey]
    results: Counter[str] = field(default_factory=Counter)

    async def ask(self, method: str, path: str, content: Any = None, *, key: str | None = KEY, **headers: str) -> Answer:
        """An answer; the path goes as it is written."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        url = URL(f"{self.url}/api/v1{path}", encoded=True)
        async with self.session.request(method, url, json=content, headers=sent) as answer:
            return await read(answer)

    @property
    def port(self) -> int:
        return URL(self.url).port or 0


async def read(answer: ClientResponse) -> Answer:
    body = await answer.read()
    is_json = answer.content_type.endswith("json") and body
    return Answer(answer.status, answer.headers, body, await answer.json(content_type=None) if is_json else None)


@asynccontextmanager
async def port_of(desk: Desk, most_failures: int = 30) -> AsyncIterator[Port]:
    """The API on a free port, with a key for everything and one for reading."""
    keys = {"console": entry(KEY), "reader": entry(READER, read_only=True)}
    results: Counter[str] = Counter()
    api = AdministrationApi(lambda: Standing(keys, desk.administration), results, lambda: NOW, most_failures)
    app = admin_app(lambda: (True, {}), CollectorRegistry(), add_more=api.add_to)
    async with admin_port("127.0.0.1:0", app) as url, ClientSession() as session:
        yield Port(url, desk, session, keys, results)
