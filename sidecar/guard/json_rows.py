"""Finds the rows in a REST answer, `{"skip": …, "take": …, "rows": [{…}, …]}` (wire reference 6.1), as its bytes come in.

Rows are flat, so a brace outside strings ends one, and all that a piece completes are parsed at once by the standard library's scanner in
C. Finding ends only says where to cut: what is not JSON of exactly this shape fails in the parser, wherever it was cut.
"""

import json
import re
from dataclasses import replace
from enum import Enum
from itertools import chain
from typing import Any

from sidecar.guard.answer import LONGEST_ROW, SPOILT, MalformedRowsError, Part, read_rows
from sidecar.guard.judge import Row

_LONGEST_FRAME = 1_000
_SPACE = rb"[ \t\r\n]*"
_NUMBER = rb'"(skip|take)"%b:%b-?(?:0|[1-9][0-9]{0,9})' % (_SPACE, _SPACE)
_HEAD = re.compile(rb'%b\{%b(?:%b%b,%b)*"rows"%b:%b\[' % (_SPACE, _SPACE, _NUMBER, _SPACE, _SPACE, _SPACE, _SPACE))
_TAIL = re.compile(rb"\]%b(?:,%b%b%b)*\}%b" % (_SPACE, _SPACE, _NUMBER, _SPACE, _SPACE))
_NAMES = re.compile(rb'"(skip|take)"')
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING_OR_BRACE = re.compile(rb'"[^"]*"|\}')
_FLAT = {str, bytes, bool, type(None)}


class _Place(Enum):
    HEAD = 0
    ROWS = 1
    TAIL = 2


class JsonRows:
    """Reads one answer. It holds at most one row, the piece that was fed, and what is parsed of it."""

    def __init__(self, longest_row: int = LONGEST_ROW) -> None:
        self._longest_row = longest_row
        self._place = _Place.HEAD
        self._pending = bytearray()  # an incomplete row, head or tail
        self._names: list[bytes] = []
        self._some_rows = False
        self._in_string = False  # at the end of what was fed
        self._escaped = False  # and there behind a backslash
        decoder = json.JSONDecoder(object_pairs_hook=_row, parse_int=str.encode, parse_float=str.encode, parse_constant=_no_constant)
        self._decode = decoder.decode

    def feed(self, data: bytes) -> Part:
        """The rows that this piece completes."""
        if not data:
            return Part()
        if self._place is _Place.HEAD:
            return self._read_head(data)
        if self._place is _Place.ROWS:
            return self._read_rows(data)
        self._pending += data
        return Part(problem="unknown members behind the rows") if len(self._pending) > _LONGEST_FRAME else Part()

    def end(self) -> Part:
        """What is left at the end of the answer: no rows, the bytes behind the last one."""
        if self._place is not _Place.TAIL:
            return Part(problem="the answer ends within its rows, or has none")
        self._names += _NAMES.findall(self._pending)
        is_known = len(self._pending) <= _LONGEST_FRAME and _TAIL.fullmatch(self._pending) is not None
        if not is_known or len(set(self._names)) < len(self._names):
            return Part(problem="unknown members behind the rows")
        return Part(data=bytes(self._pending))

    def _read_head(self, data: bytes) -> Part:
        self._pending += data
        bracket = self._pending.find(b"[", 0, _LONGEST_FRAME)
        if bracket < 0:
            return Part(problem="no list of rows") if len(self._pending) >= _LONGEST_FRAME else Part()
        head, rest = self._pending[: bracket + 1], bytes(self._pending[bracket + 1 :])
        if _HEAD.fullmatch(head) is None:
            return Part(problem="unknown members in front of the rows")
        self._names = _NAMES.findall(head)
        self._pending.clear()
        self._place = _Place.ROWS
        part = self._read_rows(rest)
        return replace(part, data=bytes(head) + part.data)

    def _read_rows(self, data: bytes) -> Part:
        marks = self._without_escapes(data)
        inside_at_end = self._in_string ^ (marks.count(b'"') & 1 == 1)
        bracket = marks.rfind(b"]")
        is_last = bracket >= 0 and not inside_at_end ^ (marks.count(b'"', bracket) & 1 == 1)
        # A bracket within a row ends the list too early, which the parser notices: no value of a row is a list.
        end = bracket if is_last else _end_of_last_row(marks, inside_at_end)
        self._in_string = inside_at_end
        if end < 0:
            self._pending += data
            return Part(problem="a row is too long") if len(self._pending) > self._longest_row else Part()
        complete = bytes(self._pending) + data[:end]
        self._pending = bytearray(data[end:])
        if is_last:
            self._place = _Place.TAIL
        return read_rows(complete, self._parse, _ends_of_rows, self._longest_row)

    def _without_escapes(self, data: bytes) -> bytes:
        """The data with escaped characters blotted out, so that every quotation mark begins or ends a string."""
        if self._escaped:
            data = b"_" + data[1:]
        elif b"\\" not in data:
            return data
        blank = _ESCAPE.sub(b"__", data)
        self._escaped = blank.endswith(b"\\")
        return blank

    def _parse(self, text: bytes) -> list[dict[str, Any]]:
        try:
            # Behind other rows stands a comma: with `null` in their place it is for the parser to say whether all is well.
            rows: list[dict[str, Any]] = self._decode(("[null%s]" if self._some_rows else "[%s]") % text.decode())
        except (ValueError, RecursionError):
            raise MalformedRowsError from None
        if self._some_rows:
            del rows[0]
        if not set(map(type, rows)) <= {dict}:
            raise MalformedRowsError
        if not set(map(type, chain.from_iterable(map(dict.values, rows)))) <= _FLAT:
            raise MalformedRowsError
        if b"\\ud" in text or b"\\uD" in text:
            rows = [row if _is_unicode(row) else SPOILT for row in rows]
        self._some_rows = self._some_rows or bool(rows)
        return rows


def _end_of_last_row(marks: bytes, inside_at_end: bool) -> int:
    """Behind the last brace outside strings, or -1. Strings are jumped over, so that braces in them cost nothing."""
    end, inside = len(marks), inside_at_end
    while (brace := marks.rfind(b"}", 0, end)) >= 0:
        if marks.count(b'"', brace, end) & 1 == inside:
            return brace + 1
        end = marks.rfind(b'"', 0, brace)
        if end < 0:
            break
        inside = False
    return -1


def _ends_of_rows(text: bytes) -> list[int]:
    blank = _ESCAPE.sub(b"__", text)
    return [found.end() for found in _STRING_OR_BRACE.finditer(blank) if found[0] == b"}"]


def _row(members: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(members)
    if len(row) == len(members):
        return row
    if not {type(value) for _name, value in members} <= _FLAT:
        raise ValueError  # nothing nested, in a repeated member either: braces would not end rows
    return SPOILT


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _is_unicode(row: Row) -> bool:
    """Whether no half of a surrogate pair stands in it, which each reader takes for something else."""
    try:
        "".join([*row, *(value for value in row.values() if isinstance(value, str))]).encode()
    except UnicodeEncodeError:
        return False
    return True
