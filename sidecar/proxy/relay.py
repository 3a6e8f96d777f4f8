"""From the backend's answer to the client, piece by piece: nothing is gathered, and a slow reader holds the backend back."""

import asyncio
import socket
import struct
import sys
from contextlib import suppress

from aiohttp.typedefs import LooseHeaders
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from sidecar.errors import Refusal
from sidecar.proxy.answer_headers import client_headers
from sidecar.proxy.upstream import Answer
from sidecar.record.exchange import Exchange

_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""The `linger` structure that has a socket closed by a reset: on, for no time."""


class RelayedResponse(StreamResponse):
    """A response with the backend's headers and none of the server's own invention."""

    _send_headers_immediately = False  # in one packet with the first of the body, where that is there already

    def __init__(self, status: int, reason: str, headers: LooseHeaders) -> None:
        super().__init__(status=status, reason=reason, headers=headers)

    async def _prepare_headers(self) -> None:
        invented = [name for name in ("Content-Type", "Server") if name not in self.headers]
        await super()._prepare_headers()
        for name in invented:
            self.headers.popall(name, None)


async def relay(request: BaseRequest, answer: Answer, exchange: Exchange, patience: float) -> StreamResponse:
    """Pass the answer on.

    When the backend's answer breaks off, so does the client's connection: an answer cut short must never look whole.

    :param patience: seconds that the client may take to make room for more.
    """
    exchange.status = answer.status
    try:
        response = _response_to(answer, exchange.reference)
        await response.prepare(request)
        if answer.has_body and not answer.has_chunk:
            request.writer.send_headers()
        if answer.has_body:
            while chunk := await answer.next_chunk():
                async with asyncio.timeout(patience):
                    await response.write(chunk)
                exchange.sent += len(chunk)
        async with asyncio.timeout(patience):
            await response.write_eof()
    except Refusal as refusal:
        exchange.reason, exchange.detail = refusal.reason, refusal.detail
        hang_up(request)
    except (ConnectionError, TimeoutError):
        exchange.detail = "the client went away or stopped reading"
        answer.abort()
        hang_up(request)
    except BaseException:
        answer.abort()
        raise
    return response


def _response_to(answer: Answer, reference: str) -> RelayedResponse:
    response = RelayedResponse(answer.status, answer.phrase.decode("latin-1"), client_headers(answer.headers, reference))
    if answer.content_length is not None:
        response.content_length = answer.content_length
    return response


def hang_up(request: BaseRequest) -> None:
    """End the client's connection in a way that can't be taken for the end of an answer.

    By a reset: to a client of HTTP/1.0 an orderly end is how an answer of unknown length ends.
    """
    transport = request.transport
    if transport is not None:
        with suppress(OSError):
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        transport.abort()
