"""The row guard on the way: an honest backend's answers come through to the last byte, and of a dishonest one's no foreign row does."""

import asyncio
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sidecar.policy.model import RowGuard
from tests.proxy.rig import BASE, Rig, get, snapshot_of

ASK = get(f"{BASE}Profit_Hours?take=-1&skip=-1")
FOREIGN = "FOREIGN"
HEAD = b"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nContent-Type: application/json\r\n"
GUARDING = (RowGuard.SAMPLE, RowGuard.ENFORCE)

own = st.fixed_dictionaries(
    {"Afdeling": st.just("ICT"), "Uren": st.none() | st.integers() | st.booleans() | st.text(), "Omschrijving": st.text(max_size=300)}
)
foreign = st.fixed_dictionaries({"Afdeling": st.sampled_from(["HR", "", None, "IC", "ICT2"]), "Omschrijving": st.just(FOREIGN)})
styles = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "indent": st.sampled_from([None, 1]), "separators": st.sampled_from([None, (",", ":")])}
)
framings = st.sampled_from(["length", "chunked", "closed"])
cuts = st.lists(st.integers(1, 60), min_size=1, max_size=40)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """What is said is what some tests look at; the others need not repeat it hundreds of times."""
    with structlog.testing.capture_logs():
        yield


def body_of(rows: Sequence[Any], **style: Any) -> bytes:
    return json.dumps({"skip": 0, "take": 100, "rows": rows}, **style).encode()


def framed(body: bytes, framing: str) -> bytes:
    match framing:
        case "length":
            return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
        case "chunked":
            return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        case _:
            return HEAD + b"\r\n" + body


