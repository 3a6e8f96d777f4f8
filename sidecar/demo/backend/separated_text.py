"""Rows as separated text, of SOAP's text mode and of reports: a line for each row (wire reference 3.4)."""

import csv
import io
from collections.abc import Iterable

from sidecar.demo.backend.rows import Row
from sidecar.demo.backend.values import Stored
from sidecar.demo.definitions import DataType, Field, GetConnector


def separated_text(connector: GetConnector, rows: Iterable[Row], separator: str, *, regional: bool, with_names: bool) -> str:
    """The whole text.

    :param regional: numbers and dates as the Dutch write them, 7,5 and 31-12-2026.
    :param with_names: with a first line of the fields' names.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    if with_names:
        writer.writerow(field.id for field in connector.fields)
    spell = _regional if regional else _fixed
    for row in rows:
        writer.writerow(spell(field, row[field.id]) for field in connector.fields)
    return text.getvalue()


def plain(value: Stored | bool) -> str:
    """A value as text; an empty one is an empty text."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _fixed(_field: Field, value: Stored | bool) -> str:
    return plain(value)


def _regional(field: Field, value: Stored | bool) -> str:
    text = plain(value)
    match field.data_type:
        case DataType.DECIMAL:
            return text.replace(".", ",")
        case DataType.DATE if text:
            year, month, day = text.partition("T")[0].split("-")
            return f"{day}-{month}-{year}"
        case _:
            return text
