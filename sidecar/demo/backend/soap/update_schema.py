"""The data connector's `GetXmlSchema`: an XML schema of an UpdateConnector's `dataXml` (wire reference 3.2)."""

import base64
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from sidecar.demo.backend.failures import Failure, not_supported
from sidecar.demo.backend.soap.envelope import Asked
from sidecar.demo.backend.update_definitions import UpdateConnector, update_connector


def get_xml_schema(asked: Asked) -> str:
    """The schema, perhaps in base64.

    :raises Failure: for another `dataID`, and for a connector that does not exist.
    """
    try:
        parameters = ElementTree.fromstring(asked.text("parametersXml"))  # noqa: S314  as for envelopes
    except ElementTree.ParseError as problem:
        raise Failure(f"parametersXml is not well-formed: {problem}") from None
    if asked.text("dataID") != "GetXmlSchema":
        raise Failure("Only GetXmlSchema is known")
    name = parameters.findtext("UpdateConnectorId", "")
    connector = update_connector(name)
    if connector is None:
        raise not_supported(name)
    schema = _schema(connector)
    if parameters.findtext("EncodeBase64", "false") == "true":
        schema = base64.b64encode(schema.encode()).decode()
    return f"<AfasDataConnector><ConnectorData>{schema}</ConnectorData></AfasDataConnector>"


def _schema(connector: UpdateConnector) -> str:
    fields = "".join(
        f'<xs:element name={quoteattr(code)} minOccurs="{int(code in connector.mandatory)}" type="xs:string" />'
        for code in connector.fields
    )
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name={quoteattr(connector.name)}><xs:complexType><xs:sequence>'
        '<xs:element name="Element" maxOccurs="unbounded"><xs:complexType><xs:sequence>'
        f'<xs:element name="Fields"><xs:complexType><xs:all>{fields}</xs:all><xs:attribute name="Action" type="xs:string" />'
        "</xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"
    )