def pieces_of(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    """The data in pieces of these sizes, in turn."""
    pieces: list[bytes] = []
    while data:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def dechunked(data: bytes) -> tuple[bytes, bool]:
    """The content of chunks, and whether the last of them is there."""
    content = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return content, rest == b"\r\n"
        content, data = content + rest[:length], rest[length + 2 :]
    return content, False


class Outcome:
    """What one client got."""

    def __init__(self, written: bytes, ended: str, line: dict[str, Any], asked: bytes) -> None:
        self.head, _, rest = written.partition(b"\r\n\r\n")
        self.status = int(self.head[9:12]) if self.head else 0
        self.ended, self.line, self.asked, self.raw = ended, line, asked, written
        length = re.search(rb"Content-Length: ([0-9]+)", self.head)
        if b"chunked" in self.head:
            self.body, self.whole = dechunked(rest)
        else:
            self.body, self.whole = rest, length is not None and int(length[1]) == len(rest)


async def outcome(row_guard: RowGuard, pieces: Sequence[bytes], *, closes: bool = False, most_held: int = 100_000) -> Outcome:
    """What comes of these bytes as the backend's answer."""
    rig = Rig(snapshot_of(row_guard=row_guard), most_held)
    rig.ready()
    client, transport = rig.client()
    client.data_received(ASK)
    assert rig.backend is not None
    connection, backend = rig.backend
    rig.end_turn()
    for piece in pieces:
        connection.data_received(piece)
        rig.end_turn()
        for _ in range(1 + len(piece) // 65_536):
            await asyncio.sleep(0)  # large pieces are judged in several turns
    if closes:
        connection.eof_received()
    connection.connection_lost(None)
    rig.end_turn()
    await asyncio.sleep(0)
    rig.end_turn()
    written, ended = transport.written, transport.ended
    client.connection_lost(None)
    await asyncio.sleep(0)
    line = json.loads(rig.lines[-1]) if rig.lines else {}
    return Outcome(written, ended, line, backend.written)


@pytest.mark.parametrize("row_guard", GUARDING)
@given(rows=st.lists(own, max_size=8), style=styles, framing=framings, sizes=cuts, most_held=st.sampled_from([1, 200, 100_000]))
def test_an_honest_answer_comes_through_to_the_last_byte(
    row_guard: RowGuard, rows: list[Any], style: dict[str, Any], framing: str, sizes: list[int], most_held: int
) -> None:
    body = body_of(rows, **style)
    got = asyncio.run(outcome(row_guard, pieces_of(framed(body, framing), sizes), closes=framing == "closed", most_held=most_held))
    assert (got.status, got.body, got.whole) == (200, body, True)
    assert (got.line["rows_checked"], got.line["rows_violating"], got.line["rows_unjudgeable"]) == (len(rows), 0, 0)
    assert "rows_problem" not in got.line
    assert got.line["bytes"] == len(body)


@given(before=st.lists(own, max_size=6), bad=foreign, after=st.lists(own | foreign, max_size=4), framing=framings, sizes=cuts, style=styles)
def test_under_enforce_no_byte_of_a_foreign_row_passes(
    before: list[Any], bad: Any, after: list[Any], framing: str, sizes: list[int], style: dict[str, Any]
) -> None:
    """However the answer is cut, and whether it fits into what may be held or not."""
    pieces = pieces_of(framed(body_of([*before, bad, *after], **style), framing), sizes)
    for most_held in (1, 100_000):
        got = asyncio.run(outcome(RowGuard.ENFORCE, pieces, closes=framing == "closed", most_held=most_held))
        assert FOREIGN.encode() not in got.raw
        assert got.line["reason"] == "rows_not_allowed"
        assert got.line["rows_violating"] >= 1
        if got.status == 502:
            assert b"externalMessage" in got.body
            assert b"Afdeling" not in got.raw
        else:
            assert (got.status, got.ended, got.whole) == (200, "aborted", False)
            assert most_held == 1


@given(rows=st.lists(own | foreign, max_size=6), framing=framings, sizes=cuts)
def test_under_sample_everything_passes_and_is_counted(rows: list[Any], framing: str, sizes: list[int]) -> None:
    body = body_of(rows)
    got = asyncio.run(outcome(RowGuard.SAMPLE, pieces_of(framed(body, framing), sizes), closes=framing == "closed"))
    assert (got.status, got.body, got.whole) == (200, body, True)
    assert got.line["rows_violating"] == sum(row.get("Omschrijving") == FOREIGN for row in rows)


UNREADABLE = {
    "not JSON": framed(b"<html>", "length"),
    "another list": framed(b'{"value":[{"Afdeling":"ICT"}]}', "length"),
    "nothing": framed(b"", "length"),
    "compressed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
    "partial": framed(body_of([]), "length").replace(b"200 OK", b"206 Partial Content"),
    "elsewhere": framed(body_of([]), "length").replace(b"200 OK", b"302 Found"),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_cannot_be_read_is_withheld_under_enforce_and_passes_under_sample(answer: bytes) -> None:
    enforced, sampled = await outcome(RowGuard.ENFORCE, [answer]), await outcome(RowGuard.SAMPLE, [answer])
    assert (enforced.status, enforced.line["reason"]) == (502, "rows_unreadable")
    assert sampled.body == answer.partition(b"\r\n\r\n")[2]
    assert sampled.line["rows_problem"] == enforced.line["rows_problem"]


@pytest.mark.parametrize("row", [{"Uren": 8}, {"Afdeling": "ICT", "AFDELING": "HR"}, {"Afdeling": "ICT\x00"}])
async def test_rows_that_do_not_tell_are_withheld_under_enforce(row: dict[str, Any]) -> None:
    got = await outcome(RowGuard.ENFORCE, [framed(body_of([row]), "length")])
    assert (got.status, got.line["reason"], got.line["rows_unjudgeable"]) == (502, "rows_not_judgeable", 1)


UNTOUCHED = {
    "refused": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 15\r\n\r\n" + b'{"error":"no!"}',
    "broken": b"HTTP/1.1 500 Oops\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzip!",
    "nothing": b"HTTP/1.1 204 No Content\r\n\r\n",
    "as before": b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n',
}


@pytest.mark.parametrize("row_guard", GUARDING)
@pytest.mark.parametrize("answer", UNTOUCHED.values(), ids=UNTOUCHED)
async def test_errors_and_answers_without_rows_pass_as_they_are(row_guard: RowGuard, answer: bytes) -> None:
    got = await outcome(row_guard, [answer])
    assert (got.status, got.body) == (int(answer[9:12]), answer.partition(b"\r\n\r\n")[2])
    assert "rows_checked" not in got.line


@pytest.mark.parametrize("row_guard", GUARDING)
async def test_an_answer_that_breaks_off_never_looks_whole(row_guard: RowGuard) -> None:
    answer = framed(body_of([{"Afdeling": "ICT"}] * 20), "length")[:-30]
    got = await outcome(row_guard, [answer[:150], answer[150:]])
    assert (got.status, got.line["reason"]) == (502 if row_guard is RowGuard.ENFORCE else 200, "backend_broken")
    assert got.line["rows_checked"] > 10
    assert row_guard is RowGuard.ENFORCE or not got.whole


async def test_the_backend_is_asked_for_an_answer_that_can_be_judged() -> None:
    rig = Rig(snapshot_of(row_guard=RowGuard.ENFORCE))
    rig.ready()
    client, _ = rig.client()
    client.data_received(get(f"{BASE}Profit_Hours", "Accept-Encoding: gzip", "Range: bytes=0-9", 'If-None-Match: "1"'))
    rig.answer()
    assert b"Accept-Encoding: identity\r\n" in rig.asked[0]
    assert not re.search(rb"gzip|Range|If-None-Match", rig.asked[0])


async def asked(rig: Rig, count: int, user: str = "ann") -> list[bool]:
    """Which of so many answers were judged."""
    client, _ = rig.client()
    for _ in range(count):
        rig.ready()
        client.data_received(get(f"{BASE}Profit_Hours", user=user))
        rig.answer()
        await asyncio.sleep(0)
    return ["rows_checked" in json.loads(line) for line in "".join(rig.lines).splitlines()[-count:]]


async def test_a_sample_begins_with_the_first_answer_of_each_user_under_each_policy() -> None:
    rig = Rig(snapshot_of(row_guard=RowGuard.SAMPLE))
    one_in_ten = [True, *[False] * 9]
    assert await asked(rig, 20) == one_in_ten * 2
    assert await asked(rig, 10, "bob") == one_in_ten
    rig.snapshot = snapshot_of("2", row_guard=RowGuard.SAMPLE)
    assert await asked(rig, 10) == one_in_ten


@pytest.mark.parametrize(("row_guard", "judged"), [(RowGuard.OFF, False), (RowGuard.ENFORCE, True)])
async def test_all_or_no_answers_are_judged(row_guard: RowGuard, judged: bool) -> None:
    assert await asked(Rig(snapshot_of(row_guard=row_guard)), 12) == [judged] * 12


async def test_where_policy_admits_everything_nothing_is_judged() -> None:
    assert await asked(Rig(snapshot_of(departments="everything", row_guard=RowGuard.ENFORCE)), 2) == [False, False]


async def test_what_is_found_is_told_loudly_with_its_reference() -> None:
    answer = framed(body_of([{"Afdeling": "ICT"}, {"Afdeling": "HR"}]), "length")
    for row_guard, withheld in ((RowGuard.SAMPLE, False), (RowGuard.ENFORCE, True)):
        with structlog.testing.capture_logs() as said:
            got = await outcome(row_guard, [answer])
        [line] = said
        assert (line["log_level"], line["reference"], line["withheld"]) == ("error", got.line["reference"], withheld)
        assert (line["rows_checked"], line["rows_violating"]) == (2, 1)


async def test_a_fault_of_the_guard_withholds_under_enforce_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("sidecar.guard.judge.Judge.count", fails)
    answer = framed(body_of([{"Afdeling": "ICT"}]), "length")
    assert (await outcome(RowGuard.ENFORCE, [answer])).status == 502
    assert (await outcome(RowGuard.SAMPLE, [answer])).body == answer.partition(b"\r\n\r\n")[2]


async def test_others_get_their_turn_while_a_large_piece_is_judged() -> None:
    """No more than 64 KB are judged without a pause."""
    answer = framed(body_of([{"Afdeling": "ICT", "Omschrijving": "x" * 100}] * 3000), "length")
    rig = Rig(snapshot_of(row_guard=RowGuard.ENFORCE), 1 << 20)
    rig.ready()
    client, transport = rig.client()
    client.data_received(ASK)
    assert rig.backend is not None
    rig.end_turn()
    rig.backend[0].data_received(answer)
    turns = 0
    while b"200 OK" not in transport.written:
        turns += 1
        await asyncio.sleep(0)
        rig.end_turn()
        assert turns < 20
    assert turns >= len(answer) // 65_536
    assert transport.written.endswith(answer.partition(b"\r\n\r\n")[2])
    await asyncio.sleep(0)
