"""A whole policy in and out of the database, each in one transaction, so that nobody ever sees half of one."""

from collections.abc import Collection

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy.model import EVERYONE
from sidecar.policy_database.audit import Change, record
from sidecar.policy_database.nested import Nested, nested_of
from sidecar.policy_database.revision import take_turn
from sidecar.policy_database.rows import Row, Rows, rows_of
from sidecar.policy_database.tables import PARTS, groups, metadata
from sidecar.policy_database.unsound import UNREADABLE, UnsoundRowError
from sidecar.settings.model import Settings

_TABLES = [table for table in metadata.sorted_tables if any(table in part for part in PARTS.values())]
_MOST_AT_ONCE = 5_000  # rows in one statement


async def import_policy(connection: AsyncConnection, settings: Settings, change: Change) -> None:
    """Put these settings in the place of the policy that is there.

    :param connection: of `Database.writing`.
    :param change: who does so, for the audit; what it replaced is told by counts.
    :raises UnstorableError: nothing was changed.
    """
    await replace_policy(connection, rows_of(settings), change)


async def replace_policy(connection: AsyncConnection, rows: Rows, change: Change) -> None:
    """The same with the rows of all tables of the policy, which `rows_of` gives."""
    await take_turn(connection)
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for table in reversed(_TABLES):
        gone = await connection.execute(delete(table).where(groups.c.name != EVERYONE) if table is groups else delete(table))
        before[table.name] = gone.rowcount
    kept = set((await connection.execute(select(groups.c.name))).scalars())  # the built-in one, unless somebody took it away
    for table in _TABLES:
        fresh = [row for row in rows[table.name] if table is not groups or row["name"] not in kept]
        after[table.name] = len(fresh)
        for start in range(0, len(fresh), _MOST_AT_ONCE):
            # With RETURNING, many rows go into one statement, and one statement makes one revision.
            await connection.execute(insert(table).returning(*table.primary_key), fresh[start : start + _MOST_AT_ONCE])
    await record(connection, change, before, after)


async def count_rows(connection: AsyncConnection) -> dict[str, int]:
    """How many rows each table of the policy has, without the built-in group."""
    counts = {}
    for table in _TABLES:
        query = select(func.count()).select_from(table)
        counts[table.name] = int(
            (await connection.execute(query.where(groups.c.name != EVERYONE) if table is groups else query)).scalar_one()
        )
    return counts


async def export_policy(connection: AsyncConnection) -> Nested:
    """All of the policy, as the configuration has it: the same policy always gives the same.

    :param connection: of `Database.snapshot`.
    :raises UnsoundRowError: a row can't be read.
    """
    return await _export(connection, _TABLES)


async def export_rights(connection: AsyncConnection) -> Nested:
    """What is kept in memory, however many users there are: app connectors, filter types, and groups without their members.

    :param connection: of `Database.snapshot`.
    :raises UnsoundRowError: a row can't be read.
    """
    return await _export(connection, PARTS["rights"])


async def _export(connection: AsyncConnection, some: Collection[Table]) -> Nested:
    try:
        return nested_of({table.name: await _rows_in(connection, table) if table in some else [] for table in _TABLES})
    except UNREADABLE:
        raise UnsoundRowError("a row of policy can't be read") from None


async def _rows_in(connection: AsyncConnection, table: Table) -> list[Row]:
    return [dict(row) for row in (await connection.execute(select(table))).mappings()]
