"""Pieces of an answer's body that wait for their reader. When they are many, the backend is held back."""

import asyncio
from collections import deque
from collections.abc import Callable


class Inbox:
    """A queue that stops its transport's reading over `room` bytes, and lets it go on at half of that.

    :ivar size: bytes that wait; 0 when nothing does.

    What is held at most is `room` and one read of the transport (256 KB); with TLS another, not yet decrypted.
    """

    __slots__ = ("_chunks", "_paused", "_room", "_transport", "size")

    def __init__(self, transport: asyncio.Transport, room: int) -> None:
        self.size = 0
        self._transport = transport
        self._room = room
        self._chunks: deque[bytes] = deque()
        self._paused = False
        limit_tls: Callable[..., None] | None = getattr(transport, "set_read_buffer_limits", None)
        if limit_tls is not None:
            # A paused TLS transport reads on below, up to 256 KB. uvloop drops those when it then meets the end of TCP, and an
            # answer that is whole would look cut short. With this it reads no further while something is not decrypted yet.
            limit_tls(high=1, low=0)

    def put(self, chunk: bytes) -> None:
        """Add to the end."""
        self._chunks.append(chunk)
        self.size += len(chunk)
        if self.size > self._room and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def take(self) -> bytes:
        """Remove from the front; there must be something."""
        chunk = self._chunks.popleft()
        self.size -= len(chunk)
        if self._paused and self.size <= self._room // 2:
            self._paused = False
            self._transport.resume_reading()
        return chunk

    def clear(self) -> None:
        """Forget what is there; only for a transport that is given up."""
        self._chunks.clear()
        self.size = 0
