"""Answers as they come over a socket: bodies of each framing, and everything that must not pass for an answer."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

import pytest

from sidecar.errors import Reason
from sidecar.proxy.upstream import Pool
from sidecar.proxy.upstream.connect import connect
from sidecar.proxy.upstream.connection import Connection, Limits
from tests.proxy.upstream.scripted_backend import (
    OK,
    TIMEOUTS,
    Script,
    ScriptedBackend,
    Visit,
    answers_for_ever,
    fetch,
    get,
    reason_of,
    says,
    until,
)

StartBackend = Callable[[Script], Awaitable[ScriptedBackend]]

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def test_an_answer_is_handed_over_as_it_came(pool: Pool, backend: StartBackend) -> None:
    server = await backend(
        says(b"HTTP/1.1 206 Deel\r\nX-One:  a b \r\ncontent-LENGTH: 3\r\nx-one: \xe9\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08")
    )
    answer = await pool.send(server.origin, get())
    assert (answer.status, answer.phrase, answer.content_length, answer.has_body) == (206, b"Deel", 3, True)
    assert answer.headers == ((b"X-One", b"a b"), (b"content-LENGTH", b"3"), (b"x-one", b"\xe9"), (b"Content-Encoding", b"gzip"))
    assert 0 < answer.upstream_seconds < 2
    assert await answer.read(3) == b"\x1f\x8b\x08"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nten bytes!", id="length"),
        pytest.param(CHUNKED + b'3\r\nten\r\n07;quoted="x"\r\n bytes!\r\n0\r\nX-Sum: 1\r\n\r\n', id="chunked"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nten bytes!", id="until close"),
        pytest.param(b"HTTP/1.0 200\r\n\r\nten bytes!", id="HTTP/1.0 until close, no phrase"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 8 + b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nten bytes!", id="after 1xx"),
    ],
)
async def test_a_body_of_each_framing_is_read_however_small_the_packets(pool: Pool, backend: StartBackend, answer: bytes) -> None:
    async def drips(visit: Visit) -> None:
        await visit.request()
        for at in range(len(answer)):
            await visit.say(answer[at : at + 1])
            await asyncio.sleep(0)

    assert await fetch(pool, (await backend(says(answer))).origin) == (200, b"ten bytes!")
    assert await fetch(pool, (await backend(drips)).origin) == (200, b"ten bytes!")


@pytest.mark.parametrize(
    ("verb", "answer", "length"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 99),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", 99),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", None),
    ],
)
async def test_answers_without_body_by_nature_end_at_their_head(
    pool: Pool, backend: StartBackend, verb: str, answer: bytes, length: int | None
) -> None:
    server = await backend(says(answer))
    received = await pool.send(server.origin, get(verb=verb), bodyless_answer=verb == "HEAD")
    assert (received.has_body, received.content_length) == (False, length)
    assert await received.next_chunk() == b""


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", id="length and chunked"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n", id="chunked and length"
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", id="one length twice"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nok", id="xchunked"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", id="chunked, chunked"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", id="chunked twice"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Folded: a\r\n Content-Length: 2\r\n\r\nok", id="folded line"),
        pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", id="101"),
        pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 9 + OK, id="1xx flood"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nok" + OK, id="1xx with body"),
        pytest.param(b"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n" + OK, id="1xx with a length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", id="head over the limit"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, id="head without end"),
        pytest.param(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", id="bare LF"),
        pytest.param(b"\x15\x03\x03\x00\x02\x02F", id="TLS alert"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", id="head cut short"),
        pytest.param(CHUNKED + b"zz\r\nok\r\n0\r\n\r\n", id="broken chunk along with the head"),
        pytest.param(b"", id="nothing"),
    ],
)
async def test_what_is_not_an_answer_in_one_reading_is_refused_before_the_client_sees_any_of_it(
    pool: Pool, backend: StartBackend, answer: bytes
) -> None:
    hangs_up = not answer or answer.endswith(b"2\r\n")

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(answer)
        if not hangs_up:
            await visit.gone()

    server = await backend(script)
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_BROKEN
    await until(lambda: pool.open_connections == 0)


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"five!", id="length"),
        pytest.param(CHUNKED, b"a\r\nfive!", id="half a chunk"),
        pytest.param(CHUNKED, b"5\r\nfive!\r\n", id="no last chunk"),
        pytest.param(CHUNKED, b"5\r\nfive!\r\n0\r\n", id="no end of trailers"),
        pytest.param(CHUNKED, b"5\r\nfive!\r\n-1\r\n", id="a size that is none"),
        pytest.param(CHUNKED, b"5\r\nfive!!\r\n0\r\n\r\n", id="more than its size"),
        pytest.param(CHUNKED, b"5\r\nfive!\r\n0\r\nX Y: z\r\n\r\n", id="a broken trailer"),
    ],
)
async def test_a_body_that_is_cut_short_or_badly_framed_never_looks_whole(
    pool: Pool, backend: StartBackend, head: bytes, rest: bytes
) -> None:
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(head)
        await go_on.wait()
        await visit.say(rest)

    server = await backend(script)
    answer = await pool.send(server.origin, get())
    go_on.set()
    assert await reason_of(answer.read(1000)) is Reason.BACKEND_BROKEN
    assert await reason_of(answer.next_chunk()) is Reason.BACKEND_BROKEN
    await until(lambda: pool.open_connections == 0)


async def test_a_backend_that_resets_the_connection_cuts_the_body_short(pool: Pool, backend: StartBackend) -> None:
    async def resets(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await asyncio.sleep(0.05)
        visit.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        visit.writer.transport.abort()

    server = await backend(resets)
    answer = await pool.send(server.origin, get())
    assert await answer.next_chunk() == b"half"
    assert await reason_of(answer.next_chunk()) is Reason.BACKEND_BROKEN


async def test_an_answer_that_comes_before_its_request_is_refused(backend: StartBackend) -> None:
    lost: list[Connection] = []

    async def speaks_first(visit: Visit) -> None:
        await visit.say(OK)
        await visit.gone()

    server = await backend(speaks_first)
    connection = await connect(server.origin, lambda: Connection(server.origin, TIMEOUTS, Limits(1000, 1000), lost.append), 2)
    await connection.lost
    assert await reason_of(connection.ask(get(), b"", bodyless_answer=False)) is Reason.BACKEND_BROKEN
    assert lost == [connection]


async def test_a_body_over_the_limit_is_not_held(pool: Pool, backend: StartBackend) -> None:
    async def never_ends(visit: Visit) -> None:
        await visit.request()
        await visit.say(CHUNKED)
        while True:
            await visit.say(b"400\r\n" + b"x" * 1024 + b"\r\n")

    server = await backend(never_ends)
    answer = await pool.send(server.origin, get())
    assert await answer.read(100_000) is None
    await until(lambda: pool.open_connections == 0)
    assert await reason_of(answer.next_chunk()) is Reason.BACKEND_BROKEN


async def test_the_limit_of_a_head_is_the_pool_s(backend: StartBackend) -> None:
    pool = Pool(TIMEOUTS, max_head=100)
    server = await backend(says(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 60 + b"\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 90 + b"\r\n\r\n"))
    answer = await pool.send(server.origin, get())
    answer.abort()
    assert answer.status == 200
    server = await backend(says(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 90 + b"\r\n\r\n"))
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_BROKEN
    await pool.close()


async def test_an_aborted_answer_leaves_no_connection(pool: Pool, backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    answer = await pool.send(server.origin, get())
    answer.abort()
    assert await reason_of(answer.next_chunk()) is Reason.BACKEND_BROKEN
    await until(lambda: pool.open_connections == 0)
    assert pool.idle_connections == 0


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!"])
async def test_a_client_that_vanishes_takes_the_connection_along(pool: Pool, backend: StartBackend, after: bytes) -> None:
    asked = asyncio.Event()

    async def stops(visit: Visit) -> None:
        await visit.request()
        await visit.say(after)
        asked.set()
        await visit.gone()

    server = await backend(stops)
    task = asyncio.ensure_future(fetch(pool, server.origin))
    await asked.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: pool.open_connections == 0)
    assert pool.idle_connections == 0
