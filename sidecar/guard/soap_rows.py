"""Finds the rows in a SOAP answer as its bytes come in: the result is a text of escaped XML, with an element for each row that is named
after the GetConnector (wire reference 3.2).

In that text the markup of a row is escaped once and a value twice, so `&lt;/Name&gt;` can only be the end of a row, and the first plain `<`
the end of the text. Whole rows are parsed at once by expat. Comments, CDATA, attributes, namespaces and schemas have no place among them.
"""

import re
from dataclasses import replace
from enum import Enum
from xml.etree import ElementTree

from sidecar.guard.answer import LONGEST_ROW, SPOILT, MalformedRowsError, Part, read_rows
from sidecar.guard.judge import Row

_LONGEST_FRAME = 4_000
_SPACE = rb"(?:[ \t\r\n]|&\#x[9aAdD];|&\#(?:9|10|13);)*"  # the backslashes are for verbose expressions
_HEAD = re.compile(
    rb"""[ \t\r\n]*
    (?:<\?xml[ ]version=["']1\.0["'](?:[ ]encoding=["'](?i:utf-8)["'])?(?:[ ]standalone=["'](?:yes|no)["'])?[ ]?\?>[ \t\r\n]*)?
    <(?P<soap>[A-Za-z][\w-]*:|)Envelope(?:[ ][^<>]*)?>[ \t\r\n]*
    (?:<(?P=soap)Header[ ]?/>[ \t\r\n]*)?
    <(?P=soap)Body(?:[ ][^<>]*)?>[ \t\r\n]*
    <(?P<prefix>[A-Za-z][\w-]*:|)(?P<operation>GetData|GetDataWithOptions)Response(?:[ ][^<>]*)?>[ \t\r\n]*
    <(?P=prefix)(?P=operation)Result>%b
    &lt;AfasGetConnector(?P<empty>[ ]?/)?&gt;"""
    % _SPACE,
    re.VERBOSE,
)
_ROOT_END = rb"%b&lt;/AfasGetConnector&gt;" % _SPACE
_TAIL = rb"""%b%b</%bResult>[ \t\r\n]*</%bResponse>[ \t\r\n]*</%bBody>[ \t\r\n]*</%bEnvelope>[ \t\r\n]*"""
_FIRST_ROW = re.compile(rb"%b&lt;(?P<name>[A-Za-z_][\w.-]*)&gt;" % _SPACE)
_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"))
_NAMESPACE = re.compile("<[^<>]*xml(?:ns|:)")
"""In markup; in a value `<` is still escaped. A field in a namespace would be another field here, and the same to many clients."""
_ESCAPED_SPACE = re.compile("&#x?(9|10|13|[aAdD]);")


class _Place(Enum):
    HEAD = 0
    ROWS = 1
    TAIL = 2


