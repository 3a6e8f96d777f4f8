"""Headers on the way back: the connection's own, and those that lead around the sidecar, stay behind."""

import pytest

from sidecar.proxy.answer_headers import client_headers


def kept(*headers: tuple[bytes, bytes]) -> dict[str, str]:
    return {name.lower(): value for name, value in client_headers(headers, "REF").items()}


def test_headers_of_the_connection_stay_behind() -> None:
    answer = kept(
        (b"Content-Type", b"application/json"),
        (b"Connection", b"close, X-Hop"),
        (b"X-Hop", b"1"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Content-Length", b"3"),
        (b"Upgrade", b"h2c"),
        (b"ETag", b'"1"'),
    )
    assert answer == {"content-type": "application/json", "etag": '"1"', "cache-control": "private", "x-sidecar-reference": "REF"}


def test_what_leads_around_the_sidecar_stays_behind() -> None:
    answer = kept((b"Set-Cookie", b"ASP.NET_SessionId=1"), (b"Alt-Svc", b'h3="backend:443"'), (b"X-Sidecar-Reference", b"forged"))
    assert answer == {"cache-control": "private", "x-sidecar-reference": "REF"}


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
    assert client_headers([(b"Vary", b"A"), (b"Vary", b"B")], "REF").getall("Vary") == ["A", "B"]


def test_a_header_in_latin_1_is_kept_readable() -> None:
    assert kept((b"Content-Disposition", b"attachment; filename=caf\xe9.pdf"))["content-disposition"] == "attachment; filename=café.pdf"


@pytest.mark.parametrize("location", [b"https://backend.internal/x", b"//backend.internal/x", b"/\\\\backend.internal"])
def test_a_location_at_the_backend_stays_behind(location: bytes) -> None:
    assert "location" not in kept((b"Location", location))


def test_a_location_without_a_host_passes() -> None:
    assert kept((b"Location", b"/ProfitRestServices/connectors/X?u=http://x"))["location"] == "/ProfitRestServices/connectors/X?u=http://x"
