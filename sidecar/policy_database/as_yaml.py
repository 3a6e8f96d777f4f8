"""The policy as the YAML that says the same, line by line, so that a million users need no more memory than the largest group."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy_database.contents import export_rights
from sidecar.policy_database.nested import Nested, token_of_row, user_of_row
from sidecar.policy_database.rows import Row
from sidecar.policy_database.tables import members, tokens, users
from sidecar.policy_database.unsound import UNREADABLE, UnsoundRowError
from sidecar.settings.writing import item_line, lines_of

_AT_ONCE = 5_000  # rows


async def yaml_of_policy(connection: AsyncConnection) -> AsyncIterator[str]:
    """The lines of what `export_policy` gives, in its order.

    :param connection: of `Database.snapshot`.
    :raises UnsoundRowError: a row can't be read.
    """
    rights = await export_rights(connection)
    async for line in _section("groups", _groups(connection, rights.get("groups", {}))):
        yield line
    async for line in _section("users", _users(connection)):
        yield line
    for part in ("app_connectors", "filter_types"):
        for line in lines_of(part, rights[part]) if part in rights else ():
            yield line
    async for line in _section("tokens", _tokens(connection)):
        yield line


async def _section(name: str, lines: AsyncIterator[str]) -> AsyncIterator[str]:
    """The section, if there is anything in it."""
    empty = True
    async for line in lines:
        if empty:
            yield f"{name}:"
            empty = False
        yield line


async def _groups(connection: AsyncConnection, groups: Nested) -> AsyncIterator[str]:
    for name, said in groups.items():
        query = select(members.c.user_name).where(members.c.group_name == name)
        listed = said if said == "all" else [row["user_name"] async for row in _rows(connection, query, members.c.user_name)]
        for line in lines_of(name, listed, 2):
            yield line


async def _users(connection: AsyncConnection) -> AsyncIterator[str]:
    async for row in _rows(connection, select(users), users.c.name):
        for line in lines_of(row["name"], user_of_row(row), 2):
            yield line


async def _tokens(connection: AsyncConnection) -> AsyncIterator[str]:
    order = (tokens.c.app_connector, tokens.c.user_name, tokens.c.description, tokens.c.digest)
    async for row in _rows(connection, select(tokens), *order):
        yield item_line(token_of_row(row))


async def _rows(connection: AsyncConnection, query: Select[Any], *order: ColumnElement[Any]) -> AsyncIterator[Row]:
    """A few at a time, in the order that Python gives texts: by code point, which SQLite has by itself."""
    by_code_point = connection.dialect.name == "postgresql"
    ordered = query.order_by(*(each.collate("C") if by_code_point and each is not tokens.c.digest else each for each in order))
    try:
        async with connection.stream(ordered.execution_options(yield_per=_AT_ONCE)) as rows:
            async for some in rows.mappings().partitions():
                for row in some:
                    yield dict(row)
    except UNREADABLE:
        raise UnsoundRowError("a row of policy can't be read") from None
