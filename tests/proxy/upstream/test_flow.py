"""Bytes flow both ways at the pace of the slower side, and an early answer is heard while a request is still being sent."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from sidecar.proxy.upstream import Pool
from tests.proxy.upstream.scripted_backend import OK, TIMEOUTS, Script, ScriptedBackend, Visit, fetch, get, post, until

StartBackend = Callable[[Script], Awaitable[ScriptedBackend]]
READ_BUFFER = 100_000
ONE_READ = 262_144
BODY = bytes(range(256)) * 40_000
"""10 MB; far more than what sockets hold."""


def length_framed(body: bytes) -> list[bytes]:
    return [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body]


def chunked(body: bytes) -> list[bytes]:
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[at : at + 50_000] for at in range(0, len(body), 50_000))]
    return [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *chunks, b"0\r\n\r\n"]


@pytest.mark.parametrize("framed", [length_framed, chunked])
async def test_a_reader_who_stops_holds_the_backend_back(backend: StartBackend, framed: Callable[[bytes], list[bytes]]) -> None:
    said = 0

    async def says_much(visit: Visit) -> None:
        nonlocal said
        await visit.request()
        for part in framed(BODY * 2):
            for at in range(0, len(part), 50_000):
                await visit.say(part[at : at + 50_000])
                said += 50_000
        await visit.request()

    server = await backend(says_much)
    pool = Pool(TIMEOUTS, read_buffer=READ_BUFFER)
    answer = await pool.send(server.origin, get())
    connection = next(iter(pool._open))
    before = -1
    while before != said:
        before = said
        await asyncio.sleep(0.05)
    assert said < 15_000_000
    assert READ_BUFFER < connection._inbox.size <= READ_BUFFER + ONE_READ
    received = 0
    while chunk := await answer.next_chunk():
        received += len(chunk)
        assert connection._inbox.size <= READ_BUFFER + ONE_READ
    assert received == len(BODY) * 2
    assert pool.idle_connections == 1
    await pool.close()


async def test_a_large_request_is_sent_whole_and_the_connection_kept(pool: Pool, backend: StartBackend) -> None:
    heard: list[bytes] = []

    async def listens(visit: Visit) -> None:
        while True:
            await visit.request()
            heard.append(await visit.reader.readexactly(len(BODY)))
            await visit.say(OK)

    server = await backend(listens)
    for _ in range(2):
        assert await fetch(pool, server.origin, post(BODY), BODY) == (200, b"ok")
    assert heard == [BODY, BODY]
    assert len(server.visits) == 1


async def test_a_small_request_goes_out_in_one_piece(pool: Pool, backend: StartBackend) -> None:
    received: list[bytes] = []

    async def takes_what_comes(visit: Visit) -> None:
        received.append(await visit.reader.read(65_536))
        await visit.say(OK)
        await visit.gone()

    server = await backend(takes_what_comes)
    await fetch(pool, server.origin, post(b"{}"), b"{}")
    assert received == [post(b"{}") + b"{}"]


@pytest.mark.parametrize("read_first", [0, 1_000_000])
@pytest.mark.parametrize("connection", [b"", b"Connection: close\r\n"])
async def test_a_refusal_that_comes_while_the_request_is_sent_is_the_answer(
    pool: Pool, backend: StartBackend, read_first: int, connection: bytes
) -> None:
    async def refuses(visit: Visit) -> None:
        await visit.request()
        if read_first:
            await visit.reader.readexactly(read_first)
        await visit.say(b"HTTP/1.1 413 Too Large\r\n" + connection + b"Content-Length: 9\r\n\r\ntoo large")

    server = await backend(refuses)
    assert await fetch(pool, server.origin, post(BODY), BODY) == (413, b"too large")
    await until(lambda: pool.open_connections == 0)
    assert pool.idle_connections == 0


async def test_a_refusal_in_a_hurry_does_not_free_a_connection_whose_request_is_half_sent(pool: Pool, backend: StartBackend) -> None:
    async def refuses_and_stays(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo large")
        await asyncio.sleep(5)

    server = await backend(refuses_and_stays)
    assert await fetch(pool, server.origin, post(BODY), BODY) == (413, b"too large")
    assert pool.idle_connections == 0


async def test_a_backend_that_answers_while_it_reads_gets_the_rest_of_the_request(pool: Pool, backend: StartBackend) -> None:
    heard = 0

    async def echoes_the_count(visit: Visit) -> None:
        nonlocal heard
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while heard < len(BODY):
            heard += len(await visit.reader.read(65_536))
        await visit.say(b"4\r\ndone\r\n0\r\n\r\n")
        await visit.gone()

    server = await backend(echoes_the_count)
    assert await fetch(pool, server.origin, post(BODY), BODY) == (200, b"done")
    assert heard == len(BODY)


async def test_a_backend_that_refuses_while_it_reads_gets_no_more_of_the_request(pool: Pool, backend: StartBackend) -> None:
    heard = 0

    async def refuses_and_drains(visit: Visit) -> None:
        nonlocal heard
        await visit.request()
        await visit.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 9\r\n\r\ntoo ")
        await asyncio.sleep(0.05)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                while heard < len(BODY):
                    heard += len(await visit.reader.read(65_536))
        await visit.say(b"large")

    server = await backend(refuses_and_drains)
    assert await fetch(pool, server.origin, post(BODY), BODY) == (413, b"too large")
    assert heard < len(BODY)


async def test_a_connection_whose_request_is_still_on_its_way_is_not_kept(pool: Pool, backend: StartBackend) -> None:
    async def answers_at_once(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await asyncio.sleep(5)

    server = await backend(answers_at_once)
    assert await fetch(pool, server.origin, post(BODY), BODY) == (200, b"ok")
    assert pool.idle_connections == 0


async def test_a_client_that_vanishes_while_its_request_is_sent_takes_the_connection_along(pool: Pool, backend: StartBackend) -> None:
    asked = asyncio.Event()

    async def reads_nothing(visit: Visit) -> None:
        await visit.request()
        asked.set()
        await asyncio.sleep(5)

    server = await backend(reads_nothing)
    task = asyncio.ensure_future(fetch(pool, server.origin, post(BODY), BODY))
    await asked.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: pool.open_connections == 0)
