"""Headers on the way back: the connection's own, and those that lead around the sidecar, stay behind."""

import pytest
from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11

from sidecar.proxy.answer_headers import relayed_head
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.request_headers import RequestHeaders
from sidecar.proxy.upstream.answer_head import AnswerHead, read_answer_head

REFERENCE = {"x-sidecar-reference": "REF", "cache-control": "private"}


def request(version: HttpVersion = HttpVersion11) -> ClientRequest:
    return ClientRequest("GET", "/", version, RequestHeaders(()), keeps_alive=True)


def backend_said(*headers: tuple[bytes, bytes], line: bytes = b"HTTP/1.1 200 OK") -> AnswerHead:
    return read_answer_head(line + b"\r\n" + b"".join([b"%b: %b\r\n" % header for header in headers]))


def fields(*headers: tuple[bytes, bytes]) -> list[tuple[str, str]]:
    head = relayed_head(request(), backend_said(*headers), b"", "REF")
    assert head.endswith(b"\r\n\r\n")
    return [(name.decode().lower(), value.decode()) for name, value in read_answer_head(head[:-2]).headers]


def kept(*headers: tuple[bytes, bytes]) -> dict[str, str]:
    received = dict(fields(*headers))
    assert received.pop("date")
    return received


def test_the_status_line_is_the_backends_in_the_clients_version() -> None:
    said = backend_said(line=b"HTTP/1.1 404 Niet gevonden")
    assert relayed_head(request(), said, b"", "REF").startswith(b"HTTP/1.1 404 Niet gevonden\r\n")
    assert relayed_head(request(HttpVersion10), said, b"", "REF").startswith(b"HTTP/1.0 404 Niet gevonden\r\n")
    assert relayed_head(request(), backend_said(line=b"HTTP/1.1 200"), b"", "REF").startswith(b"HTTP/1.1 200 \r\n")


def test_the_backends_date_is_kept() -> None:
    assert [value for name, value in fields((b"DATE", b"Tue, 24 Nov 2026 10:00:00 GMT")) if name == "date"] == [
        "Tue, 24 Nov 2026 10:00:00 GMT"
    ]
    assert [name for name, _ in fields((b"Connection", b"Date"), (b"Date", b"x"))].count("date") == 1


def test_headers_of_the_connection_stay_behind() -> None:
    answer = kept(
        (b"Content-Type", b"application/json"),
        (b"Connection", b"close, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Content-Length", b"3"),
        (b"Upgrade", b"h2c"),
        (b"ETag", b'"1"'),
    )
    assert answer == {"content-type": "application/json", "etag": '"1"', **REFERENCE}


def test_the_backends_framing_stays_behind() -> None:
    assert kept((b"Transfer-Encoding", b"chunked"), (b"Trailer", b"X")) == REFERENCE


def test_what_leads_around_the_sidecar_stays_behind() -> None:
    answer = kept(
        (b"Set-Cookie", b"ASP.NET_SessionId=1"),
        (b"Alt-Svc", b'h3="backend:443"'),
        (b"X-Sidecar-Reference", b"forged"),
        (b"Refresh", b"0; url=https://backend/"),
        (b"OnlineSessionId", b"1"),
        (b"Authorization", b"AfasToken 1"),
    )
    assert answer == REFERENCE


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"no-store, no-cache", "no-store, no-cache"),
        (b"private, max-age=60", "private, max-age=60"),
        (b"public, max-age=60", "private, max-age=60"),
        (b"max-age=60, s-maxage=600", "private, max-age=60"),
        (b'private="X-Foo", public', 'private, private="X-Foo"'),
    ],
)
def test_no_shared_cache_may_keep_what_one_user_saw(received: bytes, expected: str) -> None:
    assert kept((b"Cache-Control", received))["cache-control"] == expected


def test_repeated_headers_are_all_kept() -> None:
    assert [value for name, value in fields((b"Vary", b"A"), (b"Vary", b"B")) if name == "vary"] == ["A", "B"]


def test_a_header_in_latin_1_is_kept_readable() -> None:
    assert kept((b"Content-Disposition", b"attachment; filename=caf\xe9.pdf"))["content-disposition"] == "attachment; filename=café.pdf"


@pytest.mark.parametrize("location", [b"https://backend.internal/x", b"//backend.internal/x", b"/\\\\backend.internal"])
def test_a_location_at_the_backend_stays_behind(location: bytes) -> None:
    assert "location" not in kept((b"Location", location))


def test_a_location_without_a_host_passes() -> None:
    assert kept((b"Location", b"/ProfitRestServices/connectors/X?u=http://x"))["location"] == "/ProfitRestServices/connectors/X?u=http://x"
