"""What is remembered of answers' heads changes nothing: not what is believed, nor what is refused, nor what a client gets."""

import re
from collections.abc import Callable

import pytest
from aiohttp.http import HttpVersion10, HttpVersion11
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Refusal
from sidecar.proxy.answer_headers import relayed_head
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.request_headers import RequestHeaders
from sidecar.proxy.upstream import known_heads
from sidecar.proxy.upstream.answer_head import AnswerHead, read_answer_head
from sidecar.proxy.upstream.answer_reader import AnswerReader
from sidecar.proxy.upstream.known_heads import KnownHeads

Read = Callable[[bytes], AnswerHead]
CLIENTS = [ClientRequest("GET", "/", version, RequestHeaders(()), keeps_alive=True) for version in (HttpVersion11, HttpVersion10)]
_MADE_HERE = re.compile(rb"Date: \w\w\w, [^\r]*")

status_lines = st.sampled_from([b"HTTP/1.1 200 OK"] * 6 + [b"HTTP/1.0 200 OK", b"HTTP/1.1 204 x", b"HTTP/1.1 103 x", b"HTTP/2 200", b"x"])
lengths = st.builds(
    lambda name, digits: name + digits,
    st.sampled_from([b"Content-Length: "] * 8 + [b"content-length:", b"Content-Length : ", b"X-Content-Length: ", b"Content-Length:  "]),
    st.sampled_from([b"0", b"5", b"12", b"007", b"2048", b"9" * 18, b"9" * 19, b"", b"+5", b"5 ", b"5,5", b"-1", b"0x5", b"\xb2", b"5\r"]),
)
others = st.sampled_from(
    [
        b"Date: Tue, 24 Nov 2026 10:00:00 GMT",
        b"Connection: close",
        b"Connection: keep-alive, Date",
        b"Connection: Content-Length, ETag",
        b'ETag: "1"',
        b"Cache-Control: public, max-age=60",
        b"Location: http://backend/x",
        b"Location: /x",
        b"Transfer-Encoding: chunked",
        b"Set-Cookie: a=b",
        b"X: caf\xe9",
        b"X:\xff ",
        b"X: a\x00b",
        b"X: a\n b",
        b" folded",
        b"no colon",
        b"X: a\r\r\nContent-Length: 5",
        b"X: Content-Length: 5",
    ]
)
heads = st.builds(
    lambda line, headers: b"".join([each + b"\r\n" for each in (line, *headers)]), status_lines, st.lists(lengths | others, max_size=5)
)


@st.composite
def likenesses(draw: st.DrawFn) -> list[bytes]:
    """Heads of which some differ in digits alone, in an order in which what was seen before matters."""
    drawn = draw(st.lists(heads, min_size=1, max_size=4))
    others = [re.sub(rb"[0-9]+(?=\r\n)", draw(st.sampled_from([b"1", b"77", b"0" * 18, b"1" * 19])), head) for head in drawn]
    return draw(st.permutations(drawn + others + drawn))


def outcome(read: Read, head: bytes) -> object:
    """All that is made of a head: what is believed of it, and what clients get."""
    try:
        found = read(head)
    except Refusal as refusal:
        return refusal.reason, refusal.detail
    return found, [_MADE_HERE.sub(b"", relayed_head(client, found, b"", "REF")) for client in CLIENTS]


@given(likenesses())
def test_a_head_means_the_same_whatever_came_before(seen: list[bytes]) -> None:
    known = KnownHeads()
    for head in seen:
        assert outcome(known.read, head) == outcome(read_answer_head, head)


@given(likenesses(), st.data())
def test_packets_make_no_difference_to_what_is_known(seen: list[bytes], data: st.DataObject) -> None:
    def fed(read: Read, packets: list[bytes]) -> object:
        reader = AnswerReader(4096, read, bodyless_answer=False)
        try:
            body = b"".join([bytes(reader.feed(packet)) for packet in packets])
        except Refusal as refusal:
            return refusal.detail
        return reader.head, body, reader.done, reader.reusable

    known = KnownHeads()
    for head in seen:
        answer = head + b"\r\n" + data.draw(st.sampled_from([b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n"]))
        cut = data.draw(st.integers(0, len(answer)))
        packets = [answer[:cut], answer[cut:]] if 0 < cut < len(answer) else [answer]
        assert fed(known.read, packets) == fed(read_answer_head, packets)


def test_a_head_that_came_before_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the laws above would compare one way with itself."""
    known = KnownHeads()
    first = known.read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n")
    monkeypatch.setattr(known_heads, "read_answer_head", lambda _: pytest.fail("read"))
    assert known.read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: x\r\n") is first
    other = known.read(b"HTTP/1.1 200 OK\r\nContent-Length: 17\r\nETag: x\r\n")
    assert (other.content_length, other.headers[0], first.content_length) == (17, (b"Content-Length", b"17"), 5)


def test_not_too_much_is_remembered() -> None:
    known = KnownHeads()
    for number in range(1000):
        known.read(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: %d\r\n" % number)
        known.read(b"HTTP/1.1 200 OK\r\nETag: %d\r\nX: %b\r\n" % (number, b"x" * 3000))
    assert len(known._heads) <= 256
    assert len(known._around_length) <= 256
    assert max(map(len, known._heads)) < 3000
