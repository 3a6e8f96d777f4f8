"""Keeping connections: which are used again, which never, and when a request may be sent twice."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sidecar.errors import Reason
from sidecar.proxy.upstream import Pool
from tests.proxy.upstream.scripted_backend import (
    OK,
    TIMEOUTS,
    Script,
    ScriptedBackend,
    Visit,
    answers_for_ever,
    fetch,
    get,
    post,
    reason_of,
    says,
    until,
)

StartBackend = Callable[[Script], Awaitable[ScriptedBackend]]


async def test_requests_one_after_another_share_a_connection(pool: Pool, backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    for _ in range(5):
        assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 1
    assert (pool.open_connections, pool.idle_connections) == (1, 1)


async def test_requests_at_the_same_time_have_a_connection_each_and_the_last_used_is_used_first(pool: Pool, backend: StartBackend) -> None:
    served: list[int] = []

    async def notes_who_serves(visit: Visit) -> None:
        while True:
            await visit.request()
            served.append(visit.number)
            await visit.say(OK)

    server = await backend(notes_who_serves)
    first, second = await asyncio.gather(pool.send(server.origin, get()), pool.send(server.origin, get()))
    await first.read(100)
    await second.read(100)
    last_used = served[-1] if len(server.visits) == 2 else 0
    served.clear()
    for _ in range(3):
        await fetch(pool, server.origin)
    assert (len(server.visits), len(set(served))) == (2, 1)
    assert last_used in (1, 2)


async def test_each_origin_has_its_own_connections(pool: Pool, backend: StartBackend) -> None:
    one, other = await backend(says(OK, OK)), await backend(says(OK.replace(b"ok", b"no")))
    assert await fetch(pool, one.origin) == (200, b"ok")
    assert await fetch(pool, other.origin) == (200, b"no")
    assert await fetch(pool, one.origin) == (200, b"ok")
    assert (len(one.visits), len(other.visits)) == (1, 1)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: foo ,\tCLOSE\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        pytest.param(OK + b"x", id="bytes after the body"),
        pytest.param(OK + OK, id="a second answer"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n", id="bytes after the last chunk"),
    ],
)
async def test_a_connection_in_doubt_is_not_used_again(pool: Pool, backend: StartBackend, answer: bytes) -> None:
    async def stays_open(visit: Visit) -> None:
        await visit.request()
        await visit.say(answer)
        await visit.gone()

    server = await backend(stays_open)
    assert await fetch(pool, server.origin) == (200, b"ok")
    assert pool.idle_connections == 0
    assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 2


@pytest.mark.parametrize(
    ("verb", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n"),
    ],
)
async def test_a_body_that_is_announced_and_not_due_cannot_become_the_next_answer(
    pool: Pool, backend: StartBackend, verb: str, answer: bytes
) -> None:
    server = await backend(says(answer))
    bodyless = await pool.send(server.origin, get(verb=verb), bodyless_answer=verb == "HEAD")
    assert await bodyless.next_chunk() == b""
    assert pool.idle_connections == 0


async def test_an_http_1_0_answer_that_asks_for_keep_alive_keeps_the_connection(pool: Pool, backend: StartBackend) -> None:
    answer = b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok"
    server = await backend(says(answer, answer))
    await fetch(pool, server.origin)
    await fetch(pool, server.origin)
    assert len(server.visits) == 1


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_answers_without_body_keep_the_connection(pool: Pool, backend: StartBackend, status: bytes) -> None:
    answer = b"HTTP/1.1 " + status + b"\r\n\r\n"
    server = await backend(says(answer, answer))
    await fetch(pool, server.origin)
    await fetch(pool, server.origin)
    assert len(server.visits) == 1


async def test_bytes_on_a_kept_connection_end_it_and_never_answer_the_next_request(pool: Pool, backend: StartBackend) -> None:
    poison = asyncio.Event()

    async def speaks_out_of_turn(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        if visit.number == 1:
            await poison.wait()
            await visit.say(OK.replace(b"ok", b"no"))
        await visit.gone()

    server = await backend(speaks_out_of_turn)
    await fetch(pool, server.origin)
    assert pool.idle_connections == 1
    poison.set()
    await until(lambda: pool.open_connections == 0)
    assert pool.idle_connections == 0
    assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 2


async def test_a_connection_that_is_being_dropped_serves_no_request(pool: Pool, backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    await fetch(pool, server.origin)
    (kept,) = pool._open
    kept.data_received(OK.replace(b"ok", b"no"))
    assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 2


async def test_an_answer_that_is_read_after_the_backend_closed_leaves_nothing_to_keep(pool: Pool, backend: StartBackend) -> None:
    server = await backend(says(OK))
    answer = await pool.send(server.origin, get())
    await until(lambda: pool.open_connections == 0)
    assert await answer.read(10) == b"ok"
    assert pool.idle_connections == 0


async def test_a_kept_connection_that_the_backend_closes_leaves_the_pool(pool: Pool, backend: StartBackend) -> None:
    server = await backend(says(OK))
    await fetch(pool, server.origin)
    await until(lambda: (pool.open_connections, pool.idle_connections) == (0, 0))


async def test_a_connection_returns_to_the_pool_only_when_its_answer_is_read_to_the_end(pool: Pool, backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    answer = await pool.send(server.origin, get())
    assert (pool.open_connections, pool.idle_connections) == (1, 0)
    await fetch(pool, server.origin)
    assert len(server.visits) == 2
    assert pool.idle_connections == 1
    assert await answer.next_chunk() == b"ok"
    assert pool.idle_connections == 2
    assert [await answer.next_chunk(), await answer.next_chunk()] == [b"", b""]


async def test_an_answer_that_was_read_has_no_hold_on_its_connection_any_more(pool: Pool, backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    answer = await pool.send(server.origin, get())
    await answer.read(10)
    answer.abort()
    assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 1


async def test_connections_that_nobody_uses_are_closed(backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    pool = Pool(TIMEOUTS, idle_seconds=0.1)
    await fetch(pool, server.origin)
    assert pool.idle_connections == 1
    await until(lambda: pool.open_connections == 0)
    await fetch(pool, server.origin)
    assert len(server.visits) == 2
    await pool.close()


async def test_no_more_connections_are_kept_than_allowed(backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    pool = Pool(TIMEOUTS, max_idle_per_origin=2)
    answers = await asyncio.gather(*(pool.send(server.origin, get()) for _ in range(4)))
    for answer in answers:
        await answer.read(10)
    assert pool.idle_connections == 2
    await until(lambda: pool.open_connections == 2)
    await pool.close()


async def test_a_closed_pool_holds_nothing_and_sends_nothing(pool: Pool, backend: StartBackend) -> None:
    server = await backend(answers_for_ever)
    await fetch(pool, server.origin)
    unread = await pool.send(server.origin, get())
    await pool.close()
    assert (pool.open_connections, pool.idle_connections) == (0, 0)
    assert await reason_of(unread.next_chunk()) is Reason.BACKEND_BROKEN
    assert await reason_of(pool.send(server.origin, get())) is Reason.DRAINING


def dies_when_kept(lives: int) -> Script:
    """The first `lives` connections serve one request and end, without a word, at the second."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK)
        await visit.request()
        if visit.number > lives:
            await visit.say(OK)
            await visit.gone()

    return script


