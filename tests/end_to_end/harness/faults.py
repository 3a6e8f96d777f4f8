"""Scripts for the backend: the ways in which it breaks, stalls, floods and mumbles."""

import asyncio
import socket
import struct

from tests.end_to_end.harness.backend import Received, Script, Visit

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def says(answer: bytes, *, closes: bool = False) -> Script:
    """Gives this answer to every request."""

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(answer)
        if closes:
            visit.writer.close()

    return script


def stalls(beginning: bytes = b"") -> Script:
    """Begins, and then says no more until the other side is gone."""

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(beginning)
        await visit.reader.read()
        visit.gone.set()

    return script


def resets(beginning: bytes) -> Script:
    """Begins, and then tears the connection down."""

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(beginning)
        await asyncio.sleep(0.05)  # so that the beginning is read before the end comes
        visit.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        visit.writer.transport.abort()

    return script


def floods(size: int) -> Script:
    """Sends so many bytes, as fast as they are taken."""

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(OK + b"Content-Length: %d\r\n\r\n" % size)
        piece = b"x" * 65_536
        visit.said = 0
        while visit.said < size:
            await visit.say(piece[: size - visit.said])

    return script


def drips(size: int, seconds: float) -> Script:
    """Sends that many bytes one by one, with so much time between them."""

    async def script(visit: Visit, _received: Received) -> None:
        await visit.say(OK + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size):
            await asyncio.sleep(seconds)
            await visit.say(b"x")

    return script
