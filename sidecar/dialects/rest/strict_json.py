"""JSON with one reading only, as RFC 8259 has it, so that no laxer parser could see anything else in the same bytes."""

import json
from typing import Any

from sidecar.errors import Reason, Refusal

_MOST_CONTAINERS = 200_000


def read_object(body: bytes) -> dict[str, Any]:
    """The object that the body is.

    :raises Refusal: BODY_MALFORMED for a body that is not strict JSON with an object at the top.
    """
    if body.count(b"{") + body.count(b"[") > _MOST_CONTAINERS:
        raise Refusal(Reason.BODY_MALFORMED, f"the body has more than {_MOST_CONTAINERS} objects and lists")
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Refusal(Reason.BODY_MALFORMED, "the body is not UTF-8") from None
    except (ValueError, RecursionError) as problem:
        raise Refusal(Reason.BODY_MALFORMED, f"the body is not strict JSON: {str(problem)[:200]}") from None
    if not isinstance(document, dict):
        raise Refusal(Reason.BODY_MALFORMED, "the body must be a JSON object")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise ValueError("an object has a key twice")
    return keys


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")
