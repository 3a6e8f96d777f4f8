"""Opening connections: TLS that is always verified, and plain words where there is no connection."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import trustme

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream import Origin, Pool
from sidecar.proxy.upstream.connect import tls_context
from tests.proxy.upstream.scripted_backend import (
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

AUTHORITY = trustme.CA()
BODY = bytes(range(256)) * 20_000


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    """A bundle that holds the tests' own authority."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return str(tmp_path / "authority.pem")


StartTls = Callable[..., Awaitable[ScriptedBackend]]


@pytest.fixture
async def tls_backend(ca_file: str) -> AsyncIterator[StartTls]:
    """Starts backends with TLS whose certificate is for the given names; their origin believes the tests' authority."""
    started: list[ScriptedBackend] = []

    async def start(script: Script, *names: str) -> ScriptedBackend:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        AUTHORITY.issue_cert(*names or ("127.0.0.1",)).configure_cert(context)
        backend = ScriptedBackend(script)
        await backend.start(context)
        backend.origin = backend.origin._replace(ca_file=ca_file)
        started.append(backend)
        return backend

    yield start
    for each in started:
        await each.stop()


async def refusal_of(attempt: Awaitable[object]) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value


async def test_a_backend_that_the_own_authority_vouches_for_is_served_and_kept(pool: Pool, tls_backend: StartTls) -> None:
    server = await tls_backend(answers_for_ever)
    for _ in range(3):
        assert await fetch(pool, server.origin) == (200, b"ok")
    assert len(server.visits) == 1


async def test_a_host_name_is_sent_and_checked(pool: Pool, tls_backend: StartTls) -> None:
    server = await tls_backend(answers_for_ever, "localhost")
    assert await fetch(pool, server.origin._replace(host="localhost")) == (200, b"ok")


async def test_a_certificate_for_another_name_is_refused(pool: Pool, tls_backend: StartTls) -> None:
    server = await tls_backend(answers_for_ever, "elsewhere.example")
    refusal = await refusal_of(pool.send(server.origin, get()))
    assert refusal.reason is Reason.BACKEND_UNREACHABLE
    assert f"127.0.0.1:{server.origin.port}: its certificate is refused" in refusal.detail
    assert pool.open_connections == 0


async def test_a_certificate_of_an_unknown_authority_is_refused(pool: Pool, tls_backend: StartTls) -> None:
    server = await tls_backend(answers_for_ever)
    refusal = await refusal_of(pool.send(server.origin._replace(ca_file=None), get()))
    assert refusal.reason is Reason.BACKEND_UNREACHABLE
    assert "certificate" in refusal.detail


async def test_the_kept_connection_of_another_trust_is_not_used(pool: Pool, tls_backend: StartTls) -> None:
    server = await tls_backend(answers_for_ever)
    await fetch(pool, server.origin)
    assert await reason_of(pool.send(server.origin._replace(ca_file=None), get())) is Reason.BACKEND_UNREACHABLE


