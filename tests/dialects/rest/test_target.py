"""A request target has one reading, or none."""

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.rest.target import LONGEST_QUERY, Target, read_parameters, split_target
from sidecar.errors import Reason, Refusal


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a/b", Target(("a", "b"), None)),
        ("/a/b?", Target(("a", "b"), "")),
        ("/a/b?x=1?2", Target(("a", "b"), "x=1?2")),
        ("/%61/b%20c", Target(("a", "b c"), None)),
        ("/a/caf%C3%A9", Target(("a", "café"), None)),
        ("/a/b..c", Target(("a", "b..c"), None)),
        ("/a/x,y", Target(("a", "x,y"), None)),
    ],
)
def test_an_ordinary_target_is_decoded_once(target: str, expected: Target) -> None:
    assert split_target(target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "",
        "a/b",
        "*",
        "http://host/a",
        "//a",
        "/a//b",
        "/a/",
        "/a/./b",
        "/a/../b",
        "/a/%2e%2e/b",
        "/a/%2E/b",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a\\b",
        "/a%00",
        "/a%0d%0ab",
        "/a%7f",
        "/a;b=1/c",
        "/a%3Bb",
        "/a%252fb",
        "/a%25",
        "/a%3fb",
        "/a%23b",
        "/a#b",
        "/a?b#c",
        "/a%zz",
        "/a%4",
        "/a%ff",
        "/a%c0%af",
        "/a%ef%bc%8fb",
        "/a/%ef%bc%8e%ef%bc%8e/b",
        "/a/%e2%80%a5",
        "/a/.%e2%80%8b./b",
        "/a%ef%bc%bcb",
        "/a%e2%88%95b",
        "/a%e2%88%96b",
        "/a%e2%81%84b",
        "/a%ef%bc%852fb",
        "/a%ef%bc%9bb",
        "/a%e2%84%80b",
        "/a b",
        "/a\tb",
        "/é",
        "/a\udcff",
    ],
)
def test_a_target_with_two_readings_is_refused(target: str) -> None:
    with pytest.raises(Refusal) as refused:
        split_target(target)
    assert refused.value.reason is Reason.TARGET_MALFORMED


def test_other_characters_outside_ascii_stay_as_they_are() -> None:
    assert split_target("/caf%C3%A9/%C2%BD%20%E2%82%AC%E2%80%A6.pdf").segments == ("café", "½ €….pdf")


def test_a_query_longer_than_the_backend_reads_is_refused() -> None:
    longest = "x" * (LONGEST_QUERY - 1)
    assert split_target(f"/a?{longest}").query == longest
    with pytest.raises(Refusal) as refused:
        split_target(f"/a?{longest}x")
    assert refused.value.reason is Reason.QUERY_TOO_LONG


KNOWN = frozenset({"skip", "filtervalues"})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (None, {}),
        ("", {}),
        ("&", {}),
        ("skip=1&", {"skip": "1"}),
        ("SKIP=1&FilterValues=a", {"skip": "1", "filtervalues": "a"}),
        ("filter%76alues=a", {"filtervalues": "a"}),
        ("filtervalues=a+b%2Bc", {"filtervalues": "a b+c"}),
        ("filtervalues=a=b", {"filtervalues": "a=b"}),
        ("filtervalues=", {"filtervalues": ""}),
        ("filtervalues=%26skip=2", {"filtervalues": "&skip=2"}),
    ],
)
def test_parameters_are_read_by_name_whatever_its_case_and_escapes(query: str | None, expected: dict[str, str]) -> None:
    assert read_parameters(query, KNOWN) == expected


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("top=1", Reason.UNKNOWN_PARAMETER),
        ("skip[]=1", Reason.UNKNOWN_PARAMETER),
        ("=1", Reason.UNKNOWN_PARAMETER),
        (" skip=1", Reason.UNKNOWN_PARAMETER),
        ("skip%20=1", Reason.UNKNOWN_PARAMETER),
        ("s%C4%B1kip=1", Reason.UNKNOWN_PARAMETER),
        ("skip=1&skip=1", Reason.REPEATED_PARAMETER),
        ("skip=1&SKIP=2", Reason.REPEATED_PARAMETER),
        ("filtervalues=a&filter%76alues=b", Reason.REPEATED_PARAMETER),
        ("skip", Reason.PARAMETER_MALFORMED),
        ("skip=%", Reason.TARGET_MALFORMED),
        ("skip=%0a", Reason.TARGET_MALFORMED),
        ("skip=%ff", Reason.TARGET_MALFORMED),
        ("skip=1;filtervalues=a", None),
    ],
)
def test_pollution_of_parameters_is_refused(query: str, reason: Reason | None) -> None:
    if reason is None:
        assert read_parameters(query, KNOWN) == {"skip": "1;filtervalues=a"}  # `;` separates nothing
        return
    with pytest.raises(Refusal) as refused:
        read_parameters(query, KNOWN)
    assert refused.value.reason is reason


def test_a_letter_that_only_lowers_to_a_known_name_is_unknown() -> None:
    """U+212A KELVIN SIGN lowers to `k`: were it taken for `skip`, another reader might not agree."""
    with pytest.raises(Refusal):
        read_parameters("s%E2%84%AAip=1", KNOWN)


query_pieces = st.sampled_from(
    [
        "skip",
        "SKIP",
        "sk%69p",
        "filtervalues",
        "Filter%56alues",
        "top",
        "\u212a",
        "=",
        "&",
        "+",
        "%",
        "%2",
        "%26",
        "%3D",
        "%2B",
        "%C3%A9",
        "%ff",
        "%00",
        "a",
    ]
)


@given(st.lists(query_pieces | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=3), max_size=12).map("".join))
def test_parameters_are_those_that_urllib_finds_or_refused(query: str) -> None:
    found: dict[str, str] | Reason
    try:
        found = read_parameters(query, KNOWN)
    except Refusal as refusal:
        found = refusal.reason
    assert found == parameters_by_urllib(query)


def parameters_by_urllib(query: str) -> dict[str, str] | Reason:
    parameters: dict[str, str] = {}
    for name, equals, value in (piece.partition("=") for piece in query.split("&") if piece):
        decoded = decoded_by_urllib(name)
        if decoded is None:
            return Reason.TARGET_MALFORMED
        if not decoded.isascii() or decoded.lower() not in KNOWN:
            return Reason.UNKNOWN_PARAMETER
        if decoded.lower() in parameters:
            return Reason.REPEATED_PARAMETER
        if not equals:
            return Reason.PARAMETER_MALFORMED
        decoded_value = decoded_by_urllib(value)
        if decoded_value is None:
            return Reason.TARGET_MALFORMED
        parameters[decoded.lower()] = decoded_value
    return parameters


def decoded_by_urllib(raw: str) -> str | None:
    if re.search(r"%(?![0-9A-Fa-f]{2})", raw):
        return None
    try:
        text = unquote_to_bytes(raw.replace("+", " ")).decode()
    except UnicodeDecodeError:
        return None
    return None if re.search(r"[\x00-\x1f\x7f]", text) else text
