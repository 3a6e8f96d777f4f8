"""Headers on the way in: what has two readings is refused, what is not known does not pass."""

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.proxy.request_headers import RequestHeaders
from sidecar.proxy.upstream.fields import read_fields


def passed(*headers: tuple[bytes, bytes], with_body: bool = False, read_here: bool = False) -> dict[bytes, bytes]:
    fields = read_fields(RequestHeaders(headers).for_backend(with_body=with_body, answer_is_read=read_here))
    assert fields is not None
    names = [name.lower() for name, _ in fields]
    assert len(names) == len(set(names))
    return {name.lower(): value for name, value in fields}


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ([(b"Authorization", b"a"), (b"authorization", b"b")], Reason.REPEATED_HEADER),
        ([(b"Authorization_", b"a")], None),
        ([(b"Content_Type", b"a")], Reason.REPEATED_HEADER),
        ([(b"Content-Length", b"1"), (b"Content_Length", b"2")], Reason.REPEATED_HEADER),
        ([(b"Content-Type", b"a"), (b"Content-Type", b"b")], Reason.REPEATED_HEADER),
        ([(b"Host", b"a"), (b"HOST", b"b")], Reason.REPEATED_HEADER),
        ([(b"X-HTTP-Method-Override", b"DELETE")], Reason.METHOD_OVERRIDE),
        ([(b"X_HTTP_Method_Override", b"DELETE")], Reason.METHOD_OVERRIDE),
        ([(b"x-http-method", b"PUT")], Reason.METHOD_OVERRIDE),
        ([(b"Upgrade", b"h2c")], Reason.UPGRADE_REFUSED),
        ([(b"Connection", b"keep-alive, Upgrade")], Reason.UPGRADE_REFUSED),
        ([(b"Connection", b"close")], None),
        ([(b"Accept", b"a"), (b"Accept", b"b")], None),
    ],
)
def test_headers_with_two_readings_are_refused(headers: list[tuple[bytes, bytes]], reason: Reason | None) -> None:
    if reason is None:
        RequestHeaders(tuple(headers)).check()
        return
    with pytest.raises(Refusal) as refused:
        RequestHeaders(tuple(headers)).check()
    assert refused.value.reason is reason


def test_headers_dont_lie() -> None:
    """Clients can't send names that the sidecar uses: what goes to the backend besides its own is what the protocol knows."""
    assert not passed(
        (b"Host", b"evil.example"),
        (b"Authorization", b"AfasToken dGhlaXJz"),
        (b"Connection", b"Authorization, Host"),
        (b"Cookie", b"session=1"),
        (b"OnlineSessionId", b"1"),
        (b"X-Forwarded-For", b"192.0.2.1"),
        (b"X-Original-URL", b"/other"),
        (b"X-Rewrite-URL", b"/other"),
        (b"X-Forwarded-Host", b"other"),
        (b"Forwarded", b"for=1"),
        (b"DPoP", b"x"),
        (b"X-Sidecar-Reference", b"x"),
        (b"TE", b"trailers"),
        (b"Proxy-Authorization", b"x"),
        (b"Content-Length", b"3"),
        (b"Transfer-Encoding", b"chunked"),
    )


def test_what_apps_send_passes() -> None:
    ordinary = {
        b"accept": b"application/json",
        b"accept-language": b"nl-nl",
        b"accept-encoding": b"gzip, br",
        b"user-agent": b"HoursApp/3 (iPhone)",
        b"integrationid": b"45000_1",
        b"sendfileasbinary": b"1",
        b"range": b"bytes=0-99",
        b"if-none-match": b'"1"',
    }
    assert passed(*ordinary.items()) == ordinary


def test_names_and_values_pass_as_they_are_spelled() -> None:
    assert RequestHeaders(((b"ACCEPT", b"a"), (b"User-agent", b"caf\xe9"))).for_backend() == b"ACCEPT: a\r\nUser-agent: caf\xe9\r\n"


def test_a_content_type_goes_with_a_body_only() -> None:
    json = (b"Content-Type", b"application/json")
    assert not passed(json)
    assert passed(json, with_body=True) == {b"content-type": b"application/json"}


def test_an_answer_that_is_read_here_is_asked_for_whole_and_plain() -> None:
    headers = ((b"Accept-Encoding", b"gzip"), (b"Range", b"bytes=0-1"), (b"If-None-Match", b"x"))
    assert passed(*headers, read_here=True) == {b"accept-encoding": b"identity"}


@pytest.mark.parametrize("value", [b"a\r\nAuthorization: b", b"a\nb", b"a\x00b", b"\x7f"])
def test_no_value_can_become_a_line_of_its_own(value: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        RequestHeaders(((b"Accept", value),)).for_backend()
    assert refused.value.reason is Reason.MALFORMED_HTTP


def test_forwarded_addresses_are_kept_in_order() -> None:
    headers = RequestHeaders(((b"X-Forwarded-For", b"1"), (b"Accept", b"a"), (b"x-forwarded-for", b"2, 3"), (b"X_Forwarded_For", b"4")))
    assert headers.forwarded_for == ["1", "2, 3"]


def test_the_size_is_that_of_all_names_and_values() -> None:
    headers = RequestHeaders(((b"Accept", b"1234"), (b"X", b"12")))
    headers.check_size(13)
    with pytest.raises(Refusal) as refused:
        headers.check_size(12)
    assert refused.value.reason is Reason.HEAD_TOO_LARGE
