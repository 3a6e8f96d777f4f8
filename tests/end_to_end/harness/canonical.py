"""What a request must look like that the sidecar made: nothing in it is the client's spelling."""

import re
from urllib.parse import unquote

from tests.end_to_end.harness.backend import Received
from tests.end_to_end.harness.configuration import BACKEND_AUTHORIZATION, BASE, authorization

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_KEYS = r"@?[A-Za-z]\w*(?:,@?[A-Za-z]\w*)*/[^/?]+"
_TARGET = re.compile(
    rf"{BASE}(?:"
    rf"/connectors/{_NAME}(?:/{_NAME}(?:/{_KEYS}(?:/{_NAME}/{_KEYS})?)?)?"
    rf"|/metainfo(?:/(?:get|update)/{_NAME})?|/profitversion|/fileconnector/[^/?]+/[^/?]+|/fileconnector"
    rf"|/imageconnector/[\w-]+|/subjectconnector/[\w-]+/[\w-]+|/subjectconnector|/reportconnector/[\w-]+"
    r")(?:\?[!$%&'()*+,\-./0-9:;=?@A-Z_a-z~]+)?"
)
_PARAMETERS = (
    "skip",
    "take",
    "orderbyfieldids",
    "filterfieldids",
    "filtervalues",
    "operatortypes",
    "filterjson",
    *("fileid", "filename", "SubjectId", "FileId", "format"),
)
_HEADERS = {
    *("host", "authorization", "accept", "accept-charset", "accept-encoding", "accept-language", "cache-control", "content-type"),
    *("content-length", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "integrationid", "pragma"),
    *("range", "sendfileasbinary", "traceparent", "tracestate", "user-agent", "x-correlation-id", "x-request-id"),
}
_ONCE = ("host", "authorization", "content-length", "content-type", "range", "sendfileasbinary")
_CREDENTIALS = (BACKEND_AUTHORIZATION, authorization("m.jansen", "own_token"))
"""The sidecar's own, and the one that the configuration passes through."""


def assert_canonical(received: Received, backend_port: int) -> None:
    """Fail unless the sidecar could have made this request from parsed values."""
    assert received.method in ("GET", "POST", "PUT", "DELETE"), received
    assert _TARGET.fullmatch(received.target), received.target
    assert not re.search(r"%(?:2[fF]|5[cC]|00|0[aAdD]|25)|/\.|//", received.target.partition("?")[0]), received.target
    assert received.target.isascii()
    assert len(received.query) < 2049
    names = [piece.partition("=")[0] for piece in received.query.split("&")] if received.query else []
    assert set(names) <= set(_PARAMETERS), names
    assert len(names) == len(set(names)), names
    assert not ("filterjson" in names and "filterfieldids" in names), names
    unquote(received.target, errors="strict")
    headers = [name.lower() for name, _ in received.headers]
    assert set(headers) <= _HEADERS, headers
    assert all(headers.count(name) <= 1 for name in _ONCE), headers
    assert received.values("Host") == [f"127.0.0.1:{backend_port}"]
    assert received.values("Authorization")[0] in _CREDENTIALS
    assert (received.method == "GET") == (not received.values("Content-Length")), received
    assert not received.body or received.values("Content-Length") == [str(len(received.body))]
