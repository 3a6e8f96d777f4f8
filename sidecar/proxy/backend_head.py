"""The head of a request to the backend: what was prepared first, then the proof, then what passes of the client's headers."""

from typing import Protocol

from sidecar.errors import Reason, Refusal
from sidecar.proxy.client_request import ClientRequest
from sidecar.proxy.upstream import header_lines
from sidecar.store.oauth_client import OAuthClient
from sidecar.store.snapshot import AfasToken, Environment, Passthrough


class Headed(Protocol):
    """What was prepared: the beginning of the head, and for whom it is."""

    @property
    def environment(self) -> Environment: ...

    @property
    def head(self) -> bytes: ...


def backend_head(
    prepared: Headed,
    request: ClientRequest,
    line: bytes = b"",
    *,
    body_length: int | None = None,
    answer_is_read: bool = False,
    any_coding: bool = False,
) -> bytes:
    """The whole head.

    :param line: the Authorization line, for environments whose credential is not one and the same for all requests.
    :param any_coding: the body goes on unread, in whatever content coding it came.
    """
    if body_length is None and not answer_is_read and isinstance(prepared.environment.credential, AfasToken):
        return b"%b%b\r\n" % (prepared.head, request.headers.for_backend())
    parts = [prepared.head]
    if isinstance(prepared.environment.credential, Passthrough):
        parts += (b"Authorization: ", request.headers.get(b"authorization") or b"", b"\r\n")
    elif isinstance(prepared.environment.credential, OAuthClient):
        parts.append(line)
    parts.append(request.headers.for_backend(with_body=body_length is not None, answer_is_read=answer_is_read))
    coding = request.headers.get(b"content-encoding") if any_coding else None
    if coding is not None:
        parts.append(_coding_line(coding))
    if body_length is not None:
        parts.append(b"Content-Length: %d\r\n" % body_length)
    parts.append(b"\r\n")
    return b"".join(parts)


def _coding_line(coding: bytes) -> bytes:
    try:
        return header_lines([(b"Content-Encoding", coding)])
    except ValueError:
        raise Refusal(Reason.MALFORMED_HTTP, "a header's value holds control characters") from None
