"""Rows as a SOAP result: XML with an element for each, or separated text (wire reference 3.2, 3.4)."""

import sqlite3

from sidecar.demo.backend.rows import Row, select
from sidecar.demo.backend.separated_text import plain, separated_text
from sidecar.demo.backend.soap.envelope import Asked, escape_text
from sidecar.demo.backend.soap.filter_xml import read_filter_xml
from sidecar.demo.backend.soap.options import Options, page, read_options
from sidecar.demo.definitions import DataType, GetConnector

_TEXT_MODE = 2
_WITH_EMPTY_FIELDS = 3
_WITH_TABS = (2, 4)
_REGIONAL = (1, 2)
_SCHEMA_TYPES = {
    DataType.STRING: "string",
    DataType.INT: "int",
    DataType.DECIMAL: "decimal",
    DataType.DATE: "dateTime",
    DataType.BOOLEAN: "boolean",
}


def get_data(database: sqlite3.Connection, connector: GetConnector, asked: Asked) -> str:
    """The result of GetData and of GetDataWithOptions.

    :raises Failure: for a filter, order or page that can't be carried out.
    """
    options = read_options(connector, asked.text("options"))
    conditions = read_filter_xml(connector, asked.text("filtersXml"))
    found = select(database, connector, conditions, list(options.order), *page(asked.arguments, options))
    if options.output_mode != _TEXT_MODE:
        return _as_xml(connector, found, options)
    separator = "\t" if options.output_options in _WITH_TABS else ";"
    return separated_text(connector, found, separator, regional=options.output_options in _REGIONAL, with_names=bool(options.metadata))


def _as_xml(connector: GetConnector, found: list[Row], options: Options) -> str:
    """Laid out as .NET's data sets are, with carriage returns."""
    parts = [_schema(connector)] if options.metadata else []
    for row in found:
        fields = [
            f"    <{name}>{escape_text(plain(value))}</{name}>" if value is not None else f"    <{name} />"
            for name, value in row.items()
            if value is not None or options.output_options == _WITH_EMPTY_FIELDS
        ]
        parts.append("\r\n".join((f"  <{connector.name}>", *fields, f"  </{connector.name}>")))
    return "\r\n".join(("<AfasGetConnector>", *parts, "</AfasGetConnector>")) if parts else "<AfasGetConnector />"


def _schema(connector: GetConnector) -> str:
    fields = "".join(
        f'<xs:element name="{field.id}" type="xs:{_SCHEMA_TYPES[field.data_type]}" minOccurs="0" />' for field in connector.fields
    )
    return (
        '  <xs:schema id="AfasGetConnector" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        '<xs:element name="AfasGetConnector"><xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">'
        f'<xs:element name="{connector.name}"><xs:complexType><xs:sequence>{fields}</xs:sequence></xs:complexType></xs:element>'
        "</xs:choice></xs:complexType></xs:element></xs:schema>"
    )