async def test_a_backend_without_tls_is_refused_where_tls_is_asked(pool: Pool) -> None:
    server = ScriptedBackend(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
    await server.start()

    async def answers_in_clear(visit: Visit) -> None:
        await visit.reader.read(1)
        await visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server._script = answers_in_clear
    refusal = await refusal_of(pool.send(server.origin._replace(scheme="https"), get()))
    await server.stop()
    assert refusal.reason is Reason.BACKEND_UNREACHABLE
    assert "TLS" in refusal.detail


async def test_a_backend_that_hangs_up_during_the_handshake_is_unreachable(pool: Pool) -> None:
    async def hangs_up(visit: Visit) -> None:
        await visit.reader.read(1)

    server = ScriptedBackend(hangs_up)
    await server.start()
    assert await reason_of(pool.send(server.origin._replace(scheme="https"), get())) is Reason.BACKEND_UNREACHABLE
    await server.stop()


async def test_a_missing_bundle_of_authorities_is_told(pool: Pool) -> None:
    refusal = await refusal_of(pool.send(Origin("https", "127.0.0.1", 9, "nowhere.pem"), get()))
    assert refusal.reason is Reason.BACKEND_UNREACHABLE
    assert "certificate authorities" in refusal.detail


async def test_nothing_listens(pool: Pool) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refusal = await refusal_of(pool.send(Origin("http", "127.0.0.1", port), get()))
    assert (refusal.reason, refusal.detail) == (Reason.BACKEND_UNREACHABLE, f"127.0.0.1:{port}: connection refused")


async def test_a_name_that_does_not_resolve(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_such_name(*_args: object, **_kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", no_such_name, raising=False)
    refusal = await refusal_of(pool.send(Origin("http", "nowhere.invalid", 80), get()))
    assert (refusal.reason, refusal.detail) == (Reason.BACKEND_UNREACHABLE, "nowhere.invalid:80: the name does not resolve")


def test_tls_is_verified_and_not_older_than_1_2(ca_file: str) -> None:
    for context in (tls_context(None), tls_context(ca_file)):
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    assert tls_context(ca_file) is tls_context(ca_file)
    assert len(tls_context(ca_file).get_ca_certs()) == 1


async def test_new_authorities_in_the_file_count_for_the_next_connection(pool: Pool, tls_backend: StartTls, tmp_path: Path) -> None:
    async def answers(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

    backend = await tls_backend(answers)
    rotated = tmp_path / "authorities.pem"
    trustme.CA().cert_pem.write_to_path(str(rotated))
    origin = backend.origin._replace(ca_file=str(rotated))
    assert await reason_of(pool.send(origin, get())) is Reason.BACKEND_UNREACHABLE
    assert backend.origin.ca_file is not None
    rotated.write_bytes(Path(backend.origin.ca_file).read_bytes())
    assert await fetch(pool, origin) == (200, b"ok")


async def test_an_answer_up_to_the_connection_s_end_needs_the_end_of_tls(pool: Pool, tls_backend: StartTls) -> None:
    async def ends_properly(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\nwhole")

    async def is_cut_off(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n\r\nhalf")
        await asyncio.sleep(0.05)
        visit.writer.transport.abort()

    assert await fetch(pool, (await tls_backend(ends_properly)).origin) == (200, b"whole")
    answer = await pool.send((await tls_backend(is_cut_off)).origin, get())
    assert await reason_of(answer.read(100)) is Reason.BACKEND_BROKEN
    await until(lambda: pool.open_connections == 0)


@pytest.mark.parametrize("head", [b"Connection: close\r\nContent-Length: 900000", b"X: until-close"])
async def test_a_slow_reader_gets_the_whole_of_an_answer_after_which_the_backend_closes(tls_backend: StartTls, head: bytes) -> None:
    closed = asyncio.Event()

    async def says_all_and_closes(visit: Visit) -> None:
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + BODY[:900_000])
        await asyncio.sleep(0.05)
        visit.writer.close()  # close_notify, and then, as most servers do, the end of TCP without waiting for the other side's
        await asyncio.sleep(0.05)
        visit.writer.transport.abort()
        await asyncio.sleep(0.05)
        closed.set()

    server = await tls_backend(says_all_and_closes)
    pool = Pool(TIMEOUTS, read_buffer=50_000)
    answer = await pool.send(server.origin, get())
    await closed.wait()
    assert await answer.read(1_000_000) == BODY[:900_000]
    await pool.close()


async def test_a_large_answer_comes_through_tls_in_small_steps(tls_backend: StartTls) -> None:
    said = 0

    async def says_much(visit: Visit) -> None:
        nonlocal said
        await visit.request()
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 * len(BODY)))
        for _ in range(4):
            await visit.say(BODY)
            said += len(BODY)
        await visit.request()

    server = await tls_backend(says_much)
    pool = Pool(TIMEOUTS, read_buffer=50_000)
    answer = await pool.send(server.origin, get())
    await asyncio.sleep(0.2)
    assert said < 4 * len(BODY)
    assert await answer.read(4 * len(BODY)) == BODY * 4
    assert pool.idle_connections == 1
    await pool.close()


async def test_a_large_request_goes_through_tls(pool: Pool, tls_backend: StartTls) -> None:
    heard: list[bytes] = []

    async def listens(visit: Visit) -> None:
        await visit.request()
        heard.append(await visit.reader.readexactly(len(BODY)))
        await visit.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await visit.gone()

    server = await tls_backend(listens)
    assert await fetch(pool, server.origin, post(BODY), BODY) == (200, b"ok")
    assert heard == [BODY]
    assert pool.idle_connections == 1
