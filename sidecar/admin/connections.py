"""How many connections the admin port holds: never so many that the proxy, which shares the process's descriptors, or a probe gets none."""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler

MOST = 256
PATIENCE = 75.0
"""Seconds that a connection may have no request going on: before its first, between two, or in the middle of a head."""

LAST_MOMENTS = 3.0
"""Seconds at a stop for what is going on, so that nobody who reads nothing keeps the sidecar from its end."""


class Connections:
    """Of one port. One too many takes the place of the oldest on which nothing is being answered, so that
    whoever opens them and says nothing shuts nobody out; only where all are being answered, that of the oldest.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._answering: set[RequestHandler] = set()

    def made_by(self, server: web.Server) -> Callable[[], RequestHandler]:
        """For a listening socket: gives each connection its protocol, after there is room for it."""

        def accept() -> RequestHandler:
            still_open = [each for each in server.connections if each.transport is not None]
            for each in sorted(still_open, key=self._answering.__contains__)[: max(0, len(still_open) + 1 - self._most)]:
                _end(each)
            return server()

        return accept

    @web.middleware
    async def note(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Have a request's connection count as one that is being used, until there is an answer."""
        self._answering.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._answering.discard(request.protocol)


def _end(connection: RequestHandler) -> None:
    transport = connection.transport
    connection.force_close()
    if transport is not None:
        transport.abort()  # whoever reads nothing would hold what is still unsent
