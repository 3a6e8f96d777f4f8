"""The reader of answers without a socket: the same for every way in which packets cut the bytes, and hard on every doubt."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import Reason, Refusal
from sidecar.proxy.upstream.answer_head import AnswerHead, read_answer_head
from sidecar.proxy.upstream.answer_reader import AnswerReader

MAX_HEAD = 4096


@dataclass(frozen=True)
class Outcome:
    """All that a reader says of an answer."""

    head: AnswerHead | None
    body: bytes
    done: bool
    reusable: bool


def read(packets: list[bytes], *, ends: bool = False, bodyless: bool = False) -> Outcome:
    reader = AnswerReader(MAX_HEAD, bodyless_answer=bodyless)
    body = b"".join(reader.feed(packet) for packet in packets)
    if ends:
        reader.end()
    return Outcome(reader.head, body, reader.done, reader.reusable)


def is_broken(packets: list[bytes], *, ends: bool = False) -> bool:
    try:
        read(packets, ends=ends)
    except Refusal as refusal:
        return refusal.reason is Reason.BACKEND_BROKEN
    return False


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes, bool]:
    """A valid answer: its bytes, its body, and whether it ends with the connection."""
    body = b""
    interim = draw(st.lists(st.sampled_from([b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n"]), max_size=3))
    head = draw(st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.1 500", b"HTTP/1.1 404 "])) + b"\r\n"
    head += draw(st.sampled_from([b"", b"X: \xff\r\n", b"A:b\r\nA:  c \t\r\n", b"Connection: close\r\n"]))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if framing == "chunked":
        framed = b""
        for part in draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5)):
            extension = draw(st.sampled_from([b"", b";a", b';a="b;c"', b"; a = b"]))
            framed += b"%0*x%b\r\n%b\r\n" % (draw(st.integers(1, 6)), len(part), extension, part)
            body += part
        framed += b"0\r\n" + draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: b\r\nContent-Length: 3\r\n"])) + b"\r\n"
        head += b"Transfer-Encoding: Chunked\r\n"
    else:
        body = framed = draw(st.binary(max_size=60) | st.just(b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"))
        head += b"content-length: %d\r\n" % len(body) if framing == "length" else b""
    return b"".join(interim) + head + b"\r\n" + framed, body, framing == "close"


@st.composite
def cuts(draw: st.DrawFn, data: bytes) -> list[bytes]:
    places = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=12)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.data())
def test_packets_make_no_difference(data: st.DataObject) -> None:
    answer, body, ends = data.draw(answers())
    whole = read([answer], ends=ends)
    assert (whole.body, whole.done) == (body, True)
    assert read(data.draw(cuts(answer)), ends=ends) == whole
    assert read([answer[at : at + 1] for at in range(len(answer))], ends=ends) == whole


@given(st.data())
def test_an_answer_with_a_certain_end_is_not_done_before_it(data: st.DataObject) -> None:
    answer, _, _ = data.draw(answers().filter(lambda drawn: not drawn[2]))
    short = answer[: data.draw(st.integers(0, len(answer) - 1))]
    assert not read([short]).done
    assert is_broken([short], ends=True)


@given(st.data(), st.binary(min_size=1, max_size=10))
def test_bytes_after_an_answer_change_nothing_but_end_the_connection(data: st.DataObject, surplus: bytes) -> None:
    answer, body, _ = data.draw(answers().filter(lambda drawn: not drawn[2]))
    outcome = read(data.draw(cuts(answer + surplus)))
    assert (outcome.body, outcome.done, outcome.reusable) == (body, True, False)


@given(st.lists(st.binary(max_size=30), max_size=5), st.booleans())
def test_any_bytes_are_an_answer_or_refused_and_never_a_crash(packets: list[bytes], ends: bool) -> None:
    assert is_broken(packets, ends=ends) or not ends or read(packets, ends=ends).done


@given(st.lists(st.sampled_from([b"0", b"2", b"a", b"ok", b"\r", b"\n", b"\r\n", b";", b" ", b":", b"\0", b"g"]), max_size=14))
def test_a_chunked_body_is_read_as_the_grammar_says(pieces: list[bytes]) -> None:
    framed = b"".join(pieces)
    outcome: Outcome | None = None
    if not is_broken([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed]):
        outcome = read([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed])
    expected = dechunk(framed)
    assert (outcome.body if outcome is not None and outcome.done else None) == expected


def dechunk(framed: bytes) -> bytes | None:
    """The body by a second, simple reading: None unless a whole one stands at the beginning."""
    body = b""
    while True:
        line, found, framed = framed.partition(b"\r\n")
        size, _, extension = line.partition(b";")
        hexadecimal = size and all(byte in b"0123456789abcdefABCDEF" for byte in size)
        if not found or not hexadecimal or any(byte < 32 and byte != 9 for byte in extension):
            return None
        count = int(size, 16)
        if count == 0:
            break
        if len(framed) < count + 2 or framed[count : count + 2] != b"\r\n":
            return None
        body, framed = body + framed[:count], framed[count + 2 :]
    while True:
        line, found, framed = framed.partition(b"\r\n")
        if not found:
            return None
        if not line:
            return body
        name, colon, value = line.partition(b":")
        if not name.isalnum() or not colon or any(byte < 32 and byte != 9 for byte in value):
            return None


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/2 200 OK\r\n",
        b"HTTP/1.2 200 OK\r\n",
        b"HTTP/1.1  200 OK\r\n",
        b"HTTP/1.1\t200 OK\r\n",
        b"http/1.1 200 OK\r\n",
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 099 OK\r\n",
        b"HTTP/1.1 600 OK\r\n",
        "HTTP/1.1 ٢٠٠ OK\r\n".encode(),
        b"HTTP/1.1 200OK\r\n",
        b"HTTP/1.1 200 O\0K\r\n",
        b"HTTP/1.1 200 O\rK\r\n",
        b"HTTP/1.1 200 O\nK\r\n",
        b" HTTP/1.1 200 OK\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n",
        b"ICY 200 OK\r\n",
        HEAD + b"X : y\r\n",
        HEAD + b" X: y\r\n",
        HEAD + b"X: a\r\n b\r\n",
        HEAD + b"X: a\r\n\tb\r\n",
        HEAD + b"X\r\n",
        HEAD + b": y\r\n",
        HEAD + b"X(: y\r\n",
        HEAD + b"X\xe9: y\r\n",
        HEAD + b"X: a\nContent-Length: 1\r\n",
        HEAD + b"X: a\rContent-Length: 1\r\n",
        HEAD + b"X: a\0\r\n",
        HEAD + b"X: a\x7f\r\n",
        HEAD + b"X: a\x0b\r\n",
        HEAD + b"Content-Length:\r\n",
        HEAD + b"Content-Length: -1\r\n",
        HEAD + b"Content-Length: +1\r\n",
        HEAD + b"Content-Length: 1_0\r\n",
        HEAD + b"Content-Length: 0x10\r\n",
        HEAD + b"Content-Length: 1 0\r\n",
        HEAD + b"Content-Length: 1, 1\r\n",
        HEAD + b"Content-Length: 1.0\r\n",
        HEAD + "Content-Length: ١\r\n".encode(),
        HEAD + b"Content-Length: " + b"9" * 19 + b"\r\n",
        HEAD + b"Content-Length: 1\r\nCONTENT-LENGTH: 1\r\n",
        HEAD + b"Transfer-Encoding:\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n",
        HEAD + b"Transfer-Encoding: identity\r\n",
        HEAD + b"Transfer-Encoding: chunked;a=b\r\n",
        HEAD + b'Transfer-Encoding: "chunked"\r\n',
        HEAD + b"Transfer-Encoding: chunked\r\ntransfer-encoding: chunked\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_head_with_more_than_one_reading_is_refused(head: bytes) -> None:
    assert is_broken([head + b"\r\n"])
    assert is_broken([head[at : at + 1] for at in range(len(head))] + [b"\r\n"])


def test_what_can_become_no_head_is_refused_without_waiting_for_its_end() -> None:
    assert is_broken([b"HTTP/1.1 200 OK", b"\n"])
    assert is_broken([HEAD + b"X: y", b"\n", b"Z"])
    assert is_broken([b"H", b"E"])
    assert not is_broken([HEAD + b"X: y\r", b"\n"])


@pytest.mark.parametrize(
    ("framed", "body"),
    [
        (b"2\r\nok\r\n0\r\n\r\n", b"ok"),
        (b"002\r\nok\r\n000\r\n\r\n", b"ok"),
        (b'2;a="\xff\t"\r\nok\r\n0;b\r\n\r\n', b"ok"),
        (b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", b"0123456789" * 2),
        (b"2\nok\r\n0\r\n\r\n", None),
        (b"2\r\nok\n0\r\n\r\n", None),
        (b"2\rok\r\n0\r\n\r\n", None),
        (b"2 \r\nok\r\n0\r\n\r\n", None),
        (b" 2\r\nok\r\n0\r\n\r\n", None),
        (b"+2\r\nok\r\n0\r\n\r\n", None),
        (b"-2\r\nok\r\n0\r\n\r\n", None),
        (b"0x2\r\nok\r\n0\r\n\r\n", None),
        (b"2_\r\nok\r\n0\r\n\r\n", None),
        ("٢\r\nok\r\n0\r\n\r\n".encode(), None),
        (b"\r\nok\r\n0\r\n\r\n", None),
        (b";a\r\nok\r\n0\r\n\r\n", None),
        (b"2;a\nb\r\nok\r\n0\r\n\r\n", None),
        (b"2;a\rb\r\nok\r\n0\r\n\r\n", None),
        (b"2;a\0\r\nok\r\n0\r\n\r\n", None),
        (b"0" * 15 + b"2\r\nok\r\n0\r\n\r\n", None),
        (b"f" * 16 + b"\r\nok", None),
        (b"2;" + b"a" * 1100 + b"\r\nok\r\n0\r\n\r\n", None),
        (b"2\r\nokX\r\n0\r\n\r\n", None),
        (b"3\r\nok\r\n0\r\n\r\n", None),
        (b"0\r\nX: a\n\r\n", None),
        (b"0\r\n folded\r\n\r\n", None),
        (b"0\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n", None),
        (b"0\r\n" + b"X: aaaaaaaa\r\n" * 400 + b"\r\n", None),
        (b"0\r\n" + b"X: aaaaaaaa\r\n" * 300 + b"\r\n", b""),
    ],
)
def test_chunks_are_framed_strictly_or_refused(framed: bytes, body: bytes | None) -> None:
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + framed
    for packets in ([answer], [answer[at : at + 1] for at in range(len(answer))]):
        assert is_broken(packets) is (body is None)
        if body is not None:
            assert read(packets).body == body


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (HEAD + b"Content-Length: 0\r\n\r\n", True),
        (HEAD + b"Content-Length: 0\r\nConnection: Keep-Alive\r\n\r\n", True),
        (HEAD + b"Content-Length: 0\r\nConnection: close\r\n\r\n", False),
        (HEAD + b"Content-Length: 0\r\nConnection: keep-alive, Close\r\n\r\n", False),
        (HEAD + b"Content-Length: 0\r\nConnection: closed\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, close\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\n\r\n", False),
    ],
)
def test_a_connection_serves_again_only_when_both_sides_know_where_the_answer_ended(answer: bytes, reusable: bool) -> None:
    outcome = read([answer])
    assert (outcome.done, outcome.reusable) == (True, reusable)


def test_what_is_written_in_a_refusal_is_never_the_backend_s() -> None:
    with pytest.raises(Refusal) as refused:
        read_answer_head(b"HTTP/1.1 200 sesame\r\nsesame\r\n")
    assert "sesame" not in str(refused.value)
