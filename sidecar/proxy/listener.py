"""One listening socket of the proxy, from its opening to its drained end."""

import asyncio
from collections.abc import Callable

from sidecar.proxy.server import GatewayServer
from sidecar.store.tls_watch import RenewableContext

_LAST_MOMENTS = 1.0
_POLL = 0.02
_LONGEST_HANDSHAKE = 10.0
"""Seconds for all of a TLS handshake, of which an honest client needs a small part. So long holds a socket who says nothing, or no TLS."""


class Listener:
    """Accepts connections for a `GatewayServer`."""

    def __init__(self, server: GatewayServer, in_flight: Callable[[], int]) -> None:
        self._server = server
        self._in_flight = in_flight
        self._socket: asyncio.Server | None = None
        self.port = 0

    async def open(self, host: str, port: int, *, shared: bool = False, tls: RenewableContext | None = None) -> None:
        """Listen; with port 0 the system picks one, which `port` then tells.

        :param tls: for handshakes; plain HTTP without it.
        :param shared: with other processes, among which the system then divides the connections. Never by default: a second sidecar that
            was started by mistake must find the address taken.
        :raises OSError: when the address can't be had.
        """
        loop = asyncio.get_running_loop()
        if tls is None:
            self._socket = await loop.create_server(self._server, host, port, backlog=1024, reuse_port=shared or None)
        else:
            self._server.vouches_for = tls.vouches_for
            tls.on_authorities_gone = self._server.review
            self._socket = await loop.create_server(
                self._server,
                host,
                port,
                backlog=1024,
                reuse_port=shared or None,
                ssl=tls,
                ssl_handshake_timeout=min(self._server.keep_alive, _LONGEST_HANDSHAKE),
                # Connections see to their ends themselves, and earlier.
                ssl_shutdown_timeout=2 * self._server.keep_alive,
            )
        self.port = self._socket.sockets[0].getsockname()[1]

    async def drain(self, patience: float) -> None:
        """Accept no more, close idle connections, let requests finish for `patience` seconds, then end what is left."""
        if self._socket is None:
            return
        self._socket.close()
        self._server.wind_up()
        deadline = asyncio.get_running_loop().time() + patience
        # A counter is looked at, so that requests need not wake anybody while nobody drains.
        while (self._in_flight() or self._server.unsent) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(_POLL)
        await self._server.end(_LAST_MOMENTS)
        await self._socket.wait_closed()
        self._socket = None
