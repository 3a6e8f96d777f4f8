"""One client's connection: aiohttp's parser (llhttp) says what a request is, one request is served at a time, and answers go out as bytes.

Ordinary requests are served by callbacks alone; those that must wait for something are attended by a task.
"""

import asyncio
import math
import socket
import ssl
import struct
import sys
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from hashlib import sha256
from typing import Any, Protocol

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.streams import StreamReader

from sidecar.errors import Reason
from sidecar.identity.client_certificate import read_certificate
from sidecar.policy.model import ClientCertificate
from sidecar.proxy.answer_headers import own_head
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.known_headers import PLAIN_LINE
from sidecar.proxy.own_answers import OwnAnswer
from sidecar.proxy.upstream import Later

_LONGEST_KNOWN = 4096
"""Bytes of a head that may be known from before."""
_MOST_HEADERS = 100
_MUCH = 16_384
"""Bytes that are sent at once, as they are, instead of gathered with others."""
_BODY_BUFFER = 65_536
_LINGERING = 2.0
"""Seconds for which a client's bytes are still read, and forgotten, after its last answer: closing at once could take that from it."""
_MOST_UNSENT = 65_536
"""Bytes that wait for a client above TLS before nothing is added to them."""
_TAKING = 5.0
"""Seconds for which a client is believed to be still taking, below TLS, what was sent to him last."""
_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""The `linger` structure that has a socket closed by a reset: on, for no time."""
_CLOSE = b"Connection: close\r\n"
_KEEP_ALIVE = b"Connection: keep-alive\r\n"


class Server(Protocol):
    """What a connection asks of those who made it."""

    keep_alive: float
    head: int
    later: Later

    def serve_again(self, line: bytes, digest: bytes, client: "ClientConnection") -> bool:
        """Serve a request with this first line and header lines of this SHA-256, if that very request is known: as `serve_known`."""

    def serve_known(self, line: bytes, target: str, digest: bytes, client: "ClientConnection") -> bool:
        """Serve a GET whose header lines, of this SHA-256, are known from before, if they are: `client.take`, and go on as `serve`.

        :param line: in which the target is.
        """

    def serve(self, request: ClientRequest, client: "ClientConnection") -> None:
        """Begin to answer. `client.finish`, `answer` or `hang_up` ends it, now or later."""

    def refuse_unparsed(self, reason: Reason, peer: str) -> OwnAnswer:
        """The answer to bytes that are no request."""

    def vouches_for(self, agreed: ssl.SSLContext) -> bool:
        """Whether certificates that were shown in handshakes of this context still count."""

    def remember(self, client: "ClientConnection") -> None:
        """The connection is made. Not all that were begun are: over TLS many a handshake fails, and nobody is told."""

    def forget(self, client: "ClientConnection") -> None:
        """The connection is closed."""


class ClientConnection(BaseProtocol):
    """Idle, serving one request, or ending.

    :ivar peer: the address at the other end.
    :ivar secure: whether it speaks TLS.
    :ivar certificate: of the other end, where it has shown one over TLS.
    :ivar origin: tells ends apart that may be treated differently: the address, and whose certificate was shown.
    :ivar deadline: loop time after which `expire` is to be called.
    :ivar on_room: is called when the client takes bytes again after `full`.
    :ivar on_lost: is called when the client has gone, or was given up, while a request is served.
    """

    __slots__ = (
        "_agreed",
        "_alone",
        "_between_requests",
        "_ending",
        "_held",
        "_longest_known",
        "_pending",
        "_request",
        "_server",
        "_serving",
        "_taking_until",
        "_task",
        "_unsent",
        "_unsent_bytes",
        "_winding_up",
        "certificate",
        "deadline",
        "on_lost",
        "on_room",
        "origin",
        "peer",
        "secure",
    )

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._parser = HttpRequestParser(
            self,
            loop,
            _BODY_BUFFER,
            max_line_size=server.head,
            max_field_size=server.head,
            max_headers=_MOST_HEADERS,
            auto_decompress=False,
            max_msg_queue_size=1,
        )
        self._server = server
        self._request: ClientRequest | None = None
        self._pending: deque[tuple[RawRequestMessage, StreamReader]] = deque()
        self._held = b""
        self._between_requests = True
        self._alone: tuple[str, bytes] | None = None
        self._longest_known = min(_LONGEST_KNOWN, server.head)
        self._serving = False
        self._ending = False
        self._winding_up = False
        self._task: asyncio.Task[None] | None = None
        self._unsent: list[bytes | memoryview] = []
        self._unsent_bytes = 0
        self.secure = False
        self._taking_until = 0.0
        self.peer = self.origin = ""
        self.certificate: ClientCertificate | None = None
        self._agreed: ssl.SSLContext | None = None
        self.deadline = math.inf
        self.on_room: Callable[[], None] | None = None
        self.on_lost: Callable[[], None] | None = None

    # What the transport says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come; it has as long to send a head as it may be idle later."""
        super().connection_made(transport)
        name = transport.get_extra_info("peername")
        self.peer = self.origin = str(name[0]) if isinstance(name, tuple) and name else ""
        self.deadline = self._loop.time() + self._server.keep_alive
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._made_secure(tls.getpeercert(True), tls.context)
        self._server.remember(self)

    def _made_secure(self, certificate: bytes | None, agreed: ssl.SSLContext) -> None:
        """TLS is agreed on, by this context; the other end has shown this certificate."""
        self.secure = True
        assert self.transport is not None  # noqa: S101  it was just made
        self.transport.set_write_buffer_limits(_MOST_UNSENT)
        if certificate:
            self._agreed = agreed
            with suppress(ValueError):
                self.certificate = read_certificate(certificate)
                self.origin = f"{self.peer} {self.certificate.sha256.hex()}"
            self.review()  # authorities may have gone during the handshake

    def data_received(self, data: bytes) -> None:
        """Bytes of requests; those behind the request that is being served wait."""
        if self._ending:
            return
        request = self._request
        if request is None and self._between_requests and data:
            self._begin(data)
        elif request is None or not request.is_whole:
            self._feed(data)
        elif data:
            self._held += data
            self._pause_reading_for_buffer()

    def connection_lost(self, exc: BaseException | None) -> None:
        """The client has gone, or was sent away."""
        super().connection_lost(exc)
        self._ending = True
        self.deadline = math.inf
        self._server.forget(self)
        self._abandon()

    def resume_writing(self) -> None:
        """The client has taken most of what waited for it."""
        super().resume_writing()
        if self._request is None:
            self._serve_pending()
        elif self.on_room is not None:
            self.on_room()

    # What the service of a request asks of it.

    @property
    def full(self) -> bool:
        """Whether much waits to be sent already, so that nothing should be added."""
        return self._paused

    def write(self, data: bytes | memoryview) -> None:
        """Send some of the answer: at the end of this turn of the loop, or at once if it is much."""
        if not self._unsent:
            self._server.later.add(self._send_unsent)
        self._unsent.append(data)
        self._unsent_bytes += len(data)
        if self._unsent_bytes >= _MUCH:
            self._send_unsent()

    def _send_unsent(self) -> None:
        pieces, self._unsent, self._unsent_bytes = self._unsent, [], 0
        if pieces and self.transport is not None:
            if self.secure:
                self._taking_until = self._loop.time() + _TAKING
            if len(pieces) == 1:
                self.transport.write(pieces[0])
            elif len(pieces[-1]) < _MUCH:
                self.transport.write(b"".join(pieces))
            else:
                self.transport.write(b"".join(pieces[:-1]))
                self.transport.write(pieces[-1])

    def connection_line(self, *, framed: bool) -> bytes:
        """What the answer's head says about the connection.

        :param framed: the head says where the body ends. If not, it ends with the connection.
        """
        request = self._request
        if request is None or not framed or self._winding_up or not request.keeps_alive or not request.is_whole:
            self._winding_up = True
            return _CLOSE
        return b"" if request.chunks_are_known else _KEEP_ALIVE

    def answer(self, answer: OwnAnswer, *, close: bool = False) -> None:
        """Send an answer of our own, whole, and finish."""
        if close:
            self._winding_up = True
        head = own_head(self._request, answer, self.connection_line(framed=True))
        silent = self._request is not None and self._request.method == "HEAD"
        self.write(head if silent else head + answer.body)
        self.finish()

    def finish(self) -> None:
        """The answer is handed over to its last byte: on to the next request, or to the end."""
        request, self._request = self._request, None
        self.on_room = self.on_lost = None
        transport = self.transport
        if transport is None or self._ending:
            return
        if self._winding_up or request is None:
            self._end(whole=request is not None and request.is_whole and not self._held)
            return
        self.deadline = self._loop.time() + self._server.keep_alive
        parser = self._parser
        if parser is not None:
            parser.message_consumed()
        held, self._held = self._held, b""
        if not self._between_requests:
            self._feed(held)
        elif held:
            self._begin(held)
        if self._buffer_paused and not self._held:
            self._resume_reading_for_buffer()

    def attend(self, service: Coroutine[Any, Any, None]) -> None:
        """Have a coroutine see to the request; it is cancelled when the client goes."""
        self._task = self._loop.create_task(service)

    def be_patient(self, seconds: float) -> None:
        """Give the client so long to make room."""
        self.deadline = self._loop.time() + seconds

    def hang_up(self) -> None:
        """End the connection in a way that can't be taken for the end of an answer.

        By a reset: to a client of HTTP/1.0 an orderly end is how an answer of unknown length ends.
        """
        self._ending = True
        self._request = self.on_room = self.on_lost = None
        self._send_unsent()
        transport = self.transport
        if transport is not None:
            below = transport.get_extra_info("socket")
            if below is not None:  # over TLS it may be gone already, of which this end is told a turn later
                with suppress(OSError):
                    below.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            transport.abort()

    # What the server asks of it.

    @property
    def unsent(self) -> int:
        """Bytes of answers that wait for the client to take them."""
        if self.transport is None:
            return 0
        waiting = self._unsent_bytes + self.transport.get_write_buffer_size()
        # Below TLS there is a buffer of which nothing is told, and which closing does not wait for.
        return waiting or int(self.secure and self._ending and self._loop.time() < self._taking_until)

    def wind_up(self) -> None:
        """End the connection: now if it is idle, or else after the answer on which somebody works."""
        self._winding_up = True
        if self._request is None and not self._ending:
            self._close()

    def review(self) -> None:
        """End the connection as `wind_up` does, if its certificate may be vouched for by nobody any more; but wait for no body."""
        if self._agreed is not None and not self._server.vouches_for(self._agreed):
            if self._request is not None and not self._request.is_whole:
                self.expire()
            else:
                self.wind_up()

    def expire(self) -> None:
        """The client was given time for something, and it is over."""
        self.deadline = math.inf
        if self._request is not None:
            self._abandon()
            self.hang_up()
        elif self.unsent or (self.secure and self._ending):
            self.hang_up()
        else:
            self._close()

    # Requests, one after the other.

    def _begin(self, data: bytes) -> None:
        """Bytes at the beginning of a request, as far as is known about the parser."""
        if len(data) <= self._longest_known and not self._paused:
            line, _, block = data.partition(b"\r\n")
            digest = sha256(block).digest()
            if self._server.serve_again(line, digest, self):
                return
            plain = PLAIN_LINE.fullmatch(line)
            if plain is not None:
                target = plain[1].decode("ascii")
                if self._server.serve_known(line, target, digest, self):
                    return
                if block.find(b"\r\n\r\n") == len(block) - 4:
                    self._alone = (target, digest)
        # That the parser is between requests again is known only where it was given one head without a body, and nothing else.
        self._between_requests = False
        self._feed(data)
        self._alone = None

    def take(self, request: ClientRequest) -> None:
        """This is the request that has come."""
        self._request = request
        self.deadline = math.inf

    def _feed(self, data: bytes) -> None:
        parser = self._parser
        if parser is None:
            return
        try:
            messages, _upgraded, _tail = parser.feed_data(data)
        except HttpProcessingError as problem:
            self._stumble(problem)
            return
        if messages:
            self._pending.extend(messages)
            self._serve_pending()

    def _serve_pending(self) -> None:
        if self._serving:
            # A loop instead of a recursion: many small requests in one packet may all be answered at once.
            return
        self._serving = True
        try:
            while self._pending and self._request is None and not self._paused and not self._ending:
                request = ClientRequest.of(*self._pending.popleft())
                self.take(request)
                if self._alone is not None:
                    self._note_alone(request, *self._alone)
                self._server.serve(request, self)
        finally:
            self._serving = False

    def _note_alone(self, request: ClientRequest, target: str, digest: bytes) -> None:
        """A head came with nothing before or behind it, as far as could be seen; now the parser has told what it is."""
        self._alone = None
        if not request.has_body:
            self._between_requests = True
            if (request.method, request.target, request.version) == ("GET", target, HttpVersion11):
                request.header_digest = digest

    def _stumble(self, problem: HttpProcessingError) -> None:
        """What the parser could not read."""
        self._winding_up = True
        if self._request is not None:
            # The rest of its body: whoever reads that is told.
            self._request.body.set_exception(problem)
            return
        too_large = isinstance(problem, LineTooLong) or "Too many headers" in problem.message
        self.answer(self._server.refuse_unparsed(Reason.HEAD_TOO_LARGE if too_large else Reason.MALFORMED_HTTP, self.peer))

    # Ends.

    def _abandon(self) -> None:
        """Tell whoever serves the request that nobody waits for its answer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        on_lost, self.on_lost = self.on_lost, None
        if on_lost is not None:
            on_lost()

    def _end(self, *, whole: bool) -> None:
        """After the last answer. What of the last request is still on its way is read and forgotten for a while."""
        self._pending.clear()
        self._ending = True
        transport = self.transport
        if transport is None:
            return
        if whole:
            self._close()
            return
        self._send_unsent()
        self.deadline = self._last_deadline()
        if transport.can_write_eof():
            transport.write_eof()
        self._resume_transport_reading()

    def _close(self) -> None:
        self._ending = True
        self._send_unsent()
        self.deadline = self._last_deadline()
        if self.transport is not None:
            self.transport.close()

    def _last_deadline(self) -> float:
        """A slow client may still be taking what was sent."""
        return self._loop.time() + (self._server.keep_alive if self.unsent else _LINGERING)
