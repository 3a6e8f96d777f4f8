"""The request target: cut into segments before anything is decoded, so that any name fits into one of them.

A name may hold a slash, a dot or a percent sign: `%2F` is part of a name and never a boundary, and a segment of dots that were written as
`%2E%2E` is a name too. What is not written as RFC 3986 has it has no second reading here: it is refused.
"""

import re
from urllib.parse import unquote_to_bytes

from sidecar.admin.api.problem import Problem, Why

PREFIX = "/api/v1"
_LONGEST = 8_000
_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+")
_QUERY_PART = re.compile(r"(?:[A-Za-z0-9._~!$'()*+,;:@/?-]|%[0-9A-Fa-f]{2})*")


def read_target(target: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """The segments below `PREFIX`, and the parameters, all decoded.

    :raises Problem: NOT_FOUND for another path, MALFORMED for what can't be read in one way only.
    """
    path, _, query = target.partition("?")
    if not path.startswith(f"{PREFIX}/"):
        raise Problem(Why.NOT_FOUND, "there is nothing here", "`/api/v1/openapi.json` tells what there is")
    if len(target) > _LONGEST:
        raise Problem(Why.MALFORMED, "the target is too long")
    return tuple(_name(segment) for segment in path.removeprefix(f"{PREFIX}/").split("/")), _parameters(query)


def _name(segment: str) -> str:
    if segment in ("", ".", "..") or _SEGMENT.fullmatch(segment) is None:
        raise Problem(Why.MALFORMED, "the path has an empty segment, one of dots, or characters that must be escaped", "escape names")
    return _decoded(segment)


def _parameters(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in query.split("&") if query else ():
        key, _, value = part.partition("=")
        if _QUERY_PART.fullmatch(key) is None or _QUERY_PART.fullmatch(value) is None:
            raise Problem(Why.MALFORMED, "the query has characters that must be escaped")
        name = _decoded(key.replace("+", " "))
        if name in found:
            raise Problem(Why.MALFORMED, "the query has a parameter twice")
        found[name] = _decoded(value.replace("+", " "))
    return found


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(Why.MALFORMED, "an escape in the target is not UTF-8") from None
