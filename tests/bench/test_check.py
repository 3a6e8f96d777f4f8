"""A proxy that does the work wrong is found out before it is timed."""

import http.client
import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest

from bench import work
from bench.check import complaints_about, complaints_about_forwarding
from bench.checking_backend import CheckingBackend
from bench.peers.python import SCRIPTS

USERS = 10


@pytest.fixture(scope="module")
def same_work() -> ModuleType:
    """What the Python peers share."""
    spec = importlib.util.spec_from_file_location("bench_same_work", SCRIPTS / "same_work.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def proxy(same_work: ModuleType, rights_file: Path, backend_port: int, fault: str) -> Iterator[int]:
    """A small proxy on the peers' own narrowing, with one fault; gives its port."""
    rights = same_work.Rights.load(str(rights_file))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            own = self.headers.get("Authorization")
            path, _, query = self.path.partition("?")
            target = self.path
            try:
                target = rights.narrow("GET", path, query, own).target
            except same_work.Refused as refused:
                if refused.status != {
                    "lets unknown tokens in": 401,
                    "lets unlisted connectors in": 403,
                    "forwards what it can't read": 400,
                }.get(fault):
                    self.answer(refused.status, b"")
                    return
            if fault == "forgets to narrow":
                target = self.path
            if fault == "forgets paging":
                target = target.replace("skip=40", "skip=0")
            credential = own if fault == "keeps the client's token" else rights.backend_credential
            headers = {"Authorization": credential or ""}
            if fault == "leaks the client's token":
                headers["X-Original-Authorization"] = own or ""
            connection = http.client.HTTPConnection("127.0.0.1", backend_port, timeout=5)
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse().read()
            connection.close()
            self.answer(200, answer[:-1] if fault == "cuts the answer short" else answer)

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def rights_file(tmp_path: Path) -> Path:
    file = tmp_path / "rights.json"
    file.write_text(json.dumps(work.rights(USERS)))
    return file


def complaints(same_work: ModuleType, rights_file: Path, fault: str) -> str:
    with CheckingBackend() as backend, proxy(same_work, rights_file, backend.port, fault) as port:
        return "\n".join(complaints_about(port, backend))


def test_nothing_is_said_about_a_proxy_that_does_the_work(same_work: ModuleType, rights_file: Path) -> None:
    assert complaints(same_work, rights_file, "none") == ""


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("forgets to narrow", "the filter that reached the backend is not the narrowed one"),
        ("forgets paging", "paging or sorting did not arrive as asked"),
        ("keeps the client's token", "the backend did not get its own credential"),
        ("leaks the client's token", "the client's token reached the backend"),
        ("lets unknown tokens in", "a call with an unknown token reached the backend"),
        ("lets unlisted connectors in", "a call with an unlisted connector reached the backend"),
        ("forwards what it can't read", "a repeated parameter got past the filter"),
        ("cuts the answer short", "an allowed call was answered 200 with"),
    ],
)
def test_each_fault_is_found(same_work: ModuleType, rights_file: Path, fault: str, complaint: str) -> None:
    assert complaint in complaints(same_work, rights_file, fault)


def test_a_proxy_that_is_not_there_is_found() -> None:
    with CheckingBackend() as backend:
        assert "an allowed call was answered 0" in "\n".join(complaints_about(1, backend))


def test_who_only_forwards_must_not_change_the_request(same_work: ModuleType, rights_file: Path) -> None:
    with CheckingBackend() as backend:
        assert complaints_about_forwarding(backend.port, backend) == []
        with proxy(same_work, rights_file, backend.port, "none") as port:
            assert complaints_about_forwarding(port, backend) == ["the request did not arrive as it was sent"]
