"""JSON of an identity provider, with one reading only: UTF-8, an object at the top, no key twice, no number out of range."""

import json
import math
from typing import Any

_MOST_CONTAINERS = 2_000
_LONGEST_NUMBER = 32


class NotStrictError(ValueError):
    """What is wrong; quotes nothing of what was sent."""


def read_object(content: bytes) -> dict[str, Any]:
    """The object.

    :raises NotStrictError: for anything else.
    """
    if content.count(b"{") + content.count(b"[") > _MOST_CONTAINERS:
        raise NotStrictError("too many objects and lists")
    try:
        document = json.loads(
            content.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_float, parse_int=_int
        )
        if b"\\u" in content:
            json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except NotStrictError:
        raise
    except (ValueError, RecursionError):
        raise NotStrictError("not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise NotStrictError("not a JSON object")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise NotStrictError("an object has a key twice")
    return keys


def _no_constant(text: str) -> None:
    raise NotStrictError("NaN and Infinity are not JSON")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotStrictError("a number is out of range")
    return number


def _int(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise NotStrictError("a number is out of range")
    return int(text)
