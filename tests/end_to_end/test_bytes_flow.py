"""Answers pass untouched, however they are framed, coded or cut; only headers that lie or lead around are taken out."""

import asyncio
import gzip

import pytest

from tests.end_to_end.harness.backend import FILE, Received, Visit
from tests.end_to_end.harness.configuration import BASE, authorization
from tests.end_to_end.harness.faults import OK, floods, says
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.stage import Stage, wait_for
from tests.end_to_end.harness.wire import request

GUID = "0123456789ABCDEF0123456789ABCDEF"
MINE = authorization("j.devries")
BODY = bytes(range(256)) * 300

FRAMINGS = {
    "a length": b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n5;a=b\r\nhello\r\n0\r\nX-T: 1\r\n\r\n" % (len(BODY), BODY),
    "the end of the connection": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY,
    "the end of the connection, in 1.0": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
    "no bytes": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "interim answers before it": b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
}
EXPECTED = {"chunks": BODY + b"hello", "no bytes": b"", "interim answers before it": b"ok"}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_an_answer_passes_however_it_is_framed(stage: Stage, framing: str, version: str) -> None:
    stage.backend.script = says(FRAMINGS[framing], closes="end" in framing)
    for _ in range(2):
        answer = stage.send(request("GET", rows_target(), MINE, version=version))
        assert (answer.status, answer.body, answer.interim) == (200, EXPECTED.get(framing, BODY), ())
        assert not answer.header("X-T")
        assert not answer.header("Link")
        assert stage.decision(answer.reference)["bytes"] == len(answer.body)


