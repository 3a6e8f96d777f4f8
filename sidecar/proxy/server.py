"""The listening side: aiohttp's server and its llhttp parser, taught to answer in our own shape.

`RequestHandler` is subclassed for the answer to bytes that are no request, and for its way of stopping. Exactly one parser decides what a
request is.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import http_parser
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import RawRequestMessage
from aiohttp.http_exceptions import LineTooLong
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse
from aiohttp.web_server import Server

from sidecar.errors import Reason
from sidecar.proxy.gateway import Gateway

_MOST_HEADERS = 100


class ParserMissingError(RuntimeError):
    """aiohttp was installed without its C parser."""


class _Connection(RequestHandler):
    """One client connection."""

    __slots__ = ("_closes_after_answer", "_refuse")

    def __init__(self, manager: "GatewayServer", *, refuse: Callable[[Reason, str], StreamResponse], **options: Any) -> None:
        super().__init__(manager, **options)
        self._refuse = refuse
        self._closes_after_answer = False

    def wind_up(self) -> None:
        """End the connection when it is idle, or else after the answer on which it works.

        `close` would stop listening at once, and a request whose body is still on its way would never be whole.
        """
        if self._waiter is None:
            self._closes_after_answer = True
        else:
            self.close()

    async def finish_response(self, request: BaseRequest, resp: StreamResponse, start_time: float | None) -> tuple[StreamResponse, bool]:
        """Send what is left of the answer."""
        if self._closes_after_answer:
            resp.force_close()
        return await super().finish_response(request, resp, start_time)

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> StreamResponse:
        """Answer what the parser refused, and faults outside the gateway; the connection ends with it."""
        if request.writer.output_size > 0:
            raise ConnectionError("a part of the answer was sent already")
        if status == 400:
            reason = Reason.HEAD_TOO_LARGE if isinstance(exc, LineTooLong) else Reason.MALFORMED_HTTP
        else:
            reason = Reason.INTERNAL_ERROR
            self.log_exception("Error handling request", exc_info=exc)
        answer = self._refuse(reason, request.remote or "")
        answer.force_close()
        return answer


class GatewayServer(Server):
    """Makes a connection for each client."""

    def __init__(self, gateway: Gateway, *, head: int, keep_alive: float) -> None:
        """
        :param head: bytes of a request line or of a header field at most.
        :param keep_alive: seconds that a connection may be idle, or slow to send a head.
        :raises ParserMissingError: rather than serve with the parser in Python, which is laxer and slower.
        """
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:  # type: ignore[attr-defined,unused-ignore]
            raise ParserMissingError("aiohttp has no C parser here; install a wheel of it, or build it with its extensions")
        super().__init__(gateway.handle, request_factory=self._request, handler_cancellation=True)
        self._refuse = gateway.refuse_unparsed
        self._options: dict[str, Any] = {
            "max_line_size": head,
            "max_field_size": head,
            "max_headers": _MOST_HEADERS,
            "keepalive_timeout": keep_alive,
            "auto_decompress": False,
            "access_log": None,
            "lingering_time": 2.0,
        }

    def pre_shutdown(self) -> None:
        """Wind up every connection."""
        for connection in self.connections:
            if isinstance(connection, _Connection):
                connection.wind_up()

    @property
    def unsent(self) -> int:
        """Bytes of answers that wait for clients to take them."""
        return sum(transport.get_write_buffer_size() for transport in self._connections.values())

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> BaseRequest:
        if message.chunked:
            # The parser keeps a trailer and puts it before the headers of the connection's next request, which may be somebody else's.
            message = message._replace(should_close=True)
        return self._make_request(message, payload, protocol, writer, task)

    def __call__(self) -> RequestHandler:
        return _Connection(self, refuse=self._refuse, loop=self._loop, **self._options)
