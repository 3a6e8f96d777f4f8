"""A whole policy in and out of the database, each in one transaction, so that nobody ever sees half of one."""

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.policy.model import EVERYONE
from sidecar.policy_database.audit import Change, record
from sidecar.policy_database.nested import Nested, nested_of
from sidecar.policy_database.rows import Row, rows_of
from sidecar.policy_database.tables import PARTS, groups, metadata, revisions
from sidecar.settings.model import Settings

_TABLES = [table for table in metadata.sorted_tables if any(table in part for part in PARTS.values())]
_MOST_AT_ONCE = 5_000  # rows in one statement


async def import_policy(connection: AsyncConnection, settings: Settings, change: Change) -> None:
    """Put these settings in the place of the policy that is there.

    :param connection: of `Database.writing`.
    :param change: who does so, for the audit; what it replaced is told by counts.
    :raises UnstorableError: nothing was changed.
    """
    rows = rows_of(settings)
    await connection.execute(update(revisions).values(number=revisions.c.number))  # those that import at once wait for one another here
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for table in reversed(_TABLES):
        gone = await connection.execute(delete(table).where(groups.c.name != EVERYONE) if table is groups else delete(table))
        before[table.name] = gone.rowcount
    for table in _TABLES:
        fresh = [row for row in rows[table.name] if table is not groups or row["name"] != EVERYONE]  # the built-in one stays
        after[table.name] = len(fresh)
        for start in range(0, len(fresh), _MOST_AT_ONCE):
            # With RETURNING, many rows go into one statement, and one statement makes one revision.
            await connection.execute(insert(table).returning(*table.primary_key), fresh[start : start + _MOST_AT_ONCE])
    await record(connection, change, before, after)


async def export_policy(connection: AsyncConnection) -> Nested:
    """All of the policy, as the configuration has it: the same policy always gives the same.

    :param connection: of `Database.snapshot`.
    """
    return nested_of({table.name: await _rows_in(connection, table) for table in _TABLES})


async def export_rights(connection: AsyncConnection) -> Nested:
    """What is kept in memory, however many users there are: app connectors, filter types, and groups without their members.

    :param connection: of `Database.snapshot`.
    """
    whole = PARTS["rights"]
    return nested_of({table.name: await _rows_in(connection, table) if table in whole else [] for table in _TABLES})


async def _rows_in(connection: AsyncConnection, table: Table) -> list[Row]:
    return [dict(row) for row in (await connection.execute(select(table))).mappings()]
