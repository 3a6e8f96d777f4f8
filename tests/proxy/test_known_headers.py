"""What is remembered of header lines, and of whole calls, changes nothing but the time: not who asks, nor what, nor what is refused."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.proxy import known_calls, known_headers
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.known_headers import KnownBlocks
from tests.proxy.rig import AUTHORIZATION, BASE, Rig, get, snapshot_of

ROWS = f"{BASE}Profit_Hours"
HEADERS = ("Accept: application/json", "User-Agent: hours/1")


async def warm() -> Rig:
    """A gateway that knows the header lines of both users."""
    rig = Rig()
    for user in AUTHORIZATION:
        for headers in (HEADERS, ()):
            for _ in range(2):
                await rig.throw([get(ROWS, *headers, user=user)])
    assert len(rig.gateway._known._blocks) == 4
    rig.asked.clear()
    rig.lines.clear()
    return rig


async def cold() -> Rig:
    """One that never knows any."""
    rig = Rig()
    rig.gateway._known.find = lambda *_: None  # type: ignore[method-assign]
    rig.gateway._known_calls.find = lambda *_: None  # type: ignore[method-assign]
    return rig


def told(rig: Rig) -> list[str]:
    """The decision log, less what is told but once."""
    return [re.sub(r'"(time|reference)":"[^"]*"|"(ms|backend_ms)":[0-9.]+', "", line) for line in "".join(rig.lines).splitlines()]


targets = st.sampled_from(
    [
        ROWS,
        f"{ROWS}?skip=5&take=10",
        f"{ROWS}?filterfieldids=Afdeling&filtervalues=HR&operatortypes=1",
        f"{ROWS}?filterfieldids=A&filtervalues=1,2&operatortypes=1",
        f"{ROWS}?skip=1#x",
        f"{ROWS}?a=%00",
        f"{ROWS}?a=b c",
        f"{ROWS}?a=caf\xe9",
        f"{ROWS}?a=\x01",
        f"{ROWS}/../Profit_Hours",
        f"http://127.0.0.1{ROWS}",
        "*",
        "//127.0.0.1/x",
        "/ProfitRestServices/metainfo",
        f"{BASE}Profit_Secret",
        f"{ROWS}?{'x' * 5000}",
        f"{ROWS}?{'x' * 9000}",
    ]
)
lines = st.sampled_from(
    ["GET {} HTTP/1.1"] * 8
    + [
        "get {} HTTP/1.1",
        "GET {} HTTP/1.0",
        "GET {} HTTP/1.2",
        "GET {} HTTP/2.0",
        "GET {}",
        "GET  {} HTTP/1.1",
        "GET {}  HTTP/1.1",
        " GET {} HTTP/1.1",
        "\r\nGET {} HTTP/1.1",
        "\nGET {} HTTP/1.1",
        "GET\t{} HTTP/1.1",
        "GET {} HTTP/1.1 ",
        "GET {} HTTP/1.1\r",
        "GET {} HTTP/1.1\r\nX: y",
        "HEAD {} HTTP/1.1",
        "OPTIONS {} HTTP/1.1",
        "POST {} HTTP/1.1",
        "DELETE {} HTTP/1.1",
        "CONNECT {} HTTP/1.1",
    ]
)
further = st.lists(
    st.sampled_from(
        [
            "Content-Length: 0",
            "Content-Length: 3",
            "Content-Length: 18446744073709551615",
            "Transfer-Encoding: chunked",
            "Connection: close",
            "Connection: Upgrade",
            "Upgrade: h2c",
            "Expect: 100-continue",
            "Accept: a\tb ",
            "X-Forwarded-For: 10.0.0.1",
            "Authorization: AfasToken x",
            "X-HTTP-Method: DELETE",
            "Folded: a\r\n b",
            "Bad Name: x",
            "Nul: a\x00b",
            "NoColon",
        ]
    ),
    max_size=2,
)
known = st.sampled_from([HEADERS, ()])
users = st.sampled_from(list(AUTHORIZATION))
heads = st.builds(lambda target, a, b, user, line: get(target, *a, *b, user=user, line=line), targets, known, further, users, lines)
plain_heads = st.builds(lambda target, a, user: get(target, *a, user=user), targets, known, users)
odd = st.sampled_from([b"", b"abc", b"\r\n", b"0\r\n\r\n", b"3\r\nabc\r\n0\r\nX: y\r\n\r\n", b"GET / HTTP/1.1\r\n", b"\r\n\r\n"])


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Bytes of several requests, cut anywhere: most often between them."""
    pieces = draw(st.lists(plain_heads | heads | odd, min_size=1, max_size=5))
    if draw(st.booleans()):
        return pieces
    whole = b"".join(pieces)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    return [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=400)
@given(streams())
def test_whoever_is_known_gets_and_asks_the_same_as_if_he_were_not(stream: list[bytes]) -> None:
    async def both() -> None:
        knowing, unknowing = await warm(), await cold()
        for _ in range(3):  # what is thrown is itself seen, remembered and met again
            assert await knowing.throw(stream) == await unknowing.throw(stream)
        assert knowing.asked == unknowing.asked
        assert told(knowing) == told(unknowing)
        assert knowing.metrics.requests == (unknowing.metrics.requests + knowing_before)
        assert knowing.metrics.in_flight == unknowing.metrics.in_flight == 0

    knowing_before = asyncio.run(warm()).metrics.requests
    asyncio.run(both())


