"""Updates, carried out for real: bodies of POST and PUT, keys in the path of DELETE (wire reference 1.4).

`@Action` in an element or in its fields overrides the verb: that is how a POST deletes a record.
"""

import json
import sqlite3
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sidecar.demo.backend.failures import NO_SUCH_VALUE, Failure
from sidecar.demo.backend.update_definitions import UpdateConnector, update_connector
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
    return carry_out(database, connector, root, ACTION_OF_VERB[verb])


def carry_out(database: sqlite3.Connection, connector: UpdateConnector, content: dict[str, Any], action: str) -> list[str]:
    """As `update`, with what stands below the root.

    :param action: for elements that name none.
    :raises Failure: when any element of it can't be carried out.
    """
    with database:
        return _elements(database, connector, action, content)


def delete_by_path(database: sqlite3.Connection, connector: UpdateConnector, element: str, names: str, values: str) -> None:
    """Delete the record that ``/{element}/@{key}/{value}`` names; the ``@`` may be left out.

    :raises Failure: for other keys than the connector's own, or when there is no such record.
    """
    if element.lower() != connector.name.lower() or names.removeprefix("@").lower() != connector.key.lower():
        raise Failure(f"The path must be {connector.name}/{connector.name}/@{connector.key}/<value>")
    with database:
        _delete(database, connector, {connector.key: to_stored(connector.fields[connector.key], values)})


def _elements(database: sqlite3.Connection, connector: UpdateConnector, action: str, content: dict[str, Any]) -> list[str]:
    elements = content.get("Element", [])
    return [_element(database, connector, action, element) for element in (elements if isinstance(elements, list) else [elements])]


def _element(database: sqlite3.Connection, connector: UpdateConnector, action: str, element: Any) -> str:
    if not isinstance(element, dict) or not isinstance(element.get("Fields", {}), dict):
        raise Failure("An element must be an object with Fields")
    sent = {name.removeprefix("@"): value for name, value in element.items() if name not in ("Fields", "Objects")}
    sent |= {name.removeprefix("@"): value for name, value in element.get("Fields", {}).items()}
    own_action = str(sent.pop("Action", action)).lower()
    if own_action not in _ACTIONS:
        raise Failure(f"Unknown action '{own_action}'")
    number = _ACTIONS[own_action](database, connector, _read_values(connector, sent))
    _objects(database, connector, action, element.get("Objects") or [])
    return number


def _objects(database: sqlite3.Connection, connector: UpdateConnector, action: str, objects: Any) -> None:
    """What stands below an element, with actions of its own at any depth."""
    for item in objects if isinstance(objects, list) else [objects]:
        if not isinstance(item, dict):
            raise Failure("Objects must hold objects")
        for name, content in item.items():
            below = update_connector(name) if name.lower() in map(str.lower, connector.objects) else None
            if below is None or not isinstance(content, dict):
                raise Failure(f"{connector.name} has no objects '{name}'")
            _elements(database, below, action, content)


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
