"""What the backend tells about itself: the lists of connectors, the fields of each, its version (wire reference 6.2)."""

from typing import Any

from sidecar.demo.backend.update_definitions import UPDATE_CONNECTORS, UpdateConnector, update_connector
from sidecar.demo.definitions import GET_CONNECTORS, DataType, GetConnector

VERSION = {"version": "26.2.11"}

_CONTROL_TYPES = {DataType.STRING: 1, DataType.INT: 2, DataType.DECIMAL: 3, DataType.DATE: 5, DataType.BOOLEAN: 8}


def metainfo() -> dict[str, Any]:
    """All connectors; `info` holds names of the backend's own that are nobody else's business."""
    return {
        "updateConnectors": [{"id": connector.name, "description": connector.description} for connector in UPDATE_CONNECTORS],
        "getConnectors": [{"id": connector.name, "description": connector.description} for connector in GET_CONNECTORS],
        "info": {
            "envid": "O12345AA",
            "appName": "Koppeling sidecar (systeem)",
            "group": "Systeemkoppelingen 900 (12345.SIDECAR)",
            "tokenExpiry": "0",
        },
    }


def describe_get(connector: GetConnector) -> dict[str, Any]:
    """The fields of a GetConnector."""
    return {
        "name": connector.name,
        "description": connector.description,
        "fields": [
            {
                "id": field.id,
                "fieldId": f"U{number:03}",
                "dataType": field.data_type.value,
                "label": field.label,
                "length": field.length,
                "controlType": _CONTROL_TYPES[field.data_type],
                "decimals": field.decimals,
                "decimalsFieldId": "",
            }
            for number, field in enumerate(connector.fields, start=1)
        ],
    }


def describe_update(connector: UpdateConnector) -> dict[str, Any]:
    """The schema of an UpdateConnector, with what may stand below it; not what may stand below that."""
    below = [update_connector(name) for name in connector.objects]
    return _describe(connector) | {"objects": [_describe(each) for each in below if each is not None]}


def _describe(connector: UpdateConnector) -> dict[str, Any]:
    return {
        "id": connector.name,
        "name": connector.name,
        "description": connector.description,
        "fields": [
            {
                "fieldId": name,
                "primaryKey": name == connector.key,
                "dataType": field.data_type.value,
                "label": field.label,
                "mandatory": name in connector.mandatory,
                "length": field.length,
                "decimals": field.decimals,
                "decimalFieldId": "",
                "notzero": False,
                "controlType": _CONTROL_TYPES[field.data_type],
            }
            for name, field in connector.fields.items()
        ],
        "objects": [],
    }
