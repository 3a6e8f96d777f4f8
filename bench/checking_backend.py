"""A backend that remembers what it was asked, so that a proxy's work can be checked before it is timed."""

import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType

from bench.certificate import Certificate


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request as it reached the backend; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]


class CheckingBackend:
    """Listens while it is entered, with TLS if it is given a certificate. `arrived` grows with each request; every answer has the same
    `answer` as its body."""

    def __init__(self, certificate: Certificate | None = None) -> None:
        self.arrived: list[Arrived] = []
        self.answer = json.dumps({"skip": 0, "take": 100, "rows": [{"Afdeling": "D07", "Mark": secrets.token_hex(16)}]}).encode()
        backend = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                backend.arrived.append(Arrived(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(backend.answer)))
                self.end_headers()
                self.wfile.write(backend.answer)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as it is named in http.server
                """Nothing is logged."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> "CheckingBackend":
        Thread(target=self._server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
