"""SOAP messages as clients send them: plain data, and a way to put an envelope together that shares nothing with the program's."""

from collections.abc import Mapping
from typing import Literal, NamedTuple
from xml.sax.saxutils import escape

ENVELOPES = {"1.1": "http://schemas.xmlsoap.org/soap/envelope/", "1.2": "http://www.w3.org/2003/05/soap-envelope"}
SERVICES = "urn:Afas.Profit.Services"
DATA = "0123456789ABCDEF" * 4
TOKEN = f"<token><version>1</version><data>{DATA}</data></token>"
FILTERS = '<Filters><Filter FilterId="Filter 1"><Field FieldId="A" OperatorType="1">1</Field></Filter></Filters>'
DOCUMENT = '<KnSubject><Element><Fields Action="insert"><StId>1</StId></Fields></Element></KnSubject>'
SCHEMA_OF = "<DataConnector><UpdateConnectorId>KnSubject</UpdateConnectorId><EncodeBase64>false</EncodeBase64></DataConnector>"

Version = Literal["1.1", "1.2"]


class Sample(NamedTuple):
    """A call that is served, by service and operation."""

    path: str
    operation: str
    arguments: Mapping[str, str]


SAMPLES = [
    Sample(
        "AppConnectorGet.asmx", "GetData", {"token": TOKEN, "connectorId": "Profit_Hours", "filtersXml": FILTERS, "skip": "0", "take": "5"}
    ),
    Sample(
        "AppConnectorGet.asmx",
        "GetDataWithOptions",
        {"token": TOKEN, "connectorId": "Profit_Hours", "filtersXml": FILTERS, "skip": "-1", "take": "-1", "options": "<options/>"},
    ),
    Sample(
        "AppConnectorUpdate.asmx",
        "Execute",
        {"token": TOKEN, "connectorType": "KnSubject", "connectorVersion": "1", "dataXml": DOCUMENT},
    ),
    Sample("AppConnectorReport.asmx", "Execute", {"token": TOKEN, "reportID": "A" * 32, "filtersXml": FILTERS}),
    Sample("AppConnectorSubject.asmx", "GetAttachment", {"token": TOKEN, "subjectID": "49946", "fileId": "B" * 32}),
    Sample("AppConnectorSubject.asmx", "GetSubjectAttachmentInfo", {"token": TOKEN, "subjectID": "49946"}),
    Sample("AppConnectorSubject.asmx", "GetSubjectAttachmentData", {"token": TOKEN, "subjectID": "49946"}),
    Sample("AppConnectorData.asmx", "Execute", {"token": TOKEN, "dataID": "GetXmlSchema", "parametersXml": SCHEMA_OF}),
    Sample("AppConnectorVersionInfo.asmx", "GetProductVersion", {"token": TOKEN}),
]
"""One for each operation that is served."""

ROWS = SAMPLES[0]


def envelope(operation: str, arguments: Mapping[str, str], version: Version = "1.1", *, in_cdata: bool = False) -> str:
    """An envelope with the arguments escaped, or in CDATA."""
    spelled = "".join(f"<{name}>{f'<![CDATA[{text}]]>' if in_cdata else escape(text)}</{name}>" for name, text in arguments.items())
    return around(f'<{operation} xmlns="{SERVICES}">{spelled}</{operation}>', version)


def around(content: str, version: Version = "1.1") -> str:
    """An envelope around this Body."""
    return f'<s:Envelope xmlns:s="{ENVELOPES[version]}"><s:Body>{content}</s:Body></s:Envelope>'
