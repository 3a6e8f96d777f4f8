"""The authority's tables: made by several at once, and by both databases."""

import asyncio
from contextlib import AsyncExitStack

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from sidecar.database.database import Database
from sidecar.otp.schema import metadata
from sidecar.otp.tables import make_tables
from tests.otp.stage import Stage


async def test_replicas_that_start_at_once_all_find_the_tables(stage: Stage) -> None:
    async with AsyncExitStack() as stack:
        databases = [Database(stage.url) for _ in range(4)]
        for database in databases:
            stack.push_async_callback(database.close)
        await asyncio.gather(*(make_tables(database) for database in databases))


def test_postgresql_takes_the_tables() -> None:
    dialect = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert "BYTEA" in str(CreateTable(table).compile(dialect=dialect)) or table.name == "otp_revision"