class SoapRows:
    """Reads one answer. It holds at most one row, the piece that was fed, and what is parsed of it."""

    def __init__(self, connector: str, longest_row: int = LONGEST_ROW) -> None:
        """
        :param connector: name of the GetConnector; letter case does not count.
        """
        self._connector = connector
        self._longest_row = longest_row
        self._place = _Place.HEAD
        self._pending = bytearray()  # an incomplete row, head or tail
        self._name = ""  # of a row, as the first one has it
        self._row_end = b""
        self._tail = _FIRST_ROW

    def feed(self, data: bytes) -> Part:
        """The rows that this piece completes."""
        if self._place is _Place.HEAD:
            return self._read_head(data)
        if self._place is _Place.ROWS:
            return self._read_rows(data)
        self._pending += data
        return Part(problem="something follows the rows") if len(self._pending) > _LONGEST_FRAME else Part()

    def end(self) -> Part:
        """What is left at the end of the answer: no rows, the bytes behind the last one."""
        if self._place is not _Place.TAIL:
            return Part(problem="the answer ends within its rows, or has none")
        if len(self._pending) > _LONGEST_FRAME or self._tail.fullmatch(self._pending) is None:
            return Part(problem="something follows the rows")
        return Part(data=bytes(self._pending))

    def _read_head(self, data: bytes) -> Part:
        self._pending += data
        root = self._pending.find(b"&lt;AfasGetConnector", 0, _LONGEST_FRAME)
        end = self._pending.find(b"&gt;", root, _LONGEST_FRAME) if root >= 0 else -1
        if end < 0:
            return Part(problem="no result of rows") if len(self._pending) >= _LONGEST_FRAME else Part()
        head, rest = bytes(self._pending[: end + 4]), bytes(self._pending[end + 4 :])
        frame = _HEAD.fullmatch(head)
        if frame is None:
            return Part(problem="unknown elements in front of the rows")
        operation = frame["prefix"] + frame["operation"]
        root_end = b"" if frame["empty"] else _ROOT_END
        parts = (root_end, _SPACE, re.escape(operation), re.escape(operation), re.escape(frame["soap"]), re.escape(frame["soap"]))
        self._tail = re.compile(_TAIL % parts)
        self._pending.clear()
        if frame["empty"]:
            self._place = _Place.TAIL
            self._pending += rest
            return Part(data=head)
        self._place = _Place.ROWS
        part = self._read_rows(rest)
        return replace(part, data=head + part.data)

    def _read_rows(self, data: bytes) -> Part:
        text, markup, behind = data.partition(b"<")
        searched = max(0, len(self._pending) - len(self._row_end) + 1) if self._row_end else 0
        self._pending += text
        if not self._row_end and (problem := self._learn_the_name()):
            return Part(problem=problem)
        last = self._pending.rfind(self._row_end, searched) if self._row_end else -1
        end = 0 if last < 0 else last + len(self._row_end)
        complete = bytes(self._pending[:end])
        del self._pending[:end]
        if markup:
            self._place = _Place.TAIL
            self._pending += markup + behind
        elif not complete and len(self._pending) > self._longest_row:
            return Part(problem="a row is too long")
        return read_rows(complete, self._parse, self._ends_of_rows, self._longest_row)

    def _learn_the_name(self) -> str:
        """Takes it from the first row, once that has begun; what is wrong with it, if anything is."""
        found = _FIRST_ROW.match(self._pending, 0, _LONGEST_FRAME)
        if found is None:
            return "no row where one should begin" if len(self._pending) > _LONGEST_FRAME else ""
        self._name = found["name"].decode("ascii")
        if self._name.lower() != self._connector.lower():
            return "rows of another connector"
        self._row_end = b"&lt;/%b&gt;" % found["name"]
        return ""

    def _ends_of_rows(self, text: bytes) -> list[int]:
        return [found.end() for found in re.finditer(re.escape(self._row_end), text)]

    def _parse(self, text: bytes) -> list[Row]:
        try:
            # Without a document type, which `_unescaped` sees to, expat knows no entities but the five of XML itself.
            elements = ElementTree.fromstring(f"<rows>{_unescaped(text.decode())}</rows>")  # noqa: S314
        except (ValueError, ElementTree.ParseError):
            raise MalformedRowsError from None
        if _is_text(elements.text):
            raise MalformedRowsError
        return [self._row(element) for element in elements]

    def _row(self, element: ElementTree.Element) -> Row:
        if element.tag != self._name or element.keys() or _is_text(element.text) or _is_text(element.tail):
            raise MalformedRowsError
        for field in element:
            if len(field) or field.keys() or _is_text(field.tail):
                raise MalformedRowsError
        row: Row = {field.tag: field.text for field in element}
        return row if len(row) == len(element) else SPOILT


def _unescaped(text: str) -> str:
    """The XML that this is the text of."""
    for escape, character in _ESCAPES:
        text = text.replace(escape, character)
    if "&#" in text:
        text = _ESCAPED_SPACE.sub(lambda found: "\t" if found[1] == "9" else "\n", text)
    if text.count("&") != text.count("&amp;") or "<!" in text or "<?" in text or ("xml" in text and _NAMESPACE.search(text)):
        raise MalformedRowsError
    return text.replace("&amp;", "&")


def _is_text(text: str | None) -> bool:
    return text is not None and bool(text.strip(" \t\r\n"))
