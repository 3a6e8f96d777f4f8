"""Updates, carried out for real: bodies of POST and PUT, keys in the path of DELETE (wire reference 1.4).

`@Action` in an element or in its fields overrides the verb: that is how a POST deletes a record.
"""

import json
import sqlite3
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sidecar.demo.backend.failures import NO_SUCH_VALUE, Failure
from sidecar.demo.backend.update_definitions import UpdateConnector
from sidecar.demo.backend.values import Stored, to_stored

ACTION_OF_VERB = {"POST": "insert", "PUT": "update", "DELETE": "delete"}

Columns = dict[str, Stored]


class InvalidJson(Failure):
    """The body is no JSON."""

    def __init__(self) -> None:
        super().__init__("Invalid json", status=HTTPStatus.BAD_REQUEST)


def update(database: sqlite3.Connection, connector: UpdateConnector, verb: str, body: bytes) -> list[str]:
    """Do all that the body says, or nothing; gives the numbers of the records.

    :raises Failure: when any element of it can't be carried out.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidJson from None
    root = document.get(connector.name) if isinstance(document, dict) else None
    if not isinstance(root, dict) or "Element" not in root:
        raise Failure(f"The body must hold {connector.name}.Element")
    elements = root["Element"] if isinstance(root["Element"], list) else [root["Element"]]
    with database:
        return [_element(database, connector, ACTION_OF_VERB[verb], element) for element in elements]


def delete_by_path(database: sqlite3.Connection, connector: UpdateConnector, element: str, names: str, values: str) -> None:
    """Delete the record that ``/{element}/@{key}/{value}`` names; the ``@`` may be left out.

    :raises Failure: for other keys than the connector's own, or when there is no such record.
    """
    if element.lower() != connector.name.lower() or names.removeprefix("@").lower() != connector.key.lower():
        raise Failure(f"The path must be {connector.name}/{connector.name}/@{connector.key}/<value>")
    with database:
        _delete(database, connector, {connector.key: to_stored(connector.fields[connector.key], values)})


def _element(database: sqlite3.Connection, connector: UpdateConnector, action: str, element: Any) -> str:
    if not isinstance(element, dict) or not isinstance(element.get("Fields", {}), dict):
        raise Failure("An element must be an object with Fields")
    if element.get("Objects"):
        raise Failure(f"{connector.name} has no objects")
    sent = {name.removeprefix("@"): value for name, value in element.items() if name not in ("Fields", "Objects")}
    sent |= {name.removeprefix("@"): value for name, value in element.get("Fields", {}).items()}
    action = str(sent.pop("Action", action)).lower()
    if action not in _ACTIONS:
        raise Failure(f"Unknown action '{action}'")
    return _ACTIONS[action](database, connector, _read_values(connector, sent))


def _read_values(connector: UpdateConnector, sent: dict[str, Any]) -> Columns:
    fields = {code.lower(): (code, field) for code, field in connector.fields.items()}
    read: Columns = {}
    for name, value in sent.items():
        if name.lower() not in fields:
            raise Failure(f"Field '{name}' not found in {connector.name}")
        code, field = fields[name.lower()]
        read[code] = None if value is None else to_stored(field, str(value))
    return read


def _insert(database: sqlite3.Connection, connector: UpdateConnector, sent: Columns) -> str:
    missing = [code for code in sorted(connector.mandatory) if sent.get(code) in (None, "")]
    if missing:
        raise Failure(f"Field '{missing[0]}' of {connector.name} is mandatory")
    (highest,) = database.execute(f'SELECT MAX("{connector.columns[connector.key]}") FROM "{connector.table.name}"').fetchone()  # noqa: S608
    number = (highest or 0) + 1
    columns = _columns(database, connector, sent | {connector.key: number})
    names, places = ", ".join(f'"{name}"' for name in columns), ", ".join("?" for _ in columns)
    database.execute(f'INSERT INTO "{connector.table.name}" ({names}) VALUES ({places})', list(columns.values()))  # noqa: S608
    return str(number)


def _change(database: sqlite3.Connection, connector: UpdateConnector, sent: Columns) -> str:
    columns = _columns(database, connector, sent)
    assignments = ", ".join(f'"{name}" = ?' for name in columns)
    return _on_record(database, connector, sent, f'UPDATE "{connector.table.name}" SET {assignments}', list(columns.values()))  # noqa: S608


def _delete(database: sqlite3.Connection, connector: UpdateConnector, sent: Columns) -> str:
    return _on_record(database, connector, sent, f'DELETE FROM "{connector.table.name}"', [])  # noqa: S608


def _on_record(database: sqlite3.Connection, connector: UpdateConnector, sent: Columns, statement: str, values: list[Stored]) -> str:
    number = sent.get(connector.key)
    where = f' WHERE "{connector.columns[connector.key]}" = ?'
    if database.execute(statement + where, [*values, number]).rowcount != 1:
        raise Failure(f"{connector.key} '{number}' does not exist", NO_SUCH_VALUE)
    return str(number)


def _columns(database: sqlite3.Connection, connector: UpdateConnector, sent: Columns) -> Columns:
    """What is sent, by column, with what the employee brings along: his name and department."""
    columns = {connector.columns[code]: value for code, value in sent.items()}
    if columns.get("Medewerker") is None:
        return columns
    found = database.execute('SELECT Name, DepartmentCode FROM "Profit_Employees" WHERE EmployeeId = ?', [columns["Medewerker"]]).fetchone()
    if found is None:
        raise Failure(f"EmId '{columns['Medewerker']}' does not exist", NO_SUCH_VALUE)
    brought = dict(zip(("Naam", "Afdeling"), found, strict=True))
    return columns | {name: value for name, value in brought.items() if connector.table.field(name)}


_ACTIONS: dict[str, Callable[[sqlite3.Connection, UpdateConnector, Columns], str]] = {
    "insert": _insert,
    "update": _change,
    "delete": _delete,
}
