"""The listening side: makes a connection for each client, keeps their time, and ends them."""

import asyncio
import ssl
from collections.abc import Callable

from aiohttp import http_parser

from sidecar.proxy.client_connection import ClientConnection
from sidecar.proxy.gateway import Gateway
from sidecar.proxy.upstream import Later

_POLL = 0.02


class ParserMissingError(RuntimeError):
    """aiohttp was installed without its C parser."""


class GatewayServer:
    """The protocol factory of a listening socket. Belongs to the event loop in which it is first called.

    :ivar vouches_for: whether certificates of clients that were shown in handshakes of this context still count.
    """

    def __init__(self, gateway: Gateway, *, head: int, keep_alive: float) -> None:
        """
        :param head: bytes of a request line or of a header field at most.
        :param keep_alive: seconds that a connection may be idle, or slow to send a head.
        :raises ParserMissingError: rather than serve with the parser in Python, which is laxer and slower.
        """
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:  # type: ignore[attr-defined,unused-ignore]
            raise ParserMissingError("aiohttp has no C parser here; install a wheel of it, or build it with its extensions")
        self.head = head
        self.keep_alive = keep_alive
        self.later = Later()
        self.vouches_for: Callable[[ssl.SSLContext], bool] = lambda _: True
        self.serve = gateway.serve
        self.serve_again = gateway.serve_again
        self.serve_known = gateway.serve_known
        self.refuse_unparsed = gateway.refuse_unparsed
        self._tick = min(1.0, min(keep_alive, gateway.patience) / 4)
        self._clients: set[ClientConnection] = set()
        self._winding_up = False
        self._clock: asyncio.TimerHandle | None = None

    def __call__(self) -> ClientConnection:
        """A connection for a client who is just coming."""
        return ClientConnection(self, asyncio.get_running_loop())

    def remember(self, client: ClientConnection) -> None:
        """The connection is made."""
        self._clients.add(client)
        if self._clock is None:
            self._clock = asyncio.get_running_loop().call_later(self._tick, self._look_around)
        if self._winding_up:  # a handshake that took its time
            client.wind_up()

    def forget(self, client: ClientConnection) -> None:
        """The connection is closed."""
        self._clients.discard(client)

    @property
    def unsent(self) -> int:
        """Bytes of answers that wait for clients to take them."""
        return sum(client.unsent for client in self._clients)

    def wind_up(self) -> None:
        """End every connection: idle ones now, others after the answer on which somebody works. Who comes from now on is sent away."""
        self._winding_up = True
        for client in list(self._clients):
            client.wind_up()

    def review(self) -> None:
        """End connections whose certificates don't count any more, as `wind_up` does."""
        for client in list(self._clients):
            client.review()

    async def end(self, patience: float) -> None:
        """End what is left, at once; wait up to `patience` seconds until all is closed, and break off what is not."""
        for client in list(self._clients):
            client.expire()
        deadline = asyncio.get_running_loop().time() + patience
        while self._clients and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110  connections wake nobody when they close
            await asyncio.sleep(_POLL)
        for client in list(self._clients):
            client.hang_up()
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _look_around(self) -> None:
        """One timer for all, and none while nobody is there."""
        self._clock = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        for client in [each for each in self._clients if each.deadline <= now]:
            client.expire()
        if self._clients:
            self._clock = loop.call_later(self._tick, self._look_around)