def test_what_is_compressed_stays_compressed(stage: Stage) -> None:
    packed = gzip.compress(BODY)
    stage.backend.script = says(
        OK + b"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    )
    answer = stage.get(rows_target(), "j.devries", "Accept-Encoding: gzip, br;q=0.5")
    assert (answer.body, answer.header("Content-Encoding"), answer.header("Vary")) == (packed, "gzip", "Accept-Encoding")
    (received,) = stage.backend.take()
    assert received.values("Accept-Encoding") == ["gzip, br;q=0.5"]


def test_nothing_is_asked_for_that_the_client_did_not_ask_for(stage: Stage) -> None:
    stage.get(rows_target())
    (received,) = stage.backend.take()
    assert [name for name, _ in received.headers] == ["Host", "Authorization"]


def test_what_has_not_changed_has_no_body(stage: Stage) -> None:
    for length in (b"", b"Content-Length: 1000\r\n"):
        stage.backend.script = says(b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n%s\r\n' % length)
        with stage.wire() as wire:
            for _ in range(2):
                answer = wire.ask(request("GET", rows_target(), MINE, 'If-None-Match: "1"'))
                assert (answer.status, answer.body, answer.header("ETag")) == (304, b"", '"1"')
    for received in stage.backend.take():
        assert received.values("If-None-Match") == ['"1"']


def test_an_answer_without_content_has_none(stage: Stage) -> None:
    stage.backend.script = says(b"HTTP/1.1 204 No Content\r\n\r\n")
    with stage.wire() as wire:
        for _ in range(2):
            assert wire.ask(request("GET", rows_target(), MINE)).status == 204


def test_a_range_of_a_file_passes(stage: Stage) -> None:
    part = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 10-19/100\r\nContent-Length: 10\r\n\r\n0123456789"
    stage.backend.script = says(part)
    target = f"{BASE}/fileconnector/{GUID}/jaarplan%202026.pdf"
    answer = stage.get(target, "j.devries", "Range: bytes=10-19", 'If-Range: "1"', "SendFileAsBinary: 1")
    assert (answer.status, answer.body, answer.header("Content-Range")) == (206, b"0123456789", "bytes 10-19/100")
    (received,) = stage.backend.take()
    assert received.target == target
    assert [received.values(name) for name in ("Range", "If-Range", "SendFileAsBinary")] == [["bytes=10-19"], ['"1"'], ["1"]]


@pytest.mark.parametrize(
    "target",
    [
        f"{BASE}/fileconnector/{GUID}/a.pdf",
        f"{BASE}/fileconnector/{GUID}/a_5fb.pdf",
        f"{BASE}/fileconnector?fileid={GUID}&filename=a.pdf",
        f"{BASE}/imageconnector/12345",
        f"{BASE}/imageconnector/12345?format=1",
        f"{BASE}/subjectconnector/999/{GUID}",
        f"{BASE}/subjectconnector?SubjectId=999&FileId={GUID}",
        f"{BASE}/reportconnector/{GUID}",
        f"{BASE}/reportconnector/{GUID}?filterfieldids=1001&filtervalues=x&operatortypes=1",
    ],
)
def test_files_pass_as_they_are(stage: Stage, target: str) -> None:
    assert stage.get(target, "j.devries", "SendFileAsBinary: 1").body == FILE
    (received,) = stage.backend.take()
    assert received.target == target


def test_headers_of_the_answer_that_lie_or_lead_around_are_taken_out(stage: Stage) -> None:
    head = (
        b"HTTP/1.1 200 Fine By Me\r\nContent-Length: 2\r\nContent-Type: application/json; charset=utf-8\r\n"
        b"Connection: X-Gone, keep-alive\r\n"
        b'X-Gone: 1\r\nKeep-Alive: timeout=5\r\nTrailer: X\r\nUpgrade: h2c\r\nSet-Cookie: s=1\r\nSet-Cookie: t=2\r\nAlt-Svc: h2=":443"\r\n'
        b"Cache-Control: public, max-age=60\r\nX-Sidecar-Reference: FORGED\r\nX-PROFIT-ERROR: eA==\r\nX-Two: 1\r\nX-Two: 2\r\n"
        b"Content-Disposition: attachment; filename=caf\xe9.pdf\r\nServer: backend\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n{}"
    )
    stage.backend.script = says(head)
    answer = stage.get(rows_target())
    for gone in ("X-Gone", "Keep-Alive", "Trailer", "Upgrade", "Set-Cookie", "Alt-Svc"):
        assert answer.header(gone) == "", gone
    assert answer.header("Cache-Control") == "private, max-age=60"
    assert len(answer.reference) == 32
    assert answer.header("X-PROFIT-ERROR") == "eA=="
    assert answer.header("X-Two") == "1, 2"
    assert answer.header("Content-Type") == "application/json; charset=utf-8"
    assert answer.header("Content-Disposition") == "attachment; filename=café.pdf"
    assert answer.header("Date") == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert len([name for name, _ in answer.headers]) == len({name.lower() for name, _ in answer.headers}) + 1  # X-Two alone occurs twice


def test_the_answer_flows_before_it_is_whole(stage: Stage) -> None:
    go_on = asyncio.Event()

    async def in_two_parts(visit: Visit, _received: Received) -> None:
        await visit.say(OK + b"Content-Length: 10\r\n\r\nfirst")
        await go_on.wait()
        await visit.say(b"later")

    stage.backend.script = in_two_parts
    with stage.wire() as wire:
        wire.send(request("GET", rows_target(), MINE))
        assert wire.head()[0] == 200
        assert wire.take(5) == b"first"
        stage.loop.call_soon_threadsafe(go_on.set)
        assert wire.take(5) == b"later"


def test_a_large_answer_arrives_whole(stage: Stage) -> None:
    stage.backend.script = floods(50_000_000)
    with stage.wire() as wire:
        wire.send(request("GET", rows_target(), MINE))
        assert dict(wire.head()[1])["Content-Length"] == "50000000"
        for _ in range(50):
            assert wire.take(1_000_000).count(b"x") == 1_000_000
        assert wire.ask(request("GET", rows_target("Profit_Secret"), MINE)).status == 403


def test_connections_to_the_backend_are_kept_and_none_is_left_over(stage: Stage) -> None:
    with stage.wire() as wire:
        for _ in range(10):
            wire.ask(request("GET", rows_target(), MINE))
    assert len({received.connection for received in stage.backend.take()}) == 1
    wait_for(lambda: _gauge(stage, "sidecar_backend_connections") == _gauge(stage, "sidecar_idle_backend_connections"))


def _gauge(stage: Stage, name: str) -> float:
    (line,) = (line for line in stage.admin("/metrics")[1].splitlines() if line.startswith(f"{name} "))
    return float(line.split()[1])
