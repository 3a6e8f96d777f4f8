"""An identity provider's metadata and keys over real sockets, which does what a test wants of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.jwt import mint


class Publisher:
    """What it answers, and how often it was asked.

    :ivar metadata: None gives the right one.
    :ivar answer: what `/keys` answers, if not `keys`.
    """

    def __init__(self) -> None:
        self.base = ""
        self.keys: bytes = mint.COMPANY_KEYS
        self.metadata: Any = None
        self.answer: web.Response | None = None
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def tell(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        await self.gate.wait()
        if request.path.endswith("/openid-configuration"):
            whole = {"issuer": self.base, "jwks_uri": f"{self.base}/keys"}
            return web.json_response(whole if self.metadata is None else self.metadata)
        if self.answer is not None:
            return self.answer
        return web.Response(body=self.keys, content_type="application/json")


@asynccontextmanager
async def publishing() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    application = web.Application()
    application.router.add_get("/{path:.*}", publisher.tell)
    async with TestServer(application) as server:
        publisher.base = str(server.make_url("")).rstrip("/")
        yield publisher
