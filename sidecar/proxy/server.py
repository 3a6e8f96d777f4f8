"""The listening side: aiohttp's server and its llhttp parser, taught to answer in our own shape.

`RequestHandler` is subclassed for one method only, the answer to bytes that are no request. Exactly one parser decides what a request is.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import http_parser
from aiohttp.http_exceptions import LineTooLong
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

    __slots__ = ("_refuse",)

    def __init__(self, manager: "GatewayServer", *, refuse: Callable[[Reason], StreamResponse], **options: Any) -> None:
        super().__init__(manager, **options)
        self._refuse = refuse

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
        answer = self._refuse(reason)
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
        super().__init__(gateway.handle, handler_cancellation=True)
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

    def __call__(self) -> RequestHandler:
        return _Connection(self, refuse=self._refuse, loop=self._loop, **self._options)
