"""A request as aiohttp's parser (llhttp) read it, and what of its framing is not served although the parser lets it pass."""

from aiohttp.http import HttpVersion, HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from sidecar.dialects.soap.version import Version
from sidecar.errors import Reason, Refusal
from sidecar.proxy.request_headers import RequestHeaders


class ClientRequest:
    """The head, and the body as it comes.

    :ivar target: as sent; bytes that are not UTF-8 as lone surrogates.
    :ivar keeps_alive: whether the connection can serve another request afterwards.
    :ivar has_body: whether the head announces one.
    :ivar chunks_are_known: whether the client understands an answer in chunks: HTTP/1.1.
    :ivar fault_version: of a SOAP message: the version in which a refusal is told; None for all other requests.
    :ivar header_digest: the SHA-256 of its header lines, where it is plain and nothing came with it (see `known_headers`); else empty.
    """

    __slots__ = (
        "body",
        "chunks_are_known",
        "fault_version",
        "has_body",
        "header_digest",
        "headers",
        "keeps_alive",
        "method",
        "target",
        "version",
    )

    def __init__(
        self,
        method: str,
        target: str,
        version: HttpVersion,
        headers: RequestHeaders,
        *,
        keeps_alive: bool,
        body: StreamReader = EMPTY_PAYLOAD,
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.keeps_alive = keeps_alive
        self.body = body
        self.has_body = body is not EMPTY_PAYLOAD
        self.chunks_are_known = version is HttpVersion11 or version == HttpVersion11
        self.header_digest = b""
        self.fault_version: Version | None = None

    @classmethod
    def of(cls, message: RawRequestMessage, body: StreamReader) -> "ClientRequest":
        """The request that the parser read."""
        # The parser keeps a trailer and puts it before the headers of the connection's next request, which may be somebody else's.
        keeps_alive = not message.should_close and not message.chunked
        headers = RequestHeaders(message.raw_headers)
        request = cls(message.method, message.path, message.version, headers, keeps_alive=keeps_alive, body=body)
        # The parser knows of no body where Content-Length is 2^64-1, its own mark for "no length".
        request.has_body = request.has_body or bool(request.content_length)
        return request

    @property
    def is_whole(self) -> bool:
        """Whether its last byte has arrived."""
        return self.body is EMPTY_PAYLOAD or self.body.is_eof()

    @property
    def content_length(self) -> int | None:
        """What the head says; the parser has seen to it that it is a number."""
        value = self.headers.get(b"content-length")
        return None if value is None else int(value)

    def check_framing(self) -> None:
        """Refuse what another reader of the same bytes may take for another request.

        Versions of HTTP that are not served, tunnels, and transfer codings that are not just `chunked` (RFC 9112, 6.1).

        :raises Refusal: MALFORMED_HTTP or UPGRADE_REFUSED.
        """
        if self.version not in (HttpVersion11, HttpVersion10):
            raise Refusal(Reason.MALFORMED_HTTP, "HTTP/1.0 and HTTP/1.1 are served")
        if self.method == "CONNECT":
            raise Refusal(Reason.UPGRADE_REFUSED, "tunnels are not served")
        coding = self.headers.get(b"transfer-encoding")
        # A proxy that speaks 1.0 does not know the header, so it takes the body for further requests, or for none.
        if coding is not None and (coding.strip().lower() != b"chunked" or self.version == HttpVersion10):
            raise Refusal(Reason.MALFORMED_HTTP, "the only Transfer-Encoding that is served is 'chunked', in HTTP/1.1")
