"""Rows of a GetConnector: filter, order and page of a query, carried out on the table (wire reference 2.1, 2.2)."""

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

from sidecar.demo.backend.failures import BAD_PAGE, Failure
from sidecar.demo.backend.filter_reading import Filter, read_filter
from sidecar.demo.backend.filter_sql import column, filter_sql
from sidecar.demo.backend.values import Stored, to_wire
from sidecar.demo.definitions import Field, GetConnector

_ALL = -1
_DEFAULT_TAKE = 100
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


class Sort(NamedTuple):
    """A field that rows are ordered by."""

    field: Field
    descending: bool


Row = dict[str, Stored | bool]


def rows(database: sqlite3.Connection, connector: GetConnector, query: Mapping[str, str]) -> dict[str, Any]:
    """The answer's body.

    :param query: parameters by name in lower case, decoded; those without a meaning are ignored.
    :raises Failure: for a filter, order or page that can't be carried out.
    """
    skip, take = _page(query)
    found = select(database, connector, read_filter(connector, query), _order(connector, query), max(skip, 0), take)
    return {"skip": skip, "take": take, "rows": found}


def select(
    database: sqlite3.Connection, connector: GetConnector, conditions: Filter, order: list[Sort], skip: int = 0, take: int = _ALL
) -> list[Row]:
    """The rows as they go over the wire.

    :param take: how many at most; a negative number for all.
    :raises Failure: for values that do not suit their fields.
    """
    where, values = filter_sql(conditions)
    columns = ", ".join(f'"{field.id}"' for field in connector.fields)
    terms = ", ".join([*(f"{column(field)} {'DESC' if descending else 'ASC'}" for field, descending in order), "rowid"])
    # Only names of our own definitions are put into the text; whatever the client sent stands for a `?`.
    statement = f'SELECT {columns} FROM "{connector.name}" WHERE {where} ORDER BY {terms} LIMIT ? OFFSET ?'  # noqa: S608
    return [
        {field.id: to_wire(field, value) for field, value in zip(connector.fields, stored, strict=True)}
        for stored in database.execute(statement, [*values, take, skip])
    ]


def sort(connector: GetConnector, name: str, *, descending: bool) -> Sort:
    """An order by the field of this name.

    :raises Failure: when there is none.
    """
    field = connector.field(name)
    if field is None:
        raise Failure(f"Connector field '{name}' not found")
    return Sort(field, descending)


def _page(query: Mapping[str, str]) -> tuple[int, int]:
    skip, take = (_number(query.get(name) or str(default)) for name, default in (("skip", 0), ("take", _DEFAULT_TAKE)))
    if (skip, take) != (_ALL, _ALL) and min(skip, take) < 0:
        raise Failure("Skip and take must not be negative, except -1 for both", BAD_PAGE)
    return skip, take


def _number(text: str) -> int:
    if _WHOLE_NUMBER.fullmatch(text) is None:
        raise Failure("Skip and take must be whole numbers", BAD_PAGE)
    return int(text)


def _order(connector: GetConnector, query: Mapping[str, str]) -> list[Sort]:
    items = filter(None, query.get("orderbyfieldids", "").split(","))
    return [sort(connector, item.removeprefix("-"), descending=item.startswith("-")) for item in items]
