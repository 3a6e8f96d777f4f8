"""Headers on the way in: what has two readings is refused, what is not known does not pass."""

import pytest

from sidecar.errors import Reason, Refusal
from sidecar.proxy.request_headers import check_headers, upstream_headers

HOST, OURS = b"backend.example", b"AfasToken b3Vycw=="


def sent(*headers: tuple[bytes, bytes], body: int | None = None, read_here: bool = False) -> dict[bytes, bytes]:
    pairs = list(upstream_headers(headers, host=HOST, authorization=OURS, body_length=body, answer_is_read=read_here))
    names = [name.lower() for name, _ in pairs]
    assert len(names) == len(set(names))
    return {name.lower(): value for name, value in pairs}


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
        check_headers(tuple(headers))
        return
    with pytest.raises(Refusal) as refused:
        check_headers(tuple(headers))
    assert refused.value.reason is reason


def test_headers_dont_lie() -> None:
    """Clients can't send names that the sidecar uses, nor get ours removed by nominating them in Connection."""
    passed = sent(
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
    )
    assert passed == {b"host": HOST, b"authorization": OURS}


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
    assert sent(*ordinary.items()) == {b"host": HOST, b"authorization": OURS, **ordinary}


def test_a_content_type_goes_with_a_body_only() -> None:
    json = (b"Content-Type", b"application/json")
    assert b"content-type" not in sent(json)
    assert sent(json, body=3)[b"content-type"] == b"application/json"
    assert sent(json, body=3)[b"content-length"] == b"3"


def test_an_answer_that_is_read_here_is_asked_for_whole_and_plain() -> None:
    passed = sent((b"Accept-Encoding", b"gzip"), (b"Range", b"bytes=0-1"), (b"If-None-Match", b"x"), read_here=True)
    assert passed == {b"host": HOST, b"authorization": OURS, b"accept-encoding": b"identity"}
