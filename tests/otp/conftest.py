"""Each test has a database of its own: SQLite, or the PostgreSQL that SIDECAR_TEST_POSTGRES names, whose tables are emptied."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.otp.database import Database
from sidecar.otp.schema import metadata
from tests.otp.stage import Replica, Stage, sqlite_in


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    url = os.environ.get("SIDECAR_TEST_POSTGRES")
    if url is not None:
        database = Database(url)
        async with database.writing() as connection:
            await connection.run_sync(metadata.drop_all)
        await database.close()
    return Stage(url or sqlite_in(tmp_path))


@pytest.fixture
async def replica(stage: Stage) -> AsyncIterator[Replica]:
    async with stage.replica() as replica:
        yield replica
