"""What the parser lets pass although another reader of the same bytes may see another request: refused here, before anything else."""

from aiohttp.http import HttpVersion10, HttpVersion11
from aiohttp.web_request import BaseRequest

from sidecar.errors import Reason, Refusal
from sidecar.proxy.request_headers import value_of


def check_framing(request: BaseRequest) -> None:
    """Refuse versions of HTTP that are not served, tunnels, and transfer codings that are not just `chunked` (RFC 9112, 6.1).

    :raises Refusal: MALFORMED_HTTP or UPGRADE_REFUSED.
    """
    if request.version not in (HttpVersion10, HttpVersion11):
        raise Refusal(Reason.MALFORMED_HTTP, "HTTP/1.0 and HTTP/1.1 are served")
    if request.method == "CONNECT":
        raise Refusal(Reason.UPGRADE_REFUSED, "tunnels are not served")
    coding = value_of(request.raw_headers, b"transfer-encoding")
    # A proxy that speaks 1.0 does not know the header, so it takes the body for further requests, or for none.
    if coding is not None and (coding.strip().lower() != "chunked" or request.version == HttpVersion10):
        raise Refusal(Reason.MALFORMED_HTTP, "the only Transfer-Encoding that is served is 'chunked', in HTTP/1.1")


def has_body(request: BaseRequest) -> bool:
    """Whether the head announces a body. The parser knows of none where Content-Length is 2^64-1, its own mark for "no length"."""
    return request.body_exists or bool(request.content_length)
