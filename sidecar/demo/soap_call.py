"""A call over SOAP as an app would make it, for the tour: the envelope, the rows in its answer, and the filter that a backend got."""

from xml.etree import ElementTree
from xml.sax.saxutils import escape

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICES = "urn:Afas.Profit.Services"
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{SERVICES}/GetData"'}


def get_data(connector: str, filters: str) -> bytes:
    """The envelope that asks for all rows that this filter XML admits."""
    arguments = {"connectorId": connector, "filtersXml": filters, "skip": "-1", "take": "-1"}
    spelled = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in arguments.items())
    call = f'<GetData xmlns="{SERVICES}">{spelled}</GetData>'
    return f'<soap:Envelope xmlns:soap="{ENVELOPE}"><soap:Body>{call}</soap:Body></soap:Envelope>'.encode()


def rows_in(answer: bytes) -> list[dict[str, str | None]]:
    """The rows of an answer to `get_data`; empty fields are not there."""
    result = _text_in(answer, "GetDataResult")
    return [{field.tag: field.text for field in row} for row in ElementTree.fromstring(result)]  # noqa: S314  the demo's own


def filters_in(envelope: bytes) -> str:
    """The filter XML of a call to GetData, as it reached the backend."""
    return _text_in(envelope, "filtersXml")


def _text_in(envelope: bytes, name: str) -> str:
    root = ElementTree.fromstring(envelope)  # noqa: S314  the demo's own
    return root.findtext(f".//{{{SERVICES}}}{name}") or ""
