"""The content of a request, read whole and strictly: JSON with one reading, from whoever says that it is JSON, and not much of it."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from sidecar.admin.api.problem import Problem, Why
from sidecar.dialects.rest.strict_json import read_object
from sidecar.errors import Refusal

MOST_BYTES = 262_144
_SECONDS = 10.0


async def read_content(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent; empty for nothing.

    :raises Problem: it is anything else, too large, or does not arrive.
    """
    declared = request.content_length
    if declared is not None and declared > MOST_BYTES:
        raise _too_large()
    if not request.can_read_body or declared == 0:
        return {}
    # A form that a page makes a browser send can't say this, and compressed content could hold any amount of it.
    if request.content_type != "application/json" or (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise Problem(Why.MEDIA_TYPE, "the content is not `application/json`", "send JSON in UTF-8, and say so in `Content-Type`")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(Why.MEDIA_TYPE, "the content is compressed", "send it as it is")
    body = bytearray()
    try:
        async with asyncio.timeout(_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Problem(Why.TOO_SLOW, "the content did not arrive in time") from None
    if not body:
        return {}
    try:
        return read_object(bytes(body))
    except Refusal as refusal:
        raise Problem(Why.MALFORMED, refusal.detail) from None


def has_content(request: web.Request) -> bool:
    """Whether something was sent along."""
    return request.can_read_body and request.content_length != 0


def typed(parameters: Mapping[str, str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a query as JSON would have them: whole numbers where the schema has those; what is none stays a text."""
    return {name: _value(text, schema.get(name, {})) for name, text in parameters.items()}


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    kinds = {schema.get("type"), *(option.get("type") for option in schema.get("anyOf", ()))}
    if kinds & {"integer", "boolean"} and len(text) < 20:
        try:
            value = json.loads(text)
        except ValueError:
            return text
        return value if isinstance(value, int) else text
    return text


def _too_large() -> Problem:
    return Problem(Why.TOO_LARGE, f"the content is larger than {MOST_BYTES} bytes")
