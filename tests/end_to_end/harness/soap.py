"""SOAP as the treacherous backend understands it, and as clients of the tests speak it. It shares no code with the program.

The backend takes an argument by its exact name and drops every other, so that a filter which is spelled otherwise is no filter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from tests.end_to_end.harness.question import Habits
from tests.end_to_end.harness.rows import TABLES, TWINS
from tests.end_to_end.harness.wire import Answer
from tests.evaluation.filter_xml import filterxml_admits, read_filterxml
from tests.evaluation.reading import Row

BASE = "/ProfitServices"
NAMESPACE = "urn:Afas.Profit.Services"
ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
Version = Literal["1.1", "1.2"]


@dataclass(frozen=True, slots=True)
class Message:
    """A message as the backend understands it."""

    service: str
    operation: str
    arguments: Mapping[str, str] = field(default_factory=dict)


def understand_message(target: str, body: bytes) -> Message:
    """The operation in a message; its first, if there are more."""
    service = target.partition("?")[0].rpartition("/")[2]
    root = ElementTree.fromstring(body)  # noqa: S314  of our own sidecar only
    bodies = [part for part in root if _local(part) == "Body"]
    operation = bodies[0][0]
    return Message(service, _local(operation), {_local(part): "".join(part.itertext()) for part in operation})


def answer_message(message: Message, habits: Habits) -> bytes:
    """What the backend says."""
    content = ""
    if message.operation in ("GetData", "GetDataWithOptions"):
        connector = {name.lower(): name for name in TABLES}.get(message.arguments.get("connectorId", "").lower(), "")
        return answer_with_rows(connector, _rows(message, connector, habits), message.operation)
    name = message.operation
    result = f'<{name}Response xmlns="{NAMESPACE}"><{name}Result>{content}</{name}Result></{name}Response>'
    return f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"><s:Body>{result}</s:Body></s:Envelope>'.encode()


def answer_with_rows(connector: str, rows: Sequence[Row], operation: str = "GetData") -> bytes:
    """These rows, whatever was asked."""
    inner = "".join(f"<{connector}>{''.join(_field(*each) for each in row.items())}</{connector}>" for row in rows)
    result = escape(f"<AfasGetConnector>{inner}</AfasGetConnector>")
    response = f'<{operation}Response xmlns="{NAMESPACE}"><{operation}Result>{result}</{operation}Result></{operation}Response>'
    return f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"><s:Body>{response}</s:Body></s:Envelope>'.encode()


def _rows(message: Message, connector: str, habits: Habits) -> Sequence[Row]:
    filters = message.arguments.get("filtersXml", "")
    rows = [row for row in TABLES.get(connector, ()) if _admits(filters, row, habits)]
    skip, take = (int(message.arguments.get(name, default)) for name, default in (("skip", "0"), ("take", "-1")))
    return rows if -1 in (skip, take) else rows[skip : skip + take]


def _admits(filters: str, row: Row, habits: Habits) -> bool:
    """What the backend does not understand passes everything."""
    if not read_filterxml(filters, habits.reading):
        return True
    named = {**row, **{twin: row[name] for name, twin in TWINS.items() if name in row}}
    return filterxml_admits(filters, named, habits.reading)


def _field(name: str, value: str | None) -> str:
    return "" if value is None else f"<{name}>{escape(value)}</{name}>"


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def envelope(operation: str, arguments: Mapping[str, str], version: Version = "1.1", *, in_cdata: bool = False) -> bytes:
    """A message with these arguments in their order, escaped or in CDATA."""
    spelled = "".join(f"<{name}>{f'<![CDATA[{text}]]>' if in_cdata else escape(text)}</{name}>" for name, text in arguments.items())
    return around(f'<{operation} xmlns="{NAMESPACE}">{spelled}</{operation}>', version)


def around(content: str, version: Version = "1.1") -> bytes:
    """An envelope around this Body."""
    return f'<e:Envelope xmlns:e="{ENVELOPES[version]}"><e:Body>{content}</e:Body></e:Envelope>'.encode()


def content_type(version: Version = "1.1") -> str:
    return "text/xml; charset=utf-8" if version == "1.1" else "application/soap+xml; charset=utf-8"


def result_of(answer: Answer) -> str:
    """The text in the result of an answer that is no fault."""
    assert answer.status == 200, (answer.status, answer.body)
    [body] = ElementTree.fromstring(answer.body)  # noqa: S314  our own
    [response] = body
    [result] = response
    return result.text or ""


def rows_of_answer(answer: Answer) -> list[dict[str, str | None]]:
    """The rows in an answer; empty fields are left out."""
    return [{item.tag: item.text for item in row} for row in ElementTree.fromstring(result_of(answer))]  # noqa: S314  our own


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault, of either version."""

    version: Version
    text: str
    reference: str


def fault_of(answer: Answer) -> Fault:
    """The fault in an answer."""
    assert answer.status == 500, (answer.status, answer.body)
    root = ElementTree.fromstring(answer.body)  # noqa: S314  our own
    version: Version = "1.1" if ENVELOPES["1.1"] in root.tag else "1.2"
    assert answer.header("Content-Type") == content_type(version)
    parts: dict[str, Any] = {_local(element): (element.text or "") for element in root.iter()}
    assert "Fault" in parts
    assert parts["ErrorNumber"] == "-2147180996"
    text = parts["faultstring"] if version == "1.1" else parts["Text"]
    return Fault(version, text, parts["Detail"].rpartition(" ")[2])


WSDL = f"""<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:tns="{NAMESPACE}"
 xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{NAMESPACE}">
 <wsdl:types><s:schema elementFormDefault="qualified" targetNamespace="{NAMESPACE}"/></wsdl:types>
 <wsdl:service name="ConnectorAppGet"><wsdl:port name="ConnectorAppGetSoap" binding="tns:ConnectorAppGetSoap">
 <soap:address location="http://BACKEND{BASE}/AppConnectorGet.asmx"/></wsdl:port></wsdl:service>
</wsdl:definitions>"""
