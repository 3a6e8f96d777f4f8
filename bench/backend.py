"""The fixed backend behind every proxy: nginx that answers each GetConnector with a file of known size."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench.certificate import Certificate
from bench.peers import nginx
from bench.processes import Stage, Started
from bench.work import ANSWER_BYTES, ANSWERED_DEPARTMENT, BASE, DEPARTMENT_FIELD

_SPARSE_FROM = 1024**2
_ROW = {
    "Datum": "2026-01-05T00:00:00Z",
    "Uren": 8.0,
    DEPARTMENT_FIELD: ANSWERED_DEPARTMENT,
    "Medewerker": "1001",
    "Omschrijving": "Onderhoud installatie",
}
_BEFORE_ROWS = '{"skip":0,"take":100,"rows":['


@dataclass(frozen=True, slots=True)
class Backend:
    """The running one, and its ports: for plain HTTP, and for TLS, which is 0 where no certificate could be had."""

    started: Started
    port: int
    tls_port: int


def start_backend(stage: Stage, certificate: Certificate | None) -> Backend:
    """Start it on the core of the load."""
    folder, port = stage.new_folder("backend"), stage.free_port()
    tls_port, tls = 0, ""
    if certificate:
        tls_port = stage.free_port()
        tls = f"""
    listen 127.0.0.1:{tls_port} ssl backlog=16384;
    ssl_certificate {certificate.file};
    ssl_certificate_key {certificate.key};"""
    for connector, size in ANSWER_BYTES.items():
        write_answer(folder / "answers" / BASE.strip("/") / "connectors" / connector, size)
    (folder / "nginx.conf").write_text(
        nginx.configuration(
            folder,
            f"""    listen 127.0.0.1:{port} backlog=16384;{tls}
    root {folder}/answers;
    open_file_cache max=100 inactive=1h;
    open_file_cache_valid 1h;
    sendfile on;
    client_max_body_size 0;
    location /ProfitRestServices/connectors/PtRealization {{ return 201; }}""",
            connections=20_000,
        )
    )
    return Backend(stage.start("backend", [nginx.command(folder)], [port], [stage.cores.load]), port, tls_port)


def write_answer(file: Path, size: int) -> None:
    """JSON with rows, of exactly this many bytes. Large answers are files with a hole: their bytes are zeros, and take no disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if size >= _SPARSE_FROM:
        with file.open("wb") as answer:
            answer.truncate(size)
        return
    row = json.dumps(_ROW, separators=(",", ":"))
    rows = ",".join([row] * ((size - len(_BEFORE_ROWS) - len("]}") + 1) // (len(row) + 1)))
    file.write_text(f"{_BEFORE_ROWS}{rows}]{' ' * (size - len(_BEFORE_ROWS) - len(rows) - len(']}'))}}}")
