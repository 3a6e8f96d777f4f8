"""Values between wire and table: what a filter or an update sends, and what rows give back (wire reference 2.5)."""

import re

from sidecar.demo.backend.failures import Failure
from sidecar.demo.definitions import DataType, Field

_ISO_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}:[0-9]{2})Z?)?")
_DUTCH_DATE = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_TRUTH = {"true": 1, "1": 1, "false": 0, "0": 0}

Stored = str | int | float | None


def to_stored(field: Field, text: str) -> Stored:
    """The value in the form in which the table keeps it.

    :raises Failure: when it is no value of the field's type.
    """
    match field.data_type:
        case DataType.STRING:
            return text
        case DataType.DATE:
            if iso := _ISO_DATE.fullmatch(text):
                return f"{iso[1]}T{iso[2] or '00:00:00'}"
            if dutch := _DUTCH_DATE.fullmatch(text):
                return f"{dutch[3]}-{dutch[2]}-{dutch[1]}T00:00:00"
        case DataType.BOOLEAN:
            if text.lower() in _TRUTH:
                return _TRUTH[text.lower()]
        case DataType.INT | DataType.DECIMAL:
            if _INTEGER.fullmatch(text):
                return int(text)
            if _DECIMAL.fullmatch(text):
                return float(text)
    raise Failure(f"'{text}' is not a valid value for field '{field.id}' ({field.data_type.value})")


def to_wire(field: Field, stored: Stored) -> Stored | bool:
    """The value as rows show it: dates with the `Z` that means nothing."""
    if stored is None:
        return None
    match field.data_type:
        case DataType.DATE:
            return f"{stored}Z"
        case DataType.BOOLEAN:
            return bool(stored)
        case _:
            return stored
