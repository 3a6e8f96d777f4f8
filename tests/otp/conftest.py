"""Each test has a database of its own, and runs with both kinds: SQLite in a file, and a PostgreSQL that is started here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.database.database import Database
from sidecar.otp.schema import metadata
from tests.otp.stage import Replica, Stage, sqlite_in
from tests.postgres import DATABASES


@pytest.fixture(params=DATABASES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    if request.param == "sqlite":
        return Stage(sqlite_in(tmp_path))
    url = request.getfixturevalue("postgres")
    database = Database(url)
    async with database.writing() as connection:
        await connection.run_sync(metadata.drop_all)
    await database.close()
    return Stage(url)


@pytest.fixture
async def replica(stage: Stage) -> AsyncIterator[Replica]:
    async with stage.replica() as replica:
        yield replica
