"""What the tests do with the operations: by name, with plain data, as both faces do."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from sidecar.administration.catalogue import OPERATIONS
from sidecar.administration.perform import Administration, perform
from sidecar.administration.requests import read_request
from sidecar.database.database import Database
from sidecar.policy_database.tables import audit
from sidecar.settings.model import Settings
from tests.policy_database.stage import put
from tests.settings.sample import SAMPLE

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
FILES = Settings.model_validate({"environments": {"O12345AA": {"rest": "https://backend.example", "credential": {"passthrough": True}}}})


class Desk:
    """A database of policy, and somebody who administers it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.administration = Administration(database, FILES)

    async def does(self, what: str, /, *, by: str = "test", **content: Any) -> dict[str, Any]:
        """The result of an operation, as plain data."""
        operation = OPERATIONS[what]
        request = read_request(operation, content)
        result = await perform(self.administration, operation, request, by, NOW)
        return result.model_dump(mode="json")

    async def audited(self) -> list[dict[str, Any]]:
        """The audit, without the import that the sample came by."""
        async with self.database.looking() as connection:
            rows = (await connection.execute(select(audit).where(audit.c.what != "import").order_by(audit.c.id))).mappings()
            return [dict(row) for row in rows]


async def sample_in(database: Database) -> Desk:
    """A desk at a database that holds the sample."""
    await put(database, SAMPLE)
    return Desk(database)