@pytest.mark.parametrize("verb", ["GET", "HEAD", "OPTIONS"])
async def test_a_question_on_a_kept_connection_that_dies_is_asked_once_more_on_a_new_one(
    pool: Pool, backend: StartBackend, verb: str
) -> None:
    server = await backend(dies_when_kept(lives=1))
    await fetch(pool, server.origin)
    answer = await pool.send(server.origin, get(verb=verb), bodyless_answer=verb == "HEAD")
    assert answer.status == 200
    assert len(server.visits) == 2
    answer.abort()


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(post(b"{}"), b"{}", id="POST"),
        pytest.param(post(b""), b"", id="POST without body"),
        pytest.param(get(verb="DELETE"), b"", id="DELETE"),
        pytest.param(post(b"{}").replace(b"POST", b"GET"), b"{}", id="GET with body"),
    ],
)
async def test_what_may_have_been_carried_out_is_not_sent_twice(pool: Pool, backend: StartBackend, head: bytes, body: bytes) -> None:
    server = await backend(dies_when_kept(lives=1))
    await fetch(pool, server.origin)
    assert await reason_of(pool.send(server.origin, head, body)) is Reason.BACKEND_BROKEN
    assert len(server.visits) == 1


async def test_a_request_is_repeated_on_a_new_connection_and_not_on_another_kept_one(pool: Pool, backend: StartBackend) -> None:
    server = await backend(dies_when_kept(lives=2))
    for answer in await asyncio.gather(pool.send(server.origin, get()), pool.send(server.origin, get())):
        await answer.read(10)
    assert pool.idle_connections == 2
    assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 3
    assert pool.idle_connections == 2


async def test_a_request_is_repeated_once_only(pool: Pool, backend: StartBackend) -> None:
    async def answers_the_first_and_no_other(visit: Visit) -> None:
        await visit.request()
        if visit.number == 1:
            await visit.say(OK)
            await visit.request()

    server = await backend(answers_the_first_and_no_other)
    await fetch(pool, server.origin)
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_BROKEN
    assert len(server.visits) == 2


async def test_a_new_connection_that_dies_is_not_retried(pool: Pool, backend: StartBackend) -> None:
    async def hangs_up(visit: Visit) -> None:
        await visit.request()

    server = await backend(hangs_up)
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_BROKEN
    assert len(server.visits) == 1


async def test_a_kept_connection_that_dies_after_a_byte_of_answer_is_not_retried(pool: Pool, backend: StartBackend) -> None:
    server = await backend(says(OK, b"H"))
    await fetch(pool, server.origin)
    assert await reason_of(pool.send(server.origin, get())) is Reason.BACKEND_BROKEN
    assert len(server.visits) == 1
