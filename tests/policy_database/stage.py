"""What the tests do with a database of policy."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from sidecar.database.database import Database
from sidecar.policy_database.audit import Change
from sidecar.policy_database.contents import export_policy, import_policy
from sidecar.policy_database.revision import Revision, current_revision
from sidecar.settings.model import Settings

CHANGE = Change(datetime(2026, 11, 1, 12, 0, tzinfo=UTC), "root", "import", "policy")


async def put(database: Database, content: dict[str, Any]) -> None:
    async with database.writing() as connection:
        await import_policy(connection, Settings.model_validate(content), CHANGE)


async def take(database: Database) -> dict[str, Any]:
    async with database.snapshot() as connection:
        return await export_policy(connection)


async def run(database: Database, *statements: str) -> None:
    """As somebody with a client of the database does."""
    async with database.writing() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def revision(database: Database) -> Revision:
    async with database.looking() as connection:
        return await current_revision(connection)
