"""Answers as a backend spells them, for the tests of this folder."""

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from sidecar.filters.predicate import Condition, Operator, Predicate
from sidecar.guard.answer import RowReader
from sidecar.guard.json_rows import JsonRows
from sidecar.guard.judge import Judge
from sidecar.guard.row_check import RowCheck
from sidecar.guard.soap_rows import SoapRows

CONNECTOR = "Profit_Hours"
POLICY = Predicate(((Condition("Afdeling", Operator.EQUAL, "CONS"),), (Condition("Afdeling", Operator.EQUAL, "ICT"),)))

Finding = tuple[int, int, int, bool]
"""Rows, those that violate, those that can't be judged, and whether the answer could be read to its end."""


def rest(rows: Sequence[Mapping[str, Any]], **style: Any) -> bytes:
    """A REST answer; `style` is for `json.dumps`."""
    return json.dumps({"skip": 0, "take": 100, "rows": rows}, **style).encode()


def element(name: str, fields: Mapping[str, Any]) -> str:
    """A row as XML; empty fields are left out."""
    texts = "".join(f"<{field}>{escape(str(value), quote=False)}</{field}>" for field, value in fields.items() if value is not None)
    return f"<{name}>{texts}</{name}>"


def soap(inner: str, operation: str = "GetData", prefix: str = "soap") -> bytes:
    """A SOAP answer whose result is this XML."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<{prefix}:Envelope xmlns:{prefix}="http://schemas.xmlsoap.org/soap/envelope/"><{prefix}:Body>'
        f'<{operation}Response xmlns="urn:Afas.Profit.Services"><{operation}Result>{escape(inner, quote=False)}</{operation}Result>'
        f"</{operation}Response></{prefix}:Body></{prefix}:Envelope>"
    ).encode()


def soap_rows(rows: Iterable[Mapping[str, Any]], between: str = "") -> bytes:
    """A SOAP answer with these rows."""
    return soap(f"<AfasGetConnector>{between}" + "".join(element(CONNECTOR, row) + between for row in rows) + "</AfasGetConnector>")


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """The data in pieces; places beyond its end don't count."""
    ends = [0, *sorted(place for place in places if place < len(data)), len(data)]
    return [data[start:end] for start, end in pairwise(ends)]


def checked(reader: RowReader, pieces: Iterable[bytes], predicate: Predicate = POLICY) -> tuple[Finding, list[bytes]]:
    """What was found, and what was let through piece by piece; the last of these by the end."""
    check = RowCheck(Judge(predicate, absent_is_empty=isinstance(reader, SoapRows)), reader)
    passed = [check.feed(piece) for piece in pieces]
    passed.append(check.end())
    assert check.passes is not bool(check.violating or check.unjudgeable or check.problem)
    return (check.rows, check.violating, check.unjudgeable, not check.problem), passed


def checked_rest(data: bytes) -> tuple[Finding, bytes]:
    """A REST answer that comes in one piece."""
    finding, passed = checked(JsonRows(), [data])
    return finding, b"".join(passed)


def checked_soap(data: bytes) -> tuple[Finding, bytes]:
    """A SOAP answer that comes in one piece."""
    finding, passed = checked(SoapRows(CONNECTOR), [data])
    return finding, b"".join(passed)
