"""The backend's side of the byte path: a small HTTP/1.1 client with kept connections, strict about what it sends and what it believes."""

from sidecar.proxy.upstream.answer import Answer
from sidecar.proxy.upstream.answer_head import AnswerHead
from sidecar.proxy.upstream.connection import Connection, DiedUnanswered, Timeouts, Watcher
from sidecar.proxy.upstream.framing import Piece
from sidecar.proxy.upstream.later import Later
from sidecar.proxy.upstream.origin import Origin, parse_origin
from sidecar.proxy.upstream.pool import Pool
from sidecar.proxy.upstream.request_head import header_lines, request_head, request_line
from sidecar.proxy.upstream.watched import Backend, Watched

__all__ = [
    "Answer",
    "AnswerHead",
    "Backend",
    "Connection",
    "DiedUnanswered",
    "Later",
    "Origin",
    "Piece",
    "Pool",
    "Timeouts",
    "Watched",
    "Watcher",
    "header_lines",
    "parse_origin",
    "request_head",
    "request_line",
]
