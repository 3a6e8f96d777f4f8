"""Whether the database keeps what it promises. A client of SQLite leaves foreign keys off unless told, and triggers can be taken away."""

from collections.abc import Iterator

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from sidecar.database.unavailable import Unavailable
from sidecar.policy.model import EVERYONE
from sidecar.policy_database.findings import Findings
from sidecar.policy_database.revision import current_revision
from sidecar.policy_database.tables import PARTS, groups

_EVENTS = ("INSERT", "UPDATE", "DELETE")
_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND tgrelid = to_regclass(:table)",
}


async def check_integrity(connection: AsyncConnection, findings: Findings) -> None:
    """Report damage to the file, rows that refer to nothing, and what is missing that makes changes heard.

    :param connection: of `Database.snapshot`.
    :raises Unavailable: the database gives no answer.
    """
    if connection.dialect.name == "sqlite":
        await _check_file(connection, findings)
    for trigger, table in await _missing_triggers(connection):
        message = f"the trigger `{trigger}` is missing or switched off, so that no sidecar hears of changes to this table"
        findings.error((table,), message, "bring it back from a backup, or import the policy into a new database")
    try:
        await current_revision(connection)
    except Unavailable:
        remedy = "INSERT INTO policy_revisions (part, number) VALUES ('…', 1000000) for each of rights, users and tokens that lacks"
        findings.error(("policy_revisions",), "a revision is missing, so that no sidecar would know what changed", remedy)
    if not (await connection.execute(select(groups.c.name).where(groups.c.name == EVERYONE, groups.c.all_users))).all():
        remedy = "INSERT INTO policy_groups (name, all_users) VALUES ('everyone', true)"
        findings.error(("groups", EVERYONE), "the built-in group of all users is missing", remedy, fatal=False)


async def _check_file(connection: AsyncConnection, findings: Findings) -> None:
    for told in (await connection.execute(text("PRAGMA integrity_check(20)"))).scalars():
        if told != "ok":
            findings.error(("integrity_check",), str(told), "bring the file back from a backup, or `sidecar db export` what can be read")
    result = await connection.stream(text("PRAGMA foreign_key_check"))
    async for table, row, parent, _ in result:
        message = f"row {row} refers to a row of `{parent}` that is not there"
        remedy = f"DELETE FROM {table} WHERE rowid = {row}; and begin with PRAGMA foreign_keys = ON, which SQLite leaves off"  # noqa: S608  for people
        findings.error((table, str(row)), message, remedy)


async def _missing_triggers(connection: AsyncConnection) -> list[tuple[str, str]]:
    if connection.dialect.name == "sqlite":
        there = set((await connection.execute(text(_TRIGGERS["sqlite"]))).scalars())
        return [(name, table) for name, table in _triggers_of_sqlite() if name not in there]
    missing = []
    for table in _tables():
        name = f"{table}_revised"
        if name not in set((await connection.execute(text(_TRIGGERS["postgresql"]), {"table": table})).scalars()):
            missing.append((name, table))
    return missing


def _tables() -> list[str]:
    return [table.name for part in PARTS.values() for table in part]


def _triggers_of_sqlite() -> Iterator[tuple[str, str]]:
    yield from ((f"{table}_revised_by_{event}", table) for table in _tables() for event in _EVENTS)
