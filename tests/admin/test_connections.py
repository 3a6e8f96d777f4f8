"""Whoever opens connections to the admin port and says nothing, half a request or reads no answer, shuts nobody out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry
from yarl import URL

from sidecar.admin.app import admin_app, admin_port
from sidecar.admin.connections import LAST_MOMENTS, MOST, PATIENCE

HEALTH = b"GET /livez HTTP/1.1\r\nHost: sidecar\r\n\r\n"
SILENT = pytest.mark.parametrize("said", [b"", b"GET /livez HTTP/1.1\r\nX: ", HEALTH], ids=["nothing", "half a head", "a request"])

Stranger = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Port:
    """An admin port with two paths more: an answer that is waited for, and one that fills what lies between the two ends."""

    def __init__(self, url: str, arrived: asyncio.Semaphore, go_on: asyncio.Event, stack: AsyncExitStack) -> None:
        self.port, self.arrived, self.go_on, self._stack = URL(url).port or 0, arrived, go_on, stack

    async def connect(self, said: bytes = b"") -> Stranger:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._stack.callback(writer.close)
        writer.write(said)
        return reader, writer

    async def begun(self, times: int) -> None:
        """Until so many more requests are being waited for."""
        async with asyncio.timeout(10):
            for _ in range(times):
                await self.arrived.acquire()


@asynccontextmanager
async def port_of(patience: float = PATIENCE, last_moments: float = LAST_MOMENTS) -> AsyncIterator[Port]:
    arrived, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def wait(_request: web.Request) -> web.Response:
        arrived.release()
        await go_on.wait()
        return web.Response(text="waited\n")

    async def much(_request: web.Request) -> web.Response:
        arrived.release()
        return web.Response(body=bytes(20_000_000))

    def add(app: web.Application) -> None:
        app.router.add_get("/wait", wait)
        app.router.add_get("/much", much)

    app = admin_app(lambda: (True, {}), CollectorRegistry(), add_more=add)
    async with AsyncExitStack() as stack, admin_port("127.0.0.1:0", app, patience=patience, last_moments=last_moments) as url:
        yield Port(url, arrived, go_on, stack)


async def answered(stranger: Stranger) -> bool:
    reader, writer = stranger
    writer.write(HEALTH)
    async with asyncio.timeout(10):
        return b"ok\n" in await reader.readuntil(b"ok\n")


async def ended(stranger: Stranger) -> None:
    """Fails when it does not come to an end."""
    async with asyncio.timeout(10):
        try:
            await stranger[0].read()
        except ConnectionResetError:
            return


@SILENT
async def test_more_connections_than_are_held_end_the_oldest_and_whoever_asks_is_answered(said: bytes) -> None:
    async with port_of() as port:
        at_work = await port.connect(HEALTH.replace(b"livez", b"wait"))
        await port.begun(1)
        strangers = [await port.connect(said) for _ in range(MOST + 40)]
        assert await answered(await port.connect())
        for each in strangers[:40]:
            await ended(each)
        assert await answered(await port.connect())
        port.go_on.set()
        async with asyncio.timeout(10):
            assert b"200" in await at_work[0].readline()


async def test_where_all_are_being_answered_the_oldest_is_ended_too() -> None:
    async with port_of() as port:
        strangers = [await port.connect(HEALTH.replace(b"livez", b"wait")) for _ in range(MOST)]
        await port.begun(MOST)
        assert await answered(await port.connect())
        await ended(strangers[0])
        port.go_on.set()


@SILENT
async def test_a_connection_on_which_nothing_is_asked_comes_to_an_end(said: bytes) -> None:
    async with port_of(patience=0.2) as port:
        await ended(await port.connect(said))


@pytest.mark.parametrize("path", [b"wait", b"much"])
async def test_an_answer_that_does_not_come_or_that_nobody_reads_does_not_keep_it_from_its_end(path: bytes) -> None:
    async with asyncio.timeout(10), port_of(last_moments=0.1) as port:  # whose reader stops at its limit
        await port.connect(HEALTH.replace(b"livez", path))
        await port.begun(1)
