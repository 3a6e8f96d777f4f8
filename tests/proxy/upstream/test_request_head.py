"""What is sent to the backend reads back as exactly what was meant, or is not sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.proxy.upstream import request_head
from sidecar.proxy.upstream.fields import read_fields


def test_a_head_is_spelled_as_given() -> None:
    headers = [(b"Host", b"backend.example"), (b"x-NAME", b"a \t\xc3\xa9"), (b"Empty", b"")]
    assert (
        request_head("GET", "/a?b=%20", headers)
        == b"GET /a?b=%20 HTTP/1.1\r\nHost: backend.example\r\nx-NAME: a \t\xc3\xa9\r\nEmpty: \r\n\r\n"
    )
    assert request_head("DELETE", "/", []) == b"DELETE / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("method", ["", "get", "GET ", "GET\r\n", "GET\n", "G ET", "GÉT", "GET\0"])
def test_a_method_is_capital_letters(method: str) -> None:
    with pytest.raises(ValueError, match="method"):
        request_head(method, "/", [])


@pytest.mark.parametrize(
    "target", ["", "a", "*", "http://a/", "/a b", "/a\r\nX: y", "/\n", "/a\n", "/\0", "/\t", "/é", "/a#b", "/\x7f", "/ HTTP/1.1"]
)
def test_a_target_is_a_path_in_printable_ascii(target: str) -> None:
    with pytest.raises(ValueError, match="target"):
        request_head("GET", target, [])


@pytest.mark.parametrize(
    "header",
    [
        (b"", b"sesame"),
        (b"X Y", b"sesame"),
        (b"X:", b"sesame"),
        (b" X", b"sesame"),
        (b"X ", b"sesame"),
        (b"X\r\nY", b"sesame"),
        (b"X\0", b"sesame"),
        (b"\xc3\xa9", b"sesame"),
        (b"X", b"sesame\r\nY: z"),
        (b"X", b"sesame\r\n folded"),
        (b"X", b"sesame\n"),
        (b"X", b"sesame\r"),
        (b"X", b"sesame\0"),
        (b"X", b"sesame\x7f"),
        (b"X", b" sesame"),
        (b"X", b"sesame\t"),
    ],
)
def test_a_header_that_would_read_back_as_something_else_is_not_sent(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="header") as refused:
        request_head("GET", "/", [(b"Host", b"a"), header])
    assert "sesame" not in str(refused.value)


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=4))
def test_whatever_is_sent_reads_back_as_what_was_meant(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        head = request_head("GET", "/", headers)
    except ValueError:
        return
    lines = head.split(b"\r\n")
    assert lines[0] == b"GET / HTTP/1.1"
    assert lines[-2:] == [b"", b""]
    assert [tuple(line.split(b": ", 1)) for line in lines[1:-2]] == headers
    assert not any(forbidden in line for line in lines for forbidden in (b"\r", b"\n", b"\0"))


@pytest.mark.parametrize(
    "block", [b"A: b", b"A: b\r\nC", b"A: b\n", b"A: b\r\nC: d\n", b"\r\n", b"A: b\r\n\r\n", b"x A: b\r\n", b"A: b\r\r\n"]
)
def test_a_block_in_which_a_line_is_no_field_is_none(block: bytes) -> None:
    assert read_fields(block) is None
