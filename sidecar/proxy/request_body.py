"""Reading a body: its type, its size and its pace are checked before anything is looked for inside."""

import asyncio

from aiohttp.client_exceptions import ClientError
from aiohttp.http_exceptions import HttpProcessingError

from sidecar.dialects.call import Action, Update
from sidecar.dialects.rest.update_body import actions_of
from sidecar.errors import Reason, Refusal
from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.request_headers import RequestHeaders

_LARGE = 262_144
_TYPES = frozenset({"", "application/json", "text/json", "text/plain"})
_CHARSETS = frozenset({"", "utf-8", "utf8", "us-ascii"})


def check_media_type(headers: RequestHeaders) -> None:
    """Only bodies that are surely read as UTF-8 JSON: anything else could hide an action from the check (wire reference 1.3, 1.4).

    :raises Refusal: BODY_TYPE.
    """
    check_coding(headers)
    media_type, *parameters = (headers.text(b"content-type") or "").lower().split(";")
    if media_type.strip() not in _TYPES:
        raise Refusal(Reason.BODY_TYPE, "send the body as Content-Type: application/json;charset=utf-8")
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        # `charset*` is the same parameter in another spelling (RFC 8187).
        if name.strip().rstrip("*") == "charset" and value.strip().strip("\"'") not in _CHARSETS:
            raise Refusal(Reason.BODY_TYPE, "send the body in UTF-8")


def check_coding(headers: RequestHeaders) -> None:
    """Only bodies in plain coding.

    :raises Refusal: BODY_TYPE.
    """
    coding = headers.text(b"content-encoding")
    if coding is not None and coding.strip().lower() not in ("", "identity"):
        raise Refusal(Reason.BODY_TYPE, "send the body without Content-Encoding")


async def read_body(request: ClientRequest, client: ClientConnection, limit: int, patience: float) -> bytes:
    """The whole body.

    :param limit: bytes.
    :param patience: seconds that may pass without any of it arriving.
    :raises Refusal: BODY_TOO_LARGE, BODY_INCOMPLETE or MALFORMED_HTTP.
    """
    if request.content_length is not None and request.content_length > limit:
        raise Refusal(Reason.BODY_TOO_LARGE, f"at most {limit} bytes are taken")
    if not request.has_body:
        return b""
    if b"100-continue" in (request.headers.get(b"expect") or b"").lower() and request.chunks_are_known:
        # curl and .NET clients wait for it.
        client.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunks: list[bytes] = []
    size = 0
    try:
        while True:
            async with asyncio.timeout(patience):
                chunk = await request.body.readany()
            if not chunk and request.body.is_eof():
                return b"".join(chunks)
            size += len(chunk)
            if size > limit:
                raise Refusal(Reason.BODY_TOO_LARGE, f"at most {limit} bytes are taken")
            chunks.append(chunk)
    except TimeoutError:
        raise Refusal(Reason.BODY_INCOMPLETE, "the body stopped arriving") from None
    except (HttpProcessingError, ClientError):
        raise Refusal(Reason.MALFORMED_HTTP, "the body is not framed as HTTP/1.1 has it") from None


async def read_actions(call: Update, body: bytes) -> frozenset[Action]:
    """What the body does. Off the loop for large ones, which take long to parse.

    :raises Refusal: BODY_MALFORMED.
    """
    if len(body) < _LARGE:
        return actions_of(call, body)
    return await asyncio.to_thread(actions_of, call, body)