async def test_the_parser_is_asked_no_more_for_lines_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the law above would compare one way with itself."""
    rig = await warm()
    client, transport = rig.client()
    monkeypatch.setattr(ClientConnection, "_feed", lambda _, data: pytest.fail("parsed") if data else None)
    for target in (ROWS, f"{ROWS}?skip=7"):
        rig.ready()
        client.data_received(get(target, *HEADERS))
        assert rig.answer()
    assert transport.written.count(b"HTTP/1.1 200 OK") == 2


async def test_each_user_gets_his_own_rows() -> None:
    rig = await warm()
    for user, department in (("ann", b"ICT"), ("bob", b"HR"), ("ann", b"ICT")):
        await rig.throw([get(ROWS, *HEADERS, user=user)])
        assert b"filtervalues=" + department in rig.asked[-1]


async def test_a_call_that_is_known_is_not_prepared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = await warm()
    for _ in range(2):
        await rig.throw([get(ROWS, *HEADERS)])
    monkeypatch.setattr(rig.gateway._rest._preparations, "prepared", lambda *_: pytest.fail("prepared"))
    assert (await rig.throw([get(ROWS, *HEADERS)]))[0].startswith(b"HTTP/1.1 200 ")
    assert rig.asked[-1] == rig.asked[0]


async def test_another_policy_forgets_who_is_known() -> None:
    rig = await warm()
    for _ in range(3):
        await rig.throw([get(ROWS, *HEADERS)])
    assert len(rig.gateway._known_calls._calls) == 1
    rig.snapshot = snapshot_of("2", "department = 'X'")
    await rig.throw([get(ROWS, *HEADERS)])
    assert b"filtervalues=X" in rig.asked[-1]
    assert rig.snapshot is not None
    rig.snapshot = replace(rig.snapshot, policy=replace(rig.snapshot.policy, version="3", tokens={}))
    answer, _ = await rig.throw([get(ROWS, *HEADERS)])
    assert answer.startswith(b"HTTP/1.1 401 ")
    rig.snapshot = None
    answer, _ = await rig.throw([get(ROWS, *HEADERS)])
    assert answer.startswith(b"HTTP/1.1 503 ")


async def test_what_depends_on_the_moment_is_looked_at_again() -> None:
    rig = Rig()
    assert rig.snapshot is not None
    until = datetime(2026, 11, 24, 12, tzinfo=UTC)
    policy = rig.snapshot.policy
    limited = replace(policy.app_connectors["hours"], valid_until=until)
    rig.snapshot = replace(rig.snapshot, policy=replace(policy, app_connectors={"hours": limited}))
    now = until - timedelta(seconds=1)
    rig.gateway._admission.now = lambda: now
    for _ in range(5):
        assert (await rig.throw([get(ROWS)]))[0].startswith(b"HTTP/1.1 200 ")
    assert len(rig.gateway._known._blocks) == len(rig.gateway._known_calls._calls) == 1
    now = until
    assert (await rig.throw([get(ROWS)]))[0].startswith(b"HTTP/1.1 403 ")
    assert '"reason":"app_connector_expired"' in "".join(rig.lines)


async def test_lines_from_another_address_are_not_known() -> None:
    rig = await warm()
    assert rig.snapshot is not None
    [(digest, peer), *_] = rig.gateway._known._blocks
    assert rig.gateway._known.find(rig.snapshot, digest, peer) is not None
    assert rig.gateway._known.find(rig.snapshot, digest, "192.0.2.2") is None
    for _ in range(2):
        await rig.throw([get(ROWS, *HEADERS)])
    [(line, digest, peer)] = rig.gateway._known_calls._calls
    assert rig.gateway._known_calls.find(rig.snapshot, line, digest, peer) is not None
    assert rig.gateway._known_calls.find(rig.snapshot, line, digest, "192.0.2.2") is None


async def test_no_token_is_held_and_not_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_headers, "_MOST_REMEMBERED", 3)
    monkeypatch.setattr(known_headers, "_MOST_SEEN", 3)
    monkeypatch.setattr(known_calls, "_MOST_REMEMBERED", 3)
    monkeypatch.setattr(known_calls, "_MOST_SEEN", 3)
    rig = Rig()
    for number in range(10):
        for _ in range(5):
            await rig.throw([get(ROWS, f"Accept: {number}")])
    blocks: KnownBlocks = rig.gateway._known
    assert len(blocks._blocks) == 3
    assert len(blocks._seen) <= 3
    calls = rig.gateway._known_calls
    assert len(calls._calls) == 3
    assert len(calls._seen) <= 3
    for call in calls._calls.values():
        assert call.request.headers.get(b"authorization") is None
    for each in blocks._blocks.values():
        assert each.headers.get(b"authorization") is None
        assert AUTHORIZATION["ann"].encode() not in each.headers.for_backend()
