"""A request target, taken apart: decoded path segments and decoded parameters, each in its only reading.

Decoded once; whatever could be decoded or cut differently by somebody else is refused here (wire reference 1.1; the many proxies that
matched one spelling of a path and forwarded another).
"""

import re
from functools import lru_cache
from typing import NamedTuple

from sidecar.dialects.rest.folding import SLASHES, folded
from sidecar.dialects.rest.percent import UndecodableError, decode
from sidecar.errors import Reason, Refusal

LONGEST_QUERY = 2049
"""Characters from `?` on, beyond which the backend answers 404 (wire reference 1.5)."""

ALLOWED_IN_TARGET = re.compile(r"/[!$%&-;=?-\[\]_a-z{|}~^`\"<>]*")
_NEVER_IN_SEGMENT = re.compile(r"[/\\;%?#\x00-\x1f\x7f]")


class Target(NamedTuple):
    """Path segments, decoded, without the leading slash; and the query as it stands, None if there is no `?`."""

    segments: tuple[str, ...]
    query: str | None


def split_target(target: str) -> Target:
    """Take the origin form of a request target apart.

    :raises Refusal: TARGET_MALFORMED for other forms, bad escapes, empty or dot segments and characters with two readings; QUERY_TOO_LONG.
    """
    if not target.startswith("/"):
        raise Refusal(Reason.TARGET_MALFORMED, "the request target must be a path, without scheme and host")
    if ALLOWED_IN_TARGET.fullmatch(target) is None:
        raise Refusal(Reason.TARGET_MALFORMED, "the request target holds a character that must be percent-encoded")
    path, mark, query = target.partition("?")
    if mark and len(query) >= LONGEST_QUERY:
        raise Refusal(Reason.QUERY_TOO_LONG, f"the query string has {len(query) + 1} characters; the backend reads {LONGEST_QUERY}")
    return Target(tuple(_segment(raw) for raw in path[1:].split("/")), query if mark else None)


@lru_cache(maxsize=1024)
def _segment(raw: str) -> str:
    text = _decode(raw, "the path")
    if not text or text in (".", ".."):
        raise Refusal(Reason.TARGET_MALFORMED, "the path has an empty or dot segment; write it without doubled or trailing slashes")
    if _NEVER_IN_SEGMENT.search(text) or (not text.isascii() and _is_folded_elsewhere(text)):
        raise Refusal(
            Reason.TARGET_MALFORMED,
            "a path segment holds a slash, backslash, semicolon, percent sign or control character, or what others take for one",
        )
    return text


def _is_folded_elsewhere(text: str) -> bool:
    """Whether somebody who folds characters could see another path in it."""
    plain = folded(text)
    return SLASHES.search(text) is not None or _NEVER_IN_SEGMENT.search(plain) is not None or plain in (".", "..")


def read_parameters(query: str | None, known: frozenset[str]) -> dict[str, str]:
    """The parameters of a query, by lower-case name.

    :param known: the names that this operation has, in lower case.
    :raises Refusal: for unknown, repeated or undecodable parameters.
    """
    parameters: dict[str, str] = {}
    for piece in (query or "").replace("+", " ").split("&"):
        if not piece:
            continue
        raw_name, equals, raw_value = piece.partition("=")
        name = raw_name if raw_name in known else _name(raw_name, known)
        if name in parameters:
            raise Refusal(Reason.REPEATED_PARAMETER, f"the parameter {name!r} occurs twice")
        if not equals:
            raise Refusal(Reason.PARAMETER_MALFORMED, f"the parameter {name!r} has no '='")
        parameters[name] = _decode(raw_value, "the parameter", name)
    return parameters


def _name(raw: str, known: frozenset[str]) -> str:
    decoded = _decode(raw, "a parameter name")
    name = decoded.lower()
    if name not in known or not decoded.isascii():
        expected = f"this operation has {', '.join(sorted(known))}" if known else "this operation has none"
        raise Refusal(Reason.UNKNOWN_PARAMETER, f"unknown parameter {name[:50]!r}; {expected}")
    return name


def _decode(raw: str, place: str, name: str = "") -> str:
    try:
        return decode(raw)
    except UndecodableError as problem:
        where = f"{place} {name!r}" if name else place
        raise Refusal(Reason.TARGET_MALFORMED, f"{where} {problem}") from None
