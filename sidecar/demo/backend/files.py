"""Files: attachments of dossiers by GUID or by dossier, pictures of employees; raw with ranges, or as JSON (wire reference 1.2)."""

import base64
import re
import sqlite3
import struct
import zlib
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web

from sidecar.demo.backend.failures import Failure

_UNDERSCORE_ESCAPE = re.compile(r"_([0-9A-Fa-f]{2})")
_PICTURE_SIDES = {"0": 96, "1": 24, "2": 48}


class File(NamedTuple):
    """A file in whole."""

    name: str
    media_type: str
    content: bytes


def attachment(database: sqlite3.Connection, guid: str, name: str) -> File:
    """The attachment with this GUID, if it has this name too. The name may be spelled with ``_5f`` for an underscore, and the like.

    :raises Failure: when there is none.
    """
    found = _attachment(database, "guid = ?", [guid.upper()])
    unescaped = _UNDERSCORE_ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), name)
    if found.name not in (name, unescaped):
        raise _no_file()
    return found


def attachment_of_subject(database: sqlite3.Connection, subject: str, file: str) -> File:
    """The attachment of a dossier.

    :raises Failure: when there is none.
    """
    return _attachment(database, "subject = ? AND file = ?", [subject, file])


def _attachment(database: sqlite3.Connection, where: str, values: list[str]) -> File:
    row = database.execute(f"SELECT name, content FROM attachments WHERE {where}", values).fetchone()  # noqa: S608  our own words
    if row is None:
        raise _no_file()
    return File(row[0], "text/plain", row[1])


def picture(database: sqlite3.Connection, employee: str, size: str) -> File:
    """The picture of an employee: a coloured square.

    :param size: 0 original, 1 thumbnail, 2 medium.
    :raises Failure: when there is no such employee or size.
    """
    known = database.execute('SELECT 1 FROM "Profit_Employees" WHERE EmployeeId = ?', [employee]).fetchone()
    if known is None or size not in _PICTURE_SIDES:
        raise _no_file()
    return File(f"{employee}.png", "image/png", _square(_PICTURE_SIDES[size], zlib.crc32(employee.encode()).to_bytes(4, "big")[:3]))


def _square(side: int, colour: bytes) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    lines = (b"\0" + colour * side) * side
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def file_answer(request: web.Request, file: File) -> web.Response:
    """The file as the request wants it: raw bytes, of which a range may be asked, with `SendFileAsBinary: 1`; otherwise base64 in JSON."""
    if request.headers.get("SendFileAsBinary") != "1":
        return web.json_response({"filename": file.name, "mimetype": file.media_type, "filedata": base64.b64encode(file.content).decode()})
    total = len(file.content)
    try:
        asked = request.http_range
    except ValueError:
        asked = slice(None)
    if asked.start is None and asked.stop is None:
        return web.Response(body=file.content, content_type=file.media_type, headers={"Accept-Ranges": "bytes"})
    start, stop, _ = asked.indices(total)
    if start >= stop:
        return web.Response(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{total}"})
    return web.Response(
        status=HTTPStatus.PARTIAL_CONTENT,
        body=file.content[start:stop],
        content_type=file.media_type,
        headers={"Accept-Ranges": "bytes", "Content-Range": f"bytes {start}-{stop - 1}/{total}"},
    )


def _no_file() -> Failure:
    return Failure("The file does not exist, or you have no rights to it.", status=HTTPStatus.NOT_FOUND)
