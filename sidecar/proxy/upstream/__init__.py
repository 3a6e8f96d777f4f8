"""The backend's side of the byte path: a small HTTP/1.1 client with kept connections, strict about what it sends and what it believes."""

from sidecar.proxy.upstream.answer import Answer
from sidecar.proxy.upstream.connection import Connection, DiedUnanswered, Timeouts
from sidecar.proxy.upstream.origin import Origin, parse_origin
from sidecar.proxy.upstream.pool import Pool
from sidecar.proxy.upstream.request_head import request_head

__all__ = ["Answer", "Connection", "DiedUnanswered", "Origin", "Pool", "Timeouts", "parse_origin", "request_head"]
