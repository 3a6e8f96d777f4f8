"""Bytes that one reader takes for one request and another for two: refused, answered once, and nothing behind them is ever served."""

import pytest

from tests.end_to_end.harness.configuration import BASE, Configuration, authorization
from tests.end_to_end.harness.oracle import expected_rows, rows_target
from tests.end_to_end.harness.stage import OwnStage, Stage
from tests.end_to_end.harness.wire import chunked, request

TARGET = rows_target()
UPDATE = f"{BASE}/connectors/PtRealization"
MINE = authorization("j.devries")
MANAGERS = authorization("m.jansen")
SMUGGLED = request("GET", rows_target("Profit_Countries"), MANAGERS)
BODY = b'{"PtRealization":{}}'


def post(*headers: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """A write, framed as these headers say, with a request behind it that must never be served."""
    head = request("POST", UPDATE, MINE, "Content-Type: application/json", *headers, version=version)
    return head + body + SMUGGLED


def get(*lines: bytes, first: bytes = f"GET {TARGET} HTTP/1.1".encode(), host: bytes = b"Host: x") -> bytes:
    return b"\r\n".join([first, *([host] if host else []), f"Authorization: {MINE}".encode(), *lines, b"", b""]) + SMUGGLED


AMBIGUOUS = {
    "CL.TE": post("Content-Length: 6", "Transfer-Encoding: chunked", body=b"0\r\n\r\nG"),
    "TE.CL": post("Transfer-Encoding: chunked", "Content-Length: 4", body=b"5c\r\nGPOST"),
    "two lengths": post("Content-Length: 20", "Content-Length: 0", body=BODY),
    "two equal lengths": post("Content-Length: 20", "Content-Length: 20", body=BODY),
    "a list of lengths": post("Content-Length: 20, 20", body=BODY),
    "a signed length": post("Content-Length: +20", body=BODY),
    "a negative length": post("Content-Length: -1", body=BODY),
    "a length in hexadecimal": post("Content-Length: 0x14", body=BODY),
    "a length with a blank": post("Content-Length: 2 0", body=BODY),
    "a length in other digits": post("Content-Length: ٢٠".encode().decode("latin-1"), body=BODY),
    "an endless length": post("Content-Length: 99999999999999999999999", body=BODY),
    "a length with an underscore": post("Content-Length: 2_0", body=BODY),
    "chunked, identity": post("Transfer-Encoding: chunked, identity", body=chunked(BODY)),
    "identity": post("Transfer-Encoding: identity", body=BODY),
    "gzip, chunked": post("Transfer-Encoding: gzip, chunked", body=chunked(BODY)),
    "chunked twice": post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=chunked(BODY)),
    "chunked in two headers": post("Transfer-Encoding: gzip", "Transfer-Encoding: chunked", body=chunked(BODY)),
    "xchunked": post("Transfer-Encoding: xchunked", body=chunked(BODY)),
    "chunked after a vertical tab": post("Transfer-Encoding: \x0bchunked", body=chunked(BODY)),
    "chunked in quotes": post('Transfer-Encoding: "chunked"', body=chunked(BODY)),
    "chunked in HTTP/1.0": post("Transfer-Encoding: chunked", "Connection: keep-alive", body=chunked(BODY), version="1.0"),
    "a blank before the colon": post("Transfer-Encoding : chunked", body=chunked(BODY)),
    "a tab before the colon": post("Content-Length\t: 20", body=BODY),
    "an underscore for the dash": post("Transfer_Encoding: chunked", body=chunked(BODY)),
    "a chunk size that is none": post("Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
    "a signed chunk size": post("Transfer-Encoding: chunked", body=b"+2\r\n{}\r\n0\r\n\r\n"),
    "a chunk size with 0x": post("Transfer-Encoding: chunked", body=b"0x2\r\n{}\r\n0\r\n\r\n"),
    "a chunk size that overflows": post("Transfer-Encoding: chunked", body=b"10000000000000002\r\n{}\r\n0\r\n\r\n"),
    "a chunk size that ends in LF": post("Transfer-Encoding: chunked", body=b"2\n{}\r\n0\r\n\r\n"),
    "a chunk that ends in LF": post("Transfer-Encoding: chunked", body=b"2\r\n{}\n0\r\n\r\n"),
    "a chunk that is longer than it says": post("Transfer-Encoding: chunked", body=b"2\r\n{}x\r\n0\r\n\r\n"),
    "a chunk extension with LF": post("Transfer-Encoding: chunked", body=b"2;x\ny\r\n{}\r\n0\r\n\r\n"),
    "a folded header": get(b"X-A: b\r\n c"),
    "a folded first header": get(host=b" Host: x"),
    "bare LFs": get().replace(b"\r\n", b"\n"),
    "one bare LF": get(b"X-A: b\nX-B: c"),
    "one bare CR": get(b"X-A: b\rX-B: c"),
    "NUL in a value": get(b"User-Agent: a\x00b"),
    "NUL in a name": get(b"X\x00A: b"),
    "a control character": get(b"User-Agent: a\x01b"),
    "DEL": get(b"User-Agent: a\x7fb"),
    "a header without name": get(b": b"),
    "a header without colon": get(b"X-A"),
    "a name that is no token": get(b"X(A: b"),
    "a name of other bytes": get(b"X-\xc3\xa9: b"),
    "no Host": get(host=b""),
    "two Hosts": get(b"Host: y"),
    "two content types": get(b"Content-Type: a/b", b"Content-Type: c/d"),
    "a blank in the target": get(first=f"GET {TARGET} x HTTP/1.1".encode()),
    "a tab for a blank": get(first=f"GET\t{TARGET}\tHTTP/1.1".encode()),
    "no target": get(first=b"GET  HTTP/1.1"),
    "a verb in small letters": get(first=f"get {TARGET} HTTP/1.1".encode()),
    "a verb of its own": get(first=f"GETX {TARGET} HTTP/1.1".encode()),
    "bytes over 127 in the target": get(first=f"GET {TARGET}?x=é HTTP/1.1".encode()),
    "a control character in the target": get(first=f"GET {TARGET}?x=\x01 HTTP/1.1".encode()),
    "NUL in the target": get(first=f"GET {TARGET}?x=\x00 HTTP/1.1".encode()),
    "a star": get(first=b"GET * HTTP/1.1"),
    "a host and port": get(first=b"GET backend:80 HTTP/1.1"),
    "a fragment alone": get(first=f"GET #{TARGET} HTTP/1.1".encode()),
    "an absolute target with a wrong port": get(first=f"GET http://x:99999999{TARGET} HTTP/1.1".encode()),
    "an absolute target with a wrong host": get(first=f"GET http://[::1{TARGET} HTTP/1.1".encode()),
    "HTTP/0.9": f"GET {TARGET}\r\n\r\n".encode() + SMUGGLED,
    "HTTP/1.2": get(first=f"GET {TARGET} HTTP/1.2".encode()),
    "HTTP/2.0": get(first=f"GET {TARGET} HTTP/2.0".encode()),
    "HTTP/2 from the start": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SMUGGLED,
    "an older WebSocket": get(b"Sec-WebSocket-Key1: x"),
    "TLS on a plain port": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "nothing but zeros": bytes(1000),
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
}


@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_ambiguous_bytes_are_answered_once_and_end_the_connection(stage: Stage, data: bytes) -> None:
    with stage.wire() as wire:
        wire.send(data)
        answer = wire.answer()
        assert answer.status == 400
        assert list(answer.json) == ["externalMessage", "errorNumber", "profitLogReference"]
        assert wire.ends() == b""
    line = stage.decision(answer.reference)
    assert (line["reason"] in ("malformed_http", "repeated_header"), line["client"]) == (True, "127.0.0.1")
    assert stage.backend.take() == []


@pytest.mark.parametrize(
    "data",
    [
        request("CONNECT", "backend.example:443", MINE) + SMUGGLED,
        request("CONNECT", TARGET, MINE) + SMUGGLED,
        request("GET", TARGET, MINE, "Upgrade: h2c", "Connection: Upgrade") + SMUGGLED,
        request("POST", UPDATE, MINE, "Upgrade: websocket", "Connection: Upgrade", body=BODY) + SMUGGLED,
    ],
)
def test_after_a_refused_change_of_protocol_nothing_more_is_read(stage: Stage, data: bytes) -> None:
    with stage.wire() as wire:
        wire.send(data)
        answer = wire.answer()
        assert stage.decision(answer.reference)["reason"] == "upgrade_refused"
        assert wire.ends() == b""
    assert stage.backend.take() == []


def test_a_trailer_is_no_header_of_the_next_request(stage: Stage) -> None:
    trailers = f"Authorization: {MANAGERS}\r\nX-Forwarded-For: 192.0.2.1\r\n".encode()
    body = chunked(BODY).removesuffix(b"\r\n") + trailers + b"\r\n"
    for next_one in (request("GET", TARGET, None), request("GET", TARGET, MINE)):
        with stage.wire() as wire:
            data = request("POST", UPDATE, MINE, "Transfer-Encoding: chunked", body=body)
            wire.send(data + next_one)
            assert wire.answer("POST").status == 201
            assert wire.ends() == b""
    assert [received.target for received in stage.backend.take()] == [UPDATE, UPDATE]


@pytest.mark.parametrize("size", [2_000, 20_000, 200_000])
def test_a_head_that_is_too_large_is_refused_in_the_one_shape(own_stage: OwnStage, size: int) -> None:
    def keep_little(content: Configuration) -> None:
        content["limits"] = {"head": 1024}

    stage = own_stage(keep_little)
    heads = {
        "a long target": request("GET", f"{TARGET}?x={'x' * size}", MINE),
        "a long value": request("GET", TARGET, MINE, f"X-A: {'x' * size}"),
        "a long name": request("GET", TARGET, MINE, f"{'X' * size}: a"),
        "many headers": request("GET", TARGET, MINE, *(f"X-{number}: {'x' * 90}" for number in range(size // 100))),
    }
    for what, data in heads.items():
        with stage.wire() as wire:
            wire.send(data + SMUGGLED)
            answer = wire.answer()
            assert answer.status in (431, 400), what
            assert stage.decision(answer.reference)["reason"] in ("head_too_large", "malformed_http"), what
            assert wire.ends() == b"", what
    assert stage.backend.take() == []


def test_requests_in_a_row_are_answered_in_a_row(stage: Stage) -> None:
    row = (
        request("GET", rows_target(take=3), MINE),
        request("GET", rows_target("Profit_Secret"), MINE),
        request("POST", UPDATE, MINE, "Content-Type: application/json", body=BODY),
        request("GET", rows_target(take=3), MANAGERS),
        request("OPTIONS", TARGET, None),
        request("GET", rows_target(take=3), None),
        request("GET", f"{BASE}/profitversion", MINE, "Connection: close"),
    )
    with stage.wire() as wire:
        wire.send(b"".join(row))
        answers = [wire.answer() for _ in row]
        assert wire.ends() == b""
    assert [answer.status for answer in answers] == [200, 403, 201, 200, 204, 401, 200]
    assert answers[0].rows == expected_rows(rows_target(take=3), "j.devries")
    assert answers[3].rows == expected_rows(rows_target(take=3), "m.jansen")
    assert len(stage.backend.take()) == 4


@pytest.mark.parametrize(
    ("version", "headers", "stays"),
    [
        ("1.1", [], True),
        ("1.1", ["Connection: keep-alive"], True),
        ("1.1", ["Connection: close"], False),
        ("1.0", [], False),
        ("1.0", ["Connection: close"], False),
        ("1.0", ["Connection: keep-alive"], True),
    ],
)
def test_connections_are_kept_as_the_client_wishes(stage: Stage, version: str, headers: list[str], stays: bool) -> None:
    data = request("GET", TARGET, MINE, *headers, version=version)
    with stage.wire() as wire:
        assert wire.ask(data).rows == expected_rows(TARGET, "j.devries")
        if stays:
            assert wire.ask(data).rows == expected_rows(TARGET, "j.devries")
        else:
            assert wire.ends() == b""


def test_an_old_client_needs_no_host(stage: Stage) -> None:
    assert stage.send(f"GET {TARGET} HTTP/1.0\r\nAuthorization: {MINE}\r\n\r\n".encode()).status == 200


def test_a_request_may_come_byte_by_byte(stage: Stage) -> None:
    with stage.wire() as wire:
        for byte in request("POST", UPDATE, MINE, "Content-Type: application/json", "Transfer-Encoding: chunked", body=chunked(BODY, 3)):
            wire.send(bytes([byte]))
        assert wire.answer("POST").status == 201
    (received,) = stage.backend.take()
    assert received.body == BODY
