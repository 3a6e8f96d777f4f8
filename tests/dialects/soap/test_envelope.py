"""One envelope holds one operation: what could make two readers find different ones in it is refused before anything is looked up."""

import pytest

from sidecar.dialects.soap.read import read
from sidecar.errors import Reason, Refusal
from tests.dialects.soap.attacks import ATTACKS, WHOLE
from tests.dialects.soap.messages import ENVELOPES, SERVICES, around

INNER = WHOLE.partition("<s:Body>")[2].partition("</s:Body>")[0]
OTHER = INNER.replace("Profit_Hours", "Profit_Salaries")
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def refusal_of(body: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read("AppConnectorGet.asmx", body.encode(), "text/xml", f'"{SERVICES}/GetData"')
    return caught.value


def with_header(content: str, attributes: str = "") -> str:
    return WHOLE.replace("<s:Body>", f"<s:Header{attributes}>{content}</s:Header><s:Body>")


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_on_the_parser_is_refused(name: str) -> None:
    assert refusal_of(ATTACKS[name]).reason is Reason.BODY_MALFORMED


@pytest.mark.parametrize(
    "body",
    [
        # wrapping: the operation that is checked and the one that is executed
        around(INNER + OTHER),
        around(INNER + "<x/>"),
        around(f"<x>{INNER}</x>"),
        around(""),
        around("text"),
        around(INNER + "text"),
        WHOLE.replace("</s:Body>", f"</s:Body><s:Body>{OTHER}</s:Body>"),
        WHOLE.replace("<s:Body>", f"<s:Body>{OTHER}</s:Body><s:Body>"),
        WHOLE.replace("</s:Body>", f"</s:Body>{OTHER}"),
        WHOLE.replace("</s:Body>", "</s:Body><s:Header/>"),
        WHOLE.replace("<s:Body>", "<s:Header/><s:Header/><s:Body>"),
        with_header(f"<s:Body>{OTHER}</s:Body>"),
        with_header(f'<w:Security xmlns:w="{SECURITY}" s:mustUnderstand="1"/>'),
        with_header('<a:Action xmlns:a="http://www.w3.org/2005/08/addressing" s:mustUnderstand="0">x</a:Action>'),
        with_header('<x xmlns="urn:x"/>'),
        with_header("text"),
        with_header("", ' s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'),
        WHOLE.replace("<s:Body>", '<s:Body Id="1">'),
        WHOLE.replace("<s:Body>", '<s:Body Id="1" ID="1">'),
        WHOLE.replace("<s:Envelope ", '<s:Envelope s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" '),
        # other namespaces
        WHOLE.replace(ENVELOPES["1.1"], "urn:x"),
        WHOLE.replace(ENVELOPES["1.1"], ENVELOPES["1.1"].rstrip("/")),
        WHOLE.replace("<s:Body>", f'<s:Body xmlns:s="{ENVELOPES["1.2"]}">'),
        WHOLE.replace("s:Body>", "Body>"),
        WHOLE.replace("s:Envelope", "s:envelope"),
        WHOLE.replace("s:Body>", "s:body>"),
        WHOLE.replace(SERVICES, "urn:afas.profit.services"),
        WHOLE.replace(SERVICES, f"{SERVICES} "),
        WHOLE.replace(f' xmlns="{SERVICES}"', ""),
        INNER,
        "<Envelope/>",
        f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"/>',
        # meanings given by attributes
        WHOLE.replace("<connectorId>", f'<connectorId xmlns:i="{INSTANCE}" i:type="x">'),
        WHOLE.replace("<connectorId>", f'<connectorId xmlns:i="{INSTANCE}" i:nil="true">'),
        WHOLE.replace("<connectorId>", '<connectorId href="#1">'),
        WHOLE.replace("<GetData ", '<GetData Id="1" '),
        WHOLE.replace("<connectorId>", '<connectorId xml:base="urn:x">'),
        # fetching
        around(f'<GetData xmlns="{SERVICES}"><i:include xmlns:i="http://www.w3.org/2001/XInclude" href="http://127.0.0.1:9/x"/></GetData>'),
        WHOLE.replace("Profit_Hours", '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
        WHOLE.replace("Profit_Hours", '<x:Include xmlns:x="http://www.w3.org/2004/08/xop/include" href="cid:1"/>'),
        WHOLE.replace("<connectorId>", "x<connectorId>"),
        around(f'<GetData xmlns="{SERVICES}">Profit_Hours</GetData>'),
    ],
)  # fmt: skip
def test_an_envelope_with_more_than_one_reading_is_refused(body: str) -> None:
    assert refusal_of(body).reason in (Reason.BODY_MALFORMED, Reason.UNKNOWN_PARAMETER, Reason.PARAMETER_MALFORMED)


@pytest.mark.parametrize(
    "body",
    [
        WHOLE.replace("<connectorId>", '<connectorId xmlns="">'),
        WHOLE.replace("<connectorId>", '<connectorId xmlns="urn:x">'),
        WHOLE.replace(f'<GetData xmlns="{SERVICES}">', f'<n:GetData xmlns:n="{SERVICES}">').replace("</GetData>", "</n:GetData>"),
        WHOLE.replace("connectorId>", "ConnectorId>"),
    ],
)
def test_an_argument_that_the_backend_would_not_see_is_not_seen_here_either(body: str) -> None:
    assert refusal_of(body).reason is Reason.UNKNOWN_PARAMETER


@pytest.mark.parametrize("content", ["<a/>", "<connectorId>Profit_Hours</connectorId>", "Profit<b/>", "<b/>Profit"])
def test_an_argument_holds_a_text(content: str) -> None:
    assert refusal_of(WHOLE.replace("Profit_Hours", content)).reason in (Reason.PARAMETER_MALFORMED, Reason.BODY_MALFORMED)


@pytest.mark.parametrize("name", ["token", "filtersXml"])
def test_xml_that_is_not_a_text_is_not_taken_for_nothing(name: str) -> None:
    """Else a filter that was not escaped would be no filter."""
    body = around(f'<GetData xmlns="{SERVICES}"><connectorId>Profit_Hours</connectorId><{name}><a/></{name}></GetData>')
    assert refusal_of(body).reason is Reason.PARAMETER_MALFORMED


def test_an_operation_without_arguments_holds_no_text() -> None:
    body = around(f'<GetProductVersion xmlns="{SERVICES}">x</GetProductVersion>')
    with pytest.raises(Refusal) as caught:
        read("AppConnectorVersionInfo.asmx", body.encode(), "text/xml", None)
    assert caught.value.reason is Reason.BODY_MALFORMED


def test_nothing_that_was_sent_is_repeated_but_names() -> None:
    assert "hunter2" not in refusal_of(WHOLE.replace("Profit_Hours", "<a>hunter2</a>")).detail
    assert "hunter2" not in refusal_of(WHOLE.replace("Profit_Hours", "&hunter2;")).detail
