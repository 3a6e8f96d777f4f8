"""The one address of all workers: free when it is taken, kept for them as long as the supervisor lives."""

import contextlib
import os
import socket
from collections.abc import Iterator
from errno import EADDRINUSE
from typing import Any

SHARING = hasattr(socket, "SO_REUSEPORT")
"""Whether several processes can listen on one address here. Windows has no such thing."""

_Address = tuple[Any, ...]


@contextlib.contextmanager
def reserved(host: str, port: int) -> Iterator[int]:
    """Hold an address for processes that will listen with SO_REUSEPORT; gives the port, which the system picks for port 0.

    The sockets are bound and never listen, so no connection can end up at them.

    :raises OSError: when it can't be had, such as when somebody listens there already, alone or together with others.
    """
    with contextlib.ExitStack() as held:
        for family, address in _resolved(host, port):
            if port:
                # Bound to be shared, it would quietly join the workers of another sidecar that was started by mistake.
                _bound(family, (address[0], port, *address[2:]), (socket.SO_REUSEADDR,)).close()
            reservation = held.enter_context(_reservation(family, (address[0], port, *address[2:])))
            port = port or reservation.getsockname()[1]
        yield port


def _resolved(host: str, port: int) -> Iterator[tuple[int, _Address]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return iter(dict.fromkeys((int(family), address) for family, _, _, _, address in found))


def _reservation(family: int, address: _Address) -> socket.socket:
    shared = socket.SO_REUSEPORT
    try:
        # Without SO_REUSEADDR it is in the way of another supervisor from this moment on, not only once a worker listens.
        return _bound(family, address, (shared,))
    except OSError as problem:
        if problem.errno != EADDRINUSE:
            raise
    # Connections that a sidecar of one process closed a moment ago are in the way too; nobody listens, that is known.
    return _bound(family, address, (shared, socket.SO_REUSEADDR))


def _bound(family: int, address: _Address, options: tuple[int, ...]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except OSError as problem:
        bound.close()
        reason = os.strerror(problem.errno).lower() if problem.errno else str(problem)
        raise OSError(problem.errno, f"error while attempting to bind on address {address[:2]}: {reason}") from None
    return bound
