"""Percent-encoding by hand says what urllib says, and refuses what urllib lets pass."""

import re
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.dialects.rest.percent import UndecodableError, decode, encoder

escapes = st.builds("%{:02x}".format, st.integers(0, 255)) | st.builds("%{:02X}".format, st.integers(0, 255))
raw_texts = st.lists(st.one_of(st.text(max_size=4), escapes, st.sampled_from(["%", "%4", "%zz", "%C3%A9", "%e2%82%ac", "%25"]))).map(
    "".join
)
texts = st.text() | st.text(st.characters(max_codepoint=127))


def by_urllib(raw: str) -> str | None:
    """The same reading, spelled with urllib; None for no reading."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", raw):
        return None
    try:
        text = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return None
    return None if any(character < " " or character == "\x7f" for character in text) else text


def decoded(raw: str) -> str | None:
    try:
        return decode(raw)
    except UndecodableError:
        return None


@given(raw_texts)
@example("%")
@example("%2")
@example("%c0%af")
@example("%ed%a0%80")
@example("%+1")
@example("% 1")
@example("%٣٣")
@example("%00")
@example("a\x7fb")
@example("\xad%c2%85")
def test_a_text_has_the_reading_that_urllib_gives_it_or_none(raw: str) -> None:
    assert decoded(raw) == by_urllib(raw)


@pytest.mark.parametrize(
    ("raw", "problem"), [("%zz", "has an incomplete percent escape"), ("%ff", "is not UTF-8"), ("%0A", "holds a control character")]
)
def test_what_has_no_reading_is_told_apart(raw: str, problem: str) -> None:
    with pytest.raises(UndecodableError, match=problem):
        decode(raw)


@pytest.mark.parametrize("raw", ["", ",;:@/()*!~", "]^\\-"])
@given(text=texts)
@example(text="".join(map(chr, range(128))))
def test_encoding_says_what_urllib_says(raw: str, text: str) -> None:
    assert encoder(raw)(text) == quote(text, safe=raw)
