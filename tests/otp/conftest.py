"""Each test has a database of its own, and runs with both kinds: SQLite in a file, and a PostgreSQL that is started here."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sidecar.otp.database import Database
from sidecar.otp.schema import metadata
from tests.otp.stage import Replica, Stage, sqlite_in
from tests.postgres import running_postgres

KINDS = ["sqlite", "postgresql"] if sys.platform != "win32" else ["sqlite"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=KINDS)
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
