"""The WSDL leads to the sidecar and nowhere else; one that is not plainly what it should be is not given away."""

from xml.etree import ElementTree

import pytest

from sidecar.dialects.soap.wsdl import UnknownShapeError, rewrite_wsdl

HERE = "http://127.0.0.1:8080/ProfitServices"
BACKEND = "http://127.0.0.9:81/profitservices/appconnectorget.asmx"
SCHEMA = """<s:schema elementFormDefault="qualified" targetNamespace="urn:Afas.Profit.Services"><s:element name="GetData">
<s:complexType><s:sequence>
<s:element minOccurs="0" maxOccurs="1" name="token" type="s:string" /><s:element minOccurs="1" maxOccurs="1" name="skip" type="s:int" />
</s:sequence></s:complexType></s:element></s:schema>"""
WSDL = f"""<?xml version="1.0" encoding="utf-8"?>
<wsdl:definitions xmlns:s="http://www.w3.org/2001/XMLSchema" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/"
 xmlns:tm="http://microsoft.com/wsdl/mime/textMatching/" xmlns:tns="urn:Afas.Profit.Services" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" targetNamespace="urn:Afas.Profit.Services" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/">
<wsdl:documentation>Rows of a &lt;GetConnector&gt;</wsdl:documentation>
<wsdl:types>{SCHEMA}</wsdl:types>
<wsdl:message name="GetDataSoapIn"><wsdl:part name="parameters" element="tns:GetData" /></wsdl:message>
<wsdl:portType name="ConnectorAppGetSoap">
<wsdl:operation name="GetData"><wsdl:input message="tns:GetDataSoapIn" /></wsdl:operation></wsdl:portType>
<wsdl:binding name="ConnectorAppGetSoap" type="tns:ConnectorAppGetSoap"><soap:binding transport="http://schemas.xmlsoap.org/soap/http" />
<wsdl:operation name="GetData"><soap:operation soapAction="urn:Afas.Profit.Services/GetData" style="document" />
<wsdl:input><soap:body use="literal" /></wsdl:input></wsdl:operation></wsdl:binding>
<wsdl:service name="ConnectorAppGet">
<wsdl:port name="ConnectorAppGetSoap" binding="tns:ConnectorAppGetSoap"><soap:address location="{BACKEND}" /></wsdl:port>
<wsdl:port name="ConnectorAppGetSoap12" binding="tns:ConnectorAppGetSoap12"><soap12:address location="{BACKEND}" /></wsdl:port>
<wsdl:port name="ConnectorAppGetHttp" binding="tns:ConnectorAppGetHttp"><http:address location="{BACKEND}" /></wsdl:port></wsdl:service>
</wsdl:definitions>"""


def rewritten(text: str) -> str:
    return rewrite_wsdl(text.encode(), "AppConnectorGet.asmx", HERE).decode("ascii")


def test_every_location_is_the_sidecars() -> None:
    root = ElementTree.fromstring(rewritten(WSDL))  # noqa: S314
    locations = [each.get("location") for each in root.iter() if "location" in each.keys()]  # noqa: SIM118  an Element is no mapping
    assert locations == [f"{HERE}/AppConnectorGet.asmx"] * 3


def test_nothing_else_is_another() -> None:
    def plain(text: str) -> list[tuple[str, dict[str, str], str]]:
        root = ElementTree.fromstring(text)  # noqa: S314
        return [(each.tag, each.attrib, (each.text or "").strip()) for each in root.iter()]

    text = rewritten(WSDL)
    assert plain(text) == plain(WSDL.replace(BACKEND, f"{HERE}/AppConnectorGet.asmx"))
    assert 'xmlns:tns="urn:Afas.Profit.Services"' in text  # prefixes stand in values as well


def test_an_address_is_never_markup() -> None:
    text = rewrite_wsdl(WSDL.encode(), "AppConnectorGet.asmx", 'http://127.0.0.1/"><x a="').decode()
    assert 'location="http://127.0.0.1/&quot;&gt;&lt;x a=&quot;/AppConnectorGet.asmx"' in text


def test_a_default_namespace_serves_as_well() -> None:
    text = WSDL.replace("wsdl:", "").replace("xmlns:wsdl=", "xmlns=").replace('xmlns="http://schemas.xmlsoap.org/wsdl/"', "")
    text = text.replace("<definitions", '<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"')
    text = text.replace("<schemas", "<s:schemas")
    assert BACKEND not in rewritten(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html/>",
        "<definitions/>",
        WSDL.replace("wsdl:definitions", "wsdl:description"),
        WSDL.replace('targetNamespace="urn:Afas.Profit.Services" xmlns:wsdl', 'targetNamespace="urn:x" xmlns:wsdl'),
        WSDL.replace("http://schemas.xmlsoap.org/wsdl/soap", "http://schemas.xmlsoap.org/wsdl/soap13"),
        WSDL.replace("soap:address", "soap:addres").replace("soap12:address", "x").replace("http:address", "y"),
        WSDL.replace(f'<soap:address location="{BACKEND}" />', ""). replace("soap12:address", "soap12:a").replace("http:address", "http:a"),
        WSDL.replace(BACKEND, ""),
        WSDL.replace(BACKEND, "/profitservices"),
        WSDL.replace(BACKEND, "http://[x"),
        WSDL.replace("<wsdl:types>", f'<wsdl:import namespace="urn:x" location="{BACKEND}?WSDL" /><wsdl:types>'),
        WSDL.replace("<s:element name", f'<s:import schemaLocation="{BACKEND}?xsd" /><s:element name'),
        WSDL.replace("<s:element name", '<s:include schemaLocation="x" /><s:element name'),
        WSDL.replace("<s:element name", '<s:element schemaLocation="x" name'),
        WSDL.replace("<wsdl:types>", '<wsdl:types xmlns:w="urn:w" w:location="x">'),
        WSDL.replace("<wsdl:types>", '<wsdl:types location="x">'),
        WSDL.replace("Rows of", f"See {BACKEND}: rows of"),
        WSDL.replace("Rows of", "See HTTP://127.0.0.9:81/ for"),
        WSDL.replace("</wsdl:service>", '<w:EndpointReference xmlns:w="http://www.w3.org/2005/08/addressing"/></wsdl:service>'),
        WSDL.replace("</wsdl:service>", "<unknown/></wsdl:service>"),
        WSDL.replace("</wsdl:service>", "<x:unknown/></wsdl:service>"),
        WSDL.replace('name="GetDataSoapIn"', 'x:name="GetDataSoapIn"'),
        WSDL.replace("<wsdl:types>", "<!DOCTYPE x><wsdl:types>"),
        WSDL.replace("?>\n<wsdl", "?>\n<!DOCTYPE x [<!ENTITY y 'z'>]><wsdl"),
        WSDL.replace("<wsdl:types>", "<?x y?><wsdl:types>"),
        WSDL.replace("utf-8", "utf-16"),
        WSDL.replace("s:sequence", "s:s\u00e9quence"),
        WSDL[:-3],
    ],
)  # fmt: skip
def test_anything_unexpected_is_kept_back(text: str) -> None:
    with pytest.raises(UnknownShapeError):
        rewritten(text)
