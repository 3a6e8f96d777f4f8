"""A slow backend: each way of standing still has its own reason, none lasts longer than configured, and none is tried again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sidecar.errors import Reason
from sidecar.proxy.upstream import Origin, Pool, Timeouts
from tests.proxy.upstream.scripted_backend import OK, Script, ScriptedBackend, Visit, fetch, get, post, reason_of, until

StartBackend = Callable[[Script], Awaitable[ScriptedBackend]]
LONG = 30.0
SHORT = 0.15


@pytest.fixture(autouse=True)
async def quick() -> AsyncIterator[None]:
    """Every test here ends long before the long time-outs."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 5


async def test_a_backend_that_finishes_no_handshake_is_a_connect_timeout(backend: StartBackend) -> None:
    async def listens_only(visit: Visit) -> None:
        await visit.gone()

    server = await backend(listens_only)
    pool = Pool(Timeouts(connect=SHORT, head=LONG, idle=LONG))
    assert await reason_of(pool.send(Origin("https", "127.0.0.1", server.origin.port), get())) is Reason.BACKEND_CONNECT_TIMEOUT
    assert pool.open_connections == 0
    assert len(server.visits) <= 1
    await pool.close()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_a_backend_that_does_not_finish_its_head_is_a_head_timeout(backend: StartBackend, said: bytes) -> None:
    async def stops(visit: Visit) -> None:
        await visit.request()
        await visit.say(said)
        await visit.gone()

    server = await backend(stops)
    pool = Pool(Timeouts(connect=LONG, head=SHORT, idle=LONG))
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_HEAD_TIMEOUT
    assert len(server.visits) == 1
    await until(lambda: pool.open_connections == 0)
    await pool.close()


async def test_a_head_that_drips_has_no_more_time_than_any_other(backend: StartBackend) -> None:
    async def drips(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            await visit.say(b"a")
            await asyncio.sleep(SHORT / 10)

    server = await backend(drips)
    pool = Pool(Timeouts(connect=LONG, head=SHORT, idle=LONG))
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_HEAD_TIMEOUT
    await pool.close()


async def test_a_kept_connection_that_is_silent_is_a_timeout_and_not_retried(backend: StartBackend) -> None:
    async def answers_once(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.gone()

    server = await backend(answers_once)
    pool = Pool(Timeouts(connect=LONG, head=SHORT, idle=LONG))
    await fetch(pool, server.origin)
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_HEAD_TIMEOUT
    assert len(server.visits) == 1
    await pool.close()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
    ],
)
async def test_a_body_that_stands_still_is_an_idle_timeout(backend: StartBackend, said: bytes) -> None:
    async def stops(visit: Visit) -> None:
        await visit.request()
        await visit.say(said)
        await visit.gone()

    server = await backend(stops)
    pool = Pool(Timeouts(connect=LONG, head=LONG, idle=SHORT))
    answer = await pool.send(server.origin, get())
    assert await answer.next_chunk() == b"half"
    assert await reason_of(answer.next_chunk()) is Reason.BACKEND_IDLE_TIMEOUT
    assert await reason_of(answer.next_chunk()) is Reason.BACKEND_IDLE_TIMEOUT
    await until(lambda: pool.open_connections == 0)
    await pool.close()


async def test_a_body_that_flows_slowly_is_no_timeout(backend: StartBackend) -> None:
    async def strolls(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(SHORT / 3)
            await visit.say(b".")

    server = await backend(strolls)
    pool = Pool(Timeouts(connect=LONG, head=LONG, idle=SHORT))
    assert await fetch(pool, server.origin) == (200, b"........")
    await pool.close()


async def test_a_reader_who_takes_his_time_is_no_timeout(backend: StartBackend) -> None:
    async def answers(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)

    server = await backend(answers)
    pool = Pool(Timeouts(connect=LONG, head=SHORT, idle=SHORT))
    answer = await pool.send(server.origin, get())
    await asyncio.sleep(SHORT * 2)
    assert await answer.read(10) == b"ok"
    await pool.close()


async def test_a_backend_that_stops_reading_the_request_is_an_idle_timeout(backend: StartBackend) -> None:
    async def reads_nothing(visit: Visit) -> None:
        await visit.request()
        visit.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(LONG)

    server = await backend(reads_nothing)
    pool = Pool(Timeouts(connect=LONG, head=LONG, idle=SHORT))
    body = bytes(20_000_000)
    assert await reason_of(pool.send(server.origin, post(body), body)) is Reason.BACKEND_IDLE_TIMEOUT
    await until(lambda: pool.open_connections == 0)
    await pool.close()


async def test_the_time_for_the_head_begins_when_the_request_is_sent(backend: StartBackend) -> None:
    body = bytes(20_000_000)

    async def reads_late(visit: Visit) -> None:
        await visit.request()
        await asyncio.sleep(0.7)
        await visit.reader.readexactly(len(body))
        await visit.say(OK)

    server = await backend(reads_late)
    pool = Pool(Timeouts(connect=LONG, head=0.6, idle=LONG))
    assert await fetch(pool, server.origin, post(body), body) == (200, b"ok")
    assert pool.idle_connections == 1
    await pool.close()
